use std::sync::Arc;

use bayar_domain::{
    Bill, Currency, Gateway, Money, Order, OrderStatus, PaymentId, PaymentStatus, UserId,
};
use chrono::{DateTime, Utc};
use thiserror::Error;
use tracing::Instrument;

use super::AmountText;
use super::opener::Opener;
use crate::failpoint;
use crate::port::store::{
    IdempotencyKey, KeyScope, OrderKey, RequestHash, Route, Standing, StoreError, StoredAnswer,
    Survey,
};
use crate::port::{Away, CacheKey};
use crate::{App, AuthenticationError, Claimant, Limited, Trouble};

/// A wish for a payment.
pub struct CreatePayment {
    /// Who asks. It is confirmed on the way.
    pub by: Claimant,
    /// Who pays.
    pub user: UserId,
    /// For what.
    pub order: OrderKey,
    /// How much the buyer was shown.
    pub amount: AmountText,
    /// In which currency, where the caller says so.
    pub currency: Option<Currency>,
    /// Through which gateway.
    pub payment_method: Gateway,
    /// What the wish is named by.
    pub key: IdempotencyKey,
    /// Writes the answer to a payment that is about to be opened. It is stored with the payment, byte for byte.
    pub render: Arc<Render>,
}

/// Writes the answer to a payment that is about to be opened.
pub type Render = dyn Fn(&Draft<'_>) -> Vec<u8> + Send + Sync;

/// A payment that is about to be opened.
pub struct Draft<'a> {
    /// Its order.
    pub order: &'a Order,
    /// The payment with its papers.
    pub bill: &'a Bill,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// There is a payment now.
    New {
        /// The payment.
        payment: PaymentId,
        /// The answer.
        body: Vec<u8>,
    },
    /// The same wish was answered before.
    Again {
        /// The payment it made.
        payment: PaymentId,
        /// Where that stands.
        status: PaymentStatus,
        /// The answer it got.
        body: Vec<u8>,
    },
    /// Another wish made a payment of the order.
    Existing {
        /// The payment.
        payment: PaymentId,
        /// Where it stands.
        status: PaymentStatus,
        /// Until when it may be paid.
        deadline: DateTime<Utc>,
    },
}

