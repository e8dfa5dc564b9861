use bayar_app::port::Source;
use bayar_app::port::store::{ExternalRef, OrderItem, StoredOrder};
use bayar_domain::{
    ConsultationId, Currency, Money, Order, OrderId, OrderKind, OrderTerms, PaymentId, UserId,
};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::{order_items, orders};
use super::time;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(Sqlite))]
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
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = order_items, check_for_backend(Sqlite))]
pub(crate) struct ItemRow {
    name: String,
    quantity: i64,
    unit_minor: i64,
}

/// What an order is about, as three columns.
pub(crate) struct KindColumns {
    pub(crate) kind: &'static str,
    pub(crate) consultation_id: Option<i64>,
    pub(crate) credits: Option<i64>,
}

pub(crate) fn columns_of(kind: OrderKind) -> KindColumns {
    let (kind, consultation_id, credits) = match kind {
        OrderKind::Consultation { consultation_id } => {
            ("consultation", Some(consultation_id.get()), None)
        }
        OrderKind::Checkout => ("checkout", None, None),
        OrderKind::Direct => ("direct", None, None),
        OrderKind::Credits { quantity } => ("credits", None, Some(quantity.into())),
    };
    KindColumns {
        kind,
        consultation_id,
        credits,
    }
}

impl OrderRow {
    pub(crate) fn order(&self) -> Result<Order, Failure> {
        self.read_order()
            .map_err(|why| unreadable("order", self.id, why))
    }

    pub(crate) fn live_payment(&self) -> Result<Option<PaymentId>, Failure> {
        let live = self.live_payment_id.map(PaymentId::new).transpose();
        live.map_err(|why| unreadable("order", self.id, why))
    }

    pub(crate) fn stored(self, items: Vec<ItemRow>) -> Result<StoredOrder, Failure> {
        let id = self.id;
        self.read_stored(items)
            .map_err(|why| unreadable("order", id, why))
    }

    fn read_order(&self) -> Result<Order, Source> {
        let terms = OrderTerms {
            id: OrderId::new(self.id)?,
            number: self.order_number.parse()?,
            owner: UserId::new(self.user_id)?,
            kind: self.read_kind()?,
            price: Money::new(self.price_minor, self.currency.parse()?),
            created_at: time(&self.created_at)?,
        };
        Ok(Order::restore(terms, self.status.parse()?)?)
    }

    fn read_kind(&self) -> Result<OrderKind, Source> {
        match (self.kind.as_str(), self.consultation_id, self.credits) {
            ("consultation", Some(id), None) => Ok(OrderKind::Consultation {
                consultation_id: ConsultationId::new(id)?,
            }),
            ("checkout", None, None) => Ok(OrderKind::Checkout),
            ("direct", None, None) => Ok(OrderKind::Direct),
            ("credits", None, Some(credits)) => Ok(OrderKind::Credits {
                quantity: credits.try_into()?,
            }),
            (kind, _, _) => Err(format!("its columns do not make a kind: {kind}").into()),
        }
    }

    fn read_stored(self, items: Vec<ItemRow>) -> Result<StoredOrder, Source> {
        let order = self.read_order()?;
        let currency = order.terms().price.currency();
        let items = items.into_iter().map(|item| item.read(currency));
        Ok(StoredOrder {
            order,
            external_ref: self.external_ref.map(ExternalRef::new).transpose()?,
            description: self.description,
            items: items.collect::<Result<_, _>>()?,
            live_payment: self.live_payment_id.map(PaymentId::new).transpose()?,
            updated_at: time(&self.updated_at)?,
        })
    }
}

impl ItemRow {
    /// The unit costs what it costs in the currency of its order.
    fn read(self, currency: Currency) -> Result<OrderItem, Source> {
        Ok(OrderItem {
            name: self.name,
            quantity: self.quantity.try_into()?,
            unit_amount: Money::new(self.unit_minor, currency),
        })
    }
}
