//! Facts: kept as they were told, each counting once and for one order.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::port::store::{Actor, Answer, Save, Store};
use bayar_domain::fact::RefundStep;
use bayar_domain::settlement::Changes;
use bayar_domain::{AttemptId, Fact, OrderId, Proof};
use futures_util::future::join_all;

use super::checkouts::{
    Checkout, PRICE, apply, assert_refused, assert_stored, try_to_apply, where_money_moves,
};
use super::steps::{bare, begin, loaded, payment_of, save, settle};
use crate::builders::{AnOpening, AnOrder, a_capture, a_fact, an_attempt, captured, expired, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! fact_cases {
    ($fresh:ident) => {
        mod facts {
            use $crate::contract::store::facts as cases;
            $crate::contract_tests! { $fresh:
                facts_come_back_as_they_were_told,
                a_fact_counts_once,
                a_fact_about_an_attempt_of_another_order_is_refused,
                money_counts_for_one_order_whatever_is_told_of_it,
                money_of_another_account_is_other_money,
                of_many_units_that_bring_one_fact_one_stores_it,
                of_two_orders_that_are_told_of_one_capture_at_once_one_has_it,
                facts_that_race_about_one_order_are_all_kept,
            }
        }
    };
}

/// Everything a gateway can prove about an attempt.
fn everything(attempt: AttemptId, name: &str) -> Vec<Fact> {
    let capture = || a_capture(name);
    let other = || a_capture(&format!("{name}_other"));
    let amount = PRICE;
    let refunded = |refund: &str, step, ours| Proof::Refunded {
        capture: capture(),
        refund: format!("{name}_{refund}").parse().unwrap(),
        amount: php(1_000),
        step,
        ours,
    };
    let proofs = [
        Proof::Captured {
            capture: capture(),
            amount,
        },
        // Another door told another amount: both are kept.
        Proof::Captured {
            capture: capture(),
            amount: php(499_999),
        },
        Proof::Challenged {
            capture: other(),
            amount,
        },
        Proof::Reversed { capture: other() },
        Proof::Declined {
            payment_try: format!("{name}_try").parse().unwrap(),
            reason: "Kad ditolak – 拒絕 \"now\"".parse().unwrap(),
        },
        Proof::Failed {
            reason: "given up".parse().unwrap(),
        },
        Proof::Expired,
        refunded("re_1", RefundStep::Pending, None),
        refunded("re_1", RefundStep::Succeeded, None),
        refunded("re_1", RefundStep::Succeeded, Some(9.try_into().unwrap())),
        refunded("re_2", RefundStep::Failed, None),
        Proof::Disputed {
            capture: capture(),
            dispute: format!("{name}_dp").parse().unwrap(),
            held: php(0),
            step: 1,
            lost: false,
        },
        Proof::Disputed {
            capture: capture(),
            dispute: format!("{name}_dp").parse().unwrap(),
            held: php(1_000),
            step: 4_000_000_000,
            lost: true,
        },
    ];
    let facts = proofs.into_iter().map(|proof| a_fact(attempt, proof));
    facts.collect()
}

pub async fn facts_come_back_as_they_were_told(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let together = Checkout::begun(&*store).await;
    let facts = everything(together.attempt, "pi_1");
    let settled = apply(&*store, together.order, facts.clone()).await;
    assert_stored(&*beside, &settled).await;
    assert_eq!(settled.facts().count(), facts.len());
    // One by one they tell the same.
    let single = Checkout::begun(&*store).await;
    let mut last = None;
    for fact in everything(single.attempt, "pi_2") {
        let settled = apply(&*store, single.order, [fact]).await;
        assert_stored(&*beside, &settled).await;
        last = Some(settled);
    }
    assert_eq!(last.unwrap().facts().count(), facts.len());
    let mut kinds: Vec<_> = facts.iter().map(Fact::kind).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), bayar_domain::FactKind::ALL.len());
}

/// The domain finds out what is new. If it were wrong, the store would not count it twice.
pub async fn a_fact_counts_once(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    for fact in everything(attempt, "pi_1") {
        let settled = apply(&*store, order, [fact.clone()]).await;
        // Through another door nothing of it is new.
        assert_eq!(apply(&*store, order, [fact.clone()]).await, settled);
        let said = assert_refused(insist(&*store, order, &fact).await);
        assert!(said.contains("counts already"), "{said}");
        assert_stored(&*store, &settled).await;
    }
}

pub async fn a_fact_about_an_attempt_of_another_order_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::begun(&*store).await;
    let other = Checkout::begun(&*store).await;
    let nobody = store.reserve_attempt_id().await.unwrap();
    for fact in [
        expired(one.attempt),
        captured(one.attempt, "pi_1", PRICE),
        expired(nobody),
    ] {
        let said = assert_refused(insist(&*store, other.order, &fact).await);
        assert!(said.contains("is about no attempt of the order"), "{said}");
    }
    for checkout in [&one, &other] {
        assert_eq!(loaded(&*store, checkout.order).await.parts.facts, []);
    }
    // Where it belongs it is welcome.
    apply(&*store, one.order, [expired(one.attempt)]).await;
}

