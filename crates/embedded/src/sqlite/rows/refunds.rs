use bayar_app::port::Source;
use bayar_app::port::store::{
    Actor, IdempotencyKey, RefundClaim, RefundDay, RefundKey, RequestHash, StoredRefund,
};
use bayar_domain::gateway::Reason;
use bayar_domain::settlement::Sums;
use bayar_domain::{
    CaptureId, Currency, Money, OrderId, PaymentId, Refund, RefundId, RefundState, RefundTerms,
};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, broken, unreadable};
use super::super::schema::{captures, refunds};
use super::records::day;
use super::{must_agree, time};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refunds, check_for_backend(Sqlite))]
pub(crate) struct RefundRow {
    id: i64,
    payment_id: i64,
    capture: String,
    origin: String,
    reason: Option<String>,
    amount_minor: i64,
    amount: String,
    currency: String,
    status: String,
    state: String,
    pub(crate) version: i64,
    order_id: i64,
    created_at: String,
    updated_at: String,
    asked_by: Option<String>,
    key_owner: Option<String>,
    key: Option<String>,
    request_hash: Option<Vec<u8>>,
    counted_day: Option<String>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = captures, check_for_backend(Sqlite))]
pub(crate) struct CaptureRow {
    capture: String,
    currency: Option<String>,
    captured_minor: i64,
    refunded_minor: i64,
    reserved_minor: i64,
    disputed_minor: i64,
    loss_minor: i64,
}

/// The state of a refund as it is stored.
pub(crate) fn refund_state_text(state: &RefundState) -> Result<String, Failure> {
    serde_json::to_string(state).map_err(broken)
}

impl RefundRow {
    pub(crate) fn refund(&self) -> Result<Refund, Failure> {
        self.read()
            .map_err(|why| unreadable("refund", self.id, why))
    }

    /// The refund with all that is stored of it.
    pub(crate) fn stored(&self) -> Result<StoredRefund, Failure> {
        let stored = || -> Result<_, Source> {
            Ok(StoredRefund {
                refund: self.read()?,
                order: OrderId::new(self.order_id)?,
                by: self.asked_by.as_deref().map(str::parse).transpose()?,
                claim: self.asked()?,
                version: self.version,
                created_at: time(&self.created_at)?,
                updated_at: time(&self.updated_at)?,
            })
        };
        stored().map_err(|why| unreadable("refund", self.id, why))
    }

    /// What it was asked for by.
    pub(crate) fn claim(&self) -> Result<Option<RefundClaim>, Failure> {
        self.asked()
            .map_err(|why| unreadable("refund", self.id, why))
    }

    fn asked(&self) -> Result<Option<RefundClaim>, Source> {
        let (Some(owner), Some(key), Some(hash), Some(by)) = (
            &self.key_owner,
            &self.key,
            &self.request_hash,
            &self.asked_by,
        ) else {
            return Ok(None);
        };
        let actor: Actor = by.parse()?;
        let currency = self.currency.parse()?;
        let day = self.counted_day.as_deref().map(day).transpose()?;
        let day = day.map(|day| RefundDay {
            actor,
            day,
            currency,
        });
        Ok(Some(RefundClaim {
            refund: RefundId::new(self.id)?,
            key: RefundKey {
                owner: owner.parse()?,
                key: IdempotencyKey::new(key.as_str())?,
            },
            request: RequestHash::from_bytes(<[u8; 32]>::try_from(hash.as_slice())?),
            day,
        }))
    }

    fn read(&self) -> Result<Refund, Source> {
        let amount = Money::new(self.amount_minor, self.currency.parse()?);
        must_agree(amount.to_string() == self.amount, "its two amounts differ")?;
        let state: RefundState = serde_json::from_str(&self.state)?;
        must_agree(
            state.status().as_str() == self.status,
            "its status and its state differ",
        )?;
        let terms = RefundTerms {
            id: RefundId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            capture: CaptureId::new(self.capture.as_str())?,
            origin: self.origin.parse()?,
            reason: self.reason.as_deref().map(Reason::new).transpose()?,
        };
        Ok(Refund::restore(terms, amount, state)?)
    }
}

impl CaptureRow {
    /// The money, and its sums where they are known.
    pub(crate) fn capture(&self) -> Result<(CaptureId, Option<Sums>), Failure> {
        self.read()
            .map_err(|why| unreadable("capture", &self.capture, why))
    }

    fn read(&self) -> Result<(CaptureId, Option<Sums>), Source> {
        let currency: Option<Currency> = self.currency.as_deref().map(str::parse).transpose()?;
        let sums = currency.map(|currency| Sums {
            captured: Money::new(self.captured_minor, currency),
            refunded: Money::new(self.refunded_minor, currency),
            reserved: Money::new(self.reserved_minor, currency),
            disputed: Money::new(self.disputed_minor, currency),
        });
        let loss = sums.map_or(0, |sums| sums.loss().minor());
        must_agree(loss == self.loss_minor, "its loss and its sums differ")?;
        Ok((CaptureId::new(self.capture.as_str())?, sums))
    }
}
