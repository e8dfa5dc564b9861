//! What is told of a refund: a function of what is stored, so that a wish that comes again is told the same.

use bayar_domain::refund::{RefundFailure, RefundState};
use bayar_domain::{RefundId, Settlement};

use super::{RefundError, Refunded};
use crate::App;
use crate::port::store::{CallPurpose, CallStatus, StoredCall};
use crate::settle::Seen;

/// How far a refund is that has not failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The gateway has it: it accepted it, or the money went back.
    Done,
    /// It is not known yet whether the gateway has it. It will be.
    Pending,
}

impl Progress {
    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Pending => "pending",
        }
    }
}

impl App {
    /// Where a refund stands now. Of one that another took the place of, that one is told:
    /// whoever heard of the first alone would ask once more.
    pub(super) async fn refund_told(
        &self,
        id: RefundId,
        again: bool,
    ) -> Result<Refunded, RefundError> {
        let first = self.store.refund(id).await?.ok_or(RefundError::NotFound)?;
        let seen = self.look(first.order).await?;
        let id = seen.settlement.standing_for(id);
        let progress = progress(&seen, id)?;
        let refund = self.store.refund(id).await?.ok_or(RefundError::NotFound)?;
        let payment = self.store.payment(refund.refund.terms().payment).await?;
        Ok(Refunded {
            payment: payment.ok_or(RefundError::NotFound)?,
            refund,
            progress,
            again,
        })
    }
}

fn progress(seen: &Seen, id: RefundId) -> Result<Progress, RefundError> {
    let call = last_call(&seen.calls, id);
    let refund = seen.settlement.refund(id).ok_or(RefundError::NotFound)?;
    match refund.state() {
        RefundState::Succeeded { .. } => Ok(Progress::Done),
        RefundState::Sent if is_accepted(&seen.settlement, call, id) => Ok(Progress::Done),
        RefundState::Sent | RefundState::Unknown | RefundState::Requested => Ok(Progress::Pending),
        RefundState::Manual => Err(RefundError::NeedsManualTransfer { refund: id }),
        RefundState::Failed { reason } => match reason {
            RefundFailure::Refused | RefundFailure::Failed | RefundFailure::Withdrawn => {
                Err(RefundError::Failed {
                    refund: id,
                    reason: *reason,
                    fault: call.and_then(|call| call.fault.clone()),
                })
            }
        },
    }
}

/// Whether the gateway said that it has it, in its answer or when it was read.
fn is_accepted(settlement: &Settlement, call: Option<&StoredCall>, id: RefundId) -> bool {
    let told = settlement.facts().any(|fact| {
        matches!(fact.proof(), bayar_domain::Proof::Refunded { ours, .. } if *ours == Some(id))
    });
    told || call.is_some_and(|call| call.status == CallStatus::Done)
}

fn last_call(calls: &[StoredCall], id: RefundId) -> Option<&StoredCall> {
    let mut calls = calls.iter().rev();
    calls.find(|stored| stored.call.purpose == CallPurpose::Refund(id))
}
