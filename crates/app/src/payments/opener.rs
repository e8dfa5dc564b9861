//! The part of creating a payment that happens under the lock: look, judge, write, in rounds.

use bayar_domain::amount_limits::NotTaken;
use bayar_domain::{Bill, BillRequest, Money, Order, OrderStatus, PaymentId};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::create::{CreateError, CreatePayment, Created, Draft, answered_before};
use crate::port::store::{
    BillIds, Claim, LivePayment, Opened, Opening, RequestHash, StoreError, StoredAnswer, Survey,
    Surveyed, SurveyedOrder,
};
use crate::{App, PayError, Trouble, failpoint};

/// How often the store is looked at before somebody else has clearly more luck.
const ROUNDS: u32 = 3;

/// Opens one payment in several rounds, always with the same ids: so it knows its own payment when it sees it.
pub(super) struct Opener<'a> {
    app: &'a App,
    wish: &'a CreatePayment,
    survey: Survey,
    request: RequestHash,
    now: DateTime<Utc>,
    ids: Option<BillIds>,
    counted: bool,
    unsure: bool,
}

impl<'a> Opener<'a> {
    pub(super) fn new(
        app: &'a App,
        wish: &'a CreatePayment,
        survey: Survey,
        request: RequestHash,
    ) -> Self {
        Self {
            app,
            wish,
            survey,
            request,
            // One moment for all rounds, and so one day of tax rules. The store keeps microseconds:
            // what is answered now is what is read later.
            now: app.clock.now().trunc_subsecs(6),
            ids: None,
            counted: false,
            unsure: false,
        }
    }

    /// Opens the payment, or finds the one there is.
    pub(super) async fn open(mut self) -> Result<Created, CreateError> {
        let mut created = Err(Trouble::InProgress.into());
        // The last look writes nothing: it finds what the last write did.
        for round in 0..=ROUNDS {
            failpoint::hit("create.before_survey")?;
            created = match self.app.store.survey(&self.survey).await {
                Ok(seen) => self.round(round, seen).await,
                Err(error) => Err(error.into()),
            };
            match &created {
                // Something is not as it was seen, or nobody knows: look again.
                Err(CreateError::Trouble(Trouble::InProgress)) => {}
                Err(CreateError::Trouble(Trouble::Unavailable(StoreError::Unsure(_)))) => {
                    self.unsure = true;
                }
                _ => break,
            }
        }
        if self.counted && !self.unsure && !matches!(created, Ok(Created::New { .. })) {
            self.app.limits.no_new_payment(self.wish.user).await;
        }
        created
    }

    async fn round(&mut self, round: u32, seen: Surveyed) -> Result<Created, CreateError> {
        let Surveyed {
            person,
            answered,
            order,
        } = seen;
        self.app.check_payer(self.wish, person)?;
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
        if order.terms().owner != self.wish.user {
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
        if round == ROUNDS {
            return Err(Trouble::InProgress.into());
        }
        if round > 0 {
            // An old key may be in the way that counts no more.
            self.app.store.forget_key(&self.survey.scope).await?;
        }
        self.count().await?;
        self.write(order).await
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
        let taken = app.settings.amounts.check(amount);
        taken.map_err(|refused| match refused {
            NotTaken::Currency(currency) => CreateError::CurrencyNotTaken(currency),
            NotTaken::BelowLeast(least) => CreateError::BelowLimit(least),
            NotTaken::AboveMost(most) => CreateError::AboveLimit(most),
        })?;
        if amount != price {
            return Err(CreateError::OtherPrice(price));
        }
        let method = wish.payment_method;
        if !app.gateways.has(method) {
            Err(CreateError::MethodNotAvailable(method))
        } else if !method.takes_currency(currency) {
            Err(CreateError::CurrencyNotTaken(currency))
        } else if !method.takes(price) {
            Err(CreateError::WholeUnitsOnly(currency))
        } else {
            Ok(())
        }
    }

    /// Counts the payment as a new one, once.
    async fn count(&mut self) -> Result<(), CreateError> {
        if !self.counted {
            let limited = self.app.limits.new_payment(self.wish.user).await;
            if let Some(limited) = limited.filter(|limited| !limited.spent.allowed) {
                return Err(CreateError::TooMany(limited));
            }
            self.counted = true;
        }
        Ok(())
    }

    /// Writes the bill and the answer, and has the store check again and keep them.
    async fn write(&mut self, order: Order) -> Result<Created, CreateError> {
        let app = self.app;
        let now = self.now;
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
                scope: self.survey.scope.clone(),
                answer: StoredAnswer {
                    request: self.request,
                    payment,
                    body,
                },
                kept_for: app.settings.key_ttl,
            },
            by: self.wish.by.caller().actor(),
        };
        failpoint::hit("create.before_open")?;
        let opened = app.store.open_payment(&opening).await?;
        failpoint::hit("create.after_open")?;
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
        match self.app.end_overdue(order.terms().id, live.id).await {
            // It ended or it moved. The next look tells.
            Ok(_) | Err(PayError::NotFound) => Ok(()),
            Err(PayError::Trouble(trouble)) => Err(trouble.into()),
            Err(error) => Err(Trouble::fault(error).into()),
        }
    }
}
