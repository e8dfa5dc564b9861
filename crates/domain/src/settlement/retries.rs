//! Refunds that failed and were asked for anew: of a refund and those in its place, one goes back.

use super::Settlement;
use crate::RefundId;
use crate::decision::Decision;
use crate::refund::RefundStatus;

impl Settlement {
    /// The refund that stands for another one: the last that was asked for in its place,
    /// or itself where there is none, or where it went back after all.
    #[must_use]
    pub fn standing_for(&self, id: RefundId) -> RefundId {
        let mut chain = self.chain_of(id);
        chain
            .find(|id| self.is_out(*id))
            .unwrap_or_else(|| self.last_in_place_of(id))
    }

    /// Whether it was decided that nobody is owed a refund, or that another one is owed in its place.
    pub(super) fn is_withdrawn(&self, id: RefundId) -> bool {
        match self.last_decision_on(id) {
            Some(Decision::DropRetry { anew, .. }) => *anew == id,
            other => other.is_some(),
        }
    }

    /// What went back after all is not sent a second time: the one in its place is dropped as long as it has not left.
    pub(super) fn drop_retries(&mut self) {
        let came: Vec<_> = self
            .refunds
            .keys()
            .filter(|id| self.is_out(**id))
            .map(|id| (*id, self.last_in_place_of(*id)))
            .filter(|(id, last)| id != last)
            .collect();
        for (refund, anew) in came {
            let Some(last) = self.refunds.get(&anew).cloned() else {
                continue;
            };
            // What a gateway may have is not withdrawn, and what is withdrawn already needs no decision.
            let Ok(dropped) = last.withdraw() else {
                continue;
            };
            if dropped.has_changed() {
                self.refunds.insert(anew, dropped.into_inner());
                self.decisions.push(Decision::DropRetry { refund, anew });
            }
        }
    }

    /// Whether a refund went back though another one took its place, and that one may have gone back, too.
    pub(super) fn went_back_anew(&self, id: RefundId) -> bool {
        let last = self.last_in_place_of(id);
        last != id && self.is_out(id) && self.is_out(last)
    }

    /// The last one that was asked for in place of a refund; itself where there is none.
    fn last_in_place_of(&self, id: RefundId) -> RefundId {
        self.chain_of(id).last().unwrap_or(id)
    }

    /// A refund and those that were asked for in its place, one after the other, as long as that is not dropped.
    fn chain_of(&self, id: RefundId) -> impl Iterator<Item = RefundId> {
        let anew = |id: &RefundId| match self.last_decision_on(*id) {
            Some(Decision::RetryRefund { refund, anew }) if refund == id => Some(*anew),
            _ => None,
        };
        // None is in it twice, whatever was stored.
        std::iter::successors(Some(id), anew).take(self.refunds.len())
    }

    /// Whether a gateway has it, or may have it, or the money went back.
    fn is_out(&self, id: RefundId) -> bool {
        self.refund(id).is_some_and(|refund| match refund.status() {
            RefundStatus::Sent | RefundStatus::Unknown | RefundStatus::Succeeded => true,
            RefundStatus::Requested | RefundStatus::Manual | RefundStatus::Failed => false,
        })
    }

    /// The last decision that says whether a refund is owed. Having been asked for in place of another is none.
    fn last_decision_on(&self, id: RefundId) -> Option<&Decision> {
        let mut decisions = self.decisions.iter().rev();
        decisions.find(|decision| match decision {
            Decision::WithdrawRefund { refund } | Decision::RetryRefund { refund, .. } => {
                *refund == id
            }
            Decision::DropRetry { refund, anew } => *refund == id || *anew == id,
            Decision::Primary { .. }
            | Decision::CancelPayment { .. }
            | Decision::ExpirePayment { .. }
            | Decision::CloseAttempt { .. }
            | Decision::TakeOverRefund { .. }
            | Decision::Review { .. }
            | Decision::CancelOrder
            | Decision::CompleteOrder => false,
        })
    }
}
