//! One transaction about one order: load it, move it by a rule of the domain, store all that follows.

mod effects;
mod notes;
mod proved;
mod restore;
#[cfg(feature = "testing")]
mod testing;

use bayar_domain::fact::Fact;
use bayar_domain::gateway::CaptureId;
use bayar_domain::refund::RefundOrigin;
use bayar_domain::settlement::{Alert, ApplyError, Broken, Changes, Refused, Restored};
use bayar_domain::{Money, OrderId, Payment, RefundId, RefundStatus, Settlement, Step};
use chrono::{DateTime, Utc};

use crate::App;
use crate::failpoint;
use crate::port::CacheKey;
use crate::port::store::{
    Actor, Announcement, CallKey, CallOutcome, Counted, Credits, Loaded, NewCall, OrderUnit,
    Records, RefundClaim, RefundDay, Save, StoreError, StoredCall,
};
use crate::trouble::Trouble;
use effects::Consequences;
pub(crate) use restore::LostCheckout;

/// Why an order did not move.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    #[error("there is no such order")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A refund has to be written down, and there is no id for it yet.
    #[error("an id for a refund is needed")]
    NeedsRefundId,
    /// More would go back today than may. This is what is left.
    #[error("only {} {} are left for today", .0, .0.currency())]
    DailyLimit(Money),
    /// A call says something else than what is wanted by now. Nobody has sent it.
    #[error("the call says something else than what is wanted")]
    Outdated,
    /// Somebody else took the call over meanwhile, or finished it.
    #[error("the call is in other hands")]
    Stale,
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for SettleError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl SettleError {
    /// For callers whose rule cannot be refused.
    pub(crate) fn into_trouble(self) -> Trouble {
        match self {
            Self::Trouble(trouble) => trouble,
            Self::Stale => Trouble::InProgress,
            Self::NotFound
            | Self::Refused(_)
            | Self::NeedsRefundId
            | Self::DailyLimit(_)
            | Self::Outdated => Trouble::fault(self),
        }
    }
}

impl From<Broken> for SettleError {
    fn from(broken: Broken) -> Self {
        Self::Trouble(Trouble::fault(broken))
    }
}

impl From<ApplyError> for SettleError {
    fn from(error: ApplyError) -> Self {
        Self::Trouble(Trouble::fault(error))
    }
}

/// An order as it was at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The order with everything that settles it.
    pub settlement: Settlement,
    /// What gateways were asked about it, oldest first.
    pub calls: Vec<StoredCall>,
    /// What its refunds were asked for by.
    pub claims: Vec<RefundClaim>,
    /// The credits of its buyer, where they are what it sells.
    pub credits: Option<Credits>,
    /// That moment, by the clock of the store.
    pub now: DateTime<Utc>,
}

impl Seen {
    /// How many credits the buyer has, as far as it matters to the order.
    pub fn credit_balance(&self) -> i64 {
        self.credits.map_or(0, |credits| credits.account.balance())
    }
}

/// What a rule wants: steps, each beginning where the one before ended, and what goes with them.
#[derive(Debug, Default)]
pub(crate) struct Move {
    pub steps: Vec<Step>,
    pub calls: Vec<NewCall>,
    pub outcomes: Vec<CallOutcome>,
    /// What new refunds were asked for by.
    pub claims: Vec<RefundClaim>,
    /// What has to fit into a day.
    pub allowance: Option<Allowance>,
    /// What an operator is called for besides what the steps say.
    pub raised: Vec<Alert>,
    /// Why, for whoever asks later.
    pub note: Option<String>,
}

/// An amount that has to fit into somebody's day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Whose, and which one.
    pub day: RefundDay,
    /// How much goes back.
    pub amount: Money,
    /// How much may on one day.
    pub limit: Money,
}

impl From<Step> for Move {
    fn from(step: Step) -> Self {
        Self {
            steps: vec![step],
            ..Self::default()
        }
    }
}

impl App {
    /// Moves an order by `rule`, which may be asked more than once and never sees what another call writes meanwhile.
    /// Answers the calls that are written down now and that somebody has to make.
    ///
    /// A commit whose answer is lost is made again: the second time, the rule finds nothing to move.
    pub(crate) async fn settle(
        &self,
        order: OrderId,
        by: Actor,
        rule: impl Fn(&Seen) -> Result<Move, SettleError> + Send,
    ) -> Result<Vec<CallKey>, SettleError> {
        let mut spare = Vec::new();
        let mut sure = true;
        loop {
            match self.settle_once(order, by, &rule, &spare).await {
                Err(SettleError::Trouble(Trouble::Unavailable(StoreError::Unsure(_)))) if sure => {
                    sure = false;
                }
                // No second connection is taken while a transaction is open.
                Err(SettleError::NeedsRefundId) => {
                    spare.push(self.store.reserve_refund_id().await?);
                }
                settled => return settled,
            }
        }
    }

