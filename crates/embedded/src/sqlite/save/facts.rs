//! What gateways proved, and the money it tells of.

use std::collections::BTreeMap;

use bayar_domain::settlement::Sums;
use bayar_domain::{AttemptTerms, CaptureId, Fact, Money, Settlement};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::super::error::{Failure, broken};
use super::super::rows::time_text;
use super::super::schema::{captures, facts, primary_captures};
use super::super::unit::Seen;
use super::must_be_one;

/// The money of a settlement.
pub(super) struct Holdings {
    /// All that the facts tell of, with the attempt it came through.
    money: BTreeMap<CaptureId, (AttemptTerms, Option<Sums>)>,
    /// What pays the order.
    primary: Option<CaptureId>,
}

impl Holdings {
    pub(super) fn of(settlement: &Settlement) -> Self {
        let sums = settlement.sums();
        let told = settlement.facts().filter_map(|fact| {
            let attempt = settlement.attempt(fact.attempt())?;
            let capture = fact.proof().capture()?;
            let known = sums.get(capture).copied();
            Some((capture.clone(), (attempt.terms().clone(), known)))
        });
        Self {
            money: told.collect(),
            primary: settlement.primary().cloned(),
        }
    }
}

pub(super) fn write_facts(
    connection: &mut SqliteConnection,
    seen: &Seen,
    facts: &[Fact],
    now: &str,
) -> Result<(), Failure> {
    for fact in facts {
        insert_fact(connection, seen, fact, now)?;
    }
    Ok(())
}

/// Makes the tables say of its money what the settlement says.
pub(super) fn write_holdings(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    holdings: &Holdings,
    is_ours: bool,
    now: &str,
) -> Result<(), Failure> {
    for (capture, (terms, sums)) in &holdings.money {
        if !seen.captures.contains_key(capture) {
            insert_capture(connection, seen, capture, terms, now)?;
        }
        write_sums(connection, seen, capture, *sums, is_ours, now)?;
    }
    if holdings.primary != seen.primary {
        release_primary(connection, seen, now)?;
    }
    if let Some(capture) = &holdings.primary
        && seen.primary.is_none()
    {
        let terms = holdings.money.get(capture).map(|(terms, _)| terms);
        let unknown = || broken(format!("capture {capture} is told of by no fact"));
        let terms = terms.ok_or_else(unknown)?;
        insert_primary(connection, seen, capture, terms, now)?;
    }
    Ok(())
}

