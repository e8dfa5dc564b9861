use std::sync::Arc;

use bayar_domain::{
    Bill, BillRequest, Currency, Gateway, Money, Order, OrderStatus, PaymentId, PaymentStatus,
    UserId,
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use thiserror::Error;
use tracing::Instrument;

use super::AmountText;
use super::methods::{takes_currency, takes_fraction};
use crate::failpoint;
use crate::port::store::{
    BillIds, Claim, IdempotencyKey, KeyScope, LivePayment, Opened, Opening, OrderKey, RequestHash,
    Route, StoreError, StoredAnswer, Survey, Surveyed, SurveyedOrder,
};
use crate::port::{Away, CacheKey};
use crate::settle::SettleError;
use crate::{App, Caller, Limited, Trouble};

/// A wish for a payment.
pub struct CreatePayment {
    /// Who asks.
    pub caller: Caller,
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

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// How often the store is looked at before somebody else has clearly more luck.
const ROUNDS: u32 = 3;

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
        let created = tokio::spawn(creating.in_current_span());
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
        if !wish.caller.may_act_for(wish.user) {
            return Err(CreateError::Forbidden);
        }
        let scope = KeyScope {
            owner: wish.caller.key_owner(wish.user),
            route: Route::CreatePayment,
            key: wish.key.clone(),
        };
        let request = wish.hash();
        let cache_key = CacheKey::new(&self.installation, &scope);
        failpoint::hit("create.before_cache");
        if let Some(answer) = self.cached(&cache_key).await {
            tracing::info!(payment_id = %answer.payment, "Payment: Returning cached response");
            // The cache is emptied when the payment moves, so it stands where it began.
            return answered_before(answer, PaymentStatus::Pending, request);
        }
        failpoint::hit("create.before_lock");
        let lock = self.locks.take(self.lock_name(&wish)).await;
        let lock = lock.map_err(|_| Trouble::InProgress)?;
        failpoint::hit("create.locked");
        let created = self.create_locked(&wish, scope, request).await;
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
        failpoint::hit("create.before_answer");
        created
    }

    async fn create_locked(
        &self,
        wish: &CreatePayment,
        scope: KeyScope,
        request: RequestHash,
    ) -> Result<Created, CreateError> {
        let survey = Survey {
            scope,
            order: wish.order.clone(),
        };
        let mut opening = Opener {
            app: self,
            wish,
            request,
            ids: None,
            counted: false,
        };
        let mut created = Err(Trouble::InProgress.into());
        for round in 0..ROUNDS {
            failpoint::hit("create.before_survey");
            created = match self.store.survey(&survey).await {
                Ok(seen) => opening.round(round, &survey, seen).await,
                Err(error) => Err(error.into()),
            };
            match &created {
                // Something is not as it was seen, or nobody knows: look again.
                Err(CreateError::Trouble(Trouble::InProgress)) => {}
                Err(CreateError::Trouble(Trouble::Unavailable(StoreError::Unsure(_)))) => {}
                _ => break,
            }
        }
        if opening.counted && !matches!(created, Ok(Created::New { .. })) {
            self.limits.no_new_payment(survey.scope.owner).await;
        }
        created
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
fn answered_before(
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

/// Opens one payment in several rounds, always with the same ids: so it knows its own payment when it sees it.
struct Opener<'a> {
    app: &'a App,
    wish: &'a CreatePayment,
    request: RequestHash,
    ids: Option<BillIds>,
    counted: bool,
}

impl Opener<'_> {
    async fn round(
        &mut self,
        round: u32,
        survey: &Survey,
        seen: Surveyed,
    ) -> Result<Created, CreateError> {
        let Surveyed { answered, order } = seen;
        if let Some((answer, status)) = answered {
            let is_ours = |ids: &BillIds| ids.payment == answer.payment;
            return if self.ids.as_ref().is_some_and(is_ours) {
                // The commit whose answer was lost.
                Ok(self.is_new(answer.payment, answer.body))
            } else {
                answered_before(answer, status, self.request)
            };
        }
        let SurveyedOrder { order, live } = order.ok_or(CreateError::NotFound)?;
        let owner = order.terms().owner;
        if owner != self.wish.user || !self.wish.caller.may_act_for(owner) {
            return Err(CreateError::Forbidden);
        }
        match live {
            Some(live) if live.overdue => {
                self.expire(&order, &live).await?;
                return Err(Trouble::InProgress.into());
            }
            Some(LivePayment {
                id,
                status,
                deadline,
                ..
            }) => {
                return Ok(Created::Existing {
                    payment: id,
                    status,
                    deadline,
                });
            }
            None => {}
        }
        self.check(&order)?;
        if round > 0 {
            // An old key may be in the way that counts no more.
            self.app.store.forget_key(&survey.scope).await?;
        }
        self.count(survey).await?;
        self.open(order, survey.scope.clone()).await
    }

    /// Whether the order may be paid like that.
    fn check(&self, order: &Order) -> Result<(), CreateError> {
        let (wish, app) = (self.wish, self.app);
        if order.status() != OrderStatus::Pending {
            return Err(CreateError::NotPayable(order.status()));
        }
        let price = order.terms().price;
        let currency = price.currency();
        if wish.currency.is_some_and(|asked| asked != currency) {
            return Err(CreateError::OtherCurrency(currency));
        }
        let amount = Money::parse(wish.amount.as_str(), currency);
        let amount = amount.map_err(|error| match error {
            bayar_domain::AmountError::TooManyDecimals { .. } => {
                CreateError::TooManyDecimals(currency)
            }
            _ => CreateError::OtherPrice(price),
        })?;
        let limits = app.settings.amounts.of(currency);
        let (least, most) = limits.ok_or(CreateError::CurrencyNotTaken(currency))?;
        if amount.minor() < least.minor() {
            return Err(CreateError::BelowLimit(least));
        }
        if amount.minor() > most.minor() {
            return Err(CreateError::AboveLimit(most));
        }
        if amount != price {
            return Err(CreateError::OtherPrice(price));
        }
        let method = wish.payment_method;
        if !app.settings.gateways.contains(&method) {
            Err(CreateError::MethodNotAvailable(method))
        } else if !takes_currency(method, currency) {
            Err(CreateError::CurrencyNotTaken(currency))
        } else if !takes_fraction(method, price) {
            Err(CreateError::WholeUnitsOnly(currency))
        } else {
            Ok(())
        }
    }

    /// Counts the payment as a new one, once.
    async fn count(&mut self, survey: &Survey) -> Result<(), CreateError> {
        if !self.counted {
            let limited = self.app.limits.new_payment(survey.scope.owner).await;
            if let Some(limited) = limited.filter(|limited| !limited.spent.allowed) {
                return Err(CreateError::TooMany(limited));
            }
            self.counted = true;
        }
        Ok(())
    }

    async fn open(&mut self, order: Order, scope: KeyScope) -> Result<Created, CreateError> {
        let app = self.app;
        // The store keeps microseconds: what is answered now is what is read later.
        let now = app.clock.now().trunc_subsecs(6);
        let ttl = TimeDelta::from_std(app.settings.payment_ttl).unwrap_or(TimeDelta::MAX);
        let taxes = &app.settings.taxes;
        let tax_day = app.settings.tax_day(now);
        let ids = match self.ids.take() {
            Some(ids) => ids,
            None => {
                let currency = order.terms().price.currency();
                let count = taxes.rules_on(currency, tax_day).count();
                app.store.reserve_bill_ids(count).await?
            }
        };
        let ids = self.ids.insert(ids);
        let request = BillRequest {
            payment: ids.payment,
            invoice: ids.invoice,
            taxes: ids.taxes.clone(),
            payment_method: self.wish.payment_method,
            now,
            deadline: now
                .checked_add_signed(ttl)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
            tax_day,
        };
        let bill = Bill::write(&order, taxes, request).map_err(Trouble::fault)?;
        let draft = Draft {
            order: &order,
            bill: &bill,
        };
        let body = (self.wish.render)(&draft);
        let payment = ids.payment;
        let opening = Opening {
            order,
            bill,
            claim: Claim {
                scope,
                answer: StoredAnswer {
                    request: self.request,
                    payment,
                    body,
                },
                kept_for: app.settings.key_ttl,
            },
            by: self.wish.caller.actor(),
        };
        failpoint::hit("create.before_open");
        let opened = app.store.open_payment(&opening).await?;
        failpoint::hit("create.after_open");
        match opened {
            Opened::Yes => Ok(self.is_new(payment, opening.claim.answer.body)),
            Opened::No => Err(Trouble::InProgress.into()),
        }
    }

    fn is_new(&self, payment: PaymentId, body: Vec<u8>) -> Created {
        let CreatePayment {
            user,
            amount,
            payment_method,
            ..
        } = self.wish;
        tracing::info!(
            payment_id = %payment,
            user_id = %user,
            amount = amount.as_str(),
            method = %payment_method,
            "Payment: New payment created"
        );
        metrics::counter!("bayar_payments_created_total", "method" => payment_method.as_str())
            .increment(1);
        Created::New { payment, body }
    }

    /// Ends a payment whose time is over, so that it does not block its order.
    async fn expire(&self, order: &Order, live: &LivePayment) -> Result<(), CreateError> {
        match self.app.expire(order.terms().id, live.id).await {
            // Refused: it moved meanwhile. The next look tells.
            Ok(()) | Err(SettleError::Refused(_) | SettleError::NotFound) => Ok(()),
            Err(SettleError::Trouble(trouble)) => Err(trouble.into()),
        }
    }
}
