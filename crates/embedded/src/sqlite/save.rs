//! Writing what moved about one order. Each row is written over the version that was loaded, or not at all.

mod attempts;
mod calls;
mod facts;
mod jobs;
mod records;
mod refunds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bayar_app::port::store::{
    Actor, Announcement, CallKey, CallOutcome, NewCall, PaperSet, Records, Save,
};
use bayar_domain::{
    Attempt, Decision, Fact, Order, OrderId, Payment, PaymentId, PaymentStatus, Refund,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::error::{Failure, broken};
use super::rows::{state_text, time_text, waits};
use super::schema::{decisions, invoices, orders, outbox, payment_events, payments, tax_records};
use super::unit::{Seen, SeenRow};
use facts::Holdings;
use jobs::Job;
pub(super) use records::{count, credits_of};

/// The first version of everything.
const FIRST: i64 = 1;

/// What moved, taken out of a [`Save`]: the work is done on another thread.
pub(super) struct Moves {
    order: Order,
    order_moved: bool,
    live_payment: Option<PaymentId>,
    payments: Vec<Payment>,
    attempts: Vec<Attempt>,
    refunds: Vec<Refund>,
    facts: Vec<Fact>,
    holdings: Holdings,
    outcomes: Vec<CallOutcome>,
    proved: Vec<CallKey>,
    calls: Vec<NewCall>,
    decisions: Vec<Decision>,
    papers: Vec<PaperSet>,
    announcements: Vec<Announcement>,
    records: Records,
    by: Actor,
    note: Option<String>,
}

impl Moves {
    pub(super) fn of(save: &Save<'_>) -> Self {
        let changes = save.changes;
        let mut payments = changes.payments.clone();
        // What leaves the order's only place goes before what takes it.
        payments.sort_by_key(|payment| payment.status().is_live());
        let mut attempts = changes.attempts.clone();
        attempts.sort_by_key(|attempt| attempt.status().is_live());
        let live = save.settlement.live_payment();
        Self {
            order: save.settlement.order().clone(),
            order_moved: changes.order.is_some(),
            live_payment: live.map(|payment| payment.terms().id),
            payments,
            attempts,
            refunds: changes.refunds.clone(),
            facts: save.facts.to_vec(),
            holdings: Holdings::of(save.settlement),
            outcomes: save.outcomes.to_vec(),
            proved: save.proved.to_vec(),
            calls: save.calls.to_vec(),
            decisions: save.decisions.to_vec(),
            papers: save.papers.to_vec(),
            announcements: save.announcements.to_vec(),
            records: save.records.clone(),
            by: save.by,
            note: save.note.map(ToOwned::to_owned),
        }
    }

    /// Whether the order is told of: that takes a version of its own.
    fn announces_order(&self) -> bool {
        self.announcements
            .iter()
            .any(|announcement| matches!(announcement, Announcement::Order(_)))
    }
}

/// Writes what moved, in the transaction of `connection`, and remembers the new versions.
pub(super) fn write(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    moves: &Moves,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let at = now;
    let now = time_text(now)?;
    if moves.order.terms().id != seen.order {
        return Err(broken("the settlement is of another order"));
    }
    let place_moved = moves.live_payment != seen.live_payment;
    if moves.order_moved || place_moved || moves.announces_order() {
        write_order(connection, seen, moves, &now)?;
    }
    let is_ours = refunds::is_by_our_doing(seen, moves);
    let mut versions = BTreeMap::new();
    for payment in &moves.payments {
        let version = write_payment(connection, seen, payment, moves.by, at)?;
        versions.insert(payment.terms().id, version);
    }
    for attempt in &moves.attempts {
        attempts::write(connection, seen, attempt, at)?;
    }
    for refund in &moves.refunds {
        refunds::write(connection, seen, refund, moves, at)?;
    }
    facts::write_facts(connection, seen, &moves.facts, &now)?;
    facts::write_holdings(connection, seen, &moves.holdings, is_ours, &now)?;
    // What is over goes before what is to be done anew for the same purpose.
    for outcome in &moves.outcomes {
        calls::finish(connection, seen, outcome, &now)?;
    }
    for call in &moves.proved {
        calls::prove(connection, seen, call, &now)?;
    }
    for call in &moves.calls {
        calls::insert(connection, seen, call, at)?;
    }
    for decision in &moves.decisions {
        write_decision(connection, seen, decision, moves, &now)?;
    }
    for papers in &moves.papers {
        write_papers(connection, seen, papers)?;
    }
    records::write(connection, seen, moves, &now)?;
    for announcement in &moves.announcements {
        announce(connection, seen, &versions, moves, *announcement, &now)?;
    }
    Ok(())
}

fn write_order(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    moves: &Moves,
    now: &str,
) -> Result<(), Failure> {
    let version = next(seen.order_version)?;
    let as_loaded = orders::table
        .find(seen.order.get())
        .filter(orders::version.eq(seen.order_version));
    let written = diesel::update(as_loaded)
        .set((
            orders::price_minor.eq(moves.order.terms().price.minor()),
            orders::status.eq(moves.order.status().as_str()),
            orders::live_payment_id.eq(moves.live_payment.map(PaymentId::get)),
            orders::version.eq(version),
            orders::updated_at.eq(now),
        ))
        .execute(connection)?;
    must_be_one(written, "order", seen.order)?;
    seen.order_version = version;
    seen.live_payment = moves.live_payment;
    Ok(())
}

/// Writes a payment and its event, and ends its job when it has ended. Answers its new version.
fn write_payment(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    payment: &Payment,
    by: Actor,
    at: DateTime<Utc>,
) -> Result<i64, Failure> {
    let now = &time_text(at)?;
    let (id, status) = (payment.terms().id, payment.status());
    let Some(before) = seen.payments.get_mut(&id) else {
        return Err(broken(format!("payment {id} was never opened")));
    };
    let version = next(before.version)?;
    let as_loaded = payments::table
        .find(id.get())
        .filter(payments::version.eq(before.version));
    let written = diesel::update(as_loaded)
        .set((
            payments::payment_method.eq(payment.payment_method().as_str()),
            payments::status.eq(status.as_str()),
            payments::state.eq(state_text(payment.state())?),
            payments::version.eq(version),
            payments::updated_at.eq(now),
        ))
        .execute(connection)?;
    must_be_one(written, "payment", id)?;
    diesel::insert_into(payment_events::table)
        .values((
            payment_events::payment_id.eq(id.get()),
            payment_events::version.eq(version),
            payment_events::from_status.eq(before.status.as_str()),
            payment_events::to_status.eq(status.as_str()),
            payment_events::actor.eq(by.to_string()),
            payment_events::at.eq(now),
        ))
        .execute(connection)?;
    let job = Job::ExpirePayment(id.get());
    match (waits(before.status), waits(status)) {
        (false, true) => jobs::open(connection, job, payment.terms().deadline)?,
        (true | false, false) => jobs::end(connection, job, now)?,
        (true, true) => {}
    }
    let job = Job::WatchReview(id.get());
    if status == PaymentStatus::UnderReview {
        jobs::open(connection, job, jobs::first_look(at))?;
    } else {
        jobs::end(connection, job, now)?;
    }
    *before = SeenRow { version, status };
    Ok(version)
}

fn write_decision(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    decision: &Decision,
    moves: &Moves,
    now: &str,
) -> Result<(), Failure> {
    let position = next(seen.decisions)?;
    diesel::insert_into(decisions::table)
        .values((
            decisions::order_id.eq(seen.order.get()),
            decisions::position.eq(position),
            decisions::decision.eq(serde_json::to_string(decision).map_err(broken)?),
            decisions::actor.eq(moves.by.to_string()),
            decisions::at.eq(now),
            decisions::note.eq(moves.note.as_deref()),
        ))
        .execute(connection)?;
    seen.decisions = position;
    Ok(())
}

fn write_papers(
    connection: &mut SqliteConnection,
    seen: &Seen,
    papers: &PaperSet,
) -> Result<(), Failure> {
    let terms = papers.invoice.terms();
    if !seen.payments.contains_key(&terms.payment) {
        let payment = terms.payment;
        return Err(broken(format!("payment {payment} is not of the order")));
    }
    let invoice = invoices::table
        .find(terms.id.get())
        .filter(invoices::payment_id.eq(terms.payment.get()));
    let written = diesel::update(invoice)
        .set(invoices::status.eq(papers.invoice.status().as_str()))
        .execute(connection)?;
    must_be_one(written, "invoice", terms.id)?;
    for tax in &papers.taxes {
        let record = tax_records::table
            .find(tax.terms().id.get())
            .filter(tax_records::payment_id.eq(terms.payment.get()));
        let written = diesel::update(record)
            .set((
                tax_records::status.eq(tax.status().as_str()),
                tax_records::reversed_minor.eq(tax.reversed().minor()),
            ))
            .execute(connection)?;
        must_be_one(written, "tax record", tax.terms().id)?;
    }
    Ok(())
}

/// Tells the world, under the version that says it: so nothing is told twice.
fn announce(
    connection: &mut SqliteConnection,
    seen: &Seen,
    versions: &BTreeMap<PaymentId, i64>,
    moves: &Moves,
    announcement: Announcement,
    now: &str,
) -> Result<(), Failure> {
    let (aggregate, sequence, kind) = match announcement {
        Announcement::Order(status) => (
            order_name(seen.order),
            seen.order_version,
            format!("order.{status}"),
        ),
        Announcement::Payment(id, status) => {
            let version = versions.get(&id).copied();
            let still = || broken(format!("payment {id} is told of and did not move"));
            (
                format!("payment:{id}"),
                version.ok_or_else(still)?,
                format!("payment.{status}"),
            )
        }
        Announcement::Refund(id, status) => {
            let has_moved = moves.refunds.iter().any(|moved| moved.terms().id == id);
            let refund = seen.refunds.get(&id).filter(|_| has_moved);
            let still = || broken(format!("refund {id} is told of and did not move"));
            (
                format!("refund:{id}"),
                refund.ok_or_else(still)?.version,
                format!("refund.{status}"),
            )
        }
    };
    diesel::insert_into(outbox::table)
        .values((
            outbox::aggregate.eq(aggregate),
            outbox::sequence.eq(sequence),
            outbox::kind.eq(kind),
            outbox::created_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

fn order_name(order: OrderId) -> String {
    format!("order:{order}")
}

fn next(number: i64) -> Result<i64, Failure> {
    let next = number.checked_add(1);
    next.ok_or_else(|| broken("a version has no next one"))
}

fn must_be_one(
    written: usize,
    what: &'static str,
    id: impl std::fmt::Display,
) -> Result<(), Failure> {
    match written {
        1 => Ok(()),
        _ => Err(broken(format!("{what} {id} is not as it was loaded"))),
    }
}

fn must_be_new(
    written: usize,
    what: &'static str,
    id: impl std::fmt::Display,
) -> Result<(), Failure> {
    match written {
        1 => Ok(()),
        _ => Err(broken(format!(
            "{what} {id} clashes with what is there already"
        ))),
    }
}
