//! What may be asked and proved, at random.
//!
//! The tests of the whole system take the same walk: this file names nothing but what its module has in scope.

use super::*;

#[derive(Debug, Clone)]
pub enum Act {
    Ask(Ask),
    Spend(u32),
    Fact(Index, Hint),
}

#[derive(Debug, Clone)]
pub enum Ask {
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
    RefundNotSent(Index),
    RefundLost(Index),
    RefundRefused(Index),
    TakeOver(Index),
    Retry(Index),
    Withdraw(Index),
    SettleByHand(Index, bool),
}

/// A fact about an attempt that is chosen when it is known which there are.
#[derive(Debug, Clone)]
pub enum Hint {
    Captured(u8, i64),
    Challenged(u8),
    Reversed(u8),
    Declined,
    Failed,
    Expired,
    Refunded(u8, u8, i64, RefundStep, bool),
    Disputed(u8, i64, u32),
}

pub fn act() -> impl Strategy<Value = Act> {
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
        1 => any().prop_map(Ask::RefundNotSent),
        1 => any().prop_map(Ask::RefundLost),
        1 => any().prop_map(Ask::RefundRefused),
        2 => any().prop_map(Ask::TakeOver),
        2 => any().prop_map(Ask::Retry),
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

fn pick<T: Clone>(of: &Index, from: impl Iterator<Item = T>) -> Option<T> {
    let all: Vec<_> = from.collect();
    (!all.is_empty()).then(|| of.get(&all).clone())
}

/// What the next thing of each kind is called.
pub struct Names {
    pub payment: PaymentTerms,
    pub attempt: (AttemptId, Source),
    pub refund: RefundId,
}

pub fn hinted(settlement: &Settlement, of: &Index, hint: &Hint) -> Option<Fact> {
    let terms = pick(of, settlement.attempts())?.terms().clone();
    let attempt = terms.id;
    let name = |n: &u8| format!("cap-{attempt}-{n}");
    let capture = |n: &u8| CaptureId::new(name(n)).unwrap();
    let reason = |text| Reason::new(text).unwrap();
    let proof = match hint {
        Hint::Captured(n, minor) => Proof::Captured {
            capture: capture(n),
            amount: idr(*minor),
        },
        Hint::Challenged(n) => Proof::Challenged {
            capture: capture(n),
            amount: idr(PRICE),
        },
        Hint::Reversed(n) => Proof::Reversed {
            capture: capture(n),
        },
        Hint::Declined => Proof::Declined {
            payment_try: TryId::new(format!("try-{attempt}")).unwrap(),
            reason: reason("insufficient funds"),
        },
        Hint::Failed => Proof::Failed {
            reason: reason("declined for good"),
        },
        Hint::Expired => Proof::Expired,
        Hint::Refunded(n, refund, minor, step, is_marked) => {
            // A record at the gateway belongs to one refund of ours or to none, but not every door shows its mark.
            let mut own = settlement
                .refunds()
                .filter(|refund| refund.terms().capture.as_str() == name(n));
            let ours = own
                .nth(usize::from(*refund))
                .filter(|_| *is_marked)
                .map(|ours| (ours.terms().id, ours.amount().minor()));
            let (mark, minor) = ours.map_or((None, *minor), |(id, sum)| (Some(id), sum));
            Proof::Refunded {
                capture: capture(n),
                refund: GatewayRefundId::new(format!("re-{attempt}-{n}-{refund}")).unwrap(),
                amount: idr(minor),
                step: *step,
                ours: mark,
            }
        }
        Hint::Disputed(n, held, step) => Proof::Disputed {
            capture: capture(n),
            dispute: DisputeId::new(format!("dp-{attempt}-{n}")).unwrap(),
            held: idr(*held),
            step: *step,
            lost: *step == 2,
        },
    };
    Some(Fact::new(attempt, terms.source, proof, epoch()).unwrap())
}

pub fn command(
    settlement: &Settlement,
    names: &Names,
    credit_balance: i64,
    ask: &Ask,
) -> Option<Result<Step, Refused>> {
    let payment = |of| pick(of, settlement.payments()).map(|payment| payment.terms().id);
    let attempt = |of| pick(of, settlement.attempts()).map(|attempt| attempt.terms().id);
    let refund = |of| pick(of, settlement.refunds()).map(|refund| refund.terms().id);
    let captures = || settlement.captures().into_iter().map(|capture| capture.id);
    Some(match ask {
        Ask::Open => settlement.open_payment(names.payment.clone(), Gateway::Stripe),
        Ask::Start(of) => {
            let (id, source) = names.attempt.clone();
            let payment = payment(of)?;
            settlement.start_attempt(AttemptTerms {
                id,
                payment,
                source,
            })
        }
        Ask::Opened(of) => {
            let id = attempt(of)?;
            settlement.attempt_opened(id, session(id.get()))
        }
        Ask::Lost(of) => settlement.attempt_unknown(attempt(of)?),
        Ask::Close(of) => settlement.close_attempt(attempt(of)?),
        Ask::Cancel(of) => settlement.cancel_payment(payment(of)?),
        Ask::Expire(of, due) => {
            let terms = pick(of, settlement.payments())?.terms().clone();
            let now = if *due {
                terms.deadline
            } else {
                terms.created_at
            };
            settlement.expire_payment(terms.id, now)
        }
        Ask::CancelOrder => settlement.cancel_order(),
        Ask::CompleteOrder => settlement.complete_order(),
        Ask::Review(which, accept) => {
            let verdict = if *accept {
                Verdict::Accept
            } else {
                Verdict::Refuse
            };
            settlement.review(pick(which, captures())?, verdict)
        }
        Ask::Refund(of, which, sum) => settlement.request_refund(RefundRequest {
            id: names.refund,
            payment: payment(of)?,
            capture: match which {
                Some(which) => Some(pick(which, captures())?),
                None => None,
            },
            amount: sum.map(idr),
            reason: Reason::new("asked for").unwrap(),
            credit_balance,
        }),
        Ask::RefundSent(of) => settlement.refund_sent(refund(of)?),
        Ask::RefundNotSent(of) => settlement.refund_not_sent(refund(of)?),
        Ask::RefundLost(of) => settlement.refund_unknown(refund(of)?),
        Ask::RefundRefused(of) => settlement.refund_refused(refund(of)?),
        Ask::TakeOver(of) => settlement.take_over_refund(refund(of)?, credit_balance),
        Ask::Retry(of) => settlement.retry_refund(refund(of)?, names.refund, credit_balance),
        Ask::Withdraw(of) => settlement.withdraw_refund(refund(of)?),
        Ask::SettleByHand(of, first) => {
            let transfer = if *first { "transfer 1" } else { "transfer 2" };
            settlement.settle_refund(refund(of)?, TransferReference::new(transfer).unwrap())
        }
    })
}