    /// Looks at an order as it is now.
    pub(crate) async fn look(&self, order: OrderId) -> Result<Seen, SettleError> {
        let Some((unit, loaded)) = self.store.begin(order).await? else {
            return Err(SettleError::NotFound);
        };
        unit.rollback().await;
        match restored(loaded)? {
            (seen, None) => Ok(seen),
            // Whoever moves it next stores it as it should be.
            (seen, Some(step)) => Ok(Seen {
                settlement: step.settlement,
                ..seen
            }),
        }
    }

    async fn settle_once(
        &self,
        order: OrderId,
        by: Actor,
        rule: &(impl Fn(&Seen) -> Result<Move, SettleError> + Send),
        spare: &[RefundId],
    ) -> Result<Vec<CallKey>, SettleError> {
        let Some((mut unit, loaded)) = self.store.begin(order).await? else {
            return Err(SettleError::NotFound);
        };
        let (mut seen, drifted) = restored(loaded)?;
        let mut work = Work::new(self, &mut *unit, spare, seen.credits);
        if let Some(step) = drifted {
            tracing::error!(%order, changes = ?step.changes, "an order had drifted from its facts");
            seen.settlement = work.take(step, &seen, Actor::System).await?;
        }
        let Move {
            steps,
            calls,
            outcomes,
            claims,
            allowance,
            raised,
            note,
        } = match rule(&seen) {
            Ok(wanted) => wanted,
            Err(refused) => {
                drop(work);
                unit.rollback().await;
                return Err(refused);
            }
        };
        if let Some(left) = work.exceeded(allowance).await? {
            drop(work);
            unit.rollback().await;
            return Err(SettleError::DailyLimit(left));
        }
        work.note = note;
        work.claims = claims;
        let written = calls.iter().map(|call| call.clone().written(seen.now));
        seen.calls.extend(written);
        for step in steps {
            seen.settlement = work.take(step, &seen, by).await?;
        }
        let proved = proved::calls(&seen, &outcomes);
        if !calls.is_empty() || !outcomes.is_empty() || !proved.is_empty() {
            work.note(&seen.settlement, &calls, &outcomes, &proved, by)
                .await?;
        }
        if !raised.is_empty() {
            work.call_for(&seen.settlement, raised, by).await?;
        }
        let Work {
            moved,
            refunds,
            planned,
            ..
        } = work;
        failpoint::hit("settle.before_commit")?;
        unit.commit().await?;
        failpoint::hit("settle.after_commit")?;
        for payment in &moved {
            let (status, method) = (payment.status(), payment.payment_method());
            metrics::counter!(
                "bayar_payment_moves_total",
                "to" => status.as_str(), "method" => method.as_str()
            )
            .increment(1);
        }
        for (to, origin) in refunds {
            metrics::counter!(
                "bayar_refund_moves_total",
                "to" => to.as_str(), "origin" => origin.as_str()
            )
            .increment(1);
        }
        self.forget_answers(&moved).await;
        Ok(planned)
    }

