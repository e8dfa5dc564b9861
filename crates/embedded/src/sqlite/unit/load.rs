//! What a unit begins with.

use std::collections::BTreeMap;

use bayar_app::port::store::{Loaded, OrderKey, RefundClaim, StoredCall};
use bayar_domain::settlement::Parts;
use bayar_domain::{Attempt, CaptureId, Decision, Fact, OrderId, Payment, Refund};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::super::error::{Failure, broken, unreadable};
use super::super::orders::find;
use super::super::rows::{AttemptRow, CallRow, CaptureRow, FactRow, PaymentRow, RefundRow};
use super::super::save::credits_of;
use super::super::schema::{
    attempts, captures, decisions, facts, gateway_calls, payments, primary_captures, refunds,
};
use super::{Seen, SeenRow};

/// Reads what a unit begins with.
pub(in super::super) fn load(
    connection: &mut SqliteConnection,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<Option<(Seen, Loaded)>, Failure> {
    let Some(row) = find(connection, &OrderKey::Id(order))? else {
        return Ok(None);
    };
    let decided: Vec<String> = decisions::table
        .filter(decisions::order_id.eq(order.get()))
        .order(decisions::position)
        .select(decisions::decision)
        .load(connection)?;
    let decision = |text: &String| {
        serde_json::from_str::<Decision>(text)
            .map_err(|why| unreadable("a decision of order", order, why))
    };
    let mut seen = Seen {
        order,
        order_version: row.version,
        live_payment: row.live_payment()?,
        payments: BTreeMap::new(),
        attempts: BTreeMap::new(),
        refunds: BTreeMap::new(),
        captures: BTreeMap::new(),
        primary: None,
        decisions: i64::try_from(decided.len()).map_err(broken)?,
        calls: 0,
    };
    let (refunds, claims) = load_refunds(connection, &mut seen)?;
    let parts = Parts {
        order: row.order()?,
        payments: load_payments(connection, &mut seen)?,
        attempts: load_attempts(connection, &mut seen)?,
        refunds,
        facts: load_facts(connection, order)?,
        decisions: decided.iter().map(decision).collect::<Result<_, _>>()?,
    };
    load_captures(connection, &mut seen)?;
    let calls = load_calls(connection, &mut seen)?;
    let credits = credits_of(connection, &parts.order)?;
    let loaded = Loaded {
        parts,
        calls,
        claims,
        credits,
        now,
    };
    Ok(Some((seen, loaded)))
}

fn load_payments(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
) -> Result<Vec<Payment>, Failure> {
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::order_id.eq(seen.order.get()))
        .order(payments::id)
        .select(PaymentRow::as_select())
        .load(connection)?;
    let mut loaded = Vec::with_capacity(rows.len());
    for row in rows {
        let payment = row.payment()?;
        let (version, status) = (row.version, payment.status());
        let id = payment.terms().id;
        seen.payments.insert(id, SeenRow { version, status });
        loaded.push(payment);
    }
    Ok(loaded)
}

fn load_attempts(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
) -> Result<Vec<Attempt>, Failure> {
    let rows: Vec<AttemptRow> = attempts::table
        .filter(attempts::order_id.eq(seen.order.get()))
        .order(attempts::id)
        .select(AttemptRow::as_select())
        .load(connection)?;
    let mut loaded = Vec::with_capacity(rows.len());
    for row in rows {
        let attempt = row.attempt()?;
        let (version, status) = (row.version, attempt.status());
        let id = attempt.terms().id;
        seen.attempts.insert(id, SeenRow { version, status });
        loaded.push(attempt);
    }
    Ok(loaded)
}

/// The refunds, and what they were asked for by.
fn load_refunds(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
) -> Result<(Vec<Refund>, Vec<RefundClaim>), Failure> {
    let rows: Vec<RefundRow> = refunds::table
        .filter(refunds::order_id.eq(seen.order.get()))
        .order(refunds::id)
        .select(RefundRow::as_select())
        .load(connection)?;
    let mut loaded = Vec::with_capacity(rows.len());
    let mut claims = Vec::new();
    for row in rows {
        let refund = row.refund()?;
        let (version, status) = (row.version, refund.status());
        let id = refund.terms().id;
        seen.refunds.insert(id, SeenRow { version, status });
        claims.extend(row.claim()?);
        loaded.push(refund);
    }
    Ok((loaded, claims))
}

fn load_facts(connection: &mut SqliteConnection, order: OrderId) -> Result<Vec<Fact>, Failure> {
    let rows: Vec<FactRow> = facts::table
        .filter(facts::order_id.eq(order.get()))
        .select(FactRow::as_select())
        .load(connection)?;
    rows.iter().map(FactRow::fact).collect()
}

/// What the tables say about its money: a settlement says it by its facts.
fn load_captures(connection: &mut SqliteConnection, seen: &mut Seen) -> Result<(), Failure> {
    let rows: Vec<CaptureRow> = captures::table
        .filter(captures::order_id.eq(seen.order.get()))
        .select(CaptureRow::as_select())
        .load(connection)?;
    let known: Result<_, Failure> = rows.iter().map(CaptureRow::capture).collect();
    seen.captures = known?;
    let kept: Option<String> = primary_captures::table
        .filter(primary_captures::order_id.eq(seen.order.get()))
        .filter(primary_captures::released_at.is_null())
        .select(primary_captures::capture)
        .get_result(connection)
        .optional()?;
    let kept = kept.map(CaptureId::new).transpose();
    seen.primary = kept.map_err(|why| unreadable("the money that pays order", seen.order, why))?;
    Ok(())
}

fn load_calls(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
) -> Result<Vec<StoredCall>, Failure> {
    let rows: Vec<CallRow> = gateway_calls::table
        .filter(gateway_calls::order_id.eq(seen.order.get()))
        .order(gateway_calls::position)
        .select(CallRow::as_select())
        .load(connection)?;
    seen.calls = rows.last().map_or(0, |row| row.position);
    rows.into_iter().map(CallRow::call).collect()
}
