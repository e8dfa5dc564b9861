//! What is written down beside what moved: papers of refunds, refunds of others, credits, alerts.

use bayar_app::port::Source;
use bayar_app::port::store::{RefundEvent, StoredAlert, StoredCreditEntry, StoredExternalRefund};
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::settlement::{ExternalRefund, RefundRef};
use bayar_domain::{
    CaptureId, CreditEntry, CreditNote, CreditNoteId, CreditNoteTerms, Money, OrderId, PaymentId,
    RefundId,
};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::{alerts, credit_entries, credit_notes, external_refunds, refund_events};
use super::{must_agree, time};

const DAY: &str = "%Y-%m-%d";

/// A day as it is stored.
pub(crate) fn day_text(day: NaiveDate) -> String {
    day.format(DAY).to_string()
}

/// Reads what [`day_text`] writes.
pub(super) fn day(text: &str) -> Result<NaiveDate, Source> {
    Ok(NaiveDate::parse_from_str(text, DAY)?)
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = credit_notes, check_for_backend(Sqlite))]
pub(crate) struct NoteRow {
    id: i64,
    number: String,
    payment_id: i64,
    refund_id: Option<i64>,
    external_refund: Option<String>,
    amount_minor: i64,
    amount: String,
    currency: String,
    taxes: String,
    issued_at: String,
}

impl NoteRow {
    pub(crate) fn note(&self) -> Result<CreditNote, Failure> {
        self.read()
            .map_err(|why| unreadable("credit note", self.id, why))
    }

    fn read(&self) -> Result<CreditNote, Source> {
        let amount = Money::new(self.amount_minor, self.currency.parse()?);
        must_agree(amount.to_string() == self.amount, "its two amounts differ")?;
        let refund = match (self.refund_id, &self.external_refund) {
            (Some(id), None) => RefundRef::Ours(RefundId::new(id)?),
            (None, Some(name)) => RefundRef::External(GatewayRefundId::new(name.as_str())?),
            (Some(_), Some(_)) | (None, None) => return Err("it is for no one refund".into()),
        };
        Ok(CreditNote::issue(CreditNoteTerms {
            id: CreditNoteId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            refund,
            number: self.number.parse()?,
            amount,
            taxes: serde_json::from_str(&self.taxes)?,
            issued_at: time(&self.issued_at)?,
        })?)
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = external_refunds, check_for_backend(Sqlite))]
pub(crate) struct ExternalRow {
    refund: String,
    payment_id: Option<i64>,
    capture: String,
    amount_minor: i64,
    amount: String,
    currency: String,
    step: String,
    created_at: String,
    updated_at: String,
}

impl ExternalRow {
    pub(crate) fn external(&self) -> Result<StoredExternalRefund, Failure> {
        self.read()
            .map_err(|why| unreadable("external refund", &self.refund, why))
    }

    fn read(&self) -> Result<StoredExternalRefund, Source> {
        let amount = Money::new(self.amount_minor, self.currency.parse()?);
        must_agree(amount.to_string() == self.amount, "its two amounts differ")?;
        Ok(StoredExternalRefund {
            id: GatewayRefundId::new(self.refund.as_str())?,
            state: ExternalRefund {
                payment: self.payment_id.map(PaymentId::new).transpose()?,
                capture: CaptureId::new(self.capture.as_str())?,
                amount,
                step: self.step.parse()?,
            },
            created_at: time(&self.created_at)?,
            updated_at: time(&self.updated_at)?,
        })
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refund_events, check_for_backend(Sqlite))]
pub(crate) struct RefundEventRow {
    refund_id: i64,
    version: i64,
    from_status: Option<String>,
    to_status: String,
    actor: String,
    at: String,
}

impl RefundEventRow {
    pub(crate) fn event(&self) -> Result<RefundEvent, Failure> {
        let read = || -> Result<_, Source> {
            Ok(RefundEvent {
                refund: RefundId::new(self.refund_id)?,
                version: self.version,
                from: self.from_status.as_deref().map(str::parse).transpose()?,
                to: self.to_status.parse()?,
                by: self.actor.parse()?,
                at: time(&self.at)?,
            })
        };
        read().map_err(|why| unreadable("an event of refund", self.refund_id, why))
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = alerts, check_for_backend(Sqlite))]
pub(crate) struct AlertRow {
    id: i64,
    order_id: i64,
    alert: String,
    raised_at: String,
    cleared_at: Option<String>,
}

impl AlertRow {
    pub(crate) fn alert(&self) -> Result<StoredAlert, Failure> {
        let read = || -> Result<_, Source> {
            Ok(StoredAlert {
                order: OrderId::new(self.order_id)?,
                alert: serde_json::from_str(&self.alert)?,
                raised_at: time(&self.raised_at)?,
                cleared_at: self.cleared_at.as_deref().map(time).transpose()?,
            })
        };
        read().map_err(|why| unreadable("alert", self.id, why))
    }
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = credit_entries, check_for_backend(Sqlite))]
pub(crate) struct CreditEntryRow {
    id: i64,
    order_id: Option<i64>,
    change: i64,
    shortfall: i64,
    balance: i64,
    actor: String,
    at: String,
}

impl CreditEntryRow {
    pub(crate) fn entry(&self) -> Result<StoredCreditEntry, Failure> {
        let read = || -> Result<_, Source> {
            Ok(StoredCreditEntry {
                order: self.order_id.map(OrderId::new).transpose()?,
                entry: CreditEntry {
                    change: self.change,
                    shortfall: self.shortfall,
                },
                balance: self.balance,
                by: self.actor.parse()?,
                at: time(&self.at)?,
            })
        };
        read().map_err(|why| unreadable("credit entry", self.id, why))
    }
}
