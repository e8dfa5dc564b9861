//! What must be true outside a settlement, read off its facts, decisions and states.

use std::collections::BTreeMap;

use super::Settlement;
use super::effects::{Alert, DueBack, ExternalRefund, RefundRef, Standing};
use super::proofs::Proofs;
use super::sums::{Sums, add};
use crate::attempt::AttemptStatus;
use crate::credit::credits_left;
use crate::decision::Verdict;
use crate::fact::RefundStep;
use crate::gateway::{CaptureId, GatewayRefundId};
use crate::invoice::Papers;
use crate::order::{OrderKind, OrderStatus};
use crate::payment::{PaymentState, PaymentStatus, ReviewReason};
use crate::refund::{Refund, RefundFailure, RefundOrigin, RefundState, RefundStatus};
use crate::{Currency, Money, RefundId};

impl Settlement {
    /// What must be true outside because of what is true inside.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let proofs = self.proofs();
        let states = || {
            self.payments
                .iter()
                .map(|(&id, payment)| (id, payment.state()))
        };
        Standing {
            order: Some(self.order.status()),
            payments: states().map(|(id, state)| (id, state.status())).collect(),
            papers: states()
                .map(|(id, state)| (id, Papers::of(state)))
                .collect(),
            refunds: self
                .refunds()
                .map(|refund| (refund.terms().id, refund.status()))
                .collect(),
            // What was served stays served; what lost its money is not served any further.
            served: self.paid_by(&proofs).is_some()
                && matches!(
                    self.order.status(),
                    OrderStatus::Processing | OrderStatus::Completed
                ),
            credits: self.credits(&proofs),
            closing: self
                .attempts()
                .filter(|attempt| attempt.status() == AttemptStatus::Closing)
                .map(|attempt| attempt.terms().id)
                .collect(),
            verdicts: self.verdicts(&proofs),
            due_back: self.due_back(&proofs),
            external: self.external(&proofs),
            credited: self.credited(&proofs),
            alerts: self.alerts(&proofs),
        }
    }

    fn due_back(&self, proofs: &Proofs) -> BTreeMap<CaptureId, DueBack> {
        self.surplus(proofs)
            .filter_map(|(capture, proved)| {
                let amount = self.left_to_return(proofs, capture)?;
                // One automatic refund at a time. What becomes of one that failed is an operator's business,
                // unless it asked for more than there is by now: nobody can ever make that one.
                let mut refunds = self.refunds_of(capture);
                let is_on_its_way = refunds.any(|refund| {
                    is_automatic_and_not_done(refund) && !was_refused_for_too_much(refund, amount)
                });
                let payment = proved.payment;
                (amount.is_positive() && !is_on_its_way)
                    .then(|| (capture.clone(), DueBack { payment, amount }))
            })
            .collect()
    }

    /// How many credits the order's package stands at. What is asked for back is gone at once,
    /// and so is what a dispute took for good. One that is open may still be won.
    fn credits(&self, proofs: &Proofs) -> u32 {
        let OrderKind::Credits { quantity } = self.order.terms().kind else {
            return 0;
        };
        self.paid_by(proofs)
            .and_then(|(capture, _)| {
                let sums = self.sums_of(proofs, capture)?;
                Some((sums, lost_of(proofs, capture, sums.captured.currency())))
            })
            .map_or(0, |(sums, lost)| {
                let out = add(add(sums.refunded, sums.reserved), lost);
                credits_left(quantity, out, sums.captured)
            })
    }

    fn verdicts(&self, proofs: &Proofs) -> BTreeMap<CaptureId, Verdict> {
        proofs
            .captures
            .iter()
            // A gateway that failed the checkout has answered itself. One that only let it expire may still hold money.
            .filter(|(_, proved)| {
                proved.awaits_verdict() && !proofs.failed.contains(&proved.attempt)
            })
            .filter_map(|(id, proved)| {
                let verdict = match self.payment_target(proofs, proved.payment) {
                    PaymentState::UnderReview { .. } => {
                        self.verdict(id, ReviewReason::Challenged)?
                    }
                    PaymentState::Pending
                    | PaymentState::Processing { .. }
                    | PaymentState::Completed { .. }
                    | PaymentState::PartiallyRefunded { .. }
                    | PaymentState::Refunded { .. }
                    | PaymentState::Failed { .. }
                    | PaymentState::Cancelled { .. }
                    | PaymentState::Expired => Verdict::Refuse,
                };
                Some((id.clone(), verdict))
            })
            .collect()
    }

    fn external(&self, proofs: &Proofs) -> BTreeMap<GatewayRefundId, ExternalRefund> {
        proofs
            .refunds
            .iter()
            .filter(|(_, refund)| self.ours(refund.ours).is_none())
            .map(|(id, refund)| {
                let external = ExternalRefund {
                    payment: proofs.captures.get(&refund.capture).map(|of| of.payment),
                    capture: refund.capture.clone(),
                    amount: refund.amount,
                    step: refund.step,
                };
                (id.clone(), external)
            })
            .collect()
    }

    fn ours(&self, refund: Option<RefundId>) -> Option<&Refund> {
        self.refunds.get(&refund?)
    }

    /// What went back of the money that pays the order, and no more than came in: only that is on its papers.
    fn credited(&self, proofs: &Proofs) -> BTreeMap<RefundRef, Money> {
        let mut credited = BTreeMap::new();
        let Some((paying, came)) = self
            .paid_by(proofs)
            .and_then(|(capture, proved)| Some((capture, proved.kept()?)))
        else {
            return credited;
        };
        let by_gateway = proofs.refunds.iter().filter_map(|(id, refund)| {
            let name = self.ours(refund.ours).map_or_else(
                || RefundRef::External(id.clone()),
                |ours| RefundRef::Ours(ours.terms().id),
            );
            (refund.capture == *paying && refund.step == RefundStep::Succeeded)
                .then_some((name, refund.amount))
        });
        let by_hand = self.refunds_of(paying).filter_map(|refund| {
            transfer_of(refund).map(|amount| (RefundRef::Ours(refund.terms().id), amount))
        });
        let mut left = came;
        for (name, amount) in by_gateway.chain(by_hand) {
            // Another currency is in no sum of this money.
            let Ok(rest) = left.checked_sub(amount) else {
                continue;
            };
            let (part, rest) = if rest.is_negative() {
                (left, Money::zero(left.currency()))
            } else {
                (amount, rest)
            };
            left = rest;
            let sum = credited.entry(name).or_insert(Money::zero(part.currency()));
            *sum = add(*sum, part);
        }
        credited.retain(|_, sum: &mut Money| sum.is_positive());
        credited
    }

    fn alerts(&self, proofs: &Proofs) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for payment in self.payments() {
            if payment.status() == PaymentStatus::UnderReview {
                let id = payment.terms().id;
                alerts.extend(
                    self.reviews(proofs, id)
                        .map(|(capture, reason)| Alert::Review {
                            payment: id,
                            capture: capture.clone(),
                            reason,
                        }),
                );
            }
        }
        for (capture, _) in self.surplus(proofs) {
            if self.is_there(proofs, capture) {
                let capture = capture.clone();
                alerts.push(Alert::Surplus { capture });
            }
        }
        for (id, proved) in &proofs.captures {
            let capture = id.clone();
            if let Some(sums) = self.sums_of(proofs, id)
                && sums.loss().is_positive()
            {
                let amount = sums.loss();
                alerts.push(Alert::Loss { capture, amount });
            }
            if proved.contradicted {
                let capture = id.clone();
                alerts.push(Alert::Contradiction { capture });
            }
        }
        for (id, dispute) in &proofs.disputes {
            // A dispute that moved and holds nothing was won.
            if dispute.step == 0 || dispute.held.is_positive() {
                let (dispute, held) = (id.clone(), dispute.held);
                alerts.push(Alert::Dispute { dispute, held });
            }
        }
        for refund in self.refunds() {
            let id = refund.terms().id;
            if self.is_owed(proofs, refund) {
                alerts.push(Alert::RefundFailed { refund: id });
            }
            if differs(proofs, refund) || self.went_back_anew(id) {
                alerts.push(Alert::RefundDiffers { refund: id });
            }
        }
        alerts.extend(other_currencies(proofs));
        if self.order.status() == OrderStatus::Completed && self.paid_by(proofs).is_none() {
            alerts.push(Alert::ServedUnpaid);
        }
        alerts
    }

    /// Whether a refund failed that is still owed: its money is with us and does not pay the order after all.
    /// No other refund of the same money ends that, for nobody can tell what it was meant for: only an operator does,
    /// who takes it over, asks for it anew, or withdraws it.
    fn is_owed(&self, proofs: &Proofs, refund: &Refund) -> bool {
        let is_there = |sums: Sums| sums.available().is_positive();
        refund.failed_in_earnest()
            && self
                .sums_of(proofs, &refund.terms().capture)
                .is_some_and(is_there)
            && !self.pays_after_all(proofs, refund)
    }

    /// Whether it was to give back surplus that pays the order by now.
    pub(super) fn pays_after_all(&self, proofs: &Proofs, refund: &Refund) -> bool {
        refund.terms().origin == RefundOrigin::Surplus
            && self.slot(proofs) == Some(&refund.terms().capture)
    }
}

