//! What must be true outside a settlement, read off its facts, decisions and states.

use std::collections::BTreeMap;

use super::Settlement;
use super::effects::{Alert, DueBack, ExternalRefund, RefundRef, Standing};
use super::proofs::Proofs;
use super::sums::add;
use crate::attempt::AttemptStatus;
use crate::credit::credits_left;
use crate::decision::Verdict;
use crate::fact::RefundStep;
use crate::gateway::{CaptureId, GatewayRefundId};
use crate::invoice::Papers;
use crate::order::{OrderKind, OrderStatus};
use crate::payment::PaymentState;
use crate::refund::{Refund, RefundFailure, RefundOrigin, RefundState};
use crate::{Money, RefundId};

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
            served: matches!(
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
            alerts: self.alerts(&proofs).collect(),
        }
    }

    fn due_back(&self, proofs: &Proofs) -> BTreeMap<CaptureId, DueBack> {
        self.surplus(proofs)
            // One automatic refund for each; what becomes of it is an operator's business.
            .filter(|(capture, _)| !self.refunds_of(capture).any(is_surplus_refund))
            .filter_map(|(capture, proved)| {
                let amount = self.left_to_return(proofs, capture)?;
                let due = DueBack {
                    payment: proved.payment,
                    amount,
                };
                amount.is_positive().then(|| (capture.clone(), due))
            })
            .collect()
    }

    /// How many credits the order's package stands at. What is asked for back is gone at once.
    fn credits(&self, proofs: &Proofs) -> u32 {
        let OrderKind::Credits { quantity } = self.order.terms().kind else {
            return 0;
        };
        self.paid_by(proofs)
            .and_then(|(capture, _)| self.sums_of(proofs, capture))
            .map_or(0, |sums| {
                credits_left(quantity, add(sums.refunded, sums.reserved), sums.captured)
            })
    }

    fn verdicts(&self, proofs: &Proofs) -> BTreeMap<CaptureId, Verdict> {
        proofs
            .captures
            .iter()
            .filter(|(_, proved)| {
                proved.awaits_verdict() && !proofs.failed.contains(&proved.attempt)
            })
            .filter_map(|(id, proved)| {
                let asked = matches!(
                    self.payment_target(proofs, proved.payment),
                    PaymentState::UnderReview { .. }
                );
                let verdict = if asked {
                    self.verdict(id)?
                } else {
                    Verdict::Refuse
                };
                Some((id.clone(), verdict))
            })
            .collect()
    }

    fn external(&self, proofs: &Proofs) -> BTreeMap<GatewayRefundId, ExternalRefund> {
        proofs
            .refunds
            .iter()
            .filter(|(_, (_, refund))| self.ours(refund.ours).is_none())
            .map(|(id, (capture, refund))| {
                let (capture, amount, step) = (capture.clone(), refund.amount, refund.step);
                (
                    id.clone(),
                    ExternalRefund {
                        capture,
                        amount,
                        step,
                    },
                )
            })
            .collect()
    }

    fn ours(&self, refund: Option<RefundId>) -> Option<&Refund> {
        self.refunds.get(&refund?)
    }

    /// What went back of the money that pays the order: only that is on its papers.
    fn credited(&self, proofs: &Proofs) -> BTreeMap<RefundRef, Money> {
        let mut credited = BTreeMap::new();
        let Some((paying, proved)) = self.paid_by(proofs) else {
            return credited;
        };
        let mut credit = |refund, amount: Money| {
            if Some(amount.currency()) == proved.amount.map(Money::currency) {
                let sum = credited
                    .entry(refund)
                    .or_insert(Money::zero(amount.currency()));
                *sum = add(*sum, amount);
            }
        };
        for (id, (capture, refund)) in &proofs.refunds {
            if capture == paying && refund.step == RefundStep::Succeeded {
                let name = self.ours(refund.ours).map_or_else(
                    || RefundRef::External(id.clone()),
                    |ours| RefundRef::Ours(ours.terms().id),
                );
                credit(name, refund.amount);
            }
        }
        for refund in self.refunds_of(paying) {
            if let RefundState::Succeeded { transfer: Some(_) } = refund.state() {
                credit(RefundRef::Ours(refund.terms().id), refund.amount());
            }
        }
        credited
    }

    fn alerts(&self, proofs: &Proofs) -> impl Iterator<Item = Alert> {
        let reviews = self.payments().filter_map(|payment| match payment.state() {
            PaymentState::UnderReview { .. } => Some(Alert::Review {
                payment: payment.terms().id,
            }),
            PaymentState::Pending
            | PaymentState::Processing { .. }
            | PaymentState::Completed { .. }
            | PaymentState::PartiallyRefunded { .. }
            | PaymentState::Refunded { .. }
            | PaymentState::Failed { .. }
            | PaymentState::Cancelled { .. }
            | PaymentState::Expired => None,
        });
        let surplus = self.surplus(proofs).map(|(capture, _)| Alert::Surplus {
            capture: capture.clone(),
        });
        let losses = proofs.captures.keys().filter_map(|capture| {
            let lost = self.sums_of(proofs, capture)?.loss().is_positive();
            lost.then(|| Alert::Loss {
                capture: capture.clone(),
            })
        });
        let disputes = proofs.disputes.keys().map(|dispute| Alert::Dispute {
            dispute: dispute.clone(),
        });
        let refunds = self.refunds().filter_map(|refund| match refund.state() {
            RefundState::Failed {
                reason: RefundFailure::Refused | RefundFailure::Failed,
            } => Some(Alert::RefundFailed {
                refund: refund.terms().id,
            }),
            RefundState::Failed {
                reason: RefundFailure::Withdrawn,
            }
            | RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual
            | RefundState::Succeeded { .. } => None,
        });
        let unpaid =
            self.order.status() == OrderStatus::Completed && self.paid_by(proofs).is_none();
        let alerts: Vec<_> = reviews
            .chain(surplus)
            .chain(losses)
            .chain(disputes)
            .chain(refunds)
            .chain(self.other_currencies(proofs))
            .chain(unpaid.then_some(Alert::ServedUnpaid))
            .collect();
        alerts.into_iter()
    }

    fn other_currencies<'a>(&self, proofs: &'a Proofs) -> impl Iterator<Item = Alert> + use<'a> {
        let refunds = proofs
            .refunds
            .values()
            .map(|(capture, refund)| (capture, refund.amount));
        let disputes = proofs
            .disputes
            .values()
            .map(|dispute| (&dispute.capture, dispute.held));
        refunds.chain(disputes).filter_map(|(capture, amount)| {
            let came = proofs.captures.get(capture)?.amount?;
            (came.currency() != amount.currency()).then(|| Alert::OtherCurrency {
                capture: capture.clone(),
            })
        })
    }
}

fn is_surplus_refund(refund: &Refund) -> bool {
    refund.terms().origin == RefundOrigin::Surplus
        && *refund.state()
            != (RefundState::Failed {
                reason: RefundFailure::Withdrawn,
            })
}
