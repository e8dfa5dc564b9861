//! Opening a payment: every step is guarded, and one that does not hold undoes them all.

use bayar_app::port::store::{Actor, Claim, Opened, Opening};
use bayar_domain::{Bill, OrderStatus, Payment, PaymentStatus, TaxRecord};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::error::{Failure, broken};
use super::rows::{columns_of, state_text, time_text};
use super::schema::{
    idempotency_keys, invoices, jobs, orders, outbox, payment_events, payments, tax_records,
};

/// The first version of everything.
const FIRST: i64 = 1;

/// Opens a payment in the transaction of `connection`. A clash means that it must not be opened.
pub(super) fn open(
    connection: &mut SqliteConnection,
    opening: &Opening,
    now: DateTime<Utc>,
) -> Result<Opened, Failure> {
    let (order, payment) = (opening.order.terms(), opening.bill.payment.terms());
    if (payment.order, payment.user, payment.price) != (order.id, order.owner, order.price) {
        return Err(broken("the bill is not of the order"));
    }
    let now_text = time_text(now)?;
    if !take_place(connection, opening, &now_text)? {
        return Ok(Opened::No);
    }
    let consultation = columns_of(opening.order.terms().kind).consultation_id;
    insert_bill(
        connection,
        &opening.bill,
        consultation,
        opening.by,
        &now_text,
    )?;
    bind_key(connection, &opening.claim, now)?;
    Ok(Opened::Yes)
}

/// A payment with its papers, its first event, its announcement and its job.
pub(super) fn insert_bill(
    connection: &mut SqliteConnection,
    bill: &Bill,
    consultation: Option<i64>,
    by: Actor,
    now_text: &str,
) -> Result<(), Failure> {
    let payment = bill.payment.terms();
    insert_payment(connection, &bill.payment, consultation)?;
    insert_papers(connection, bill)?;
    diesel::insert_into(payment_events::table)
        .values((
            payment_events::payment_id.eq(payment.id.get()),
            payment_events::version.eq(FIRST),
            payment_events::to_status.eq(PaymentStatus::Pending.as_str()),
            payment_events::actor.eq(by.to_string()),
            payment_events::at.eq(now_text),
        ))
        .execute(connection)?;
    diesel::insert_into(outbox::table)
        .values((
            outbox::aggregate.eq(format!("payment:{}", payment.id)),
            outbox::sequence.eq(FIRST),
            outbox::kind.eq("payment.created"),
            outbox::created_at.eq(now_text),
        ))
        .execute(connection)?;
    diesel::insert_into(jobs::table)
        .values((
            jobs::kind.eq("expire_payment"),
            jobs::subject_id.eq(payment.id.get()),
            jobs::due_at.eq(time_text(payment.deadline)?),
        ))
        .execute(connection)?;
    Ok(())
}

/// Gives the payment the order's only place, if the order is as it was seen and the place is free.
fn take_place(
    connection: &mut SqliteConnection,
    opening: &Opening,
    now: &str,
) -> Result<bool, Failure> {
    let order = opening.order.terms();
    let as_seen = orders::table
        .find(order.id.get())
        .filter(orders::user_id.eq(order.owner.get()))
        .filter(orders::price_minor.eq(order.price.minor()))
        .filter(orders::currency.eq(order.price.currency().code()))
        .filter(orders::status.eq(OrderStatus::Pending.as_str()))
        .filter(orders::live_payment_id.is_null());
    let taken = diesel::update(as_seen)
        .set((
            orders::live_payment_id.eq(opening.bill.payment.terms().id.get()),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(taken > 0)
}

fn insert_payment(
    connection: &mut SqliteConnection,
    payment: &Payment,
    consultation: Option<i64>,
) -> Result<(), Failure> {
    let terms = payment.terms();
    let created_at = time_text(terms.created_at)?;
    diesel::insert_into(payments::table)
        .values((
            payments::id.eq(terms.id.get()),
            payments::order_id.eq(terms.order.get()),
            payments::user_id.eq(terms.user.get()),
            payments::consultation_id.eq(consultation),
            payments::price_minor.eq(terms.price.minor()),
            payments::amount_minor.eq(terms.amount.minor()),
            payments::amount.eq(terms.amount.to_string()),
            payments::currency.eq(terms.amount.currency().code()),
            payments::payment_method.eq(payment.payment_method().as_str()),
            payments::status.eq(payment.status().as_str()),
            payments::state.eq(state_text(payment.state())?),
            payments::version.eq(FIRST),
            payments::deadline.eq(time_text(terms.deadline)?),
            payments::created_at.eq(&created_at),
            payments::updated_at.eq(&created_at),
        ))
        .execute(connection)?;
    Ok(())
}

fn insert_papers(connection: &mut SqliteConnection, bill: &Bill) -> Result<(), Failure> {
    let terms = bill.invoice.terms();
    diesel::insert_into(invoices::table)
        .values((
            invoices::id.eq(terms.id.get()),
            invoices::payment_id.eq(terms.payment.get()),
            invoices::invoice_number.eq(terms.number.as_str()),
            invoices::amount_minor.eq(terms.amount.minor()),
            invoices::amount.eq(terms.amount.to_string()),
            invoices::currency.eq(terms.amount.currency().code()),
            invoices::status.eq(bill.invoice.status().as_str()),
            invoices::issued_at.eq(time_text(terms.issued_at)?),
        ))
        .execute(connection)?;
    for (position, tax) in (1_i64..).zip(&bill.taxes) {
        insert_tax(connection, position, tax)?;
    }
    Ok(())
}

fn insert_tax(
    connection: &mut SqliteConnection,
    position: i64,
    tax: &TaxRecord,
) -> Result<(), Failure> {
    let terms = tax.terms();
    let line = &terms.line;
    diesel::insert_into(tax_records::table)
        .values((
            tax_records::id.eq(terms.id.get()),
            tax_records::payment_id.eq(terms.payment.get()),
            tax_records::position.eq(position),
            tax_records::tax_type.eq(line.tax_type.as_str()),
            tax_records::rate.eq(line.rate.to_string()),
            tax_records::tax_amount_minor.eq(line.amount.minor()),
            tax_records::tax_amount.eq(line.amount.to_string()),
            tax_records::currency.eq(line.amount.currency().code()),
            tax_records::status.eq(tax.status().as_str()),
            tax_records::reversed_minor.eq(tax.reversed().minor()),
            tax_records::line.eq(serde_json::to_string(line).map_err(broken)?),
        ))
        .execute(connection)?;
    Ok(())
}

/// Last, so that a key that is bound already undoes everything before it.
fn bind_key(
    connection: &mut SqliteConnection,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let Claim {
        scope,
        answer,
        kept_for,
    } = claim;
    let kept_until = TimeDelta::from_std(*kept_for)
        .ok()
        .and_then(|kept_for| now.checked_add_signed(kept_for))
        .ok_or_else(|| broken("a key is kept for longer than time can tell"))?;
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::owner.eq(scope.owner.to_string()),
            idempotency_keys::route.eq(scope.route.as_str()),
            idempotency_keys::key.eq(scope.key.as_str()),
            idempotency_keys::request_hash.eq(answer.request.as_bytes().as_slice()),
            idempotency_keys::payment_id.eq(answer.payment.get()),
            idempotency_keys::body.eq(&answer.body),
            idempotency_keys::created_at.eq(time_text(now)?),
            idempotency_keys::kept_until.eq(time_text(kept_until)?),
        ))
        .execute(connection)?;
    Ok(())
}
