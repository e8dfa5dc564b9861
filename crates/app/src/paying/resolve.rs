//! Does all that is left to do about an order: the one thing behind every door.

use bayar_domain::{AttemptId, OrderId, Payment, PaymentId};

use super::learn::LearnError;
use crate::App;
use crate::port::gateway::{CallError, Reading};
use crate::port::store::{Actor, CallKey};
use crate::settle::{Move, Seen, SettleError};
use crate::trouble::Trouble;

/// What was found out about an order.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// What gateways said, attempt by attempt, oldest first.
    pub readings: Vec<(AttemptId, Reading)>,
    /// Whether they proved anything that was not written down.
    pub is_new: bool,
    /// What gateways did not say, in the same way.
    pub errors: Vec<(AttemptId, CallError)>,
}

impl Resolved {
    /// The first that a gateway did not say.
    pub(super) fn first_error(self) -> Option<CallError> {
        self.errors.into_iter().next().map(|(_, error)| error)
    }
}

impl App {
    /// Makes the calls that are due, reads what the gateways know, applies what they prove, and does what follows.
    /// Where a payment is named, only its attempts are read.
    pub(super) async fn resolve(
        &self,
        order: OrderId,
        payment: Option<PaymentId>,
        by: Actor,
    ) -> Result<Resolved, SettleError> {
        let which = move |seen: &Seen| worth_reading(seen, payment);
        self.resolve_attempts(order, by, which).await
    }

    /// All that is left to do about a payment. Answers what gateways did not say.
    pub(crate) async fn read_payment(&self, payment: &Payment) -> Result<Vec<CallError>, Trouble> {
        let (order, id) = (payment.terms().order, payment.terms().id);
        let resolved = self.resolve(order, Some(id), Actor::System).await;
        match resolved.map_err(SettleError::into_trouble) {
            Ok(found) => Ok(found.errors.into_iter().map(|(_, error)| error).collect()),
            Err(trouble @ Trouble::Unavailable(_)) => Err(trouble),
            // It has a job of its own.
            Err(trouble) => {
                tracing::warn!(payment_id = %id, error = %trouble, "a payment cannot be read now");
                Ok(Vec::new())
            }
        }
    }

    /// The same, with only those attempts read that `which` chooses.
    pub(crate) async fn resolve_attempts(
        &self,
        order: OrderId,
        by: Actor,
        which: impl FnOnce(&Seen) -> Vec<AttemptId> + Send,
    ) -> Result<Resolved, SettleError> {
        let mut found = Resolved::default();
        let seen = self.look(order).await?;
        self.work(order, unfinished(&seen)).await?;

        let seen = self.look(order).await?;
        for attempt in which(&seen) {
            match self.learn(order, attempt, by).await {
                Ok(learned) => {
                    found.is_new |= learned.is_new;
                    found.readings.push((attempt, learned.reading));
                    self.work(order, learned.planned).await?;
                }
                Err(LearnError::Gateway(error)) => found.errors.push((attempt, error)),
                Err(LearnError::Settle(error)) => return Err(error),
            }
        }

        self.follow_up(order).await?;
        Ok(found)
    }

    /// Plans and makes the calls that follow from how an order stands.
    pub(super) async fn follow_up(&self, order: OrderId) -> Result<(), SettleError> {
        let rule = |seen: &Seen| self.due(seen);
        let seen = self.look(order).await?;
        let Move { steps, calls, .. } = self.due(&seen)?;
        if !steps.is_empty() || !calls.is_empty() {
            let planned = self.settle(order, Actor::System, rule).await?;
            self.work(order, planned).await?;
        }
        Ok(())
    }

    /// A fault of ours in one call is no reason not to read what the gateways know.
    pub(super) async fn work(&self, order: OrderId, due: Vec<CallKey>) -> Result<(), SettleError> {
        match self.work_off(order, due).await {
            Ok(_) => Ok(()),
            Err(Trouble::Fault(source)) => {
                tracing::error!(%order, error = %source, "a call cannot be made: an operator has to look");
                Ok(())
            }
            Err(trouble) => Err(trouble.into()),
        }
    }
}

/// The calls of which nobody knows yet what became of them.
pub(super) fn unfinished(seen: &Seen) -> Vec<CallKey> {
    let open = seen.calls.iter().filter(|stored| !stored.status.is_over());
    open.map(|stored| stored.call.key.clone()).collect()
}

/// The attempts that a gateway may know more about.
pub(crate) fn worth_reading(seen: &Seen, payment: Option<PaymentId>) -> Vec<AttemptId> {
    seen.settlement
        .attempts()
        .filter(|attempt| payment.is_none_or(|payment| attempt.terms().payment == payment))
        .filter(|attempt| attempt.status().is_live() || attempt.state().session().is_some())
        .map(|attempt| attempt.terms().id)
        .collect()
}
