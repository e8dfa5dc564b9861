//! Random commands and random facts, mixed: what must hold after each of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use super::world::*;
use super::{CASES, config, summary};
use crate::fact::RefundStep;
use crate::gateway::{Reason, TransferReference};
use crate::refund::RefundFailure;
use crate::settlement::{
    Alert, Parts, RefundRequest, Refused, Restored, Settlement, Standing, Step,
};
use crate::{
    Attempt, AttemptId, AttemptState, AttemptStatus, CreditAccount, CreditPurchase, Decision,
    Effect, Fact, Gateway, Invoice, InvoiceId, InvoiceNumber, InvoiceTerms, Money, Order, OrderId,
    OrderKind, OrderStatus, Papers, Payment, PaymentId, PaymentState, PaymentStatus, Refund,
    RefundId, RefundState, RefundStatus, TaxPolicy, TaxRecord, TaxRecordId, TaxTerms, UserId,
    Verdict,
};

#[derive(Debug, Clone)]
enum Act {
    Ask(Ask),
    Spend(u32),
    Fact(Index, Hint),
}

#[derive(Debug, Clone)]
enum Ask {
    Open,
    Start(Index),
    Opened(Index),
    Lost(Index),
    Close(Index),
    Cancel(Index),
    Expire(Index, bool),
    CancelOrder,
    CompleteOrder,
    Review(Index, bool),
    Refund(Index, Option<Index>, Option<i64>),
    RefundSent(Index),
    RefundLost(Index),
    RefundRefused(Index),
    TakeOver(Index),
    Withdraw(Index),
    SettleByHand(Index, bool),
}

/// A fact about an attempt that is chosen when it is known which there are.
#[derive(Debug, Clone)]
enum Hint {
    Captured(u8, i64),
    Challenged(u8),
    Reversed(u8),
    Declined,
    Failed,
    Expired,
    Refunded(u8, u8, i64, RefundStep, bool),
    Disputed(u8, i64, u32),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        32 => ask().prop_map(Act::Ask),
        1 => (1..=4u32).prop_map(Act::Spend),
        16 => (any::<Index>(), hint()).prop_map(|(of, hint)| Act::Fact(of, hint)),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    let any = any::<Index>;
    prop_oneof![
        4 => Just(Ask::Open),
        6 => any().prop_map(Ask::Start),
        3 => any().prop_map(Ask::Opened),
        1 => any().prop_map(Ask::Lost),
        2 => any().prop_map(Ask::Close),
        1 => any().prop_map(Ask::Cancel),
        1 => (any(), prop::bool::weighted(0.8)).prop_map(|(of, due)| Ask::Expire(of, due)),
        1 => Just(Ask::CancelOrder),
        4 => Just(Ask::CompleteOrder),
        2 => (any(), prop::bool::ANY).prop_map(|(which, yes)| Ask::Review(which, yes)),
        4 => (any(), prop::option::weighted(0.2, any()), prop::option::of(-1..=PRICE + 1))
            .prop_map(|(of, which, sum)| Ask::Refund(of, which, sum)),
        2 => any().prop_map(Ask::RefundSent),
        1 => any().prop_map(Ask::RefundLost),
        1 => any().prop_map(Ask::RefundRefused),
        2 => any().prop_map(Ask::TakeOver),
        1 => any().prop_map(Ask::Withdraw),
        2 => (any(), prop::bool::ANY).prop_map(|(of, first)| Ask::SettleByHand(of, first)),
    ]
}

fn hint() -> impl Strategy<Value = Hint> {
    let amount = prop_oneof![5 => Just(PRICE), 1 => Just(PRICE - 1), 1 => Just(PRICE + 1)];
    let part = prop_oneof![Just(PRICE), 1..=PRICE];
    let step = prop::sample::select(RefundStep::ALL);
    prop_oneof![
        8 => (0..2u8, amount).prop_map(|(n, minor)| Hint::Captured(n, minor)),
        1 => (0..2u8).prop_map(Hint::Challenged),
        2 => (0..2u8).prop_map(Hint::Reversed),
        1 => Just(Hint::Declined),
        2 => Just(Hint::Failed),
        3 => Just(Hint::Expired),
        8 => (0..2u8, 0..2u8, part, step, prop::bool::weighted(0.8))
            .prop_map(|(n, r, minor, step, ours)| Hint::Refunded(n, r, minor, step, ours)),
        1 => (0..2u8, 0..=PRICE, 0..3u32).prop_map(|(n, held, step)| Hint::Disputed(n, held, step)),
    ]
}

