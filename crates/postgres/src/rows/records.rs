//! What is written down beside what moved: papers of refunds, refunds of others, credits, alerts.

use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, RefundEvent, StoredAlert, StoredCreditEntry, StoredExternalRefund,
};
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::settlement::{ExternalRefund, RefundRef};
use bayar_domain::{
    CaptureId, CreditEntry, CreditNote, CreditNoteId, CreditNoteTerms, OrderId, PaymentId, RefundId,
};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::money;
use crate::error::Unreadable;
use crate::schema::{alerts, credit_entries, credit_notes, external_refunds, refund_events};

/// A row of `credit_notes`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = credit_notes, check_for_backend(Pg))]
pub(crate) struct NoteRow {
    id: i64,
    number: String,
    payment_id: i64,
    refund_id: Option<i64>,
    external_refund: Option<String>,
    amount_minor: i64,
    currency: String,
    taxes: String,
    issued_at: DateTime<Utc>,
}

impl NoteRow {
    /// The note.
    pub(crate) fn note(&self) -> Answer<CreditNote> {
        self.restore()
            .map_err(Unreadable::of("credit note", self.id))
    }

    fn restore(&self) -> Result<CreditNote, Source> {
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
            amount: money(self.amount_minor, &self.currency)?,
            taxes: serde_json::from_str(&self.taxes)?,
            issued_at: self.issued_at,
        })?)
    }
}

/// A row of `external_refunds`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = external_refunds, check_for_backend(Pg))]
pub(crate) struct ExternalRow {
    refund: String,
    payment_id: Option<i64>,
    capture: String,
    amount_minor: i64,
    currency: String,
    step: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ExternalRow {
    /// The refund.
    pub(crate) fn external(&self) -> Answer<StoredExternalRefund> {
        self.restore()
            .map_err(Unreadable::of("external refund", &self.refund))
    }

    fn restore(&self) -> Result<StoredExternalRefund, Source> {
        Ok(StoredExternalRefund {
            id: GatewayRefundId::new(self.refund.as_str())?,
            state: ExternalRefund {
                payment: self.payment_id.map(PaymentId::new).transpose()?,
                capture: CaptureId::new(self.capture.as_str())?,
                amount: money(self.amount_minor, &self.currency)?,
                step: self.step.parse()?,
            },
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// A row of `refund_events`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refund_events, check_for_backend(Pg))]
pub(crate) struct RefundEventRow {
    refund_id: i64,
    version: i64,
    from_status: Option<String>,
    to_status: String,
    actor: String,
    at: DateTime<Utc>,
}

impl RefundEventRow {
    /// The event.
    pub(crate) fn event(&self) -> Answer<RefundEvent> {
        let restore = || -> Result<_, Source> {
            Ok(RefundEvent {
                refund: RefundId::new(self.refund_id)?,
                version: self.version,
                from: self.from_status.as_deref().map(str::parse).transpose()?,
                to: self.to_status.parse()?,
                by: self.actor.parse()?,
                at: self.at,
            })
        };
        restore().map_err(Unreadable::of("an event of refund", self.refund_id))
    }
}

/// A row of `alerts`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = alerts, check_for_backend(Pg))]
pub(crate) struct AlertRow {
    id: i64,
    order_id: i64,
    alert: String,
    raised_at: DateTime<Utc>,
    cleared_at: Option<DateTime<Utc>>,
}

impl AlertRow {
    /// The alert.
    pub(crate) fn alert(&self) -> Answer<StoredAlert> {
        let restore = || -> Result<_, Source> {
            Ok(StoredAlert {
                order: OrderId::new(self.order_id)?,
                alert: serde_json::from_str(&self.alert)?,
                raised_at: self.raised_at,
                cleared_at: self.cleared_at,
            })
        };
        restore().map_err(Unreadable::of("alert", self.id))
    }
}

/// A row of `credit_entries`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = credit_entries, check_for_backend(Pg))]
pub(crate) struct CreditEntryRow {
    id: i64,
    order_id: Option<i64>,
    change: i64,
    shortfall: i64,
    balance: i64,
    actor: String,
    at: DateTime<Utc>,
}

impl CreditEntryRow {
    /// The entry.
    pub(crate) fn entry(&self) -> Answer<StoredCreditEntry> {
        let restore = || -> Result<_, Source> {
            Ok(StoredCreditEntry {
                order: self.order_id.map(OrderId::new).transpose()?,
                entry: CreditEntry {
                    change: self.change,
                    shortfall: self.shortfall,
                },
                balance: self.balance,
                by: self.actor.parse()?,
                at: self.at,
            })
        };
        restore().map_err(Unreadable::of("credit entry", self.id))
    }
}
