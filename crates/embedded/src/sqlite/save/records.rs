//! What is written down beside what moved.

use bayar_app::port::store::{Counted, Credits, RefundDay};
use bayar_domain::credit::CreditMove;
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::settlement::{Alert, ExternalRefund, RefundRef};
use bayar_domain::{CreditAccount, CreditNote, CreditPurchase, Money, Order, OrderKind, PaymentId};
use diesel::prelude::*;

use super::super::error::{Failure, broken, unreadable};
use super::super::rows::{day_text, time_text};
use super::super::schema::{
    alerts, credit_accounts, credit_entries, credit_notes, external_refunds, refund_days,
};
use super::super::unit::Seen;
use super::{Moves, must_be_new, must_be_one};

pub(super) fn write(
    connection: &mut SqliteConnection,
    seen: &Seen,
    moves: &Moves,
    now: &str,
) -> Result<(), Failure> {
    let records = &moves.records;
    for (refund, state) in &records.external {
        put_external(connection, seen, refund, state, now)?;
    }
    for note in &records.notes {
        insert_note(connection, seen, note)?;
    }
    for refund in &records.forgotten {
        diesel::delete(external_refunds::table.find((seen.order.get(), refund.as_str())))
            .execute(connection)?;
    }
    for moved in &records.credits {
        write_credits(connection, seen, moved, moves, now)?;
    }
    for alert in &records.cleared {
        clear_alert(connection, seen, alert, now)?;
    }
    for alert in &records.raised {
        raise_alert(connection, seen, alert, now)?;
    }
    Ok(())
}

/// The credits of the buyer, where they are what the order sells.
pub(in super::super) fn credits_of(
    connection: &mut SqliteConnection,
    order: &Order,
) -> Result<Option<Credits>, Failure> {
    let OrderKind::Credits { .. } = order.terms().kind else {
        return Ok(None);
    };
    let (id, owner) = (order.terms().id, order.terms().owner);
    let balance: Option<i64> = credit_accounts::table
        .find(owner.get())
        .select(credit_accounts::balance)
        .get_result(connection)
        .optional()?;
    let entries: Vec<(i64, i64)> = credit_entries::table
        .filter(credit_entries::order_id.eq(id.get()))
        .select((credit_entries::change, credit_entries::shortfall))
        .load(connection)?;
    let sum = |part: fn(&(i64, i64)) -> i64| {
        let mut parts = entries.iter().map(part);
        let sum = parts.try_fold(0_i64, i64::checked_add);
        sum.ok_or_else(|| broken("credits sum to more than can be stored"))
    };
    let shortfall = sum(|(_, shortfall)| *shortfall)?;
    let standing = sum(|(change, _)| *change)?.saturating_sub(shortfall);
    let odd = |why| unreadable("the credits of order", id, why);
    Ok(Some(Credits {
        account: CreditAccount::restore(owner, balance.unwrap_or(0)).map_err(odd)?,
        purchase: CreditPurchase::restore(id, standing, shortfall).map_err(odd)?,
    }))
}