/// The papers and the credits, as an application would keep them: by carrying out the effects.
struct Outside {
    standing: Standing,
    invoices: BTreeMap<PaymentId, Invoice>,
    taxes: BTreeMap<PaymentId, Vec<TaxRecord>>,
    account: CreditAccount,
    purchase: CreditPurchase,
    spent: i64,
}

impl Outside {
    fn new(settlement: &Settlement) -> Self {
        Self {
            standing: settlement.standing(),
            invoices: BTreeMap::new(),
            taxes: BTreeMap::new(),
            account: CreditAccount::open(UserId::new(1).unwrap()),
            purchase: CreditPurchase::unpaid(OrderId::new(1).unwrap()),
            spent: 0,
        }
    }

    /// The papers of a payment are written with it.
    fn write_papers(&mut self, payment: PaymentId) {
        let invoice = InvoiceTerms {
            id: InvoiceId::new(payment.get()).unwrap(),
            payment,
            number: InvoiceNumber::new(epoch(), payment).unwrap(),
            amount: idr(PRICE),
            issued_at: epoch(),
        };
        self.invoices
            .insert(payment, Invoice::issue(invoice).unwrap());
        let lines = TaxPolicy::standard()
            .assess(idr(PRICE), epoch().date_naive())
            .unwrap();
        let record = |(n, line): (usize, _)| {
            let id = payment.get() * 10 + i64::try_from(n).unwrap();
            let id = TaxRecordId::new(id).unwrap();
            TaxRecord::record(TaxTerms { id, payment, line }).unwrap()
        };
        let records = lines
            .into_lines()
            .into_iter()
            .enumerate()
            .map(record)
            .collect();
        self.taxes.insert(payment, records);
    }

    fn carry_out(&mut self, effect: Effect) {
        let standing = &mut self.standing;
        match effect {
            Effect::AnnounceOrder { status } => standing.order = Some(status),
            Effect::AnnouncePayment { payment, status } => {
                standing.payments.insert(payment, status);
            }
            Effect::AnnounceRefund { refund, status } => {
                standing.refunds.insert(refund, status);
            }
            Effect::SettlePapers { payment, papers } => {
                standing.papers.insert(payment, papers);
                self.settle_papers(payment, papers);
            }
            Effect::FulfilOrder => standing.served = true,
            Effect::HaltOrder => standing.served = false,
            Effect::SetCredits { standing: target } => {
                standing.credits = target;
                let settled = self.account.settle(self.purchase, target).unwrap();
                assert!(
                    settled.has_changed(),
                    "credits are set to what they are not"
                );
                let (step, purchase) = settled.into_inner();
                (self.account, self.purchase) = (step.account, purchase);
            }
            Effect::CloseAttempt { attempt } => {
                standing.closing.insert(attempt);
            }
            Effect::AnswerChallenge { capture, verdict } => {
                standing.verdicts.insert(capture, verdict);
            }
            Effect::RefundSurplus { capture, due } => {
                standing.due_back.insert(capture, due);
            }
            Effect::RecordExternalRefund { refund, state } => {
                standing.external.insert(refund, state);
            }
            Effect::ForgetExternalRefund { refund } => {
                assert!(standing.external.remove(&refund).is_some());
            }
            Effect::SetCreditNotes { refund, total } => {
                let known = standing.credited.insert(refund.clone(), total);
                assert_ne!(known, Some(total), "a note is about something");
                if total.is_zero() {
                    standing.credited.remove(&refund);
                }
            }
            Effect::RaiseAlert(alert) => {
                assert!(!standing.alerts.contains(&alert), "an alert is raised once");
                standing.alerts.push(alert);
            }
            Effect::ClearAlert(alert) => {
                let known = standing.alerts.iter().position(|raised| *raised == alert);
                standing
                    .alerts
                    .remove(known.expect("what was raised is cleared"));
            }
        }
    }

