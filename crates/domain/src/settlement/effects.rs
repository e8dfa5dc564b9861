//! What must be true outside a settlement because of what is true inside, and how to get there.

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::Verdict;
use crate::fact::RefundStep;
use crate::gateway::{CaptureId, DisputeId, GatewayRefundId};
use crate::invoice::Papers;
use crate::order::OrderStatus;
use crate::payment::{PaymentStatus, ReviewReason};
use crate::refund::RefundStatus;
use crate::{AttemptId, Money, PaymentId, RefundId};

/// A refund, by whichever name it has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RefundRef {
    /// By our doing.
    Ours(RefundId),
    /// Made at the gateway without us.
    External(GatewayRefundId),
}

/// A refund that somebody made at the gateway without us.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExternalRefund {
    /// The payment the money came with, where it is known by now.
    pub payment: Option<PaymentId>,
    /// The money it is taken from.
    pub capture: CaptureId,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub step: RefundStep,
}

/// Money that has to go back and that no refund is on its way for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DueBack {
    /// The payment it came with.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
}

/// Something an operator has to know. Each is raised once, and again when what it says changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "alert", rename_all = "snake_case"))]
pub enum Alert {
    /// Money came that has to be looked at.
    Review {
        /// The payment it came with.
        payment: PaymentId,
        /// The money.
        capture: CaptureId,
        /// What is wrong with it.
        reason: ReviewReason,
    },
    /// Money came that the order cannot keep. It goes back.
    Surplus {
        /// The money.
        capture: CaptureId,
    },
    /// More went out, or is about to, than came in.
    Loss {
        /// The money.
        capture: CaptureId,
        /// How much more.
        amount: Money,
    },
    /// Two amounts were told for the same money. The larger one is counted.
    Contradiction {
        /// The money.
        capture: CaptureId,
    },
    /// The buyer's bank asks for money back.
    Dispute {
        /// The dispute.
        dispute: DisputeId,
        /// How much it holds by now.
        held: Money,
    },
    /// A refund failed: the buyer has not got the money.
    RefundFailed {
        /// The refund.
        refund: RefundId,
    },
    /// A gateway took a refund on and has not told what became of it for long.
    /// Whoever keeps the time raises it: no settlement does.
    RefundSilent {
        /// The refund.
        refund: RefundId,
    },
    /// Another sum went back for a refund than was asked for: the gateway did a part of it, or did it twice,
    /// or an operator did it as well.
    RefundDiffers {
        /// The refund.
        refund: RefundId,
    },
    /// Money went back in another currency than it came in, so that the sums leave it out.
    OtherCurrency {
        /// The money.
        capture: CaptureId,
    },
    /// The order was served and its money is not with us.
    ServedUnpaid,
    /// Credits should have gone that were used already. Whoever keeps the credits raises it: no settlement does.
    CreditsMissing {
        /// How many.
        missing: i64,
    },
}

/// What must be true outside a settlement: a function of its facts and decisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The order, once it is told.
    pub order: Option<OrderStatus>,
    /// Each payment.
    pub payments: BTreeMap<PaymentId, PaymentStatus>,
    /// What each payment says to its invoice and its taxes.
    pub papers: BTreeMap<PaymentId, Papers>,
    /// Each refund that is our doing.
    pub refunds: BTreeMap<RefundId, RefundStatus>,
    /// Whether what was ordered may be served.
    pub served: bool,
    /// How many credits the order's package stands at.
    pub credits: u32,
    /// Which checkouts must be closed at their gateways.
    pub closing: BTreeSet<AttemptId>,
    /// What the gateways must be told about money they hold back.
    pub verdicts: BTreeMap<CaptureId, Verdict>,
    /// What has to go back.
    pub due_back: BTreeMap<CaptureId, DueBack>,
    /// Refunds that somebody made at the gateway.
    pub external: BTreeMap<GatewayRefundId, ExternalRefund>,
    /// Refunds that have a credit note, and its amount.
    pub credited: BTreeMap<RefundRef, Money>,
    /// What an operator has to know.
    pub alerts: Vec<Alert>,
}

