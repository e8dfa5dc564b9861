//! One transaction about one order: load it, move it by a rule of the domain, store all that follows.

use bayar_domain::settlement::{Broken, Effect, Refused, Restored};
use bayar_domain::{OrderId, PaymentId, Settlement, Step};
use chrono::{DateTime, Utc};

use crate::App;
use crate::failpoint;
use crate::port::CacheKey;
use crate::port::store::{Actor, Announcement, OrderUnit, PaperSet, Save, StoreError};
use crate::trouble::Trouble;

/// Why an order did not move.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    #[error("there is no such order")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for SettleError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<Broken> for SettleError {
    fn from(broken: Broken) -> Self {
        Self::Trouble(Trouble::fault(broken))
    }
}

impl App {
    /// Moves an order by `rule`, which may be asked more than once and never sees what another call writes meanwhile.
    /// Answers the order as it is then.
    ///
    /// A commit whose answer is lost is made again: the second time, the rule finds nothing to move.
    pub(crate) async fn settle(
        &self,
        order: OrderId,
        by: Actor,
        rule: impl Fn(&Settlement, DateTime<Utc>) -> Result<Step, Refused> + Send,
    ) -> Result<Settlement, SettleError> {
        match self.settle_once(order, by, &rule).await {
            Err(SettleError::Trouble(Trouble::Unavailable(StoreError::Unsure(_)))) => {
                self.settle_once(order, by, &rule).await
            }
            settled => settled,
        }
    }

    async fn settle_once(
        &self,
        order: OrderId,
        by: Actor,
        rule: &(impl Fn(&Settlement, DateTime<Utc>) -> Result<Step, Refused> + Send),
    ) -> Result<Settlement, SettleError> {
        let Some((mut unit, loaded)) = self.store.begin(order).await? else {
            return Err(SettleError::NotFound);
        };
        let mut moved = Vec::new();
        let settlement = match Settlement::restore(loaded.parts)? {
            Restored::Sound(settlement) => settlement,
            Restored::Drifted(step) => {
                tracing::error!(%order, changes = ?step.changes, "an order had drifted from its facts");
                moved.extend(self.save(&mut *unit, &step, Actor::System).await?);
                step.settlement
            }
        };
        let step = match rule(&settlement, loaded.now) {
            Ok(step) => step,
            Err(refused) => {
                unit.rollback().await;
                return Err(refused.into());
            }
        };
        moved.extend(self.save(&mut *unit, &step, by).await?);
        failpoint::hit("settle.before_commit");
        unit.commit().await?;
        failpoint::hit("settle.after_commit");
        self.forget_answers(&moved).await;
        Ok(step.settlement)
    }

    /// Writes a step with its papers and announcements. Answers the payments that moved.
    async fn save(
        &self,
        unit: &mut dyn OrderUnit,
        step: &Step,
        by: Actor,
    ) -> Result<Vec<PaymentId>, SettleError> {
        let mut papers = Vec::new();
        let mut announcements = Vec::new();
        for effect in &step.effects {
            match effect {
                Effect::AnnounceOrder { status } => {
                    announcements.push(Announcement::Order(*status));
                }
                Effect::AnnouncePayment { payment, status } => {
                    announcements.push(Announcement::Payment(*payment, *status));
                }
                Effect::SettlePapers {
                    payment,
                    papers: state,
                } => {
                    let PaperSet { invoice, taxes } = unit.papers(*payment).await?;
                    let invoice = invoice.settle(*state).map_err(Trouble::fault)?.into_inner();
                    let taxes: Result<_, _> = taxes
                        .into_iter()
                        .map(|tax| Ok(tax.settle(*state).map_err(Trouble::fault)?.into_inner()))
                        .collect();
                    let taxes = taxes.map_err(|error: Trouble| error)?;
                    papers.push(PaperSet { invoice, taxes });
                }
                Effect::RaiseAlert(alert) => tracing::error!(?alert, "an operator has to look"),
                Effect::ClearAlert(alert) => tracing::info!(?alert, "an alert is over"),
                // Money moves through attempts, and there are none without a gateway.
                Effect::AnnounceRefund { .. }
                | Effect::FulfilOrder
                | Effect::HaltOrder
                | Effect::SetCredits { .. }
                | Effect::CloseAttempt { .. }
                | Effect::AnswerChallenge { .. }
                | Effect::RefundSurplus { .. }
                | Effect::RecordExternalRefund { .. }
                | Effect::ForgetExternalRefund { .. }
                | Effect::SetCreditNotes { .. } => {
                    let message = format!("no gateway is there to carry out {effect:?}");
                    return Err(Trouble::fault(message).into());
                }
            }
        }
        unit.save(&Save {
            settlement: &step.settlement,
            changes: &step.changes,
            facts: &step.facts,
            decisions: &step.decisions,
            calls: &[],
            outcomes: &[],
            papers: &papers,
            announcements: &announcements,
            by,
        })
        .await?;
        let payments = step.changes.payments.iter();
        Ok(payments.map(|payment| payment.terms().id).collect())
    }

    /// Has the cache forget what it holds about payments that moved. It forgets by itself soon enough.
    async fn forget_answers(&self, payments: &[PaymentId]) {
        for payment in payments {
            let Ok(scopes) = self.store.keys_of(*payment).await else {
                continue;
            };
            let keys: Vec<_> = scopes
                .iter()
                .map(|scope| CacheKey::new(&self.installation, scope))
                .collect();
            let _ = self.cache.forget(&keys).await;
        }
    }
}
