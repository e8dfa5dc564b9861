//! Facts commute: any order, any repetition, the same result.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::world::{PRICE, World, deliveries, world};
use super::{config, outcome, refund_surplus, summary};
use crate::settlement::Settlement;
use crate::{CaptureId, Decision, Fact, OrderStatus, Proof};

/// Facts come one by one, and what they make due is done at once.
fn deliver(start: &Settlement, facts: &[Fact]) -> Settlement {
    facts.iter().fold(start.clone(), |settlement, fact| {
        let step = settlement
            .apply([fact.clone()])
            .expect("no fact is refused");
        let known = settlement.facts.contains_key(&fact.key());
        assert_eq!(step.facts.is_empty(), known, "only what is new is stored");
        if known {
            assert!(
                step.effects.is_empty() && step.decisions.is_empty(),
                "{fact:?} came again"
            );
            assert!(step.settlement == settlement);
        }
        refund_surplus(step.settlement)
    })
}

/// The same past with the facts and decisions of another, settled at once.
fn at_once(start: Settlement, other: &Settlement) -> Settlement {
    let (facts, decisions) = (other.facts.clone(), other.decisions.clone());
    let settled = Settlement {
        facts,
        decisions,
        ..start
    }
    .settle();
    refund_surplus(settled.expect("facts and decisions that came one by one fit together"))
}

fn two_deliveries() -> impl Strategy<Value = (World, Vec<Fact>, Vec<Fact>)> {
    world().prop_flat_map(|world| {
        let facts: Vec<_> = world.past.iter().chain(&world.facts).cloned().collect();
        (Just(world), deliveries(facts.clone()), deliveries(facts))
    })
}

fn decisions(settlement: &Settlement) -> BTreeSet<&Decision> {
    settlement.decisions().iter().collect()
}

/// The decisions of both about one thing are the same.
fn agree(one: &Settlement, other: &Settlement, about: impl Fn(&Decision) -> bool) -> bool {
    let of = |settlement: &Settlement| -> BTreeSet<_> {
        settlement
            .decisions()
            .iter()
            .filter(|decision| about(decision))
            .cloned()
            .collect()
    };
    of(one) == of(other)
}

/// Nothing went back and nothing is disputed: which money pays then changes nothing about whether any does.
/// Otherwise it may: money that was given back pays no order, and its order is over when it was the paying one.
fn is_undisturbed(facts: &[Fact]) -> bool {
    facts.iter().all(|fact| {
        !matches!(
            fact.proof(),
            Proof::Refunded { .. } | Proof::Disputed { .. }
        )
    })
}

proptest! {
    #![proptest_config(config())]

    /// The states are a function of the facts and of the recorded decisions: however the facts came,
    /// the same facts all at once under the same decisions make the same states, and nothing new to decide.
    #[test]
    fn facts_in_any_order_end_where_facts_and_decisions_say((world, one, _other) in two_deliveries()) {
        let came = deliver(&world.start, &one);
        let said = outcome(at_once(world.start, &came));
        let came = outcome(came);
        prop_assert_eq!(summary(&came), summary(&said));
        prop_assert!(came.standing() == said.standing());
        prop_assert!(came == said);
    }

    /// What is decided on the way may differ with the order of the facts: which of several captures pays the order,
    /// and what had to make room for it. Nothing else may.
    #[test]
    fn facts_in_any_order_end_in_the_same_states_but_for_what_was_decided(
        (world, one, other) in two_deliveries()
    ) {
        let first = deliver(&world.start, &one);
        let second = deliver(&world.start, &other);
        let captured = |settlement: &Settlement| -> Vec<_> {
            let sums = settlement.sums().into_iter();
            sums.map(|(capture, sums)| (capture, sums.captured, sums.refunded, sums.disputed)).collect()
        };
        prop_assert_eq!(first.facts.len(), second.facts.len());
        prop_assert_eq!(captured(&first), captured(&second));
        if is_undisturbed(&one) {
            prop_assert_eq!(first.primary().is_some(), second.primary().is_some());
        }
        if decisions(&first) == decisions(&second) {
            let (first, second) = (outcome(first.clone()), outcome(second.clone()));
            prop_assert_eq!(summary(&first), summary(&second));
            prop_assert!(first.standing() == second.standing());
        }
        let chooses = |decision: &Decision| matches!(decision, Decision::Primary { .. });
        if first.primary() != second.primary() || !agree(&first, &second, chooses) {
            return Ok(());
        }
        for (a, b) in first.payments().zip(second.payments()) {
            let ends = |decision: &Decision| matches!(decision,
                Decision::CancelPayment { payment, .. } | Decision::ExpirePayment { payment }
                    if *payment == a.terms().id);
            let closes = |decision: &Decision| matches!(decision, Decision::CloseAttempt { .. });
            if agree(&first, &second, ends) && agree(&first, &second, closes) {
                prop_assert_eq!(a, b);
            }
        }
        let (first, second) = (first.standing(), second.standing());
        prop_assert_eq!(first.order, second.order);
        prop_assert_eq!(first.served, second.served);
        prop_assert_eq!(first.credits, second.credits);
        prop_assert_eq!(first.credited, second.credited);
        prop_assert_eq!(first.external, second.external);
    }

    /// Money that fits its payment and stays with us pays an order that was not called off, in every order of the facts.
    #[test]
    fn an_order_is_paid_when_any_money_that_fits_stays((world, one, _other) in two_deliveries()) {
        let end = deliver(&world.start, &one);
        let reversed = |id: &CaptureId| {
            one.iter().any(|fact| matches!(fact.proof(), Proof::Reversed { capture } if capture == id))
        };
        let stays = one.iter().any(|fact| {
            matches!(fact.proof(), Proof::Captured { capture, amount }
                if amount.minor() == PRICE && !reversed(capture))
        });
        let payable = world.start.order().status() != OrderStatus::Cancelled;
        prop_assert!(end.primary().is_none() || (stays && payable));
        if is_undisturbed(&one) {
            prop_assert_eq!(end.primary().is_some(), stays && payable);
        }
    }
}
