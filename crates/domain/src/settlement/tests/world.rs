//! Orders with a past, and the facts that may come about them.

use core::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::fact::RefundStep;
use crate::gateway::{AccountRef, DisputeId, GatewayRefundId, Reason, TryId};
use crate::{
    AttemptId, AttemptTerms, CaptureId, Currency, Fact, Gateway, Mode, Money, Order, OrderId,
    OrderKind, OrderNumber, OrderTerms, PaymentId, PaymentTerms, Proof, RefundId, Session,
    SessionRef, Settlement, Source, Step, UserId,
};

pub const PRICE: i64 = 500_000;

pub fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_705_314_600, 0).unwrap()
}

pub fn deadline() -> DateTime<Utc> {
    epoch() + TimeDelta::hours(24)
}

pub fn idr(minor: i64) -> Money {
    Money::new(minor, Currency::Idr)
}

pub fn payment_id(id: i64) -> PaymentId {
    PaymentId::new(id).unwrap()
}

pub fn attempt_id(id: i64) -> AttemptId {
    AttemptId::new(id).unwrap()
}

pub fn refund_id(id: i64) -> RefundId {
    RefundId::new(id).unwrap()
}

pub fn capture_id(name: &str) -> CaptureId {
    CaptureId::new(name).unwrap()
}

pub fn source(gateway: Gateway) -> Source {
    Source {
        gateway,
        account: AccountRef::new("acct_1").unwrap(),
        mode: Mode::Test,
    }
}

/// Odd attempts are Stripe's, even ones Midtrans's.
pub fn gateway_of(attempt: i64) -> Gateway {
    if attempt % 2 == 1 {
        Gateway::Stripe
    } else {
        Gateway::Midtrans
    }
}

pub fn order(kind: OrderKind) -> Order {
    Order::register(OrderTerms {
        id: OrderId::new(1).unwrap(),
        number: OrderNumber::new(epoch(), 0x3C2A).unwrap(),
        owner: UserId::new(1).unwrap(),
        kind,
        price: idr(PRICE),
        created_at: epoch(),
    })
    .unwrap()
}

pub fn payment_terms(id: i64) -> PaymentTerms {
    PaymentTerms {
        id: payment_id(id),
        order: OrderId::new(1).unwrap(),
        user: UserId::new(1).unwrap(),
        price: idr(PRICE),
        amount: idr(PRICE),
        created_at: epoch(),
        deadline: deadline(),
    }
}

pub fn attempt_terms(id: i64, payment: i64) -> AttemptTerms {
    AttemptTerms {
        id: attempt_id(id),
        payment: payment_id(payment),
        source: source(gateway_of(id)),
    }
}

pub fn session(attempt: i64) -> Session {
    Session {
        reference: SessionRef::new(format!("cs_{attempt}")).unwrap(),
        url: format!("https://pay.example/{attempt}"),
        expires_at: epoch() + TimeDelta::hours(1),
    }
}

pub fn fact(attempt: i64, proof: Proof) -> Fact {
    Fact::new(
        attempt_id(attempt),
        source(gateway_of(attempt)),
        proof,
        epoch(),
    )
    .unwrap()
}

pub fn captured(attempt: i64, name: &str, minor: i64) -> Fact {
    fact(
        attempt,
        Proof::Captured {
            capture: capture_id(name),
            amount: idr(minor),
        },
    )
}

pub fn challenged(attempt: i64, name: &str) -> Fact {
    fact(
        attempt,
        Proof::Challenged {
            capture: capture_id(name),
            amount: idr(PRICE),
        },
    )
}

pub fn reversed(attempt: i64, name: &str) -> Fact {
    fact(
        attempt,
        Proof::Reversed {
            capture: capture_id(name),
        },
    )
}

pub fn expired(attempt: i64) -> Fact {
    fact(attempt, Proof::Expired)
}

pub fn failed(attempt: i64) -> Fact {
    fact(
        attempt,
        Proof::Failed {
            reason: Reason::new("declined for good").unwrap(),
        },
    )
}

pub fn declined(attempt: i64, name: &str) -> Fact {
    let reason = Reason::new("insufficient funds").unwrap();
    fact(
        attempt,
        Proof::Declined {
            payment_try: TryId::new(name).unwrap(),
            reason,
        },
    )
}

pub fn refunded(
    attempt: i64,
    capture: &str,
    name: &str,
    minor: i64,
    step: RefundStep,
    ours: Option<i64>,
) -> Fact {
    let proof = Proof::Refunded {
        capture: capture_id(capture),
        refund: GatewayRefundId::new(name).unwrap(),
        amount: idr(minor),
        step,
        ours: ours.map(refund_id),
    };
    fact(attempt, proof)
}

