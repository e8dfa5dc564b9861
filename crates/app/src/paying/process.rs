//! Opens a checkout, or finds the one that is open.

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::attempt::{AttemptState, AttemptTerms};
use bayar_domain::gateway::Session;
use bayar_domain::payment::PaymentState;
use bayar_domain::settlement::Refused;
use bayar_domain::{Attempt, AttemptId, Gateway, OrderId, Payment, PaymentId, PaymentStatus};
use chrono::{DateTime, TimeDelta, Utc};
use tracing::Instrument;

use super::PayError;
use super::drive::Driven;
use super::file::last_call;
use super::lines::lines;
use super::refresh::SPACING;
use super::rows;
use crate::failpoint;
use crate::port::gateway::{CallError, Checkout, Fault};
use crate::port::store::{Actor, CallKey, CallPurpose, NewCall, OrderKey};
use crate::settle::{Move, Seen, SettleError};
use crate::{App, Caller, Trouble};

/// A wish to pay.
#[derive(Debug, Clone)]
pub struct StartCheckout {
    /// Which payment.
    pub payment: PaymentId,
    /// Through which gateway; the one chosen last where nothing is said.
    pub gateway: Option<Gateway>,
    /// Who asks.
    pub access: Access,
}

/// What lets somebody go on paying.
#[derive(Debug, Clone)]
pub enum Access {
    /// It is proved who they are.
    Caller(Caller),
    /// They hold the ticket of the payment.
    Ticket,
}

/// Where a buyer can pay.
#[derive(Debug, Clone)]
pub enum CheckoutDoor {
    /// Here.
    Open {
        /// The attempt.
        attempt: AttemptId,
        /// The gateway.
        gateway: Gateway,
        /// The checkout.
        session: Session,
    },
    /// It is not known yet.
    Unknown {
        /// The attempt of which nobody knows yet.
        attempt: AttemptId,
    },
}

/// How long somebody waits for a checkout that somebody else is opening.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often an order is looked at that moves under our eyes.
const ROUNDS: u32 = 8;

impl App {
    /// Opens a checkout for a payment, or finds the one that is open.
    ///
    /// It goes on when whoever asked has gone away.
    ///
    /// # Errors
    /// When the payment takes no money any more, or the gateway cannot be asked or refuses; then nothing is open.
    pub async fn start_checkout(
        self: &Arc<Self>,
        wish: StartCheckout,
    ) -> Result<CheckoutDoor, PayError> {
        let app = Arc::clone(self);
        let starting = async move { app.start_to_the_end(&wish).await };
        let started = tokio::spawn(starting.in_current_span()).await;
        let started = started.map_err(Trouble::fault)?;
        let outcome = match &started {
            Ok(CheckoutDoor::Open { .. }) => "open",
            Ok(CheckoutDoor::Unknown { .. }) => "unknown",
            Err(PayError::BeingChecked) => "being_checked",
            Err(PayError::Trouble(_)) => "trouble",
            Err(PayError::Unavailable(_)) => "unavailable",
            Err(_) => "refused",
        };
        metrics::counter!("bayar_checkouts_total", "outcome" => outcome).increment(1);
        started
    }

    async fn start_to_the_end(&self, wish: &StartCheckout) -> Result<CheckoutDoor, PayError> {
        let stored = self.store.payment(wish.payment).await?;
        let stored = stored.ok_or(PayError::NotFound)?;
        let terms = stored.payment.terms();
        let by = match &wish.access {
            Access::Caller(caller) if !caller.may_act_for(terms.user) => {
                return Err(PayError::Forbidden);
            }
            Access::Caller(caller) => caller.actor(),
            Access::Ticket => Actor::User(terms.user),
        };
        let starter = Starter {
            app: self,
            order: terms.order,
            payment: wish.payment,
            wanted: wish.gateway,
            by,
            waited: Duration::ZERO,
            has_looked: false,
        };
        let door = starter.start().await;
        failpoint::hit("checkout.before_answer")?;
        door
    }
}

/// What one look leads to.
enum Next {
    Answer(CheckoutDoor),
    LookAgain,
    /// Somebody else is at it.
    Wait(AttemptId),
}

