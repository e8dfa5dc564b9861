//! Money: its sums and the money that pays the order stand in tables of their own, as the settlement has them.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::Actor;
use bayar_domain::fact::RefundStep;
use bayar_domain::settlement::Sums;
use bayar_domain::{AttemptId, CaptureId, Fact, Money, OrderId, OrderStatus, Proof, Settlement};

use super::checkouts::{Checkout, PRICE, apply, assert_stored, request_refund};
use super::steps::{begin, settle};
use crate::builders::{a_capture, a_fact, captured, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! capture_cases {
    ($fresh:ident) => {
        mod captures {
            use $crate::contract::store::captures as cases;
            $crate::contract_tests! { $fresh:
                money_that_comes_in_pays_the_order,
                sums_follow_what_goes_back_and_what_is_held,
                what_goes_out_beyond_what_came_in_is_a_loss,
                money_that_is_only_held_back_has_no_sums_yet,
                money_that_is_only_known_by_its_refund_has_no_sums_yet,
                a_second_payment_of_an_order_is_surplus,
                money_that_is_taken_back_makes_room_for_other_money,
                sums_that_did_not_change_are_not_written,
                a_key_is_kept_as_long_as_its_payment_is_at_a_gateway,
            }
        }
    };
}

pub async fn money_that_comes_in_pays_the_order(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    assert_tables(fixture, checkout.order).await;
    assert_eq!(primaries(fixture, checkout.order).await, [""; 0]);
    let fact = captured(checkout.attempt, "pi_1", PRICE);
    apply(&*store, checkout.order, [fact]).await;
    assert_tables(fixture, checkout.order).await;
    assert_eq!(primaries(fixture, checkout.order).await, ["pi_1 kept"]);
    let whose = format!(
        "SELECT gateway || ' ' || account || ' ' || mode || ' ' || payment_id || ' ' || attempt_id \
         FROM captures WHERE order_id = {}",
        checkout.order
    );
    let expected = format!(
        "stripe acct_1 test {} {}",
        checkout.payment, checkout.attempt
    );
    assert_eq!(fixture.texts(&whose).await, [expected]);
    let for_people = format!(
        "SELECT CAST(captured AS text) FROM captures WHERE order_id = {}",
        checkout.order
    );
    assert_eq!(fixture.texts(&for_people).await, ["5000.00"]);
}

pub async fn sums_follow_what_goes_back_and_what_is_held(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let (order, attempt) = (checkout.order, checkout.attempt);
    let refund = request_refund(&*store, &checkout, Some(php(120_000))).await;
    assert_sums(fixture, order, "500000 0 120000 0 0").await;
    let gone = |step| {
        let proof = Proof::Refunded {
            capture: a_capture("pi_1"),
            refund: "re_1".parse().unwrap(),
            amount: php(120_000),
            step,
            ours: Some(refund),
        };
        a_fact(attempt, proof)
    };
    apply(&*store, order, [gone(RefundStep::Pending)]).await;
    assert_sums(fixture, order, "500000 0 120000 0 0").await;
    apply(&*store, order, [gone(RefundStep::Succeeded)]).await;
    assert_sums(fixture, order, "500000 120000 0 0 0").await;
    apply(&*store, order, [held(attempt, php(200_000), 1)]).await;
    assert_sums(fixture, order, "500000 120000 0 200000 0").await;
    apply(&*store, order, [held(attempt, php(0), 2)]).await;
    assert_sums(fixture, order, "500000 120000 0 0 0").await;
    assert_eq!(primaries(fixture, order).await, ["pi_1 kept"]);
}

pub async fn what_goes_out_beyond_what_came_in_is_a_loss(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let (order, attempt) = (checkout.order, checkout.attempt);
    request_refund(&*store, &checkout, None).await;
    assert_sums(fixture, order, "500000 0 500000 0 0").await;
    apply(&*store, order, [held(attempt, PRICE, 1)]).await;
    assert_sums(fixture, order, "500000 0 500000 500000 500000").await;
    let reversed = a_fact(
        attempt,
        Proof::Reversed {
            capture: a_capture("pi_1"),
        },
    );
    apply(&*store, order, [reversed]).await;
    assert_sums(fixture, order, "0 0 0 500000 500000").await;
}

pub async fn money_that_is_only_held_back_has_no_sums_yet(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let proof = Proof::Challenged {
        capture: a_capture("pi_1"),
        amount: PRICE,
    };
    apply(&*store, order, [a_fact(attempt, proof)]).await;
    assert_sums(fixture, order, "0 0 0 0 0").await;
    let currency = format!("SELECT currency FROM captures WHERE order_id = {order}");
    let known = format!("{currency} AND currency IS NOT NULL");
    assert_eq!(fixture.texts(&known).await, [""; 0]);
    assert_eq!(primaries(fixture, order).await, [""; 0]);
    apply(&*store, order, [captured(attempt, "pi_1", PRICE)]).await;
    assert_sums(fixture, order, "500000 0 0 0 0").await;
    assert_eq!(fixture.texts(&currency).await, ["PHP"]);
    assert_eq!(primaries(fixture, order).await, ["pi_1 kept"]);
}

pub async fn money_that_is_only_known_by_its_refund_has_no_sums_yet(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let proof = Proof::Refunded {
        capture: a_capture("pi_1"),
        refund: "re_1".parse().unwrap(),
        amount: php(1_000),
        step: RefundStep::Succeeded,
        ours: None,
    };
    apply(&*store, order, [a_fact(attempt, proof)]).await;
    assert_sums(fixture, order, "0 0 0 0 0").await;
    apply(&*store, order, [captured(attempt, "pi_1", PRICE)]).await;
    assert_sums(fixture, order, "500000 1000 0 0 0").await;
}

pub async fn a_second_payment_of_an_order_is_surplus(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let twice = captured(checkout.attempt, "pi_2", PRICE);
    apply(&*store, order, [twice]).await;
    assert_tables(fixture, order).await;
    assert_eq!(primaries(fixture, order).await, ["pi_1 kept"]);
    let refund = store.reserve_refund_id().await.unwrap();
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_surplus(refund, &a_capture("pi_2"))
    })
    .await;
    assert_tables(fixture, order).await;
    let reserved = format!(
        "SELECT capture || ' ' || reserved_minor FROM captures WHERE order_id = {order} ORDER BY capture"
    );
    assert_eq!(fixture.texts(&reserved).await, ["pi_1 0", "pi_2 500000"]);
}

