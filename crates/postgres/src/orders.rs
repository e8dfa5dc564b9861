use async_trait::async_trait;
use bayar_app::port::store::{
    Added, Answer, NewOrder, OrderItem, OrderKey, Orders, Repriced, StoredDecision, StoredOrder,
};
use bayar_domain::{Money, Order, OrderId};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, SelectableHelper};

use crate::PgStore;
use crate::error::{Failure, Unreadable, Wrong, broken};
use crate::ids::Sequence;
use crate::rows::{DecisionRow, KindColumns, OrderRow};
use crate::run::Refused;
use crate::schema::{bayar_now, decisions, order_items, orders};
use crate::statement::statement;

statement! {
    /// An order and its items, or nothing.
    struct AddOrder {
        id: i64 as BigInt,
        order_number: String as Text,
        kind: &'static str as Text,
        consultation_id: Option<i64> as Nullable<BigInt>,
        credits: Option<i64> as Nullable<BigInt>,
        external_ref: Option<String> as Nullable<Text>,
        description: Option<String> as Nullable<Text>,
        user_id: i64 as BigInt,
        price_minor: i64 as BigInt,
        currency: &'static str as Text,
        status: &'static str as Text,
        created_at: chrono::DateTime<chrono::Utc> as Timestamptz,
        names: Vec<String> as Array<Text>,
        quantities: Vec<i64> as Array<BigInt>,
        units: Vec<i64> as Array<BigInt>,
    }
    "WITH added AS (
        INSERT INTO orders (id, order_number, kind, consultation_id, credits, external_ref, description,
            user_id, price_minor, currency, status, created_at, updated_at)
        VALUES (" id ", " order_number ", " kind ", " consultation_id ", " credits ", " external_ref ", " description ", "
            user_id ", " price_minor ", " currency ", " status ", " created_at ", bayar_now())
        RETURNING id
    )
    INSERT INTO order_items (order_id, position, name, quantity, unit_minor)
    SELECT added.id, item.position, item.name, item.quantity, item.unit_minor
    FROM added, unnest(" names ", " quantities ", " units ")
        WITH ORDINALITY AS item (name, quantity, unit_minor, position)"
}

#[async_trait]
impl Orders for PgStore {
    async fn reserve_order_id(&self) -> Answer<OrderId> {
        let id = self.next_id(Sequence::Orders).await?;
        OrderId::new(id).map_err(broken)
    }

    // The tables have no place for who registers or prices an order.
    async fn add_order(&self, order: &NewOrder) -> Answer<Added> {
        match self.write(AddOrder::new(order)?).await {
            Ok(_) => Ok(Added::Yes),
            Err(Refused::Failed(Failure::Taken(taken))) => match taken.constraint.as_str() {
                "orders_consultation_id_key" | "orders_external_ref_key" => Ok(Added::Known),
                "orders_order_number_key" => Ok(Added::NumberTaken),
                "orders_pkey" => self.added_before(order).await,
                _ => Err(Failure::Taken(taken).of_writing()),
            },
            Err(refused) => Err(refused.into()),
        }
    }

    async fn order(&self, key: &OrderKey) -> Answer<Option<StoredOrder>> {
        let all = orders::table.select(OrderRow::as_select());
        let found: Vec<OrderRow> = match key {
            OrderKey::Id(id) => self.load(all.filter(orders::id.eq(id.get()))).await?,
            OrderKey::Number(number) => {
                self.load(all.filter(orders::order_number.eq(number.to_string())))
                    .await?
            }
            OrderKey::Consultation(id) => {
                self.load(all.filter(orders::consultation_id.eq(id.get())))
                    .await?
            }
            OrderKey::Reference(reference) => {
                self.load(all.filter(orders::external_ref.eq(reference.as_str().to_owned())))
                    .await?
            }
        };
        let Some(row) = found.into_iter().next() else {
            return Ok(None);
        };
        let order = row.order()?;
        let items = self.items(&order).await?;
        row.stored(order, items).map(Some)
    }

    async fn reprice(&self, id: OrderId, from: Money, to: Money) -> Answer<Repriced> {
        if from.currency() != to.currency() {
            return Ok(Repriced::No);
        }
        let as_it_was = orders::id
            .eq(id.get())
            .and(orders::price_minor.eq(from.minor()))
            .and(orders::currency.eq(from.currency().code()))
            .and(orders::status.eq("pending"))
            .and(orders::live_payment_id.is_null());
        let reprice = diesel::update(orders::table.filter(as_it_was)).set((
            orders::price_minor.eq(to.minor()),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(bayar_now()),
        ));
        match self.write(reprice).await? {
            0 => Ok(Repriced::No),
            _ => Ok(Repriced::Yes),
        }
    }

    async fn decisions(&self, id: OrderId) -> Answer<Vec<StoredDecision>> {
        let decisions = decisions::table
            .filter(decisions::order_id.eq(id.get()))
            .order(decisions::position)
            .select(DecisionRow::as_select());
        let found: Vec<DecisionRow> = self.load(decisions).await?;
        found.into_iter().map(DecisionRow::decision).collect()
    }
}

impl AddOrder {
    fn new(order: &NewOrder) -> Answer<Self> {
        let terms = order.order.terms();
        let currency = terms.price.currency();
        if order
            .items
            .iter()
            .any(|item| item.unit_amount.currency() != currency)
        {
            return Err(broken(Wrong::new(
                "order",
                terms.id,
                "has an item in another currency",
            )));
        }
        let KindColumns {
            kind,
            consultation_id,
            credits,
        } = KindColumns::of(&terms.kind);
        let items = || order.items.iter();
        Ok(Self {
            id: terms.id.get(),
            order_number: terms.number.to_string(),
            kind,
            consultation_id,
            credits,
            external_ref: order
                .external_ref
                .as_ref()
                .map(|reference| reference.as_str().to_owned()),
            description: order.description.clone(),
            user_id: terms.owner.get(),
            price_minor: terms.price.minor(),
            currency: currency.code(),
            status: order.order.status().as_str(),
            created_at: terms.created_at,
            names: items().map(|item| item.name.clone()).collect(),
            quantities: items().map(|item| item.quantity.into()).collect(),
            units: items().map(|item| item.unit_amount.minor()).collect(),
        })
    }
}

impl PgStore {
    /// An id is given out once: whoever adds an order a second time under it did not hear the first answer.
    async fn added_before(&self, order: &NewOrder) -> Answer<Added> {
        let terms = order.order.terms();
        let there = self.order(&OrderKey::Id(terms.id)).await?;
        let same = there.is_some_and(|there| {
            let known = there.order.terms();
            known.number == terms.number
                && known.owner == terms.owner
                && known.kind == terms.kind
                && there.external_ref == order.external_ref
        });
        if same {
            Ok(Added::Known)
        } else {
            Err(broken(Wrong::new(
                "order id",
                terms.id,
                "is somebody else's",
            )))
        }
    }

    async fn items(&self, order: &Order) -> Answer<Vec<OrderItem>> {
        let terms = order.terms();
        let items = order_items::table
            .filter(order_items::order_id.eq(terms.id.get()))
            .order(order_items::position)
            .select((
                order_items::name,
                order_items::quantity,
                order_items::unit_minor,
            ));
        let items: Vec<(String, i64, i64)> = self.load(items).await?;
        let item = |(name, quantity, unit): (String, i64, i64)| {
            Ok(OrderItem {
                name,
                quantity: quantity
                    .try_into()
                    .map_err(Unreadable::of("an item of order", terms.id))?,
                unit_amount: Money::new(unit, terms.price.currency()),
            })
        };
        items.into_iter().map(item).collect()
    }
}