struct Starter<'a> {
    app: &'a App,
    order: OrderId,
    payment: PaymentId,
    wanted: Option<Gateway>,
    by: Actor,
    waited: Duration,
    /// What was open when somebody came is looked at once. What is opened for them is not.
    has_looked: bool,
}

impl Starter<'_> {
    async fn start(mut self) -> Result<CheckoutDoor, PayError> {
        let mut rounds = 0;
        loop {
            let seen = self.app.look(self.order).await?;
            let next = self.round(&seen).await?;
            self.has_looked = true;
            match next {
                Next::Answer(door) => return Ok(door),
                Next::LookAgain if rounds < ROUNDS => rounds += 1,
                Next::LookAgain => return Err(Trouble::InProgress.into()),
                Next::Wait(_) if self.waited < PATIENCE => {
                    tokio::time::sleep(LOOK_EVERY).await;
                    self.waited += LOOK_EVERY;
                }
                Next::Wait(attempt) => return Ok(CheckoutDoor::Unknown { attempt }),
            }
        }
    }

    async fn round(&self, seen: &Seen) -> Result<Next, PayError> {
        let payment = seen.settlement.payment(self.payment);
        let payment = payment.ok_or(PayError::NotFound)?;
        match payment.status() {
            PaymentStatus::Pending | PaymentStatus::Processing => {}
            status @ (PaymentStatus::UnderReview
            | PaymentStatus::Completed
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded
            | PaymentStatus::Failed
            | PaymentStatus::Cancelled
            | PaymentStatus::Expired) => return Err(PayError::WrongState(status)),
        }
        if payment.terms().deadline <= seen.now {
            return self.end_overdue().await;
        }
        match seen.settlement.live_attempt() {
            None => self.begin(seen, payment).await,
            Some(attempt) => self.go_on(seen, attempt).await,
        }
    }

    /// Its time is over, and nobody begins to pay any more. Somebody may have paid at the last moment.
    async fn end_overdue(&self) -> Result<Next, PayError> {
        self.app.end_overdue(self.order, self.payment).await?;
        let seen = self.app.look(self.order).await?;
        let payment = seen.settlement.payment(self.payment);
        match payment.ok_or(PayError::NotFound)?.state() {
            PaymentState::Processing { attempt } => self.not_known_yet(*attempt),
            PaymentState::Pending => Ok(Next::LookAgain),
            ended => Err(PayError::WrongState(ended.status())),
        }
    }

    /// There is a live attempt already.
    async fn go_on(&self, seen: &Seen, attempt: &Attempt) -> Result<Next, PayError> {
        let id = attempt.terms().id;
        let gateway = attempt.terms().source.gateway;
        let is_wanted = attempt.terms().payment == self.payment
            && self.wanted.is_none_or(|wanted| wanted == gateway);
        match attempt.state() {
            AttemptState::Open { session } if is_wanted && session.expires_at > seen.now => {
                if self.has_moved(seen, attempt).await? {
                    return Ok(Next::LookAgain);
                }
                Ok(Next::Answer(CheckoutDoor::Open {
                    attempt: id,
                    gateway,
                    session: session.clone(),
                }))
            }
            // Its time is over: the gateway has to say so.
            AttemptState::Open { .. } if is_wanted => self.find_out(id).await,
            AttemptState::Open { .. } => {
                self.may_change_to(seen)?;
                if self.has_moved(seen, attempt).await? {
                    return Ok(Next::LookAgain);
                }
                let close = |seen: &Seen| Ok(seen.settlement.close_attempt(id)?.into());
                let planned = self.app.settle(self.order, self.by, close).await?;
                self.make(planned, id).await
            }
            AttemptState::Creating | AttemptState::Unknown { .. } => {
                match last_call(&seen.calls, CallPurpose::Open(id)) {
                    Some(call) if !call.status.is_over() => {
                        self.make(vec![call.call.key.clone()], id).await
                    }
                    Some(_) | None => self.find_out(id).await,
                }
            }
            AttemptState::Closing { .. } => match last_call(&seen.calls, CallPurpose::Close(id)) {
                Some(call) if !call.status.is_over() => {
                    self.make(vec![call.call.key.clone()], id).await
                }
                Some(_) | None => self.find_out(id).await,
            },
            AttemptState::Paid { .. }
            | AttemptState::Failed { .. }
            | AttemptState::Expired { .. }
            | AttemptState::Closed { .. } => Ok(Next::LookAgain),
        }
    }

    /// Makes calls about an attempt, and tells what to do then.
    async fn make(&self, calls: Vec<CallKey>, attempt: AttemptId) -> Result<Next, PayError> {
        if calls.is_empty() {
            return Ok(Next::LookAgain);
        }
        let made = self.app.work_off(self.order, calls).await?;
        match made.into_iter().next().map(|(_, driven)| driven) {
            Some(Driven::Done | Driven::Spared) => self.settled(attempt).await,
            None | Some(Driven::Elsewhere) => Ok(Next::Wait(attempt)),
            Some(Driven::NotSent(fault)) => Err(PayError::Unavailable(fault)),
            Some(Driven::Refused(fault)) => self.refused(attempt, fault).await,
            Some(Driven::Unclear(_)) => self.not_known_yet(attempt),
        }
    }

    /// Looks at a checkout that is open, before anybody is sent there or it is closed.
    async fn has_moved(&self, seen: &Seen, attempt: &Attempt) -> Result<bool, PayError> {
        if !self.has_looked && self.app.glance(seen, attempt, self.by).await? {
            return Ok(true);
        }
        if self.app.is_with_the_bank(attempt.terms().id) {
            return Err(PayError::BeingChecked);
        }
        Ok(false)
    }

    /// What is told about a checkout that can neither be paid nor is over, as far as is known.
    fn not_known_yet(&self, attempt: AttemptId) -> Result<Next, PayError> {
        if self.app.is_with_the_bank(attempt) {
            return Err(PayError::BeingChecked);
        }
        Ok(Next::Answer(CheckoutDoor::Unknown { attempt }))
    }

    /// A checkout that had to go and could not be closed may have been paid, or has to be waited for.
    async fn refused(&self, attempt: AttemptId, fault: Fault) -> Result<Next, PayError> {
        let seen = self.app.look(self.order).await?;
        match seen.settlement.attempt(attempt) {
            Some(known) if known.status().is_live() => self.not_known_yet(attempt),
            Some(known) if known.state().session().is_some() => Ok(Next::LookAgain),
            Some(_) | None => Err(PayError::RefusedByGateway(fault)),
        }
    }

    /// The gateway did what it was asked for; where it does not show yet, nobody waits here.
    async fn settled(&self, attempt: AttemptId) -> Result<Next, PayError> {
        let seen = self.app.look(self.order).await?;
        let state = seen.settlement.attempt(attempt).map(Attempt::state);
        match state {
            Some(AttemptState::Closing { .. } | AttemptState::Unknown { .. }) => {
                self.not_known_yet(attempt)
            }
            Some(_) | None => Ok(Next::LookAgain),
        }
    }

    /// Asks the gateway where an attempt stands.
    async fn find_out(&self, attempt: AttemptId) -> Result<Next, PayError> {
        if !self.app.store.may_read(self.payment, SPACING).await? {
            return self.not_known_yet(attempt);
        }
        let before = self.app.look(self.order).await?;
        // It may be of another payment of the order, one that has ended.
        let known = before.settlement.attempt(attempt);
        let payment = known.map(|attempt| attempt.terms().payment);
        let found = self.app.resolve(self.order, payment, self.by).await?;
        let seen = self.app.look(self.order).await?;
        let moved = seen.settlement.attempt(attempt) != before.settlement.attempt(attempt);
        match found.first_error() {
            _ if moved => Ok(Next::LookAgain),
            Some(CallError::NotSent(fault)) => Err(PayError::Unavailable(fault)),
            Some(CallError::Refused(_) | CallError::Unknown(_)) | None => {
                self.not_known_yet(attempt)
            }
        }
    }

    /// Whether the gateway that is wanted could take the payment at all: nothing is closed for nothing.
    fn may_change_to(&self, seen: &Seen) -> Result<Gateway, PayError> {
        let payment = seen.settlement.payment(self.payment);
        let payment = payment.ok_or(PayError::NotFound)?;
        let gateway = self.wanted.unwrap_or(payment.payment_method());
        let amount = payment.terms().amount;
        if self.app.gate(gateway).is_none() {
            Err(PayError::MethodNotAvailable(gateway))
        } else if !takes(gateway, amount) {
            let why = format!("{} {}", amount, amount.currency());
            Err(PayError::Unfit(gateway, why))
        } else {
            Ok(gateway)
        }
    }

    /// Writes down that the gateway will be asked for a checkout, and asks it.
    async fn begin(&self, seen: &Seen, payment: &Payment) -> Result<Next, PayError> {
        let app = self.app;
        let gateway = self.may_change_to(seen)?;
        let gate = app
            .gate(gateway)
            .ok_or(PayError::MethodNotAvailable(gateway))?;
        let source = gate.source().await.map_err(|error| match error {
            CallError::NotSent(fault) | CallError::Unknown(fault) => PayError::Unavailable(fault),
            CallError::Refused(fault) => PayError::RefusedByGateway(fault),
        })?;
        let terms = payment.terms();
        let stored = app.store.order(&OrderKey::Id(terms.order)).await?;
        let stored = stored.ok_or(PayError::NotFound)?;
        let taxes = app.store.taxes(terms.id).await?;
        let invoice = app.store.invoice(terms.id).await?;
        let invoice = invoice.ok_or_else(|| Trouble::fault("a payment has no invoice"))?;
        let record = rows::written(&stored, payment, &invoice, &taxes);
        let attempt = app.store.reserve_attempt_id().await?;
        // Where the gateway keeps no list, the name has to be one that can be told again.
        let key = match gate.adapter.names() {
            Some(names) => names.key_of(&app.installation, attempt),
            None => app.draw_key(),
        };
        let expires_at = self.expiry(seen.now, terms.deadline);
        let (success_url, cancel_url) = app.return_urls(gateway, terms.id);
        let lines = lines(&stored, payment, &taxes).map_err(Trouble::fault)?;
        let checkout = Checkout {
            installation: &app.installation,
            order: &stored.order.terms().number,
            payment: terms.id,
            attempt,
            record: &record,
            amount: terms.amount,
            lines: &lines,
            success_url: &success_url,
            cancel_url: &cancel_url,
            now: seen.now,
            expires_at,
        };
        let request = gate.adapter.to_open(&checkout, &key).map_err(|unfit| {
            if expires_at == terms.deadline {
                PayError::TooLate
            } else {
                PayError::Unfit(gateway, unfit.to_string())
            }
        })?;
        let call = NewCall {
            key,
            purpose: CallPurpose::Open(attempt),
            generation: 1,
            request,
            dead_at: expires_at,
        };
        let terms = AttemptTerms {
            id: attempt,
            payment: terms.id,
            source,
        };
        let rule = |seen: &Seen| {
            Ok(Move {
                steps: vec![seen.settlement.start_attempt(terms.clone())?],
                calls: vec![call.clone()],
                ..Move::default()
            })
        };
        failpoint::hit("checkout.before_intent")?;
        match app.settle(self.order, self.by, rule).await {
            Ok(planned) => {
                failpoint::hit("checkout.after_intent")?;
                tracing::info!(payment_id = %self.payment, %attempt, %gateway, "a checkout is being opened");
                self.make(planned, attempt).await
            }
            // Somebody was faster, this one perhaps: the next look tells.
            Err(SettleError::Refused(
                Refused::LiveAttempt(_)
                | Refused::NotPayable(_)
                | Refused::Payment(_)
                | Refused::Taken(_),
            )) => Ok(Next::LookAgain),
            Err(error) => Err(error.into()),
        }
    }

    /// When the checkout ends: no later than the payment itself.
    fn expiry(&self, now: DateTime<Utc>, deadline: DateTime<Utc>) -> DateTime<Utc> {
        let ttl = TimeDelta::from_std(self.app.settings.checkout_ttl).unwrap_or(TimeDelta::MAX);
        now.checked_add_signed(ttl)
            .map_or(deadline, |end| end.min(deadline))
    }
}

/// Whether a gateway takes an amount.
fn takes(gateway: Gateway, amount: bayar_domain::Money) -> bool {
    gateway.takes_currency(amount.currency()) && gateway.takes(amount)
}
