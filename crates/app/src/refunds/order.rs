//! Somebody asks for money to go back.

use std::sync::Arc;

use bayar_domain::gateway::Reason;
use bayar_domain::settlement::{RefundRequest, Refused};
use bayar_domain::{AmountError, Gateway, Money, PaymentId, RefundId};
use tracing::Instrument;

use super::{RefundError, Refunded};
use crate::accounts::Claimant;
use crate::failpoint;
use crate::identity::Scope;
use crate::payments::AmountText;
use crate::port::gateway::{Fault, FaultKind};
use crate::port::store::{
    IdempotencyKey, KeyOwner, RefundClaim, RefundDay, RefundKey, RequestHash, StoredPayment,
    StoredRefund,
};
use crate::settle::{Allowance, Move, Seen, SettleError};
use crate::{App, Caller, Trouble};

/// A wish for money to go back.
#[derive(Debug, Clone)]
pub struct RefundPayment {
    /// Who asks. It is confirmed on the way.
    pub by: Claimant,
    /// Of which payment.
    pub payment: PaymentId,
    /// How much; all that is left where nothing is said.
    pub amount: Option<AmountText>,
    /// Why, for people.
    pub reason: Reason,
    /// What the wish is named by, for ever.
    pub key: IdempotencyKey,
}

/// How often a wish is looked at again that came at the same time as another one under its key.
const ROUNDS: u32 = 3;

impl App {
    /// Gives money of a payment back, wholly or in part. The same wish under the same key is one refund,
    /// however often and however late it comes again.
    ///
    /// It goes on when whoever asked has gone away.
    ///
    /// # Errors
    /// When the wish cannot be fulfilled; before there is a refund nothing has changed, and no key is bound.
    /// After [`Trouble::Unavailable`] there may be one: the same wish again finds it.
    pub async fn refund(self: &Arc<Self>, wish: RefundPayment) -> Result<Refunded, RefundError> {
        let app = Arc::clone(self);
        let refunding = async move { app.refund_to_the_end(&wish).await };
        let refunded = self.runtime.spawn(refunding.in_current_span());
        let refunded = refunded.await.map_err(Trouble::fault)?;
        metrics::counter!("bayar_refund_requests_total", "outcome" => outcome(&refunded))
            .increment(1);
        refunded
    }

    async fn refund_to_the_end(&self, wish: &RefundPayment) -> Result<Refunded, RefundError> {
        let caller = self.confirm(&wish.by).await?;
        if !self.may_refund(&caller) {
            return Err(RefundError::Forbidden);
        }
        let stored = self.store.payment(wish.payment).await?;
        let stored = stored.ok_or(RefundError::NotFound)?;
        let user = stored.payment.terms().user;
        if !caller.may_see(user) {
            return Err(RefundError::Forbidden);
        }
        let owner = match caller.person() {
            Some(person) => KeyOwner::User(person),
            None => KeyOwner::ServiceFor(user),
        };
        let key = RefundKey {
            owner,
            key: wish.key.clone(),
        };
        let mut rounds = 0;
        loop {
            if let Some(known) = self.store.refund_of_key(&key).await? {
                return self.asked_before(wish, known).await;
            }
            rounds += 1;
            match self.order_refund(wish, &caller, &stored, &key).await {
                // Somebody else came under this key, to another order perhaps.
                Err(RefundError::Trouble(Trouble::InProgress)) if rounds < ROUNDS => {}
                ordered => return ordered,
            }
        }
    }

    fn may_refund(&self, caller: &Caller) -> bool {
        self.settings.refunds.roles.contains(&caller.role()) && caller.has_scope(Scope::Refunds)
    }

    /// The wish was made before: it is told where its refund stands now.
    async fn asked_before(
        &self,
        wish: &RefundPayment,
        known: StoredRefund,
    ) -> Result<Refunded, RefundError> {
        let asked = known.claim.as_ref().map(|claim| claim.request);
        if asked != Some(wish.hash()) {
            return Err(RefundError::KeyReused);
        }
        self.refund_told(known.refund.terms().id, true).await
    }