    /// Has the cache forget what it holds about payments that moved. It forgets by itself soon enough.
    async fn forget_answers(&self, payments: &[Payment]) {
        for payment in payments {
            let Ok(scopes) = self.store.keys_of(payment.terms().id).await else {
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

fn restored(loaded: Loaded) -> Result<(Seen, Option<Step>), Broken> {
    let Loaded {
        parts,
        calls,
        claims,
        credits,
        now,
    } = loaded;
    let order = parts.order.clone();
    let (settlement, drifted) = match Settlement::restore(parts)? {
        Restored::Sound(settlement) => (settlement, None),
        Restored::Drifted(step) => (Settlement::new(order), Some(step)),
    };
    let seen = Seen {
        settlement,
        calls,
        claims,
        credits,
        now,
    };
    Ok((seen, drifted))
}

/// What is written in one transaction, step by step.
struct Work<'a> {
    app: &'a App,
    unit: &'a mut dyn OrderUnit,
    spare: std::slice::Iter<'a, RefundId>,
    moved: Vec<Payment>,
    /// Where refunds went, and who wanted them.
    refunds: Vec<(RefundStatus, RefundOrigin)>,
    planned: Vec<CallKey>,
    credits: Option<Credits>,
    claims: Vec<RefundClaim>,
    note: Option<String>,
}

impl<'a> Work<'a> {
    fn new(
        app: &'a App,
        unit: &'a mut dyn OrderUnit,
        spare: &'a [RefundId],
        credits: Option<Credits>,
    ) -> Self {
        Self {
            app,
            unit,
            spare: spare.iter(),
            moved: Vec::new(),
            refunds: Vec::new(),
            planned: Vec::new(),
            credits,
            claims: Vec::new(),
            note: None,
        }
    }

    /// What is left of a day that an amount does not fit into.
    async fn exceeded(
        &mut self,
        allowance: Option<Allowance>,
    ) -> Result<Option<Money>, SettleError> {
        let Some(Allowance { day, amount, limit }) = allowance else {
            return Ok(None);
        };
        match self.unit.count_refund(&day, amount, limit).await? {
            Counted::Yes => Ok(None),
            Counted::No(left) => Ok(Some(left)),
        }
    }

    /// Writes calls and what became of calls.
    async fn note(
        &mut self,
        settlement: &Settlement,
        calls: &[NewCall],
        outcomes: &[CallOutcome],
        proved: &[CallKey],
        by: Actor,
    ) -> Result<(), SettleError> {
        self.planned
            .extend(calls.iter().map(|call| call.key.clone()));
        self.unit
            .save(&Save {
                settlement,
                changes: &Changes::default(),
                facts: &[],
                decisions: &[],
                papers: &[],
                calls,
                outcomes,
                proved,
                announcements: &[],
                records: Records::none(),
                by,
                note: None,
            })
            .await?;
        Ok(())
    }

    /// Writes that an operator is called.
    async fn call_for(
        &mut self,
        settlement: &Settlement,
        raised: Vec<Alert>,
        by: Actor,
    ) -> Result<(), SettleError> {
        effects::tell_raised(&raised);
        let records = Records {
            raised,
            ..Records::default()
        };
        self.unit
            .save(&Save {
                settlement,
                changes: &Changes::default(),
                facts: &[],
                decisions: &[],
                papers: &[],
                calls: &[],
                outcomes: &[],
                proved: &[],
                announcements: &[],
                records: &records,
                by,
                note: None,
            })
            .await?;
        Ok(())
    }

    /// Writes a step with all that follows from it. Answers the order as it is then.
    async fn take(
        &mut self,
        step: Step,
        seen: &Seen,
        by: Actor,
    ) -> Result<Settlement, SettleError> {
        let due_back = self.write(&step, seen, by).await?;
        let mut settlement = step.settlement;
        for capture in due_back {
            let id = *self.spare.next().ok_or(SettleError::NeedsRefundId)?;
            settlement = self.give_back(&settlement, seen, id, &capture).await?;
        }
        Ok(settlement)
    }

    /// Writes down that money goes back that the order cannot keep, and how.
    async fn give_back(
        &mut self,
        settlement: &Settlement,
        seen: &Seen,
        id: RefundId,
        capture: &CaptureId,
    ) -> Result<Settlement, SettleError> {
        let step = settlement.refund_surplus(id, capture)?;
        self.write(&step, seen, Actor::System).await?;
        let settlement = step.settlement;
        match self.app.refund_request(&settlement, seen, id) {
            Ok(call) => {
                let calls = call.as_slice();
                self.note(&settlement, calls, &[], &[], Actor::System)
                    .await?;
                Ok(settlement)
            }
            Err(unfit) => {
                tracing::warn!(refund_id = %id, %unfit, "the gateway cannot be asked to give it back");
                let step = settlement.refund_not_possible(id)?;
                self.write(&step, seen, Actor::System).await?;
                Ok(step.settlement)
            }
        }
    }

    /// Answers the money that has to go back after the step.
    async fn write(
        &mut self,
        step: &Step,
        seen: &Seen,
        by: Actor,
    ) -> Result<Vec<CaptureId>, SettleError> {
        let Consequences {
            papers,
            announcements,
            calls,
            mut records,
            due_back,
        } = self
            .app
            .consequences(self.unit, &mut self.credits, step, seen)
            .await?;
        let is_in = |claim: &RefundClaim| {
            let mut moved = step.changes.refunds.iter();
            moved.any(|refund| refund.terms().id == claim.refund)
        };
        self.refunds
            .extend(announcements.iter().filter_map(|told| match told {
                Announcement::Refund(id, status) => {
                    let refund = step.settlement.refund(*id)?;
                    Some((*status, refund.terms().origin))
                }
                Announcement::Order(_) | Announcement::Payment(..) => None,
            }));
        (records.claims, self.claims) = self.claims.drain(..).partition(is_in);
        self.planned
            .extend(calls.iter().map(|call| call.key.clone()));
        self.unit
            .save(&Save {
                settlement: &step.settlement,
                changes: &step.changes,
                facts: &step.facts,
                decisions: &step.decisions,
                papers: &papers,
                calls: &calls,
                outcomes: &[],
                proved: &[],
                announcements: &announcements,
                records: &records,
                by,
                note: self.note.as_deref(),
            })
            .await?;
        self.moved.extend(step.changes.payments.iter().cloned());
        Ok(due_back)
    }
}

/// Applies facts one by one where together they cannot be: a fact that is not about this order is put aside.
pub(crate) fn apply_what_fits(
    settlement: &Settlement,
    facts: Vec<Fact>,
) -> Result<Step, SettleError> {
    match settlement.apply(facts.clone()) {
        Ok(step) => return Ok(step),
        Err(ApplyError::Broken(broken)) => return Err(broken.into()),
        Err(
            ApplyError::UnknownAttempt(_)
            | ApplyError::OtherSource(_)
            | ApplyError::OtherAttempt(_),
        ) => {}
    }
    let fits = |fact: &Fact| match settlement.apply([fact.clone()]) {
        Ok(_) | Err(ApplyError::Broken(_)) => true,
        Err(error) => {
            tracing::error!(%error, kind = %fact.kind(), "a fact is not about this order: an operator has to look");
            metrics::counter!("bayar_facts_put_aside_total").increment(1);
            false
        }
    };
    let fitting: Vec<_> = facts.into_iter().filter(fits).collect();
    Ok(settlement.apply(fitting)?)
}
