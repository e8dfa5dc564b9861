//! What is true of every settlement, whatever comes in whichever order.

mod commute;
mod stories;
mod walk;
mod world;

use proptest::test_runner::{Config, contextualize_config};

use super::Settlement;
use crate::RefundState;
use crate::refund::RefundFailure;

/// How often each property is tried in a normal run.
const CASES: u32 = 10_000;

/// `PROPTEST_CASES` asks for more or fewer.
fn config() -> Config {
    contextualize_config(Config {
        cases: CASES,
        source_file: Some(file!()),
        ..Config::default()
    })
}

/// Carries out what a settlement asks of its application in the same transaction: automatic refunds.
fn refund_surplus(mut settlement: Settlement) -> Settlement {
    while let Some(capture) = settlement.standing().due_back.into_keys().next() {
        let id = i64::try_from(settlement.refunds().count()).unwrap() + 1;
        let step = settlement
            .refund_surplus(world::refund_id(id), &capture)
            .unwrap();
        settlement = step.settlement;
        assert!(
            !settlement.standing().due_back.contains_key(&capture),
            "it goes back once"
        );
    }
    settlement
}

/// A settlement without the traces that only tell which way it took.
fn outcome(mut settlement: Settlement) -> Settlement {
    settlement.decisions.sort();
    settlement.refunds.retain(|_, refund| {
        *refund.state()
            != RefundState::Failed {
                reason: RefundFailure::Withdrawn,
            }
    });
    // Which number a refund has depends on the way as well.
    let refunds = std::mem::take(&mut settlement.refunds);
    let mut refunds: Vec<_> = refunds.into_values().collect();
    refunds.sort_by(|a, b| a.terms().capture.cmp(&b.terms().capture));
    for (id, refund) in (1..).map(world::refund_id).zip(refunds) {
        let terms = crate::RefundTerms {
            id,
            ..refund.terms().clone()
        };
        let same = crate::Refund::restore(terms, refund.amount(), refund.state().clone());
        settlement.refunds.insert(id, same.unwrap());
    }
    settlement
}

/// A settlement in one line, for people who read a failed test.
fn summary(settlement: &Settlement) -> String {
    let mut words = vec![settlement.order().status().to_string()];
    for payment in settlement.payments() {
        words.push(format!(
            "payment {} {:?}",
            payment.terms().id,
            payment.state()
        ));
    }
    for attempt in settlement.attempts() {
        let terms = attempt.terms();
        words.push(format!(
            "attempt {} of {} {}",
            terms.id,
            terms.payment,
            attempt.status()
        ));
    }
    for refund in settlement.refunds() {
        let (capture, amount) = (&refund.terms().capture, refund.amount());
        words.push(format!(
            "refund of {amount} of {capture} {:?}",
            refund.state()
        ));
    }
    words.push(format!("{:?}", settlement.decisions()));
    words.join("\n  ")
}