/// Something the application has to carry out. Each names the state to reach, so that doing it twice does it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell the world where the order stands.
    AnnounceOrder {
        /// Where.
        status: OrderStatus,
    },
    /// Tell the world where a payment stands.
    AnnouncePayment {
        /// The payment.
        payment: PaymentId,
        /// Where.
        status: PaymentStatus,
    },
    /// Tell the world where a refund of ours stands.
    AnnounceRefund {
        /// The refund.
        refund: RefundId,
        /// Where.
        status: RefundStatus,
    },
    /// Mark the invoice and collect or reverse the taxes.
    SettlePapers {
        /// Whose.
        payment: PaymentId,
        /// What the payment says to them.
        papers: Papers,
    },
    /// Serve what was ordered.
    FulfilOrder,
    /// Stop serving: the money is not there any more.
    HaltOrder,
    /// Grant or take credits until the order's package stands there.
    SetCredits {
        /// Where.
        standing: u32,
    },
    /// Close a checkout at its gateway.
    CloseAttempt {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Tell a gateway what to do with money that it holds back.
    AnswerChallenge {
        /// The money.
        capture: CaptureId,
        /// What to tell.
        verdict: Verdict,
    },
    /// Give money back, by [`Settlement::refund_surplus`](super::Settlement::refund_surplus) in the same transaction.
    RefundSurplus {
        /// The money.
        capture: CaptureId,
        /// How much.
        due: DueBack,
    },
    /// Keep a record of a refund that somebody made at the gateway.
    RecordExternalRefund {
        /// The gateway's name for it.
        refund: GatewayRefundId,
        /// What is known.
        state: ExternalRefund,
    },
    /// Drop the record of such a refund: it turned out to be ours. Its credit notes are taken back before.
    ForgetExternalRefund {
        /// The gateway's name for it.
        refund: GatewayRefundId,
    },
    /// Issue credit notes until those of a refund sum to this. A note over a negative amount takes one back.
    SetCreditNotes {
        /// The refund.
        refund: RefundRef,
        /// Their sum.
        total: Money,
    },
    /// Call an operator.
    RaiseAlert(Alert),
    /// What an operator was called for is over.
    ClearAlert(Alert),
}

impl Standing {
    /// What has to be done outside when a settlement that stood at `before` stands at `self`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.order != before.order {
            effects.extend(self.order.map(|status| Effect::AnnounceOrder { status }));
        }
        for (&payment, &status) in news(&self.payments, &before.payments) {
            effects.push(Effect::AnnouncePayment { payment, status });
        }
        for (&refund, &status) in news(&self.refunds, &before.refunds) {
            effects.push(Effect::AnnounceRefund { refund, status });
        }
        for (&payment, &papers) in news(&self.papers, &before.papers) {
            effects.push(Effect::SettlePapers { payment, papers });
        }
        match (before.served, self.served) {
            (false, true) => effects.push(Effect::FulfilOrder),
            (true, false) => effects.push(Effect::HaltOrder),
            (true, true) | (false, false) => {}
        }
        if self.credits != before.credits {
            effects.push(Effect::SetCredits {
                standing: self.credits,
            });
        }
        for &attempt in self.closing.difference(&before.closing) {
            effects.push(Effect::CloseAttempt { attempt });
        }
        for (capture, &verdict) in news(&self.verdicts, &before.verdicts) {
            effects.push(Effect::AnswerChallenge {
                capture: capture.clone(),
                verdict,
            });
        }
        for (capture, &due) in news(&self.due_back, &before.due_back) {
            effects.push(Effect::RefundSurplus {
                capture: capture.clone(),
                due,
            });
        }
        for (refund, state) in news(&self.external, &before.external) {
            let (refund, state) = (refund.clone(), state.clone());
            effects.push(Effect::RecordExternalRefund { refund, state });
        }
        for (refund, &total) in news(&self.credited, &before.credited) {
            let refund = refund.clone();
            effects.push(Effect::SetCreditNotes { refund, total });
        }
        let taken_back = |(refund, _): &(&RefundRef, &Money)| !self.credited.contains_key(*refund);
        for (refund, sum) in before.credited.iter().filter(taken_back) {
            let (refund, total) = (refund.clone(), Money::zero(sum.currency()));
            effects.push(Effect::SetCreditNotes { refund, total });
        }
        let forgotten = |refund: &&GatewayRefundId| !self.external.contains_key(*refund);
        for refund in before.external.keys().filter(forgotten) {
            let refund = refund.clone();
            effects.push(Effect::ForgetExternalRefund { refund });
        }
        let raised = self
            .alerts
            .iter()
            .filter(|alert| !before.alerts.contains(alert));
        effects.extend(raised.cloned().map(Effect::RaiseAlert));
        let over = before
            .alerts
            .iter()
            .filter(|alert| !self.alerts.contains(alert));
        effects.extend(over.cloned().map(Effect::ClearAlert));
        effects
    }
}

/// The entries of `now` that `before` does not have, or has otherwise.
fn news<'a, K: Ord, V: PartialEq>(
    now: &'a BTreeMap<K, V>,
    before: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    now.iter()
        .filter(|(key, value)| before.get(key) != Some(value))
}