fn insert_fact(
    connection: &mut SqliteConnection,
    seen: &Seen,
    fact: &Fact,
    now: &str,
) -> Result<(), Failure> {
    let key = fact.key();
    let wrong = |why| broken(format!("fact {} {} {why}", key.kind, key.object));
    if !seen.attempts.contains_key(&fact.attempt()) {
        return Err(wrong("is about no attempt of the order"));
    }
    let written = diesel::insert_into(facts::table)
        .values((
            facts::gateway.eq(key.source.gateway.as_str()),
            facts::account.eq(key.source.account.as_str()),
            facts::mode.eq(key.source.mode.as_str()),
            facts::kind.eq(key.kind.as_str()),
            facts::object.eq(&key.object),
            facts::step.eq(&key.step),
            facts::order_id.eq(seen.order.get()),
            facts::attempt_id.eq(fact.attempt().get()),
            facts::fact.eq(serde_json::to_string(fact).map_err(broken)?),
            facts::at.eq(time_text(fact.at())?),
            facts::recorded_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    match written {
        1 => Ok(()),
        _ => Err(wrong("counts already")),
    }
}

/// Money counts for the order that a fact first told it of.
fn insert_capture(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    capture: &CaptureId,
    terms: &AttemptTerms,
    now: &str,
) -> Result<(), Failure> {
    let written = diesel::insert_into(captures::table)
        .values((
            captures::gateway.eq(terms.source.gateway.as_str()),
            captures::account.eq(terms.source.account.as_str()),
            captures::mode.eq(terms.source.mode.as_str()),
            captures::capture.eq(capture.as_str()),
            captures::order_id.eq(seen.order.get()),
            captures::payment_id.eq(terms.payment.get()),
            captures::attempt_id.eq(terms.id.get()),
            Columns::of(None),
            captures::created_at.eq(now),
            captures::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if written != 1 {
        let why = format!("capture {capture} counts for another order");
        return Err(broken(why));
    }
    seen.captures.insert(capture.clone(), None);
    Ok(())
}

fn write_sums(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    capture: &CaptureId,
    sums: Option<Sums>,
    is_ours: bool,
    now: &str,
) -> Result<(), Failure> {
    let before = seen.captures.get(capture).copied().flatten();
    if before == sums {
        return Ok(());
    }
    let old = Columns::of(before);
    let new = Columns::of(sums);
    let added = new.reserved_minor.saturating_sub(old.reserved_minor);
    let out = captures::refunded_minor + captures::reserved_minor + captures::disputed_minor;
    // By our doing never more is reserved than is there.
    let may_exceed = (!is_ours || added <= 0).into_sql::<Bool>();
    let as_loaded = captures::table
        .filter(captures::order_id.eq(seen.order.get()))
        .filter(captures::capture.eq(capture.as_str()))
        .filter(captures::currency.is(old.currency))
        .filter(captures::captured_minor.eq(old.captured_minor))
        .filter(captures::refunded_minor.eq(old.refunded_minor))
        .filter(captures::reserved_minor.eq(old.reserved_minor))
        .filter(captures::disputed_minor.eq(old.disputed_minor))
        .filter(may_exceed.or((out + added).le(captures::captured_minor)));
    let written = diesel::update(as_loaded)
        .set((new, captures::updated_at.eq(now)))
        .execute(connection)?;
    must_be_one(written, "capture", capture)?;
    seen.captures.insert(capture.clone(), sums);
    Ok(())
}

fn release_primary(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    now: &str,
) -> Result<(), Failure> {
    let Some(capture) = seen.primary.take() else {
        return Ok(());
    };
    let kept = primary_captures::table
        .filter(primary_captures::order_id.eq(seen.order.get()))
        .filter(primary_captures::capture.eq(capture.as_str()))
        .filter(primary_captures::released_at.is_null());
    let written = diesel::update(kept)
        .set(primary_captures::released_at.eq(now))
        .execute(connection)?;
    must_be_one(written, "capture", capture)
}

fn insert_primary(
    connection: &mut SqliteConnection,
    seen: &mut Seen,
    capture: &CaptureId,
    terms: &AttemptTerms,
    now: &str,
) -> Result<(), Failure> {
    let written = diesel::insert_into(primary_captures::table)
        .values((
            primary_captures::order_id.eq(seen.order.get()),
            primary_captures::gateway.eq(terms.source.gateway.as_str()),
            primary_captures::account.eq(terms.source.account.as_str()),
            primary_captures::mode.eq(terms.source.mode.as_str()),
            primary_captures::capture.eq(capture.as_str()),
            primary_captures::decided_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if written != 1 {
        let why = format!("capture {capture} is not the only money that pays the order");
        return Err(broken(why));
    }
    seen.primary = Some(capture.clone());
    Ok(())
}

/// Sums as they are stored: each in minor units, and for people.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = captures, treat_none_as_null = true)]
struct Columns {
    currency: Option<&'static str>,
    captured_minor: i64,
    captured: String,
    refunded_minor: i64,
    refunded: String,
    reserved_minor: i64,
    reserved: String,
    disputed_minor: i64,
    disputed: String,
    loss_minor: i64,
    loss: String,
}

impl Columns {
    fn of(sums: Option<Sums>) -> Self {
        let minor = |money: fn(Sums) -> Money| sums.map_or(0, |sums| money(sums).minor());
        let text = |money: fn(Sums) -> Money| {
            sums.map_or_else(|| "0".to_owned(), |sums| money(sums).to_string())
        };
        Self {
            currency: sums.map(|sums| sums.captured.currency().code()),
            captured_minor: minor(|sums| sums.captured),
            captured: text(|sums| sums.captured),
            refunded_minor: minor(|sums| sums.refunded),
            refunded: text(|sums| sums.refunded),
            reserved_minor: minor(|sums| sums.reserved),
            reserved: text(|sums| sums.reserved),
            disputed_minor: minor(|sums| sums.disputed),
            disputed: text(|sums| sums.disputed),
            loss_minor: minor(Sums::loss),
            loss: text(Sums::loss),
        }
    }
}