/// What disputes took of some money for good.
fn lost_of(proofs: &Proofs, capture: &CaptureId, currency: Currency) -> Money {
    let disputes = proofs.disputes.values();
    let lost = disputes.filter(|dispute| dispute.lost && dispute.capture == *capture);
    lost.map(|dispute| dispute.held)
        .filter(|held| held.currency() == currency)
        .fold(Money::zero(currency), add)
}

fn is_automatic_and_not_done(refund: &Refund) -> bool {
    let done = match refund.state() {
        RefundState::Succeeded { .. }
        | RefundState::Failed {
            reason: RefundFailure::Withdrawn,
        } => true,
        RefundState::Requested
        | RefundState::Sent
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Failed {
            reason: RefundFailure::Refused | RefundFailure::Failed,
        } => false,
    };
    refund.terms().origin == RefundOrigin::Surplus && !done
}

/// Whether the gateway refused a refund of more than is left: somebody at its dashboard was faster.
pub(super) fn was_refused_for_too_much(refund: &Refund, left: Money) -> bool {
    let is_refused = match refund.state() {
        RefundState::Failed { reason } => *reason == RefundFailure::Refused,
        RefundState::Requested
        | RefundState::Sent
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Succeeded { .. } => false,
    };
    is_refused && refund.amount().minor() > left.minor()
}