pub fn disputed(attempt: i64, capture: &str, name: &str, held: i64, step: u32) -> Fact {
    let proof = Proof::Disputed {
        capture: capture_id(capture),
        dispute: DisputeId::new(name).unwrap(),
        held: idr(held),
        step,
        lost: false,
    };
    fact(attempt, proof)
}

/// A dispute that the bank has decided against us.
pub fn lost(attempt: i64, capture: &str, name: &str, held: i64, step: u32) -> Fact {
    let proof = Proof::Disputed {
        capture: capture_id(capture),
        dispute: DisputeId::new(name).unwrap(),
        held: idr(held),
        step,
        lost: true,
    };
    fact(attempt, proof)
}

/// How an attempt of the past stands.
#[derive(Debug, Clone, Copy)]
pub enum Past {
    Creating,
    Open,
    Unknown,
    Closing,
    Expired,
    Closed,
    Failed,
}

/// An order with payments and attempts, some of them over, and no money yet.
#[derive(Clone)]
pub struct World {
    pub start: Settlement,
    /// The facts that made the past: they may come again.
    pub past: Vec<Fact>,
    /// What may come now.
    pub facts: Vec<Fact>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", super::summary(&self.start))
    }
}

fn past() -> impl Strategy<Value = Past> {
    prop_oneof![
        Just(Past::Creating),
        Just(Past::Open),
        Just(Past::Unknown),
        Just(Past::Closing),
        Just(Past::Expired),
        Just(Past::Closed),
        Just(Past::Failed),
    ]
}

fn ended() -> impl Strategy<Value = Past> {
    prop_oneof![Just(Past::Expired), Just(Past::Closed), Just(Past::Failed)]
}

#[derive(Debug, Clone)]
struct PastPayment {
    attempts: Vec<Past>,
    cancelled: bool,
}

fn past_payment() -> impl Strategy<Value = PastPayment> {
    (prop::collection::vec(ended(), 0..=2), any::<bool>()).prop_map(|(attempts, cancelled)| {
        PastPayment {
            attempts,
            cancelled,
        }
    })
}

/// A whole past: ended payments, and perhaps one that is still live.
pub fn world() -> impl Strategy<Value = World> {
    let live = prop_oneof![
        1 => Just(None),
        3 => (prop::collection::vec(ended(), 0..=1), prop::option::of(past())).prop_map(Some),
    ];
    let kind = prop_oneof![
        Just(OrderKind::Checkout),
        Just(OrderKind::Credits { quantity: 7 }),
    ];
    (
        kind,
        prop::collection::vec(past_payment(), 0..=2),
        live,
        prop::bool::weighted(0.1),
    )
        .prop_flat_map(|(kind, payments, live, cancel_order)| {
            let (start, past) = build(kind, &payments, live, cancel_order);
            let attempts: Vec<i64> = start
                .attempts()
                .map(|attempt| attempt.terms().id.get())
                .collect();
            facts_about(attempts).prop_map(move |facts| World {
                start: start.clone(),
                past: past.clone(),
                facts,
            })
        })
}

fn build(
    kind: OrderKind,
    payments: &[PastPayment],
    live: Option<(Vec<Past>, Option<Past>)>,
    cancel_order: bool,
) -> (Settlement, Vec<Fact>) {
    let mut settlement = Settlement::new(order(kind));
    let mut past = Vec::new();
    let mut next_attempt = 1;
    let mut next_payment = 1;
    for payment in payments {
        open(&mut settlement, next_payment);
        for attempt in &payment.attempts {
            make(
                &mut settlement,
                &mut past,
                next_attempt,
                next_payment,
                *attempt,
            );
            next_attempt += 1;
        }
        let id = payment_id(next_payment);
        let step = if payment.cancelled {
            settlement.cancel_payment(id)
        } else {
            settlement.expire_payment(id, deadline())
        };
        settlement = step.unwrap().settlement;
        next_payment += 1;
    }
    match live {
        Some((ended, last)) => {
            open(&mut settlement, next_payment);
            for attempt in ended.into_iter().chain(last) {
                make(
                    &mut settlement,
                    &mut past,
                    next_attempt,
                    next_payment,
                    attempt,
                );
                next_attempt += 1;
            }
        }
        None if cancel_order => settlement = settlement.cancel_order().unwrap().settlement,
        None => {}
    }
    (settlement, past)
}

fn open(settlement: &mut Settlement, payment: i64) {
    let step = settlement
        .open_payment(payment_terms(payment), Gateway::Stripe)
        .unwrap();
    *settlement = step.settlement;
}

