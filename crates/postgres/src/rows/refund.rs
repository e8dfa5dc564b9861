use bayar_app::port::Source;
use bayar_app::port::store::{
    Actor, Answer, IdempotencyKey, RefundClaim, RefundDay, RefundKey, RequestHash, StoredRefund,
};
use bayar_domain::gateway::Reason;
use bayar_domain::{CaptureId, OrderId, PaymentId, Refund, RefundId, RefundState, RefundTerms};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::{agree, money};
use crate::error::Unreadable;
use crate::schema::refunds;

/// A row of `refunds`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refunds, check_for_backend(Pg))]
pub(crate) struct RefundRow {
    id: i64,
    payment_id: i64,
    capture: String,
    origin: String,
    reason: Option<String>,
    amount_minor: i64,
    currency: String,
    status: String,
    state: String,
    pub(crate) version: i64,
    order_id: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    asked_by: Option<String>,
    key_owner: Option<String>,
    key: Option<String>,
    request_hash: Option<Vec<u8>>,
    counted_day: Option<NaiveDate>,
}

impl RefundRow {
    /// The refund with all that is stored of it.
    pub(crate) fn stored(&self) -> Answer<StoredRefund> {
        let stored = || -> Result<_, Source> {
            Ok(StoredRefund {
                refund: self.restore()?,
                order: OrderId::new(self.order_id)?,
                by: self.asked_by.as_deref().map(str::parse).transpose()?,
                claim: self.asked()?,
                version: self.version,
                created_at: self.created_at,
                updated_at: self.updated_at,
            })
        };
        stored().map_err(Unreadable::of("refund", self.id))
    }

    /// What it was asked for by.
    pub(crate) fn claim(&self) -> Answer<Option<RefundClaim>> {
        self.asked().map_err(Unreadable::of("refund", self.id))
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
        let day = self.counted_day.map(|day| RefundDay {
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

    /// The refund.
    pub(crate) fn refund(&self) -> Answer<Refund> {
        self.restore().map_err(Unreadable::of("refund", self.id))
    }

    fn restore(&self) -> Result<Refund, Source> {
        let terms = RefundTerms {
            id: RefundId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            capture: CaptureId::new(self.capture.as_str())?,
            origin: self.origin.parse()?,
            reason: self.reason.as_deref().map(Reason::new).transpose()?,
        };
        let state: RefundState = serde_json::from_str(&self.state)?;
        agree("status", state.status().as_str() == self.status)?;
        let amount = money(self.amount_minor, &self.currency)?;
        Ok(Refund::restore(terms, amount, state)?)
    }
}
