//! Refunds: each is kept as it is, and told of once for each time it moved.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::{Actor, Announcement, Answer, Save};
use bayar_domain::fact::RefundStep;
use bayar_domain::settlement::Changes;
use bayar_domain::{Proof, Refund, RefundId, RefundState, RefundStatus, RefundTerms, Settlement};

use super::checkouts::{Checkout, PRICE, apply, assert_refused, assert_stored, request_refund};
use super::steps::{bare, begin, settle};
use crate::builders::{a_capture, a_fact, captured, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! refund_cases {
    ($fresh:ident) => {
        mod refunds {
            use $crate::contract::store::refunds as cases;
            $crate::contract_tests! { $fresh:
                a_refund_comes_back_in_each_of_its_states,
                what_is_refunded_by_hand_comes_back_with_its_proof,
                a_surplus_refund_follows_what_is_left_to_give_back,
                a_refund_is_told_of_once_for_each_time_it_moved,
                a_refund_that_did_not_move_is_not_told_of,
                a_refund_under_an_id_that_is_taken_is_refused,
                a_refund_for_a_payment_of_another_order_is_refused,
                a_refund_stays_with_its_money,
            }
        }
    };
}

pub async fn a_refund_comes_back_in_each_of_its_states(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for (at, step) in [RefundStep::Succeeded, RefundStep::Failed]
        .into_iter()
        .enumerate()
    {
        let name = format!("pi_{at}");
        let checkout = Checkout::paid(&*store, &name).await;
        let order = checkout.order;
        let refund = request_refund(&*store, &checkout, Some(php(100_000))).await;
        let (unit, settlement, _) = begin(&*beside, order).await;
        unit.rollback().await;
        let requested = settlement.refund(refund).unwrap();
        assert_eq!(requested.state(), &RefundState::Requested);
        assert_eq!(requested.amount(), php(100_000));
        let reason = requested.terms().reason.as_ref().unwrap();
        assert_eq!(reason.as_str(), "it was too much");
        let sent = settle(&*store, order, Actor::System, |order, _| {
            order.refund_sent(refund)
        });
        assert_stored(&*beside, &sent.await).await;
        let unknown = settle(&*store, order, Actor::System, |order, _| {
            order.refund_unknown(refund)
        });
        let unknown = unknown.await;
        assert_eq!(
            unknown.refund(refund).unwrap().state(),
            &RefundState::Unknown
        );
        assert_stored(&*beside, &unknown).await;
        let proof = Proof::Refunded {
            capture: a_capture(&name),
            refund: format!("re_{at}").parse().unwrap(),
            amount: php(100_000),
            step,
            ours: Some(refund),
        };
        let over = apply(&*store, order, [a_fact(checkout.attempt, proof)]).await;
        assert_stored(&*beside, &over).await;
        let status = over.refund(refund).unwrap().status();
        assert_eq!(status.as_str(), step.as_str());
    }
}

pub async fn what_is_refunded_by_hand_comes_back_with_its_proof(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let refund = request_refund(&*store, &checkout, None).await;
    let manual = settle(&*store, order, Actor::System, |order, _| {
        order.take_over_refund(refund, 0)
    });
    let manual = manual.await;
    assert_eq!(manual.refund(refund).unwrap().state(), &RefundState::Manual);
    assert_stored(&*beside, &manual).await;
    let settled = settle(&*store, order, Actor::System, |order, _| {
        order.settle_refund(refund, "transfer 0815".parse().unwrap())
    });
    let settled = settled.await;
    assert_stored(&*beside, &settled).await;
    let RefundState::Succeeded { transfer: Some(_) } = settled.refund(refund).unwrap().state()
    else {
        panic!("it was not settled");
    };
    let second = Checkout::paid(&*store, "pi_2").await;
    let refund = request_refund(&*store, &second, None).await;
    let withdrawn = settle(&*store, second.order, Actor::System, |order, _| {
        order.withdraw_refund(refund)
    });
    assert_stored(&*beside, &withdrawn.await).await;
}

pub async fn a_surplus_refund_follows_what_is_left_to_give_back(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let (order, attempt) = (checkout.order, checkout.attempt);
    apply(&*store, order, [captured(attempt, "pi_2", PRICE)]).await;
    let refund = store.reserve_refund_id().await.unwrap();
    let asked = settle(&*store, order, Actor::System, |order, _| {
        order.refund_surplus(refund, &a_capture("pi_2"))
    });
    let asked = asked.await;
    assert_stored(&*store, &asked).await;
    assert_eq!(asked.refund(refund).unwrap().amount(), PRICE);
    let in_the_dashboard = Proof::Refunded {
        capture: a_capture("pi_2"),
        refund: "re_1".parse().unwrap(),
        amount: php(200_000),
        step: RefundStep::Succeeded,
        ours: None,
    };
    let resized = apply(&*store, order, [a_fact(attempt, in_the_dashboard)]).await;
    assert_stored(&*store, &resized).await;
    assert_eq!(resized.refund(refund).unwrap().amount(), php(300_000));
    let for_people = format!("SELECT CAST(amount AS text) FROM refunds WHERE id = {refund}");
    assert_eq!(fixture.texts(&for_people).await, ["3000.00"]);
}

pub async fn a_refund_is_told_of_once_for_each_time_it_moved(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let refund = request_refund(&*store, &checkout, None).await;
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_sent(refund)
    })
    .await;
    // Said twice, it is told once.
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_sent(refund)
    })
    .await;
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_refused(refund)
    })
    .await;
    let told = format!(
        "SELECT sequence || ' ' || kind FROM outbox WHERE aggregate = 'refund:{refund}' ORDER BY sequence"
    );
    let expected = ["1 refund.requested", "2 refund.sent", "3 refund.failed"];
    assert_eq!(fixture.texts(&told).await, expected);
}

