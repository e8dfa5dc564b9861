//! What may be asked and proved, at random.

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
    RefundLost(Index),
    RefundRefused(Index),
    TakeOver(Index),
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

fn pick<T: Clone>(of: &Index, from: impl Iterator<Item = T>) -> Option<T> {
    let all: Vec<_> = from.collect();
    (!all.is_empty()).then(|| of.get(&all).clone())
}

pub fn hinted(settlement: &Settlement, of: &Index, hint: &Hint) -> Option<Fact> {
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

pub fn command(
    settlement: &Settlement,
    outside: &Outside,
    ask: &Ask,
) -> Option<Result<Step, Refused>> {
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