    fn settle_papers(&mut self, payment: PaymentId, papers: Papers) {
        if let Some(invoice) = self.invoices.get_mut(&payment) {
            *invoice = invoice.clone().settle(papers).unwrap().into_inner();
            for tax in self.taxes.get_mut(&payment).unwrap() {
                *tax = tax.clone().settle(papers).unwrap().into_inner();
            }
        } else {
            assert_eq!(papers, Papers::Due, "a payment begins unpaid");
            self.write_papers(payment);
        }
    }

    /// Everything outside is as the settlement says, though it only ever heard of changes.
    fn check(&mut self, settlement: &Settlement) {
        let told = settlement.standing();
        let notes: i64 = told.credited.values().map(|sum| sum.minor()).sum();
        let papers = told.papers.values().find_map(|papers| match papers {
            Papers::Settled(takings) => Some(takings.refunded().minor()),
            Papers::Due | Papers::Void => None,
        });
        assert_eq!(
            notes,
            papers.unwrap_or(0),
            "the notes are over what went back"
        );
        assert!(
            !told.served || settlement.primary().is_some(),
            "nothing is served unpaid"
        );
        assert_eq!(i64::from(told.credits), self.purchase.standing());
        assert_eq!(
            self.account.balance(),
            self.purchase.standing() + self.purchase.shortfall() - self.spent
        );
        for payment in settlement.payments() {
            let id = payment.terms().id;
            let papers = Papers::of(payment.state());
            let invoice = self.invoices.get(&id).unwrap();
            assert_eq!(
                invoice.clone().settle(papers),
                Ok(crate::Transition::AlreadyApplied(invoice.clone()))
            );
            for tax in self.taxes.get(&id).unwrap() {
                assert_eq!(
                    tax.clone().settle(papers),
                    Ok(crate::Transition::AlreadyApplied(tax.clone()))
                );
                let whole = tax.terms().line.amount.minor();
                assert!((0..=whole).contains(&tax.reversed().minor()));
                if let PaymentState::Refunded { .. } = payment.state() {
                    assert_eq!(
                        tax.reversed().minor(),
                        whole,
                        "all of the money takes all of the tax"
                    );
                }
            }
        }
        // What is only ever asked for once is not told when it is over.
        self.standing.closing.clone_from(&told.closing);
        self.standing.verdicts.clone_from(&told.verdicts);
        self.standing.due_back.clone_from(&told.due_back);
        let by_text = |alert: &Alert| format!("{alert:?}");
        let mut told = told;
        told.alerts.sort_by_key(by_text);
        self.standing.alerts.sort_by_key(by_text);
        assert!(
            self.standing == told,
            "{:#?}\nis not\n{told:#?}",
            self.standing
        );
    }
}

fn pick<T: Clone>(of: &Index, from: impl Iterator<Item = T>) -> Option<T> {
    let all: Vec<_> = from.collect();
    (!all.is_empty()).then(|| of.get(&all).clone())
}

fn hinted(settlement: &Settlement, of: &Index, hint: &Hint) -> Option<Fact> {
    let attempt = pick(of, settlement.attempts())?.terms().id.get();
    let name = |n: &u8| format!("cap-{attempt}-{n}");
    Some(match hint {
        Hint::Captured(n, minor) => captured(attempt, &name(n), *minor),
        Hint::Challenged(n) => challenged(attempt, &name(n)),
        Hint::Reversed(n) => reversed(attempt, &name(n)),
        Hint::Declined => declined(attempt, "try"),
        Hint::Failed => failed(attempt),
        Hint::Expired => expired(attempt),
        Hint::Refunded(n, refund, minor, step, is_marked) => {
            // A record at the gateway belongs to one refund of ours or to none, but not every door shows its mark.
            let mut own = settlement
                .refunds()
                .filter(|refund| refund.terms().capture.as_str() == name(n));
            let ours = own
                .nth(usize::from(*refund))
                .filter(|_| *is_marked)
                .map(|ours| (ours.terms().id.get(), ours.amount().minor()));
            let (mark, minor) = ours.map_or((None, *minor), |(id, sum)| (Some(id), sum));
            let refund = format!("re-{attempt}-{n}-{refund}");
            refunded(attempt, &name(n), &refund, minor, *step, mark)
        }
        Hint::Disputed(n, held, step) => disputed(
            attempt,
            &name(n),
            &format!("dp-{attempt}-{n}"),
            *held,
            *step,
        ),
    })
}

