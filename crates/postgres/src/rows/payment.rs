use bayar_app::port::Source;
use bayar_app::port::store::{Answer, StoredPayment};
use bayar_domain::{
    ConsultationId, OrderId, OrderNumber, Payment, PaymentId, PaymentState, PaymentTerms, UserId,
};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::{agree, money};
use crate::error::Unreadable;
use crate::schema::payments;

/// A row of `payments`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = payments, check_for_backend(Pg))]
pub(crate) struct PaymentRow {
    id: i64,
    order_id: i64,
    user_id: i64,
    consultation_id: Option<i64>,
    price_minor: i64,
    amount_minor: i64,
    currency: String,
    payment_method: String,
    status: String,
    state: String,
    pub(crate) version: i64,
    deadline: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PaymentRow {
    /// The payment.
    pub(crate) fn payment(&self) -> Answer<Payment> {
        self.restore().map_err(Unreadable::of("payment", self.id))
    }

    /// The payment of the order with that number, with all that is stored about it.
    pub(crate) fn stored(self, order_number: &str) -> Answer<StoredPayment> {
        let payment = self.payment()?;
        let consultation = self.consultation_id.map(ConsultationId::new).transpose();
        Ok(StoredPayment {
            payment,
            order_number: order_number
                .parse::<OrderNumber>()
                .map_err(Unreadable::of("payment", self.id))?,
            consultation: consultation.map_err(Unreadable::of("payment", self.id))?,
            version: self.version,
            updated_at: self.updated_at,
        })
    }

    fn restore(&self) -> Result<Payment, Source> {
        let terms = PaymentTerms {
            id: PaymentId::new(self.id)?,
            order: OrderId::new(self.order_id)?,
            user: UserId::new(self.user_id)?,
            price: money(self.price_minor, &self.currency)?,
            amount: money(self.amount_minor, &self.currency)?,
            created_at: self.created_at,
            deadline: self.deadline,
        };
        let state: PaymentState = serde_json::from_str(&self.state)?;
        agree("status", state.status().as_str() == self.status)?;
        Ok(Payment::restore(
            terms,
            self.payment_method.parse()?,
            state,
        )?)
    }
}
