use async_trait::async_trait;
use bayar_app::port::store::{
    Added, Answer, NewOrder, OrderKey, Orders, Repriced, StoredDecision, StoredOrder,
};
use bayar_domain::{Money, OrderId, OrderStatus};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::select;

use super::SqliteStore;
use super::error::{Failure, broken};
use super::rows::{DecisionRow, ItemRow, OrderRow, columns_of, time_text};
use super::schema::{decisions, order_items, orders};

#[async_trait]
impl Orders for SqliteStore {
    async fn reserve_order_id(&self) -> Answer<OrderId> {
        let id = self.ids.orders.one(&self.writer).await?;
        Ok(OrderId::new(id).map_err(broken)?)
    }

    async fn add_order(&self, order: &NewOrder) -> Answer<Added> {
        let order = order.clone();
        let added = self.writer.run(move |connection, now| {
            let now = time_text(now)?;
            if is_known(connection, &order)? {
                return Ok(Added::Known);
            }
            if is_number_taken(connection, &order)? {
                return Ok(Added::NumberTaken);
            }
            insert(connection, &order, &now)?;
            Ok(Added::Yes)
        });
        Ok(added.await?)
    }

    async fn order(&self, key: &OrderKey) -> Answer<Option<StoredOrder>> {
        let key = key.clone();
        let order = self.readers.run(move |connection, _| {
            let Some(row) = find(connection, &key)? else {
                return Ok(None);
            };
            let items = order_items::table
                .filter(order_items::order_id.eq(row.id))
                .order(order_items::position)
                .select(ItemRow::as_select())
                .load(connection)?;
            row.stored(items).map(Some)
        });
        Ok(order.await?)
    }

    async fn reprice(&self, id: OrderId, from: Money, to: Money) -> Answer<Repriced> {
        let repriced = self.writer.run(move |connection, now| {
            let as_thought = orders::table
                .find(id.get())
                .filter(orders::status.eq(OrderStatus::Pending.as_str()))
                .filter(orders::price_minor.eq(from.minor()))
                .filter(orders::currency.eq(from.currency().code()))
                // An order keeps its currency.
                .filter(orders::currency.eq(to.currency().code()))
                .filter(orders::live_payment_id.is_null());
            let changed = diesel::update(as_thought)
                .set((
                    orders::price_minor.eq(to.minor()),
                    orders::version.eq(orders::version + 1),
                    orders::updated_at.eq(time_text(now)?),
                ))
                .execute(connection)?;
            Ok(match changed {
                0 => Repriced::No,
                _ => Repriced::Yes,
            })
        });
        Ok(repriced.await?)
    }

    async fn decisions(&self, id: OrderId) -> Answer<Vec<StoredDecision>> {
        let decisions = self.readers.run(move |connection, _| {
            let rows: Vec<DecisionRow> = decisions::table
                .filter(decisions::order_id.eq(id.get()))
                .order(decisions::position)
                .select(DecisionRow::as_select())
                .load(connection)?;
            rows.into_iter().map(DecisionRow::decision).collect()
        });
        Ok(decisions.await?)
    }
}

/// The row of the order that is known by `key`.
pub(super) fn find(
    connection: &mut SqliteConnection,
    key: &OrderKey,
) -> Result<Option<OrderRow>, Failure> {
    let orders = orders::table.select(OrderRow::as_select()).into_boxed();
    let order = match key {
        OrderKey::Id(id) => orders.filter(orders::id.eq(id.get())),
        OrderKey::Number(number) => orders.filter(orders::order_number.eq(number.as_str())),
        OrderKey::Consultation(id) => orders.filter(orders::consultation_id.eq(id.get())),
        OrderKey::Reference(reference) => {
            orders.filter(orders::external_ref.eq(reference.as_str()))
        }
    };
    Ok(order.get_result(connection).optional()?)
}

// Nobody else writes while this transaction does, so what is looked up first needs no second thought.

fn is_known(connection: &mut SqliteConnection, order: &NewOrder) -> Result<bool, Failure> {
    let consultation = columns_of(order.order.terms().kind).consultation_id;
    let reference = order.external_ref.as_ref().map(|known| known.as_str());
    // Nothing equals NULL: an order without them is not known by them.
    let same = orders::table
        .filter(orders::consultation_id.eq(consultation))
        .or_filter(orders::external_ref.eq(reference));
    let known: bool = select(exists(same)).get_result(connection)?;
    Ok(known)
}

fn is_number_taken(connection: &mut SqliteConnection, order: &NewOrder) -> Result<bool, Failure> {
    let number = order.order.terms().number.as_str();
    let same = orders::table.filter(orders::order_number.eq(number));
    let taken: bool = select(exists(same)).get_result(connection)?;
    Ok(taken)
}

fn insert(connection: &mut SqliteConnection, new: &NewOrder, now: &str) -> Result<(), Failure> {
    let terms = new.order.terms();
    let kind = columns_of(terms.kind);
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(terms.id.get()),
            orders::order_number.eq(terms.number.as_str()),
            orders::kind.eq(kind.kind),
            orders::consultation_id.eq(kind.consultation_id),
            orders::credits.eq(kind.credits),
            orders::external_ref.eq(new.external_ref.as_ref().map(|known| known.as_str())),
            orders::description.eq(new.description.as_deref()),
            orders::user_id.eq(terms.owner.get()),
            orders::price_minor.eq(terms.price.minor()),
            orders::currency.eq(terms.price.currency().code()),
            orders::status.eq(new.order.status().as_str()),
            orders::created_at.eq(time_text(terms.created_at)?),
            orders::updated_at.eq(now),
        ))
        .execute(connection)?;
    for (position, item) in (1_i64..).zip(&new.items) {
        if item.unit_amount.currency() != terms.price.currency() {
            return Err(broken("an item costs another currency than its order"));
        }
        diesel::insert_into(order_items::table)
            .values((
                order_items::order_id.eq(terms.id.get()),
                order_items::position.eq(position),
                order_items::name.eq(&item.name),
                order_items::quantity.eq(i64::from(item.quantity)),
                order_items::unit_minor.eq(item.unit_amount.minor()),
            ))
            .execute(connection)?;
    }
    Ok(())
}