fn command(settlement: &Settlement, outside: &Outside, ask: &Ask) -> Option<Result<Step, Refused>> {
    let next_payment = i64::try_from(settlement.payments().count()).unwrap() + 1;
    let next_attempt = i64::try_from(settlement.attempts().count()).unwrap() + 1;
    let next_refund = refund_id(i64::try_from(settlement.refunds().count()).unwrap() + 1);
    let payment = |of| pick(of, settlement.payments()).map(|payment| payment.terms().id);
    let attempt = |of| pick(of, settlement.attempts()).map(|attempt| attempt.terms().id);
    let refund = |of| pick(of, settlement.refunds()).map(|refund| refund.terms().id);
    Some(match ask {
        Ask::Open => settlement.open_payment(payment_terms(next_payment), Gateway::Stripe),
        Ask::Start(of) => settlement.start_attempt(attempt_terms(next_attempt, payment(of)?.get())),
        Ask::Opened(of) => {
            let id = attempt(of)?;
            settlement.attempt_opened(id, session(id.get()))
        }
        Ask::Lost(of) => settlement.attempt_unknown(attempt(of)?),
        Ask::Close(of) => settlement.close_attempt(attempt(of)?),
        Ask::Cancel(of) => settlement.cancel_payment(payment(of)?),
        Ask::Expire(of, due) => {
            let now = if *due { deadline() } else { epoch() };
            settlement.expire_payment(payment(of)?, now)
        }
        Ask::CancelOrder => settlement.cancel_order(),
        Ask::CompleteOrder => settlement.complete_order(),
        Ask::Review(which, accept) => {
            let verdict = if *accept {
                Verdict::Accept
            } else {
                Verdict::Refuse
            };
            let captures = settlement.proofs().captures.into_keys();
            settlement.review(pick(which, captures)?, verdict)
        }
        Ask::Refund(of, which, sum) => settlement.request_refund(RefundRequest {
            id: next_refund,
            payment: payment(of)?,
            capture: match which {
                Some(which) => Some(pick(which, settlement.proofs().captures.into_keys())?),
                None => None,
            },
            amount: sum.map(idr),
            reason: Reason::new("asked for").unwrap(),
            credit_balance: outside.account.balance(),
        }),
        Ask::RefundSent(of) => settlement.refund_sent(refund(of)?),
        Ask::RefundLost(of) => settlement.refund_unknown(refund(of)?),
        Ask::RefundRefused(of) => settlement.refund_refused(refund(of)?),
        Ask::TakeOver(of) => settlement.take_over_refund(refund(of)?, outside.account.balance()),
        Ask::Withdraw(of) => settlement.withdraw_refund(refund(of)?),
        Ask::SettleByHand(of, first) => {
            let transfer = if *first { "transfer 1" } else { "transfer 2" };
            settlement.settle_refund(refund(of)?, TransferReference::new(transfer).unwrap())
        }
    })
}

fn losses(settlement: &Settlement) -> BTreeMap<crate::CaptureId, Money> {
    settlement
        .sums()
        .into_iter()
        .map(|(capture, sums)| (capture, sums.loss()))
        .collect()
}