pub async fn money_that_is_taken_back_makes_room_for_other_money(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let (order, attempt) = (checkout.order, checkout.attempt);
    let taken_back = |name| {
        let capture = a_capture(name);
        a_fact(attempt, Proof::Reversed { capture })
    };
    apply(&*store, order, [captured(attempt, "pi_2", PRICE)]).await;
    let settled = apply(&*store, order, [taken_back("pi_1")]).await;
    assert_eq!(settled.primary(), Some(&a_capture("pi_2")));
    assert_tables(fixture, order).await;
    let both = ["pi_1 released", "pi_2 kept"];
    assert_eq!(primaries(fixture, order).await, both);
    let settled = apply(&*store, order, [taken_back("pi_2")]).await;
    assert_eq!(settled.order().status(), OrderStatus::Pending);
    assert_tables(fixture, order).await;
    let none = ["pi_1 released", "pi_2 released"];
    assert_eq!(primaries(fixture, order).await, none);
}

/// A row that nobody writes can be read by anybody meanwhile.
pub async fn sums_that_did_not_change_are_not_written(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let times = format!(
        "SELECT CAST(updated_at AS text) FROM captures WHERE order_id = {order} UNION ALL \
         SELECT CAST(decided_at AS text) FROM primary_captures WHERE order_id = {order}"
    );
    let before = fixture.texts(&times).await;
    fixture.shift_clock(chrono::TimeDelta::hours(1)).await;
    settle(&*store, order, Actor::System, |order, _| {
        order.complete_order()
    })
    .await;
    assert_eq!(fixture.texts(&times).await, before);
    request_refund(&*store, &checkout, None).await;
    assert_ne!(fixture.texts(&times).await, before);
}