/// Why there is no payment.
#[derive(Debug, Error)]
pub enum CreateError {
    /// Nothing proves any more who is asking.
    #[error("nothing proves who is asking")]
    Unproved,
    /// The key was used for something else.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// There is no such order.
    #[error("there is no such order")]
    NotFound,
    /// It is somebody else's order.
    #[error("the order is somebody else's")]
    Forbidden,
    /// The order takes no payment.
    #[error("an order that is {0} takes no payment")]
    NotPayable(OrderStatus),
    /// The order is in another currency.
    #[error("the order is in {0}")]
    OtherCurrency(Currency),
    /// The amount has more decimals than the currency.
    #[error("an amount in {} has at most {} decimals", .0, .0.exponent())]
    TooManyDecimals(Currency),
    /// The amount is not the order's price.
    #[error("the order costs {} {}", .0, .0.currency())]
    OtherPrice(Money),
    /// The amount is too small: this is the least.
    #[error("an amount is at least {} {}", .0, .0.currency())]
    BelowLimit(Money),
    /// The amount is too large: this is the most.
    #[error("an amount is at most {} {}", .0, .0.currency())]
    AboveLimit(Money),
    /// The gateway is not set up.
    #[error("{0} is not set up")]
    MethodNotAvailable(Gateway),
    /// The gateway, or this installation, does not take the currency.
    #[error("no payment in {0} is taken that way")]
    CurrencyNotTaken(Currency),
    /// The gateway takes whole units of the currency only.
    #[error("only whole {0} are taken that way")]
    WholeUnitsOnly(Currency),
    /// Too many new payments.
    #[error("too many new payments")]
    TooMany(Limited),
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<AuthenticationError> for CreateError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Unproved => Self::Unproved,
            AuthenticationError::Trouble(trouble) => Self::Trouble(trouble),
        }
    }
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl App {
    /// Opens a payment, or finds the one there is.
    ///
    /// It goes on when whoever asked has gone away: it ends with a payment or without one, never half-way.
    ///
    /// # Errors
    /// When the wish cannot be fulfilled; then nothing has changed, and no key is bound.
    /// After [`Trouble::Unavailable`] there may be a payment: the same wish again finds it.
    pub async fn create_payment(
        self: &Arc<Self>,
        wish: CreatePayment,
    ) -> Result<Created, CreateError> {
        let app = Arc::clone(self);
        let creating = async move { app.create_to_the_end(wish).await };
        let created = self.runtime.spawn(creating.in_current_span());
        let created = created.await.map_err(Trouble::fault)?;
        let outcome = match &created {
            Ok(Created::New { .. }) => "created",
            Ok(Created::Again { .. }) => "replayed",
            Ok(Created::Existing { .. }) => "duplicate",
            Err(CreateError::Trouble(Trouble::InProgress)) => "in_progress",
            Err(CreateError::Trouble(_)) => "trouble",
            Err(_) => "refused",
        };
        metrics::counter!("bayar_payment_requests_total", "outcome" => outcome).increment(1);
        created
    }

    async fn create_to_the_end(&self, wish: CreatePayment) -> Result<Created, CreateError> {
        tracing::info!(
            user_id = %wish.user,
            order = %wish.order,
            amount = wish.amount.as_str(),
            payment_method = %wish.payment_method,
            "Payment: Processing payment"
        );
        // Before any key is looked at: the answer to it is for whoever pays, and for nobody who names them.
        let caller = wish.by.caller();
        if !caller.may_act_for(wish.user) {
            self.confirm_payer(&wish).await?;
        }
        let scope = KeyScope {
            owner: caller.key_owner(wish.user),
            route: Route::CreatePayment,
            key: wish.key.clone(),
        };
        let request = wish.hash();
        let cache_key = CacheKey::new(&self.installation, &scope);
        failpoint::hit("create.before_cache")?;
        let survey = Survey {
            person: wish.by.account(),
            scope,
            order: wish.order.clone(),
        };
        if let Some(answer) = self.cached(&cache_key).await {
            // What was answered never changes, but the payment moves, and a cache may lag behind.
            let seen = self.store.survey(&survey).await?;
            self.check_payer(&wish, seen.person)?;
            match seen.answered {
                Some((stored, status)) if stored.payment == answer.payment => {
                    let payment = answer.payment;
                    tracing::info!(payment_id = %payment, "Payment: Returning cached response");
                    return answered_before(answer, status, request);
                }
                // The store has the last word, and is asked for it again under the lock.
                Some(_) | None => {}
            }
        }
        failpoint::hit("create.before_lock")?;
        let Ok(lock) = self.locks.take(self.lock_name(&wish)).await else {
            self.confirm_payer(&wish).await?;
            return Err(Trouble::InProgress.into());
        };
        failpoint::hit("create.locked")?;
        let created = Opener::new(self, &wish, survey, request).open().await;
        // What is remembered and what is freed does not depend on each other.
        let remember = async {
            if let Ok(Created::New { payment, body }) = &created {
                let (payment, body) = (*payment, body.clone());
                let answer = StoredAnswer {
                    request,
                    payment,
                    body,
                };
                self.remember(&cache_key, &answer).await;
            }
        };
        futures_util::future::join(remember, self.locks.release(lock)).await;
        failpoint::hit("create.before_answer")?;
        created
    }

    /// Whether who asks is who they say, and may pay for whom they name.
    pub(super) fn check_payer(
        &self,
        wish: &CreatePayment,
        account: Option<Standing>,
    ) -> Result<(), CreateError> {
        match self.confirmed(&wish.by, account) {
            Some(caller) if caller.may_act_for(wish.user) => Ok(()),
            Some(_) => Err(CreateError::Forbidden),
            None => Err(CreateError::Unproved),
        }
    }

    /// The same where no look into the store does it on the way.
    async fn confirm_payer(&self, wish: &CreatePayment) -> Result<(), CreateError> {
        if self.confirm(&wish.by).await?.may_act_for(wish.user) {
            Ok(())
        } else {
            Err(CreateError::Forbidden)
        }
    }

    /// Names the lock. Who names an order by its number and who names it by its consultation do not meet here;
    /// they meet in the store.
    fn lock_name(&self, wish: &CreatePayment) -> String {
        let (installation, order, user) = (&self.installation, &wish.order, wish.user);
        format!("payment:lock:{installation}:{order}:{user}")
    }

    async fn cached(&self, key: &CacheKey) -> Option<StoredAnswer> {
        let found = self.cache.get(key).await;
        let outcome = match &found {
            Ok(Some(_)) => "hit",
            Ok(None) => "miss",
            Err(Away(_)) => "away",
        };
        metrics::counter!("bayar_cache_lookups_total", "outcome" => outcome).increment(1);
        found.ok().flatten()
    }

    async fn remember(&self, key: &CacheKey, answer: &StoredAnswer) {
        let ttl = self.settings.cache_ttl;
        if !ttl.is_zero() && self.cache.put(key, answer, ttl).await.is_ok() {
            tracing::debug!(payment_id = %answer.payment, ttl = ttl.as_secs(), "Payment result cached");
        }
    }
}

impl CreatePayment {
    /// Tells this wish from every other that could come with the same key.
    fn hash(&self) -> RequestHash {
        RequestHash::of(&[
            &self.order.to_string(),
            self.amount.canonical(),
            self.currency.map_or("", Currency::code),
            self.payment_method.as_str(),
        ])
    }
}

/// What is to be answered to a key that is bound.
pub(super) fn answered_before(
    answer: StoredAnswer,
    status: PaymentStatus,
    request: RequestHash,
) -> Result<Created, CreateError> {
    if answer.request == request {
        Ok(Created::Again {
            payment: answer.payment,
            status,
            body: answer.body,
        })
    } else {
        Err(CreateError::KeyReused)
    }
}
