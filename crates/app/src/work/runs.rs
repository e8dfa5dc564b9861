//! The runs of the schedule.

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::{Attempt, OrderId, PaymentId, PaymentStatus};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::schedule::Outcome;
use crate::App;
use crate::failpoint;
use crate::paying::PayError;
use crate::port::store::{StoredPayment, UnresolvedPayment, Which};
use crate::trouble::Trouble;

/// How many rows are in memory at once.
const PAGE: u32 = 200;

/// For how long a run does what is due: the next one comes every five minutes.
const LONGEST_DRAIN: Duration = Duration::from_secs(240);

/// How many keys are forgotten in one step.
const KEYS_AT_ONCE: u32 = 1000;

/// What became of payments whose time is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// They are ended.
    pub expired: u64,
    /// Money was found.
    pub paid: u64,
    /// Their gateway has not said that nobody can pay any more.
    pub waiting: u64,
}

impl App {
    /// The safety net.
    pub(super) async fn check_unresolved(self: &Arc<Self>) -> Result<Outcome, Trouble> {
        let repaired = self.repair().await?;
        // One of those that wait for a gateway finds out whether it answers again.
        let gateways: Vec<_> = self.gateways.names().collect();
        for gateway in gateways {
            self.wake(gateway, 1).await;
        }
        let _ = failpoint::hit("schedule.half_way");
        let tally = self.drain(LONGEST_DRAIN).await?;
        Ok(Outcome {
            result: format!(
                "{} looked at, {} updated, {} in trouble, {repaired} jobs were missing",
                tally.served, tally.updated, tally.troubled
            ),
            has_failed: repaired > 0,
            is_whole: true,
        })
    }

    /// Opens the jobs that are missing. There should be none.
    async fn repair(&self) -> Result<u64, Trouble> {
        let mut repaired = 0;
        loop {
            let keys = self.store.repair_jobs(PAGE).await?;
            for key in &keys {
                repaired += 1;
                tracing::error!(kind = %key.kind, subject = key.subject, "a job was missing: this is a fault of ours");
                metrics::counter!("bayar_jobs_repaired_total", "kind" => key.kind.as_str())
                    .increment(1);
            }
            if keys.is_empty() {
                return Ok(repaired);
            }
        }
    }

    /// Ends the payments whose time is over: at their gateways first, and here after.
    /// Then it forgets the keys that count no more, a few at a time, so that nobody waits for it.
    pub(super) async fn cleanup_expired(self: &Arc<Self>) -> Result<Outcome, Trouble> {
        let swept = self.expire_all_overdue(|_| ()).await?;
        let Swept {
            expired,
            paid,
            waiting,
        } = swept;
        let mut forgotten: u64 = 0;
        loop {
            let now = self.store.forget_keys(KEYS_AT_ONCE).await?;
            forgotten = forgotten.saturating_add(now);
            if now < u64::from(KEYS_AT_ONCE) {
                break;
            }
        }
        Ok(Outcome {
            result: format!(
                "{expired} expired, {paid} turned out to be paid, {waiting} wait for their gateway, \
                 {forgotten} keys forgotten"
            ),
            has_failed: false,
            is_whole: !self.work.is_ending(),
        })
    }

    /// Ends every payment whose time is over. `tell` is told of each as it is then.
    ///
    /// # Errors
    /// When the store is not there.
    pub async fn expire_all_overdue(
        self: &Arc<Self>,
        mut tell: impl FnMut(&StoredPayment) + Send,
    ) -> Result<Swept, Trouble> {
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let page = self.store.unresolved(Which::Overdue, after, PAGE).await?;
            let Some(last) = page.last().filter(|_| !self.work.is_ending()) else {
                return Ok(swept);
            };
            after = Some(last.payment.payment.terms().id);
            for ended in self.expire_page(page).await {
                match ended.payment.status() {
                    PaymentStatus::Expired | PaymentStatus::Cancelled | PaymentStatus::Failed => {
                        swept.expired += 1;
                    }
                    PaymentStatus::Pending | PaymentStatus::Processing => swept.waiting += 1,
                    PaymentStatus::UnderReview
                    | PaymentStatus::Completed
                    | PaymentStatus::PartiallyRefunded
                    | PaymentStatus::Refunded => swept.paid += 1,
                }
                tell(&ended);
            }
        }
    }

    /// Ends each of these payments, so many at once as there are free hands. They come back in their order.
    async fn expire_page(self: &Arc<Self>, page: Vec<UnresolvedPayment>) -> Vec<StoredPayment> {
        let mut ending = JoinSet::new();
        for UnresolvedPayment { payment, .. } in page {
            let hand = self.free_hands().await.into_iter().next();
            let app = Arc::clone(self);
            let one = async move {
                let ended = app.expire_one(payment).await;
                drop(hand);
                ended
            };
            ending.spawn(one.in_current_span());
        }
        let mut ended = Vec::new();
        while let Some(one) = ending.join_next().await {
            match one {
                Ok(one) => ended.push(one),
                Err(error) => tracing::error!(%error, "ending a payment broke down"),
            }
        }
        ended.sort_by_key(|stored| stored.payment.terms().id);
        ended
    }

    /// Ends one payment, if nobody can pay it any more. Answers it as it is then.
    async fn expire_one(self: &Arc<Self>, stored: StoredPayment) -> StoredPayment {
        let terms = stored.payment.terms();
        let (order, id): (_, PaymentId) = (terms.order, terms.id);
        let ending = Box::pin(self.end_if_heard(order, id));
        match self.work.in_turn(ending).await {
            Ok(()) => {}
            Err(PayError::Unclear | PayError::Unavailable(_) | PayError::RefusedByGateway(_)) => {}
            Err(error) => tracing::warn!(payment_id = %id, %error, "a payment is not ended yet"),
        }
        match self.store.payment(id).await {
            Ok(Some(now)) => now,
            Ok(None) => stored,
            Err(error) => {
                tracing::warn!(payment_id = %id, %error, "it is not known where a payment stands");
                stored
            }
        }
    }

    /// Ends a payment whose time is over, unless the gateway that has to be asked is known to be in trouble.
    async fn end_if_heard(&self, order: OrderId, id: PaymentId) -> Result<(), PayError> {
        let seen = self.look(order).await?;
        let live = seen.settlement.live_attempt().map(Attempt::terms);
        let asked = live.filter(|attempt| attempt.payment == id);
        let gateway = asked.map(|attempt| attempt.source.gateway);
        let now = self.clock.now();
        if gateway.is_some_and(|gateway| !self.work.gates.is_worth_asking(gateway, now)) {
            return Ok(());
        }
        let resolved = self.end_overdue(order, id).await?;
        if let Some(gateway) = gateway {
            self.heard_of(gateway, &seen, &resolved);
        }
        Ok(())
    }
}
