use bayar_app::port::Source;
use bayar_app::port::store::{LivePayment, PaymentEvent, StoredPayment};
use bayar_domain::{
    ConsultationId, Money, OrderId, Payment, PaymentId, PaymentState, PaymentStatus, PaymentTerms,
    UserId,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, broken, unreadable};
use super::super::schema::{payment_events, payments};
use super::{must_agree, time};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = payments, check_for_backend(Sqlite))]
pub(crate) struct PaymentRow {
    id: i64,
    order_id: i64,
    user_id: i64,
    consultation_id: Option<i64>,
    price_minor: i64,
    amount_minor: i64,
    amount: String,
    currency: String,
    payment_method: String,
    status: String,
    state: String,
    pub(crate) version: i64,
    deadline: String,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = payments, check_for_backend(Sqlite))]
pub(crate) struct LiveRow {
    id: i64,
    status: String,
    deadline: String,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = payment_events, check_for_backend(Sqlite))]
pub(crate) struct EventRow {
    payment_id: i64,
    version: i64,
    from_status: Option<String>,
    to_status: String,
    actor: String,
    at: String,
}

/// Whether a payment in that state waits for money.
pub(crate) const fn waits(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Pending | PaymentStatus::Processing => true,
        PaymentStatus::UnderReview
        | PaymentStatus::Completed
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Expired => false,
    }
}

/// Whether a payment in that state has not ended: its keys are kept whatever the time.
pub(crate) const fn is_unfinished(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Pending | PaymentStatus::Processing | PaymentStatus::UnderReview => true,
        PaymentStatus::Completed
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled
        | PaymentStatus::Expired => false,
    }
}

/// A state as it is stored.
pub(crate) fn state_text(state: &PaymentState) -> Result<String, Failure> {
    serde_json::to_string(state).map_err(broken)
}

/// A payment with the number of its order.
pub(crate) fn stored_payment(
    (row, order_number): (PaymentRow, String),
) -> Result<StoredPayment, Failure> {
    let id = row.id;
    row.read_stored(&order_number)
        .map_err(|why| unreadable("payment", id, why))
}

impl PaymentRow {
    pub(crate) fn payment(&self) -> Result<Payment, Failure> {
        self.read()
            .map_err(|why| unreadable("payment", self.id, why))
    }

    fn read(&self) -> Result<Payment, Source> {
        let currency = self.currency.parse()?;
        let amount = Money::new(self.amount_minor, currency);
        must_agree(amount.to_string() == self.amount, "its two amounts differ")?;
        let state: PaymentState = serde_json::from_str(&self.state)?;
        must_agree(
            state.status().as_str() == self.status,
            "its status and its state differ",
        )?;
        let terms = PaymentTerms {
            id: PaymentId::new(self.id)?,
            order: OrderId::new(self.order_id)?,
            user: UserId::new(self.user_id)?,
            price: Money::new(self.price_minor, currency),
            amount,
            created_at: time(&self.created_at)?,
            deadline: time(&self.deadline)?,
        };
        Ok(Payment::restore(
            terms,
            self.payment_method.parse()?,
            state,
        )?)
    }

    fn read_stored(&self, order_number: &str) -> Result<StoredPayment, Source> {
        Ok(StoredPayment {
            payment: self.read()?,
            order_number: order_number.parse()?,
            consultation: self.consultation_id.map(ConsultationId::new).transpose()?,
            version: self.version,
            updated_at: time(&self.updated_at)?,
        })
    }
}

impl LiveRow {
    pub(crate) fn live_payment(&self, now: DateTime<Utc>) -> Result<LivePayment, Failure> {
        self.read(now)
            .map_err(|why| unreadable("payment", self.id, why))
    }

    fn read(&self, now: DateTime<Utc>) -> Result<LivePayment, Source> {
        let status: PaymentStatus = self.status.parse()?;
        must_agree(
            status.is_live(),
            "it has ended, and still takes its order's place",
        )?;
        let deadline = time(&self.deadline)?;
        Ok(LivePayment {
            id: PaymentId::new(self.id)?,
            status,
            deadline,
            overdue: waits(status) && deadline <= now,
        })
    }
}

impl EventRow {
    pub(crate) fn event(&self) -> Result<PaymentEvent, Failure> {
        self.read().map_err(|why| {
            let id = format!("{} of payment {}", self.version, self.payment_id);
            unreadable("event", id, why)
        })
    }

    fn read(&self) -> Result<PaymentEvent, Source> {
        let from = self.from_status.as_deref();
        Ok(PaymentEvent {
            payment: PaymentId::new(self.payment_id)?,
            version: self.version,
            from: from.map(str::parse).transpose()?,
            to: self.to_status.parse()?,
            by: self.actor.parse()?,
            at: time(&self.at)?,
        })
    }
}