/// Counts what somebody gives back on a day, if it still fits.
pub(in super::super) fn count(
    connection: &mut SqliteConnection,
    day: &RefundDay,
    amount: Money,
    limit: Money,
) -> Result<Counted, Failure> {
    let key = (
        day.actor.to_string(),
        day_text(day.day),
        day.currency.code(),
    );
    diesel::insert_into(refund_days::table)
        .values((
            refund_days::actor.eq(&key.0),
            refund_days::day.eq(&key.1),
            refund_days::currency.eq(key.2),
            refund_days::used_minor.eq(0),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    let fits = (refund_days::used_minor + amount.minor()).le(limit.minor());
    let counted = diesel::update(
        refund_days::table
            .find((&key.0, &key.1, key.2))
            .filter(fits),
    )
    .set(refund_days::used_minor.eq(refund_days::used_minor + amount.minor()))
    .execute(connection)?;
    if counted == 1 {
        return Ok(Counted::Yes);
    }
    let used: i64 = refund_days::table
        .find((&key.0, &key.1, key.2))
        .select(refund_days::used_minor)
        .get_result(connection)?;
    let left = limit.minor().saturating_sub(used).max(0);
    Ok(Counted::No(Money::new(left, limit.currency())))
}

fn put_external(
    connection: &mut SqliteConnection,
    seen: &Seen,
    refund: &GatewayRefundId,
    state: &ExternalRefund,
    now: &str,
) -> Result<(), Failure> {
    let told = (
        external_refunds::payment_id.eq(state.payment.map(PaymentId::get)),
        external_refunds::capture.eq(state.capture.as_str()),
        external_refunds::amount_minor.eq(state.amount.minor()),
        external_refunds::amount.eq(state.amount.to_string()),
        external_refunds::currency.eq(state.amount.currency().code()),
        external_refunds::step.eq(state.step.as_str()),
        external_refunds::updated_at.eq(now),
    );
    diesel::insert_into(external_refunds::table)
        .values((
            external_refunds::order_id.eq(seen.order.get()),
            external_refunds::refund.eq(refund.as_str()),
            told.clone(),
            external_refunds::created_at.eq(now),
        ))
        .on_conflict((external_refunds::order_id, external_refunds::refund))
        .do_update()
        .set(told)
        .execute(connection)?;
    Ok(())
}

fn insert_note(
    connection: &mut SqliteConnection,
    seen: &Seen,
    note: &CreditNote,
) -> Result<(), Failure> {
    let terms = note.terms();
    let number = &terms.number;
    if !seen.payments.contains_key(&terms.payment) {
        let why = format!("credit note {number} is for no payment of the order");
        return Err(broken(why));
    }
    let (refund, external) = match &terms.refund {
        RefundRef::Ours(id) if !seen.refunds.contains_key(id) => {
            let why = format!("credit note {number} is for no refund of the order");
            return Err(broken(why));
        }
        RefundRef::Ours(id) => (Some(id.get()), None),
        RefundRef::External(name) => (None, Some(name.as_str())),
    };
    let written = diesel::insert_into(credit_notes::table)
        .values((
            credit_notes::id.eq(terms.id.get()),
            credit_notes::number.eq(number.to_string()),
            credit_notes::payment_id.eq(terms.payment.get()),
            credit_notes::refund_id.eq(refund),
            credit_notes::external_refund.eq(external),
            credit_notes::amount_minor.eq(terms.amount.minor()),
            credit_notes::amount.eq(terms.amount.to_string()),
            credit_notes::currency.eq(terms.amount.currency().code()),
            credit_notes::taxes.eq(serde_json::to_string(&terms.taxes).map_err(broken)?),
            credit_notes::issued_at.eq(time_text(terms.issued_at)?),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    must_be_new(written, "credit note", number)
}

fn write_credits(
    connection: &mut SqliteConnection,
    seen: &Seen,
    moved: &CreditMove,
    moves: &Moves,
    now: &str,
) -> Result<(), Failure> {
    let CreditMove { account, entry } = moved;
    let owner = account.owner();
    let before = account.balance().checked_sub(entry.change);
    let before = before.ok_or_else(|| broken(format!("the credits of user {owner} overflow")))?;
    diesel::insert_into(credit_accounts::table)
        .values((
            credit_accounts::user_id.eq(owner.get()),
            credit_accounts::balance.eq(0),
            credit_accounts::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    let as_loaded = credit_accounts::table
        .find(owner.get())
        .filter(credit_accounts::balance.eq(before));
    let written = diesel::update(as_loaded)
        .set((
            credit_accounts::balance.eq(account.balance()),
            credit_accounts::updated_at.eq(now),
        ))
        .execute(connection)?;
    must_be_one(written, "the account of credits", owner)?;
    diesel::insert_into(credit_entries::table)
        .values((
            credit_entries::user_id.eq(owner.get()),
            credit_entries::order_id.eq(seen.order.get()),
            credit_entries::change.eq(entry.change),
            credit_entries::shortfall.eq(entry.shortfall),
            credit_entries::balance.eq(account.balance()),
            credit_entries::actor.eq(moves.by.to_string()),
            credit_entries::at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

fn raise_alert(
    connection: &mut SqliteConnection,
    seen: &Seen,
    alert: &Alert,
    now: &str,
) -> Result<(), Failure> {
    let owed = match alert {
        Alert::RefundFailed { refund } => Some(refund.get()),
        _ => None,
    };
    diesel::insert_into(alerts::table)
        .values((
            alerts::order_id.eq(seen.order.get()),
            alerts::owed.eq(owed),
            alerts::alert.eq(serde_json::to_string(alert).map_err(broken)?),
            alerts::raised_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(())
}

/// It may have been raised before alerts were kept.
fn clear_alert(
    connection: &mut SqliteConnection,
    seen: &Seen,
    alert: &Alert,
    now: &str,
) -> Result<(), Failure> {
    let open = alerts::table
        .filter(alerts::order_id.eq(seen.order.get()))
        .filter(alerts::alert.eq(serde_json::to_string(alert).map_err(broken)?))
        .filter(alerts::cleared_at.is_null());
    diesel::update(open)
        .set(alerts::cleared_at.eq(now))
        .execute(connection)?;
    Ok(())
}