/// What holds of every settlement at any time.
fn check(settlement: &Settlement) {
    let proofs = settlement.proofs();
    let live = settlement
        .payments()
        .filter(|payment| payment.status().is_live())
        .count();
    assert!(live <= 1, "{live} live payments");
    for payment in settlement.payments() {
        let own = settlement
            .attempts()
            .filter(|attempt| attempt.terms().payment == payment.terms().id);
        let open = own.filter(|attempt| attempt.status().is_live()).count();
        assert!(open <= 1, "{open} live attempts of one payment");
    }
    // A checkout that nobody waits for is being closed.
    for attempt in settlement
        .attempts()
        .filter(|attempt| attempt.status().is_live())
    {
        let payment = settlement.payment(attempt.terms().payment).unwrap();
        let awaited = *payment.state()
            == PaymentState::Processing {
                attempt: attempt.terms().id,
            };
        let reviewed = payment.status() == PaymentStatus::UnderReview
            && proofs
                .captures
                .values()
                .any(|capture| capture.attempt == attempt.terms().id && capture.awaits_verdict());
        assert!(awaited || reviewed || attempt.status() == AttemptStatus::Closing);
    }
    let is_reversed = |id| {
        proofs
            .captures
            .get(id)
            .is_some_and(|proved| proved.taken_back())
    };
    let slots = settlement.decisions().iter().filter(
        |decision| matches!(decision, Decision::Primary { capture } if !is_reversed(capture)),
    );
    assert!(slots.count() <= 1, "an order has one slot");
    let primary = settlement.primary();
    let paid = settlement.payments().filter(|payment| {
        matches!(
            payment.state(),
            PaymentState::Completed { .. }
                | PaymentState::PartiallyRefunded { .. }
                | PaymentState::Refunded { .. }
        )
    });
    assert_eq!(
        paid.count(),
        usize::from(primary.is_some()),
        "the payment that has the money is paid"
    );
    let pending = matches!(
        settlement.order().status(),
        OrderStatus::Pending | OrderStatus::Cancelled
    );
    if primary.is_some() {
        assert!(!pending, "an order that has its money is paid");
    } else {
        assert!(matches!(
            settlement.order().status(),
            OrderStatus::Pending
                | OrderStatus::Cancelled
                | OrderStatus::Completed
                | OrderStatus::Refunded
        ));
    }
    // Nobody can pay an order that is over.
    if let OrderStatus::Cancelled | OrderStatus::Refunded = settlement.order().status() {
        assert!(
            settlement.live_payment().is_none(),
            "a payment of an order that is over"
        );
        let mut live = settlement
            .attempts()
            .filter(|attempt| attempt.status().is_live());
        assert!(live.all(|attempt| attempt.status() == AttemptStatus::Closing));
    }
    // Nothing paid is lost: money that is with us pays the order, is looked at, or goes back.
    let due = settlement.standing().due_back;
    for (capture, sums) in settlement.sums() {
        let looked_at = settlement.payments().any(|payment| {
            matches!(payment.state(), PaymentState::UnderReview { .. })
                && proofs.captures.get(&capture).unwrap().payment == payment.terms().id
        });
        let goes_back = due.contains_key(&capture)
            || settlement.refunds().any(|refund| {
                refund.terms().capture == capture && is_somebodys_business(refund.state())
            });
        assert!(
            sums.available().is_zero() || primary == Some(&capture) || looked_at || goes_back,
            "{capture} is with us and nobody cares: {sums:?}"
        );
    }
}

/// Somebody works on it, or knows that it failed.
fn is_somebodys_business(refund: &RefundState) -> bool {
    match refund {
        RefundState::Requested | RefundState::Sent | RefundState::Unknown | RefundState::Manual => {
            true
        }
        RefundState::Failed { reason } => *reason != RefundFailure::Withdrawn,
        RefundState::Succeeded { .. } => false,
    }
}

/// Nothing is stuck: whatever is not at its end has a way out that is open now.
fn check_ways_out(settlement: &Settlement) {
    for payment in settlement.payments() {
        let id = payment.terms().id;
        let way_out = match payment.state() {
            PaymentState::Pending => settlement.cancel_payment(id).is_ok(),
            // The gateway will tell what becomes of the checkout.
            PaymentState::Processing { attempt } => {
                settlement.attempt(*attempt).unwrap().status().is_live()
            }
            PaymentState::UnderReview { capture, .. } => {
                settlement.review(capture.clone(), Verdict::Refuse).is_ok()
            }
            PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => true,
        };
        assert!(way_out, "payment {id} is stuck: {}", summary(settlement));
    }
    let proofs = settlement.proofs();
    for refund in settlement.refunds() {
        let id = refund.terms().id;
        let is_kept = proofs.captures[&refund.terms().capture].kept().is_some();
        let has_record = proofs.of_refund(id).next().is_some();
        let way_out = match refund.state() {
            RefundState::Requested => {
                settlement.refund_sent(id).is_ok() || settlement.withdraw_refund(id).is_ok()
            }
            // The gateway will tell what became of it; of money that it took back it has nothing to tell.
            RefundState::Sent | RefundState::Unknown => is_kept || has_record,
            RefundState::Manual => settlement.withdraw_refund(id).is_ok(),
            RefundState::Succeeded { .. } | RefundState::Failed { .. } => true,
        };
        assert!(way_out, "refund {id} is stuck: {}", summary(settlement));
    }
    let order_way_out = match settlement.order().status() {
        OrderStatus::Pending => {
            settlement.live_payment().is_some()
                || settlement.live_attempt().is_some()
                || settlement
                    .open_payment(payment_terms(1_000), Gateway::Stripe)
                    .is_ok()
        }
        OrderStatus::Processing => settlement.complete_order().is_ok(),
        OrderStatus::Completed | OrderStatus::Cancelled | OrderStatus::Refunded => true,
    };
    assert!(order_way_out, "the order is stuck: {}", summary(settlement));
}

