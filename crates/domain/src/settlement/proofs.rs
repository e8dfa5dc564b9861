//! What the facts of an order say, thing by thing. Built from the set of facts alone, so their order cannot matter.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Fact, Proof, RefundStep};
use crate::gateway::{CaptureId, DisputeId, GatewayRefundId};
use crate::{AttemptId, Money, PaymentId, RefundId};

/// Money that a gateway told us about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProvedCapture {
    pub attempt: AttemptId,
    pub payment: PaymentId,
    /// What came in, once the gateway says so.
    pub amount: Option<Money>,
    /// Whether two doors told two amounts. The larger one counts.
    pub contradicted: bool,
    /// Whether the gateway ever held it back.
    pub challenged: bool,
    reversed: bool,
}

impl ProvedCapture {
    /// The money, while it is with us.
    pub fn kept(&self) -> Option<Money> {
        if self.reversed { None } else { self.amount }
    }

    /// Whether money was in and is not any more.
    pub fn came_and_went(&self) -> bool {
        self.reversed && self.amount.is_some()
    }

    /// Whether the gateway took it back. News of a reversal alone does not tell that money was ever in.
    pub fn taken_back(&self) -> bool {
        self.reversed && (self.amount.is_some() || self.challenged)
    }

    /// Whether the gateway waits for a word about it.
    pub fn awaits_verdict(&self) -> bool {
        self.challenged && self.amount.is_none() && !self.reversed
    }
}

/// A refund as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProvedRefund {
    pub capture: CaptureId,
    pub amount: Money,
    pub step: RefundStep,
    pub ours: Option<RefundId>,
}

/// A dispute as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProvedDispute {
    pub capture: CaptureId,
    pub held: Money,
    pub step: u32,
    /// Whether what it holds is lost.
    pub lost: bool,
}

#[derive(Debug, Default)]
pub(super) struct Proofs {
    pub captures: BTreeMap<CaptureId, ProvedCapture>,
    pub refunds: BTreeMap<GatewayRefundId, ProvedRefund>,
    pub disputes: BTreeMap<DisputeId, ProvedDispute>,
    pub failed: BTreeSet<AttemptId>,
    pub expired: BTreeSet<AttemptId>,
}

impl Proofs {
    /// Reads facts; `payment_of` tells whose attempt it is.
    pub fn read<'a>(
        facts: impl IntoIterator<Item = &'a Fact>,
        payment_of: impl Fn(AttemptId) -> Option<PaymentId>,
    ) -> Self {
        let mut proofs = Self::default();
        for fact in facts {
            if let Some(payment) = payment_of(fact.attempt()) {
                proofs.add(fact, payment);
            }
        }
        proofs
    }

    fn add(&mut self, fact: &Fact, payment: PaymentId) {
        let attempt = fact.attempt();
        match fact.proof() {
            Proof::Captured { capture, amount } => {
                let known = self.capture(capture, attempt, payment);
                known.contradicted |= known.amount.is_some_and(|told| told != *amount);
                known.amount = Some(known.amount.map_or(*amount, |told| larger(told, *amount)));
            }
            Proof::Challenged { capture, .. } => {
                self.capture(capture, attempt, payment).challenged = true;
            }
            Proof::Reversed { capture } => {
                self.capture(capture, attempt, payment).reversed = true;
            }
            Proof::Declined { .. } => {}
            Proof::Failed { .. } => {
                self.failed.insert(attempt);
            }
            Proof::Expired => {
                self.expired.insert(attempt);
            }
            Proof::Refunded {
                capture,
                refund,
                amount,
                step,
                ours,
            } => {
                let news = ProvedRefund {
                    capture: capture.clone(),
                    amount: *amount,
                    step: *step,
                    ours: *ours,
                };
                let known = self
                    .refunds
                    .entry(refund.clone())
                    .or_insert_with(|| news.clone());
                // The mark may be missing from one of the answers that tell of a refund.
                let ours = known.ours.or(*ours);
                if outweighs((news.step, news.amount), (known.step, known.amount)) {
                    *known = news;
                }
                known.ours = ours;
            }
            Proof::Disputed {
                capture,
                dispute,
                held,
                step,
                lost,
            } => {
                let news = ProvedDispute {
                    capture: capture.clone(),
                    held: *held,
                    step: *step,
                    lost: *lost,
                };
                let known = self
                    .disputes
                    .entry(dispute.clone())
                    .or_insert_with(|| news.clone());
                if outweighs((news.step, news.held), (known.step, known.held)) {
                    *known = news;
                } else if (news.step, news.held) == (known.step, known.held) {
                    known.lost |= news.lost;
                }
            }
        }
    }

    fn capture(
        &mut self,
        capture: &CaptureId,
        attempt: AttemptId,
        payment: PaymentId,
    ) -> &mut ProvedCapture {
        self.captures
            .entry(capture.clone())
            .or_insert(ProvedCapture {
                attempt,
                payment,
                amount: None,
                contradicted: false,
                challenged: false,
                reversed: false,
            })
    }

    /// Whether the gateway ended the checkout of an attempt without money.
    pub fn has_ended(&self, attempt: AttemptId) -> bool {
        self.failed.contains(&attempt) || self.expired.contains(&attempt)
    }

    /// What a payment's money looks like.
    pub fn of_payment(
        &self,
        payment: PaymentId,
    ) -> impl Iterator<Item = (&CaptureId, &ProvedCapture)> {
        self.captures
            .iter()
            .filter(move |(_, capture)| capture.payment == payment)
    }

    /// The gateway's own refunds that carry the mark of ours.
    pub fn of_refund(&self, refund: RefundId) -> impl Iterator<Item = &ProvedRefund> {
        self.refunds
            .values()
            .filter(move |proved| proved.ours == Some(refund))
    }
}

/// A later step outweighs an earlier one; of two amounts for one step the larger counts.
fn outweighs<S: Ord>(news: (S, Money), known: (S, Money)) -> bool {
    news.0 > known.0 || (news.0 == known.0 && larger(news.1, known.1) != known.1)
}

/// The larger of two amounts. Between currencies any order will do, if it is always the same.
fn larger(a: Money, b: Money) -> Money {
    let rank = |money: Money| (money.currency(), money.minor());
    match rank(a).cmp(&rank(b)) {
        Ordering::Greater => a,
        Ordering::Equal | Ordering::Less => b,
    }
}