pub async fn a_refund_that_did_not_move_is_not_told_of(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &checkout, None).await;
    let nobody = store.reserve_refund_id().await.unwrap();
    let (unit, settlement, _) = begin(&*store, checkout.order).await;
    unit.rollback().await;
    for refund in [refund, nobody] {
        let told = [Announcement::Refund(refund, RefundStatus::Requested)];
        let changes = Changes::default();
        assert_refused(insist(fixture, &settlement, &changes, &told).await);
    }
}

pub async fn a_refund_under_an_id_that_is_taken_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let taken = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &taken, None).await;
    let other = Checkout::paid(&*store, "pi_2").await;
    let (unit, settlement, _) = begin(&*store, other.order).await;
    unit.rollback().await;
    let again = changed(&settlement, refund, &other, "pi_2");
    assert_refused(insist(fixture, &settlement, &again, &[]).await);
    assert_stored(&*store, &settlement).await;
}

pub async fn a_refund_for_a_payment_of_another_order_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::paid(&*store, "pi_1").await;
    let other = Checkout::paid(&*store, "pi_2").await;
    let refund = store.reserve_refund_id().await.unwrap();
    let (unit, settlement, _) = begin(&*store, other.order).await;
    unit.rollback().await;
    let strange = changed(&settlement, refund, &one, "pi_1");
    assert_refused(insist(fixture, &settlement, &strange, &[]).await);
    let there = format!("SELECT status FROM refunds WHERE id = {refund}");
    assert_eq!(fixture.texts(&there).await, [""; 0]);
}

pub async fn a_refund_stays_with_its_money(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &checkout, None).await;
    let (unit, settlement, _) = begin(&*store, checkout.order).await;
    unit.rollback().await;
    let moved = changed(&settlement, refund, &checkout, "pi_2");
    assert_refused(insist(fixture, &settlement, &moved, &[]).await);
    assert_stored(&*store, &settlement).await;
}

/// A refund of that money, as one that is to be stored.
fn changed(settlement: &Settlement, id: RefundId, checkout: &Checkout, capture: &str) -> Changes {
    let origin = settlement
        .refund(id)
        .map_or(bayar_domain::refund::RefundOrigin::Surplus, |refund| {
            refund.terms().origin
        });
    let terms = RefundTerms {
        id,
        payment: checkout.payment,
        capture: a_capture(capture),
        origin,
        reason: None,
    };
    Changes {
        refunds: vec![Refund::request(terms, PRICE).unwrap()],
        ..Changes::default()
    }
}

/// Saves what the domain never made.
async fn insist(
    fixture: &dyn StoreFixture,
    settlement: &Settlement,
    changes: &Changes,
    announcements: &[Announcement],
) -> Answer<()> {
    let store = fixture.store();
    let (mut unit, _, _) = begin(&*store, settlement.order().terms().id).await;
    let saved = unit
        .save(&Save {
            announcements,
            ..bare(settlement, changes)
        })
        .await;
    unit.rollback().await;
    saved
}