/// The rows of an order, as an application keeps them: by storing what each step says.
struct Rows {
    order: Order,
    payments: BTreeMap<PaymentId, Payment>,
    attempts: BTreeMap<AttemptId, Attempt>,
    refunds: BTreeMap<RefundId, Refund>,
    facts: Vec<Fact>,
    decisions: Vec<Decision>,
}

impl Rows {
    fn new(settlement: &Settlement) -> Self {
        Self {
            order: settlement.order().clone(),
            payments: BTreeMap::new(),
            attempts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            facts: Vec::new(),
            decisions: Vec::new(),
        }
    }

    fn store(&mut self, step: &Step) {
        let changes = step.changes.clone();
        self.order = changes.order.unwrap_or_else(|| self.order.clone());
        let payments = changes.payments.into_iter();
        self.payments
            .extend(payments.map(|payment| (payment.terms().id, payment)));
        let attempts = changes.attempts.into_iter();
        self.attempts
            .extend(attempts.map(|attempt| (attempt.terms().id, attempt)));
        let refunds = changes.refunds.into_iter();
        self.refunds
            .extend(refunds.map(|refund| (refund.terms().id, refund)));
        self.facts.extend(step.facts.iter().cloned());
        self.decisions.extend(step.decisions.iter().cloned());
    }

    /// Every state that is reached can be stored and loaded, in whichever order its rows come.
    fn check(&self, settlement: &Settlement) {
        let backwards = Parts {
            order: self.order.clone(),
            payments: self.payments.values().rev().cloned().collect(),
            attempts: self.attempts.values().rev().cloned().collect(),
            refunds: self.refunds.values().rev().cloned().collect(),
            facts: self.facts.iter().rev().cloned().collect(),
            decisions: self.decisions.clone(),
        };
        let restored = Settlement::restore(through_json(backwards));
        assert!(
            restored == Ok(Restored::Sound(settlement.clone())),
            "{}\nis restored as {restored:#?}",
            summary(settlement)
        );
    }
}

/// What facts and decisions made can be made again from them.
fn check_rebuilt(settlement: &Settlement) {
    let mut bare = settlement.clone();
    bare.order = order(settlement.order().terms().kind);
    let proofs = settlement.proofs();
    for payment in bare.payments.values_mut() {
        let (terms, method) = (payment.terms().clone(), payment.payment_method());
        *payment = Payment::open(terms, method).unwrap();
    }
    for attempt in bare.attempts.values_mut() {
        let session = attempt.state().session().cloned();
        *attempt = Attempt::restore(attempt.terms().clone(), AttemptState::Unknown { session });
    }
    for (id, refund) in &mut bare.refunds {
        if proofs.of_refund(*id).next().is_some() && is_told_by_gateway(refund.state()) {
            let (terms, amount) = (refund.terms().clone(), refund.amount());
            *refund = Refund::restore(terms, amount, RefundState::Unknown).unwrap();
        }
    }
    let rebuilt = bare.settle().expect("what was made can be made again");
    // Our own progress with a live attempt is no fact.
    for (id, attempt) in settlement
        .attempts
        .iter()
        .filter(|(_, attempt)| attempt.status().is_live())
    {
        assert!(rebuilt.attempts[id].status().is_live());
        assert_eq!(rebuilt.attempts[id].terms(), attempt.terms());
    }
    let ended = |of: &Settlement| -> Vec<_> {
        let ended = of.attempts().filter(|attempt| !attempt.status().is_live());
        ended.cloned().collect()
    };
    assert_eq!(ended(&rebuilt), ended(settlement));
    assert_eq!(
        rebuilt.payments,
        settlement.payments,
        "{}",
        summary(settlement)
    );
    assert_eq!(
        rebuilt.refunds,
        settlement.refunds,
        "{}",
        summary(settlement)
    );
    assert_eq!(rebuilt.order, settlement.order);
    assert_eq!(rebuilt.decisions, settlement.decisions);
}