/// Each order by itself finds nothing wrong with it.
pub async fn money_counts_for_one_order_whatever_is_told_of_it(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let told = |attempt, name: &str| {
        let mut facts = everything(attempt, name);
        facts.retain(|fact| fact.proof().capture() == Some(&a_capture(name)));
        facts
    };
    let kinds = told(Checkout::begun(&*store).await.attempt, "pi_count").len();
    assert!(kinds >= 6);
    for first in 0..kinds {
        let name = format!("pi_{first}");
        let one = Checkout::begun(&*store).await;
        let fact = told(one.attempt, &name).remove(first);
        apply(&*store, one.order, [fact]).await;
        let other = Checkout::begun(&*store).await;
        for strange in told(other.attempt, &name) {
            let said = assert_refused(try_to_apply(&*store, other.order, [strange]).await);
            let clear =
                said.contains("counts for another order") || said.contains("counts already");
            assert!(clear, "{said}");
        }
        assert_eq!(loaded(&*store, other.order).await.parts.facts, []);
        // Other money is.
        let fact = captured(other.attempt, &format!("{name}_own"), PRICE);
        apply(&*store, other.order, [fact]).await;
    }
}

pub async fn money_of_another_account_is_other_money(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let play = Checkout::paid(&*store, "pi_1").await;
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let attempt = store.reserve_attempt_id().await.unwrap();
    let terms = where_money_moves(an_attempt(attempt, payment_of(&opening)));
    let source = terms.source.clone();
    let order = order.terms().id;
    settle(&*store, order, Actor::System, |order, _| {
        order.start_attempt(terms)
    })
    .await;
    let play_money = captured(play.attempt, "pi_1", PRICE);
    let (proof, at) = (play_money.proof().clone(), play_money.at());
    let fact = Fact::new(attempt, source, proof, at).unwrap();
    let settled = apply(&*store, order, [fact]).await;
    assert_stored(&*store, &settled).await;
    assert_eq!(settled.primary(), Some(&a_capture("pi_1")));
}

pub async fn of_many_units_that_bring_one_fact_one_stores_it(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 0..4 {
        let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
        let fact = captured(attempt, &format!("pi_{round}"), PRICE);
        let bringing = (0..12).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            let fact = fact.clone();
            tokio::spawn(async move {
                let (mut unit, settlement, _) = begin(&*store, order).await;
                let step = settlement.apply([fact]).unwrap();
                let is_new = !step.facts.is_empty();
                save(&mut *unit, &step, Actor::System).await.unwrap();
                unit.commit().await.unwrap();
                is_new
            })
        });
        let new = join_all(bringing).await;
        let new = new.into_iter().filter(|new| *new.as_ref().unwrap());
        assert_eq!(new.count(), 1);
        let parts = loaded(&*store, order).await.parts;
        assert_eq!(parts.facts, [fact]);
        assert_eq!(parts.decisions.len(), 1);
    }
}

pub async fn of_two_orders_that_are_told_of_one_capture_at_once_one_has_it(
    fixture: &dyn StoreFixture,
) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 0..8 {
        let one = Checkout::begun(&*store).await;
        let other = Checkout::begun(&*store).await;
        let name = format!("pi_{round}");
        // By what one is told of it alone, nothing would clash.
        let facts = [
            (one.order, captured(one.attempt, &name, PRICE), &store),
            (
                other.order,
                captured(other.attempt, &name, php(499_999)),
                &beside,
            ),
        ];
        let telling = facts.map(|(order, fact, store)| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let (mut unit, settlement, _) = begin(&*store, order).await;
                let step = settlement.apply([fact]).unwrap();
                match save(&mut *unit, &step, Actor::System).await {
                    Ok(()) => unit.commit().await.is_ok(),
                    Err(_) => false,
                }
            })
        });
        let told = join_all(telling).await;
        let told = told.into_iter().filter(|told| *told.as_ref().unwrap());
        assert_eq!(told.count(), 1, "round {round}");
        let mut facts = loaded(&*store, one.order).await.parts.facts;
        facts.extend(loaded(&*store, other.order).await.parts.facts);
        assert_eq!(facts.len(), 1);
    }
}

/// Whatever comes first, all of it is kept, and the order is where all of it together says.
pub async fn facts_that_race_about_one_order_are_all_kept(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let Checkout { order, attempt, .. } = Checkout::begun(&*store).await;
    let facts = everything(attempt, "pi_1");
    let telling = facts.iter().cloned().enumerate().map(|(at, fact)| {
        let store = Arc::clone(if at % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            apply(&*store, order, [fact]).await;
        })
    });
    for told in join_all(telling).await {
        told.unwrap();
    }
    let (_, settlement, _) = begin(&*store, order).await;
    assert_eq!(settlement.facts().count(), facts.len());
    for fact in &facts {
        assert!(settlement.facts().any(|stored| stored == fact));
    }
}

/// Saves a fact as new that the settlement may not even know of.
async fn insist(store: &dyn Store, order: OrderId, fact: &Fact) -> Answer<()> {
    let (mut unit, settlement, _) = begin(store, order).await;
    let saved = unit
        .save(&Save {
            facts: std::slice::from_ref(fact),
            ..bare(&settlement, &Changes::default())
        })
        .await;
    match saved {
        Ok(()) => unit.commit().await,
        Err(error) => {
            unit.rollback().await;
            Err(error)
        }
    }
}