fn make(
    settlement: &mut Settlement,
    past: &mut Vec<Fact>,
    attempt: i64,
    payment: i64,
    state: Past,
) {
    let id = attempt_id(attempt);
    let mut step = settlement
        .start_attempt(attempt_terms(attempt, payment))
        .unwrap();
    let opened = |step: Step| {
        step.settlement
            .attempt_opened(id, session(attempt))
            .unwrap()
    };
    let mut apply = |step: Step, fact: Fact| {
        past.push(fact.clone());
        step.settlement.apply([fact]).unwrap()
    };
    step = match state {
        Past::Creating => step,
        Past::Open => opened(step),
        Past::Unknown => step.settlement.attempt_unknown(id).unwrap(),
        Past::Closing => opened(step).settlement.close_attempt(id).unwrap(),
        Past::Expired => apply(opened(step), expired(attempt)),
        Past::Closed => apply(
            opened(step).settlement.close_attempt(id).unwrap(),
            expired(attempt),
        ),
        Past::Failed => apply(step, failed(attempt)),
    };
    *settlement = step.settlement;
}

/// Any facts about these attempts, each once.
fn facts_about(attempts: Vec<i64>) -> impl Strategy<Value = Vec<Fact>> {
    let each = attempts
        .into_iter()
        .map(facts_about_one)
        .collect::<Vec<_>>();
    each.prop_map(|facts| facts.into_iter().flatten().collect())
}

fn facts_about_one(attempt: i64) -> impl Strategy<Value = Vec<Fact>> {
    let ends = (
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    )
        .prop_map(move |(is_expired, is_failed, is_declined)| {
            let mut facts = Vec::new();
            facts.extend(is_expired.then(|| expired(attempt)));
            facts.extend(is_failed.then(|| failed(attempt)));
            facts.extend(is_declined.then(|| declined(attempt, &format!("try-{attempt}"))));
            facts
        });
    let captures = prop::collection::vec(facts_about_money(), 0..=2).prop_map(move |money| {
        money
            .into_iter()
            .enumerate()
            .flat_map(|(n, money)| money.facts(attempt, &format!("cap-{attempt}-{n}")))
            .collect::<Vec<_>>()
    });
    (ends, captures).prop_map(|(mut ends, captures)| {
        ends.extend(captures);
        ends
    })
}

/// What may happen to some money.
#[derive(Debug, Clone)]
struct MoneyStory {
    amount: i64,
    challenged: bool,
    captured: bool,
    reversed: bool,
    refunds: Vec<(i64, Vec<RefundStep>)>,
    disputes: Vec<i64>,
}

fn facts_about_money() -> impl Strategy<Value = MoneyStory> {
    let amount = prop_oneof![6 => Just(PRICE), 1 => Just(PRICE - 1), 1 => Just(PRICE + 1)];
    let steps = prop::sample::subsequence(RefundStep::ALL.to_vec(), 1..=3);
    let refund = (prop_oneof![Just(PRICE), 1..=PRICE], steps);
    (
        amount,
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.2),
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(refund, 1..=2)],
        prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(0..=PRICE, 1..=3)],
    )
        .prop_map(
            |(amount, challenged, captured, reversed, refunds, disputes)| MoneyStory {
                amount,
                challenged,
                captured,
                reversed,
                refunds,
                disputes,
            },
        )
}

impl MoneyStory {
    fn facts(self, attempt: i64, name: &str) -> Vec<Fact> {
        let mut facts = Vec::new();
        facts.extend(self.challenged.then(|| challenged(attempt, name)));
        facts.extend(self.captured.then(|| captured(attempt, name, self.amount)));
        facts.extend(self.reversed.then(|| reversed(attempt, name)));
        for (n, (minor, steps)) in self.refunds.iter().enumerate() {
            for step in steps {
                facts.push(refunded(
                    attempt,
                    name,
                    &format!("re-{name}-{n}"),
                    *minor,
                    *step,
                    None,
                ));
            }
        }
        for (step, held) in self.disputes.iter().enumerate() {
            let step = u32::try_from(step).unwrap();
            let told = if step == 2 { lost } else { disputed };
            facts.push(told(attempt, name, &format!("dp-{name}"), *held, step));
        }
        facts
    }
}

/// A number of facts in some order, some of them several times.
pub fn deliveries(facts: Vec<Fact>) -> impl Strategy<Value = Vec<Fact>> {
    let times = prop::collection::vec(1..=2usize, facts.len());
    times
        .prop_map(move |times| {
            facts
                .iter()
                .zip(times)
                .flat_map(|(fact, n)| vec![fact.clone(); n])
                .collect::<Vec<_>>()
        })
        .prop_shuffle()
}
