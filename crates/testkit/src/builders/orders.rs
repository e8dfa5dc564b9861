use bayar_app::port::store::{Added, ExternalRef, NewOrder, OrderItem, Store};
use bayar_domain::{
    ConsultationId, Money, Order, OrderId, OrderKind, OrderNumber, OrderTerms, UserId,
};
use chrono::{DateTime, Utc};

use super::php;

/// An order that is to be added: a cart of person 7 for 5000 pesos, unless it is told otherwise.
#[derive(Debug, Clone)]
pub struct AnOrder {
    owner: UserId,
    kind: OrderKind,
    price: Money,
    created_at: DateTime<Utc>,
    number: Option<OrderNumber>,
    external_ref: Option<ExternalRef>,
    description: Option<String>,
    items: Vec<OrderItem>,
}

impl AnOrder {
    /// A cart.
    #[must_use]
    pub fn of_a_cart() -> Self {
        Self {
            owner: UserId::new(7).unwrap(),
            kind: OrderKind::Checkout,
            price: php(500_000),
            created_at: DateTime::from_timestamp(1_752_811_620, 0).unwrap(),
            number: None,
            external_ref: None,
            description: None,
            items: Vec::new(),
        }
    }

    /// The fee of a consultation.
    #[must_use]
    pub fn of_a_consultation(id: i64) -> Self {
        let consultation_id = ConsultationId::new(id).unwrap();
        Self::of_a_cart().of_kind(OrderKind::Consultation { consultation_id })
    }

    /// What is sold.
    #[must_use]
    pub fn of_kind(self, kind: OrderKind) -> Self {
        Self { kind, ..self }
    }

    /// Who pays.
    #[must_use]
    pub fn owned_by(self, user: i64) -> Self {
        let owner = UserId::new(user).unwrap();
        Self { owner, ..self }
    }

    /// What it costs.
    #[must_use]
    pub fn for_price(self, price: Money) -> Self {
        Self { price, ..self }
    }

    /// When it was registered.
    #[must_use]
    pub fn made_at(self, created_at: DateTime<Utc>) -> Self {
        Self { created_at, ..self }
    }

    /// The number it gets. Otherwise one is made from its id.
    #[must_use]
    pub fn numbered(self, number: OrderNumber) -> Self {
        let number = Some(number);
        Self { number, ..self }
    }

    /// The application's own name for it.
    #[must_use]
    pub fn known_as(self, reference: &str) -> Self {
        let external_ref = Some(ExternalRef::new(reference).unwrap());
        Self {
            external_ref,
            ..self
        }
    }

    /// What it is for, in words.
    #[must_use]
    pub fn described(self, description: &str) -> Self {
        let description = Some(description.to_owned());
        Self {
            description,
            ..self
        }
    }

    /// What is in it.
    #[must_use]
    pub fn with_items(self, items: Vec<OrderItem>) -> Self {
        Self { items, ..self }
    }

    /// The order under an id.
    #[must_use]
    pub fn build(self, id: OrderId) -> NewOrder {
        let number = self.number.unwrap_or_else(|| {
            let suffix = u32::try_from(id.get()).unwrap();
            OrderNumber::new(self.created_at, suffix).unwrap()
        });
        let terms = OrderTerms {
            id,
            number,
            owner: self.owner,
            kind: self.kind,
            price: self.price,
            created_at: self.created_at,
        };
        NewOrder {
            order: Order::register(terms).unwrap(),
            external_ref: self.external_ref,
            description: self.description,
            items: self.items,
        }
    }

    /// The order under an id that the store reserves.
    pub async fn reserve(self, store: &dyn Store) -> NewOrder {
        self.build(store.reserve_order_id().await.unwrap())
    }

    /// The order, added to a store.
    pub async fn add(self, store: &dyn Store) -> Order {
        let new = self.reserve(store).await;
        let added = store.add_order(&new).await.unwrap();
        assert_eq!(added, Added::Yes);
        new.order
    }
}

/// One line of an order.
#[must_use]
pub fn an_item(name: &str, quantity: u32, unit_amount: Money) -> OrderItem {
    OrderItem {
        name: name.to_owned(),
        quantity,
        unit_amount,
    }
}