/// What an operator transferred by hand.
fn transfer_of(refund: &Refund) -> Option<Money> {
    match refund.state() {
        RefundState::Succeeded { transfer: Some(_) } => Some(refund.amount()),
        RefundState::Succeeded { transfer: None }
        | RefundState::Requested
        | RefundState::Sent
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Failed { .. } => None,
    }
}

/// Whether another sum went back under the mark of a refund than was asked for.
fn differs(proofs: &Proofs, refund: &Refund) -> bool {
    let asked = refund.amount();
    let zero = Money::zero(asked.currency());
    let by_gateway = proofs
        .of_refund(refund.terms().id)
        .filter(|proved| proved.step != RefundStep::Failed)
        .fold(zero, |sum, proved| add(sum, proved.amount));
    let went = add(by_gateway, transfer_of(refund).unwrap_or(zero)).minor();
    went > asked.minor() || (refund.status() == RefundStatus::Succeeded && went < asked.minor())
}

fn other_currencies(proofs: &Proofs) -> Vec<Alert> {
    let refunds = proofs
        .refunds
        .values()
        .map(|refund| (&refund.capture, refund.amount));
    let disputes = proofs
        .disputes
        .values()
        .map(|dispute| (&dispute.capture, dispute.held));
    let mut captures: Vec<_> = refunds
        .chain(disputes)
        .filter(|(capture, amount)| {
            let came = proofs
                .captures
                .get(*capture)
                .and_then(|proved| proved.amount);
            came.is_some_and(|came| came.currency() != amount.currency())
        })
        .map(|(capture, _)| capture.clone())
        .collect();
    captures.sort();
    captures.dedup();
    captures
        .into_iter()
        .map(|capture| Alert::OtherCurrency { capture })
        .collect()
}