    async fn order_refund(
        &self,
        wish: &RefundPayment,
        caller: &Caller,
        stored: &StoredPayment,
        key: &RefundKey,
    ) -> Result<Refunded, RefundError> {
        let terms = stored.payment.terms();
        let order = terms.order;
        let amount = self.amount_of(wish, stored)?;
        if !self.gateways.has(stored.payment.payment_method()) {
            let fault = Fault::of(FaultKind::Authentication).with_code("gateway_not_set_up");
            return Err(RefundError::Unavailable(fault));
        }
        let by = caller.actor();
        let id = self.store.reserve_refund_id().await?;
        let request = wish.hash();
        let currency = terms.price.currency();
        let limit = self.settings.refunds.daily_limits.get(&currency).copied();
        let rule = |seen: &Seen| {
            if seen.claims.iter().any(|claim| claim.key == *key) {
                // The next look finds it.
                return Err(Trouble::InProgress.into());
            }
            let step = seen.settlement.request_refund(RefundRequest {
                id,
                payment: wish.payment,
                capture: None,
                amount,
                reason: wish.reason.clone(),
                credit_balance: seen.credit_balance(),
            })?;
            let day = limit.map(|_| RefundDay {
                actor: by,
                day: self.settings.refunds.day(seen.now),
                currency,
            });
            let refund = step.settlement.refund(id);
            let amount = refund.map_or(Money::zero(currency), |refund| refund.amount());
            let claim = RefundClaim {
                refund: id,
                key: key.clone(),
                request,
                day,
            };
            let allowance = day
                .zip(limit)
                .map(|(day, limit)| Allowance { day, amount, limit });
            self.with_refund_call(Move::from(step), seen, id)
                .map(|moved| Move {
                    claims: vec![claim],
                    allowance,
                    ..moved
                })
        };
        failpoint::hit("refund.before_intent")?;
        let planned = self.settle(order, by, rule).await?;
        failpoint::hit("refund.after_intent")?;
        tracing::info!(
            payment_id = %wish.payment, refund_id = %id, reason = %wish.reason, %by,
            "Payment: Refund requested"
        );
        // It is written down: what goes wrong from here on is mended by whoever resolves the order.
        if let Err(error) = self.work_off(order, planned).await {
            tracing::warn!(refund_id = %id, %error, "a refund is carried out later");
        }
        failpoint::hit("refund.before_answer")?;
        self.refund_told(id, false).await
    }

    /// Adds the call that carries a refund, or leaves it to an operator where no gateway can be asked for it.
    pub(super) fn with_refund_call(
        &self,
        mut moved: Move,
        seen: &Seen,
        id: RefundId,
    ) -> Result<Move, SettleError> {
        let Some(step) = moved.steps.last() else {
            return Ok(moved);
        };
        let settlement = step.settlement.clone();
        match self.refund_request(&settlement, seen, id) {
            Ok(call) => moved.calls.extend(call),
            Err(unfit) => {
                tracing::warn!(refund_id = %id, %unfit, "the gateway cannot be asked to give it back");
                moved.steps.push(settlement.refund_not_possible(id)?);
            }
        }
        Ok(moved)
    }

    /// What is asked for, exactly; nothing where all that is left is.
    fn amount_of(
        &self,
        wish: &RefundPayment,
        stored: &StoredPayment,
    ) -> Result<Option<Money>, RefundError> {
        let Some(text) = &wish.amount else {
            return Ok(None);
        };
        let currency = stored.payment.terms().price.currency();
        let amount = Money::parse(text.as_str(), currency).map_err(|error| match error {
            AmountError::TooManyDecimals { .. } => RefundError::TooManyDecimals(currency),
            _ => RefundError::InvalidAmount,
        })?;
        if !amount.is_positive() {
            return Err(RefundError::InvalidAmount);
        }
        let gateway: Gateway = stored.payment.payment_method();
        if gateway.takes(amount) {
            Ok(Some(amount))
        } else {
            Err(RefundError::WholeUnitsOnly(currency))
        }
    }
}

impl RefundPayment {
    /// Tells this wish from every other that could come with the same key.
    fn hash(&self) -> RequestHash {
        RequestHash::of(&[
            &self.payment.to_string(),
            self.amount.as_ref().map_or("", AmountText::canonical),
            self.reason.as_str(),
        ])
    }
}

impl From<SettleError> for RefundError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Refused(refused) => refused.into(),
            SettleError::DailyLimit(left) => Self::DailyLimit { left },
            SettleError::NotFound => Self::NotFound,
            other @ (SettleError::Stale
            | SettleError::NeedsRefundId
            | SettleError::Outdated
            | SettleError::Trouble(_)) => Self::Trouble(other.into_trouble()),
        }
    }
}

impl From<Refused> for RefundError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown(_) => Self::NotFound,
            Refused::NotRefundable(status) => Self::NotRefundable(status),
            Refused::RefundExceeds { available } => Self::Exceeds { available },
            Refused::InvalidAmount => Self::InvalidAmount,
            Refused::InsufficientCredits { needed, balance } => {
                Self::InsufficientCredits { needed, balance }
            }
            Refused::Refund(illegal) => Self::WrongState(illegal.from),
            Refused::NothingDue => Self::NothingDue,
            other @ (Refused::Taken(_)
            | Refused::NotPayable(_)
            | Refused::LivePayment(_)
            | Refused::LiveAttempt(_)
            | Refused::OtherOrder
            | Refused::OtherOwner
            | Refused::OtherPrice(_)
            | Refused::InvalidPrice(_)
            | Refused::InvalidPayment(_)
            | Refused::Order(_)
            | Refused::Payment(_)
            | Refused::SecondSession(_)
            | Refused::NotDue(_)
            | Refused::NotUnderReview
            | Refused::Broken(_)) => Self::Trouble(Trouble::fault(other)),
        }
    }
}

/// What came of it, in one word.
fn outcome(refunded: &Result<Refunded, RefundError>) -> &'static str {
    match refunded {
        Ok(refunded) if refunded.again => "replayed",
        Ok(refunded) => refunded.progress.as_str(),
        Err(RefundError::NeedsManualTransfer { .. }) => "manual",
        Err(RefundError::Failed { .. }) => "failed",
        Err(RefundError::Trouble(Trouble::InProgress)) => "in_progress",
        Err(RefundError::Trouble(_) | RefundError::Unavailable(_)) => "trouble",
        Err(_) => "refused",
    }
}
