//! The stores and the domain walk side by side: random commands and random facts go through the transaction of the use
//! cases and through a settlement in memory, and after each of them both say the same.
//!
//! `PROPTEST_CASES` asks for more walks.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../../../crates/domain/src/settlement/tests/walk/acts.rs"]
mod acts;
mod compare;
mod place;
#[path = "../../../crates/domain/src/settlement/tests/walk/seen.rs"]
#[allow(
    dead_code,
    reason = "the domain's own walks are longer, and must see more"
)]
mod seen;
mod walk;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bayar_domain::fact::{Fact, Proof, RefundStep};
use bayar_domain::gateway::{
    CaptureId, DisputeId, GatewayRefundId, Reason, Session, SessionRef, Source, TransferReference,
    TryId,
};
use bayar_domain::settlement::{Effect, RefundRequest, Refused};
use bayar_domain::{
    AttemptId, AttemptStatus, AttemptTerms, Currency, Gateway, Money, OrderKind, OrderStatus,
    PaymentStatus, PaymentTerms, RefundId, RefundStatus, Settlement, Step, Verdict,
};
use bayar_tests::program::note;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner, contextualize_config};

use acts::{Act, Ask, Hint, Names, act, command, hinted};
use place::Place;
use seen::{Seen, see};
use walk::Walk;

/// What every order costs.
const PRICE: i64 = 500_000;

/// How many cases the properties of the domain have in a normal run.
const CASES: u32 = 10_000;

/// For so many of them a batch has one walk: each takes a database a while.
const CASES_A_WALK: u32 = 250;

/// How many batches there are at most until everything was seen. Two or three do, as a rule.
const BATCHES: u32 = 12;

/// Walks that never come by these show nothing.
const MUST_BE_SEEN: [&str; 23] = [
    "payment completed",
    "payment under_review",
    "payment partially_refunded",
    "payment refunded",
    "attempt closing",
    "requested refund requested",
    "requested refund sent",
    "requested refund manual",
    "requested refund succeeded",
    "surplus refund requested",
    "AnnounceRefund",
    "SettlePapers",
    "FulfilOrder",
    "HaltOrder",
    "SetCredits",
    "RefundSurplus",
    "RecordExternalRefund",
    "SetCreditNotes",
    "RaiseAlert Surplus",
    "RaiseAlert Dispute",
    "a command is refused",
    "money is reversed",
    "credits are used",
];

fn idr(minor: i64) -> Money {
    Money::new(minor, Currency::Idr)
}

fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_705_314_600, 0).unwrap()
}

fn session(attempt: i64) -> Session {
    Session {
        reference: SessionRef::new(format!("cs_{attempt}")).unwrap(),
        url: format!("https://pay.example/{attempt}"),
        expires_at: epoch() + TimeDelta::hours(1),
    }
}

/// Somebody pays so much, without a detour.
fn paid(minor: i64) -> impl Strategy<Value = Vec<Act>> {
    any::<[Index; 3]>().prop_map(move |[payment, attempt, money]| {
        vec![
            Act::Ask(Ask::Open),
            Act::Ask(Ask::Start(payment)),
            Act::Ask(Ask::Opened(attempt)),
            Act::Fact(money, Hint::Captured(0, minor)),
        ]
    })
}

fn walks() -> impl Strategy<Value = (OrderKind, Vec<Act>)> {
    let kind = prop_oneof![
        Just(OrderKind::Checkout),
        Just(OrderKind::Credits { quantity: 7 })
    ];
    let begun = prop_oneof![3 => Just(Vec::new()), 6 => paid(PRICE), 1 => paid(PRICE - 1)];
    let acts = prop::collection::vec(act(), 1..40);
    (kind, begun, acts).prop_map(|(kind, begun, acts)| (kind, [begun, acts].concat()))
}

/// `PROPTEST_CASES` asks for more or fewer.
fn config() -> Config {
    let config = contextualize_config(Config {
        cases: CASES,
        // Each is a new order, and takes its time.
        max_shrink_iters: 300,
        source_file: Some(file!()),
        ..Config::default()
    });
    Config {
        cases: config.cases.div_ceil(CASES_A_WALK),
        ..config
    }
}

#[test]
fn postgres_and_the_domain_say_the_same() {
    side_by_side("Postgres", Place::on_postgres());
}

#[test]
fn sqlite_and_the_domain_say_the_same() {
    side_by_side("SQLite", Place::on_sqlite());
}

fn side_by_side(name: &str, place: impl Future<Output = Place>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let place = runtime.block_on(place);
    let seen = Seen::default();
    let mut missed = Vec::new();
    for batch in 1..=BATCHES {
        TestRunner::new(config())
            .run(&walks(), |(kind, acts)| {
                runtime.block_on(Walk::run(&place, kind, &acts, &seen));
                Ok(())
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
        let seen = seen.borrow();
        let is_missed = |thing: &&str| !seen.contains_key(*thing);
        missed = MUST_BE_SEEN.into_iter().filter(is_missed).collect();
        if missed.is_empty() {
            note(format_args!("{name}: {batch} batches of walks: {seen:?}"));
            break;
        }
    }
    assert!(missed.is_empty(), "no walk came by {missed:?}");
    runtime.block_on(async { drop(place) });
}
