//! Refunds that a gateway took on, and that it does not tell of.

use bayar_domain::settlement::{Alert, Refused};
use bayar_domain::{IllegalTransition, RefundId, RefundStatus};
use chrono::{DateTime, TimeDelta, Utc};

use super::file::last_call;
use super::learn::LearnError;
use super::plan::is_told;
use crate::App;
use crate::port::gateway::{Door, Fault, FaultKind};
use crate::port::store::{Actor, CallPurpose, StoredRefund};
use crate::refunds::RefundError;
use crate::settle::{Move, Seen, SettleError};

/// How long a refund may stand where it is before somebody has to look: the slowest banks take ten working days.
const PATIENCE: TimeDelta = TimeDelta::days(14);

impl App {
    /// Calls an operator for a refund that has not moved for long, once.
    pub(crate) async fn call_if_silent(&self, id: RefundId) -> Result<(), SettleError> {
        let Some(stored) = self.store.refund(id).await? else {
            return Ok(());
        };
        let seen = self.look(stored.order).await?;
        if !may_be_there(&stored) || silent_since(&stored).is_none_or(|since| since > seen.now) {
            return Ok(());
        }
        let silent = Alert::RefundSilent { refund: id };
        let known = self.store.alerts_of(stored.order).await?;
        let mut open = known.iter().filter(|known| known.cleared_at.is_none());
        if open.any(|known| known.alert == silent) {
            return Ok(());
        }
        let rule = |seen: &Seen| {
            let refund = seen.settlement.refund(id);
            let waits = refund.is_some_and(|refund| refund.status().is_under_way());
            Ok(Move {
                raised: if waits {
                    vec![silent.clone()]
                } else {
                    Vec::new()
                },
                ..Move::default()
            })
        };
        self.settle(stored.order, Actor::System, rule).await?;
        Ok(())
    }

    /// Gives a refund up that its gateway took on long ago and knows nothing of: it has failed, and is owed.
    /// Should the gateway tell of it after all, that is what counts.
    ///
    /// # Errors
    /// When there is no such refund, no gateway can have it, it has not waited long enough,
    /// or the gateway tells of it or does not answer.
    pub async fn give_up_refund(
        &self,
        by: Actor,
        id: RefundId,
    ) -> Result<StoredRefund, RefundError> {
        let stored = self.store.refund(id).await?.ok_or(RefundError::NotFound)?;
        let seen = self.look(stored.order).await?;
        let status = stored.refund.status();
        if !may_be_there(&stored) {
            return Err(RefundError::WrongState(status));
        }
        if let Some(until) = silent_since(&stored).filter(|until| *until > seen.now) {
            return Err(RefundError::TooEarly { until });
        }
        self.read_money_of(&stored, by).await?;
        let rule = |seen: &Seen| {
            let last = last_call(&seen.calls, CallPurpose::Refund(id));
            let may_still_leave = last.is_some_and(|last| !last.status.is_over());
            let refund = seen.settlement.refund(id);
            let from = refund.map_or(status, |refund| refund.status());
            if may_still_leave || is_told(seen, id) {
                let to = RefundStatus::Failed;
                return Err(Refused::from(IllegalTransition { from, to }).into());
            }
            Ok(Move::from(seen.settlement.refund_refused(id)?))
        };
        self.settle(stored.order, by, rule).await?;
        tracing::info!(refund_id = %id, %by, "Payment: Refund given up");
        self.store.refund(id).await?.ok_or(RefundError::NotFound)
    }

    /// Reads the money of a refund once more: what its gateway tells of the refund is what counts.
    ///
    /// # Errors
    /// When the gateway does not answer, or shows no such money.
    pub(crate) async fn read_money_of(
        &self,
        stored: &StoredRefund,
        by: Actor,
    ) -> Result<(), RefundError> {
        let seen = self.look(stored.order).await?;
        let captures = seen.settlement.captures();
        let capture = &stored.refund.terms().capture;
        let money = captures.iter().find(|money| money.id == *capture);
        let attempt = money.ok_or(RefundError::NotFound)?.attempt;
        match self.learn(stored.order, attempt, by).await {
            Ok(learned) if learned.reading.door == Door::Absent => {
                let fault = Fault::of(FaultKind::NotFound);
                Err(RefundError::Unavailable(fault))
            }
            Ok(_) => Ok(()),
            Err(LearnError::Gateway(error)) => Err(RefundError::Unavailable(error.fault().clone())),
            Err(LearnError::Settle(error)) => Err(error.into()),
        }
    }
}

/// Whether a gateway has it, or may have it.
fn may_be_there(stored: &StoredRefund) -> bool {
    match stored.refund.status() {
        RefundStatus::Sent | RefundStatus::Unknown => true,
        RefundStatus::Requested
        | RefundStatus::Manual
        | RefundStatus::Succeeded
        | RefundStatus::Failed => false,
    }
}

/// From when on it has been silent for too long.
fn silent_since(stored: &StoredRefund) -> Option<DateTime<Utc>> {
    stored.updated_at.checked_add_signed(PATIENCE)
}