fn is_told_by_gateway(refund: &RefundState) -> bool {
    match refund {
        RefundState::Sent | RefundState::Succeeded { transfer: None } => true,
        RefundState::Failed { reason } => *reason == RefundFailure::Failed,
        RefundState::Requested
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Succeeded { transfer: Some(_) } => false,
    }
}

#[cfg(not(feature = "serde"))]
fn through_json(parts: Parts) -> Parts {
    parts
}

#[cfg(feature = "serde")]
fn through_json(parts: Parts) -> Parts {
    fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }
    Parts {
        order: again(&parts.order),
        payments: again(&parts.payments),
        attempts: again(&parts.attempts),
        refunds: again(&parts.refunds),
        facts: again(&parts.facts),
        decisions: again(&parts.decisions),
    }
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
            Act::Ask(ask) => match command(&settlement, &outside, ask) {
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

/// Every state, effect and alert that a walk came by. A property over states that are never reached proves nothing.
type Seen = RefCell<BTreeMap<String, u32>>;

fn see(seen: &Seen, settlement: &Settlement, effects: &[Effect]) {
    let order = [format!("order {}", settlement.order().status())];
    let payments = settlement
        .payments()
        .map(|payment| format!("payment {}", payment.status()));
    let attempts = settlement
        .attempts()
        .map(|attempt| format!("attempt {}", attempt.status()));
    let refunds = settlement
        .refunds()
        .map(|refund| format!("{} refund {}", refund.terms().origin, refund.status()));
    let effects = effects.iter().map(|effect| {
        let text = format!("{effect:?}");
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let words = words.take(if text.contains("Alert") { 2 } else { 1 });
        words.collect::<Vec<_>>().join(" ")
    });
    let things = order
        .into_iter()
        .chain(payments)
        .chain(attempts)
        .chain(refunds)
        .chain(effects);
    let mut seen = seen.borrow_mut();
    for thing in things {
        *seen.entry(thing).or_default() += 1;
    }
}

fn everything() -> BTreeSet<String> {
    let refunds = ["requested", "surplus"].into_iter().flat_map(|origin| {
        RefundStatus::ALL
            .iter()
            .map(move |status| format!("{origin} refund {status}"))
    });
    let effects = [
        "AnnounceOrder",
        "AnnouncePayment",
        "AnnounceRefund",
        "SettlePapers",
        "FulfilOrder",
        "HaltOrder",
        "SetCredits",
        "CloseAttempt",
        "AnswerChallenge",
        "RefundSurplus",
        "RecordExternalRefund",
        "ForgetExternalRefund",
        "SetCreditNotes",
    ];
    let alerts = [
        "Review",
        "Surplus",
        "Loss",
        "Contradiction",
        "Dispute",
        "RefundFailed",
        "RefundDiffers",
        "ServedUnpaid",
    ];
    let raised = alerts.iter().map(|alert| format!("RaiseAlert {alert}"));
    // Once two amounts were told they were; that a refund comes right again is too rare to be waited for.
    let over = alerts
        .iter()
        .filter(|alert| !["Contradiction", "RefundDiffers"].contains(alert))
        .map(|alert| format!("ClearAlert {alert}"));
    OrderStatus::ALL
        .iter()
        .map(|status| format!("order {status}"))
        .chain(
            PaymentStatus::ALL
                .iter()
                .map(|status| format!("payment {status}")),
        )
        .chain(
            AttemptStatus::ALL
                .iter()
                .map(|status| format!("attempt {status}")),
        )
        .chain(refunds)
        .chain(effects.map(str::to_owned))
        .chain(raised)
        .chain(over)
        .collect()
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
