use bayar_app::port::Source;
use bayar_app::port::store::{Answer, ExternalRef, OrderItem, StoredOrder};
use bayar_domain::{ConsultationId, Order, OrderId, OrderKind, OrderTerms, PaymentId, UserId};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, QueryableByName, Selectable};

use super::money;
use crate::error::Unreadable;
use crate::schema::orders;

/// A row of `orders`.
#[derive(Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = orders, check_for_backend(Pg))]
pub(crate) struct OrderRow {
    pub(crate) id: i64,
    order_number: String,
    kind: String,
    consultation_id: Option<i64>,
    credits: Option<i64>,
    external_ref: Option<String>,
    description: Option<String>,
    user_id: i64,
    price_minor: i64,
    currency: String,
    status: String,
    pub(crate) live_payment_id: Option<i64>,
    pub(crate) version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl OrderRow {
    /// The order.
    pub(crate) fn order(&self) -> Answer<Order> {
        self.restore().map_err(Unreadable::of("order", self.id))
    }

    /// The order with all that is stored about it.
    pub(crate) fn stored(self, order: Order, items: Vec<OrderItem>) -> Answer<StoredOrder> {
        let external_ref = self.external_ref.map(ExternalRef::new).transpose();
        let live_payment = self.live_payment_id.map(PaymentId::new).transpose();
        Ok(StoredOrder {
            order,
            external_ref: external_ref.map_err(Unreadable::of("order", self.id))?,
            description: self.description,
            items,
            live_payment: live_payment.map_err(Unreadable::of("order", self.id))?,
            updated_at: self.updated_at,
        })
    }

    fn restore(&self) -> Result<Order, Source> {
        let terms = OrderTerms {
            id: OrderId::new(self.id)?,
            number: self.order_number.parse()?,
            owner: UserId::new(self.user_id)?,
            kind: self.kind()?,
            price: money(self.price_minor, &self.currency)?,
            created_at: self.created_at,
        };
        Ok(Order::restore(terms, self.status.parse()?)?)
    }

    fn kind(&self) -> Result<OrderKind, Source> {
        match (self.kind.as_str(), self.consultation_id, self.credits) {
            ("consultation", Some(id), None) => Ok(OrderKind::Consultation {
                consultation_id: ConsultationId::new(id)?,
            }),
            ("checkout", None, None) => Ok(OrderKind::Checkout),
            ("direct", None, None) => Ok(OrderKind::Direct),
            ("credits", None, Some(quantity)) => Ok(OrderKind::Credits {
                quantity: quantity.try_into()?,
            }),
            (kind, _, _) => Err(format!("`{kind}` is not a kind of order it can be").into()),
        }
    }
}

/// The columns that say what kind of order it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KindColumns {
    pub(crate) kind: &'static str,
    pub(crate) consultation_id: Option<i64>,
    pub(crate) credits: Option<i64>,
}

impl KindColumns {
    pub(crate) fn of(kind: &OrderKind) -> Self {
        let (kind, consultation_id, credits) = match *kind {
            OrderKind::Consultation { consultation_id } => {
                ("consultation", Some(consultation_id.get()), None)
            }
            OrderKind::Checkout => ("checkout", None, None),
            OrderKind::Direct => ("direct", None, None),
            OrderKind::Credits { quantity } => ("credits", None, Some(quantity.into())),
        };
        Self {
            kind,
            consultation_id,
            credits,
        }
    }
}
