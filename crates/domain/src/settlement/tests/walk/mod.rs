//! Random commands and random facts, mixed: what must hold after each of them.

mod acts;
mod outside;
mod promises;
mod rows;
mod seen;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use super::world::*;
use super::{CASES, config, summary};
use crate::fact::RefundStep;
use crate::gateway::{DisputeId, GatewayRefundId, Reason, TransferReference, TryId};
use crate::refund::{RefundFailure, RefundOrigin};
use crate::settlement::{
    Alert, Parts, RefundRequest, Refused, Restored, Settlement, Standing, Step,
};
use crate::{
    Attempt, AttemptId, AttemptState, AttemptStatus, AttemptTerms, CaptureId, CreditAccount,
    CreditPurchase, Decision, Effect, Fact, Gateway, Invoice, InvoiceId, InvoiceNumber,
    InvoiceTerms, Money, Order, OrderId, OrderKind, OrderStatus, Papers, Payment, PaymentId,
    PaymentState, PaymentStatus, PaymentTerms, Proof, Refund, RefundId, RefundState, RefundStatus,
    Source, TaxPolicy, TaxRecord, TaxRecordId, TaxTerms, UserId, Verdict,
};
use acts::{Act, Names, act, command, hinted};
use outside::Outside;
use promises::{check, check_ways_out};
use rows::{Rows, check_rebuilt};
use seen::{Seen, everything, see};

fn losses(settlement: &Settlement) -> BTreeMap<CaptureId, Money> {
    settlement
        .sums()
        .into_iter()
        .map(|(capture, sums)| (capture, sums.loss()))
        .collect()
}

fn walk(kind: OrderKind, acts: &[Act], seen: &Seen) {
    let mut settlement = Settlement::new(order(kind));
    let mut outside = Outside::new(&settlement);
    let mut rows = Rows::new(&settlement);
    for act in acts {
        let before = settlement.clone();
        let step = match act {
            Act::Spend(amount) => {
                if let Ok(spent) = outside.account.spend(*amount) {
                    outside.account = spent.account;
                    outside.spent += i64::from(*amount);
                }
                continue;
            }
            Act::Fact(of, hint) => {
                let Some(fact) = hinted(&settlement, of, hint) else {
                    continue;
                };
                settlement
                    .apply([fact])
                    .unwrap_or_else(|error| panic!("{act:?}: {error}"))
            }
            Act::Ask(ask) => match command(
                &settlement,
                &names(&settlement),
                outside.account.balance(),
                ask,
            ) {
                Some(Ok(step)) => {
                    let earlier = losses(&before);
                    for (capture, loss) in losses(&step.settlement) {
                        let was = earlier.get(&capture).map_or(0, |loss| loss.minor());
                        assert!(loss.minor() <= was, "{act:?} gives back more than came in");
                    }
                    step
                }
                Some(Err(Refused::Broken(broken))) => panic!("{act:?}: {broken:?}"),
                Some(Err(_)) | None => {
                    assert!(settlement == before, "a refused command changes nothing");
                    continue;
                }
            },
        };
        let shortfall = outside.purchase.shortfall();
        let after = carry_out(step, &mut rows, &mut outside, seen);
        if let Act::Ask(_) = act {
            let covered = outside.purchase.shortfall() <= shortfall;
            assert!(covered, "{act:?} takes credits that were used");
        }
        let known = before.decisions();
        assert_eq!(after.decisions().get(..known.len()), Some(known));
        check(&after);
        check_ways_out(&after);
        outside.check(&after);
        settlement = after;
    }
    rows.check(&settlement);
    check_rebuilt(&settlement);
}

/// Everything is counted from 1 in the one order there is.
fn names(settlement: &Settlement) -> Names {
    let next = |count: usize| i64::try_from(count).unwrap() + 1;
    let attempt = next(settlement.attempts().count());
    Names {
        payment: payment_terms(next(settlement.payments().count())),
        attempt: (attempt_id(attempt), source(gateway_of(attempt))),
        refund: refund_id(next(settlement.refunds().count())),
    }
}

/// Stores a step and carries out its effects, automatic refunds among them.
fn carry_out(step: Step, rows: &mut Rows, outside: &mut Outside, seen: &Seen) -> Settlement {
    let mut steps = VecDeque::from([step]);
    let mut last = None;
    while let Some(step) = steps.pop_front() {
        rows.store(&step);
        see(seen, &step.settlement, &step.effects);
        for effect in step.effects {
            outside.carry_out(effect);
        }
        // An effect that asks for a refund may be answered by a crash: the standing tells what is still due.
        let due = step.settlement.standing().due_back.into_keys().next();
        if let Some(capture) = due {
            let id = refund_id(i64::try_from(step.settlement.refunds().count()).unwrap() + 1);
            steps.push_back(step.settlement.refund_surplus(id, &capture).unwrap());
        }
        last = Some(step.settlement);
    }
    last.expect("there was a step")
}

#[test]
fn whatever_is_asked_and_proved_every_promise_holds() {
    let seen = Seen::default();
    let kinds = prop_oneof![
        Just(OrderKind::Checkout),
        Just(OrderKind::Credits { quantity: 7 })
    ];
    let walks = (kinds, prop::collection::vec(act(), 1..60));
    TestRunner::new(config())
        .run(&walks, |(kind, acts)| {
            walk(kind, &acts, &seen);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    if config().cases < CASES {
        return;
    }
    let seen = seen.into_inner();
    let missed: Vec<_> = everything()
        .into_iter()
        .filter(|thing| !seen.contains_key(thing))
        .collect();
    assert!(missed.is_empty(), "no walk came by {missed:?}");
}