pub async fn a_key_is_kept_as_long_as_its_payment_is_at_a_gateway(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::begun(&*store).await;
    fixture.shift_clock(chrono::TimeDelta::days(3)).await;
    assert_eq!(store.forget_keys(10).await.unwrap(), 0);
    let scope = &checkout.opening.claim.scope;
    store.forget_key(scope).await.unwrap();
    let keys = store.keys_of(checkout.payment).await.unwrap();
    assert_eq!(keys, std::slice::from_ref(scope));
    let fact = captured(checkout.attempt, "pi_1", PRICE);
    apply(&*store, checkout.order, [fact]).await;
    assert_eq!(store.forget_keys(10).await.unwrap(), 1);
    assert_eq!(store.keys_of(checkout.payment).await.unwrap(), []);
}

fn held(attempt: AttemptId, held: Money, step: u32) -> Fact {
    let proof = Proof::Disputed {
        capture: a_capture("pi_1"),
        dispute: "dp_1".parse().unwrap(),
        held,
        step,
        lost: false,
    };
    a_fact(attempt, proof)
}

const SUMS: &str = "captured_minor || ' ' || refunded_minor || ' ' || reserved_minor || ' ' || \
    disputed_minor || ' ' || loss_minor";

async fn assert_sums(fixture: &dyn StoreFixture, order: OrderId, expected: &str) {
    assert_tables(fixture, order).await;
    let query = format!("SELECT {SUMS} FROM captures WHERE order_id = {order}");
    assert_eq!(fixture.texts(&query).await, [expected]);
}

/// The tables say of an order's money what its settlement says.
async fn assert_tables(fixture: &dyn StoreFixture, order: OrderId) {
    let store = fixture.store();
    let (unit, settlement, _) = begin(&*store, order).await;
    unit.rollback().await;
    assert_stored(&*store, &settlement).await;
    let query = format!(
        "SELECT capture || ' ' || {SUMS} FROM captures WHERE order_id = {order} AND currency = 'PHP' ORDER BY 1"
    );
    let told = settlement
        .sums()
        .into_iter()
        .map(|(capture, sums)| row(&capture, sums));
    assert_eq!(fixture.texts(&query).await, told.collect::<Vec<_>>());
    assert_eq!(kept(fixture, &settlement).await, told_primary(&settlement));
}

fn row(capture: &CaptureId, sums: Sums) -> String {
    let parts = [
        sums.captured,
        sums.refunded,
        sums.reserved,
        sums.disputed,
        sums.loss(),
    ];
    let parts = parts.map(|money| money.minor().to_string());
    format!("{capture} {}", parts.join(" "))
}

fn told_primary(settlement: &Settlement) -> Vec<String> {
    let primary = settlement.primary();
    primary.iter().map(ToString::to_string).collect()
}

async fn kept(fixture: &dyn StoreFixture, settlement: &Settlement) -> Vec<String> {
    let order = settlement.order().terms().id;
    let query = format!(
        "SELECT capture FROM primary_captures WHERE order_id = {order} AND released_at IS NULL"
    );
    fixture.texts(&query).await
}

async fn primaries(fixture: &dyn StoreFixture, order: OrderId) -> Vec<String> {
    let query = format!(
        "SELECT capture || CASE WHEN released_at IS NULL THEN ' kept' ELSE ' released' END \
         FROM primary_captures WHERE order_id = {order} ORDER BY id"
    );
    fixture.texts(&query).await
}
