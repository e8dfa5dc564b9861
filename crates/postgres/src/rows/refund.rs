use bayar_app::port::Source;
use bayar_app::port::store::Answer;
use bayar_domain::gateway::Reason;
use bayar_domain::{CaptureId, PaymentId, Refund, RefundId, RefundState, RefundTerms};
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
}

impl RefundRow {
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
