//! One job: does all that is left to do about what it is there for, and says when to look again.

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::{AttemptId, Gateway, RefundId};
use tracing::Instrument;

use super::about::{found, gateway_of, is_over, refunded_attempt};
use super::gate::Hand;
use super::rhythm::{Found, after_trouble, next_look, with_jitter};
use crate::App;
use crate::failpoint;
use crate::paying::{OTHER_ACCOUNT, PayError, Resolved, worth_reading};
use crate::port::gateway::{Fault, FaultKind};
use crate::port::store::{Actor, Job, JobKey, JobKind, PutOff};
use crate::settle::{Seen, SettleError};
use crate::trouble::Trouble;

/// How long a job is in one pair of hands that do not say that they still have it.
pub(super) const LEASE: Duration = Duration::from_secs(120);

/// How often they say so.
const KEEP_EVERY: Duration = Duration::from_secs(30);

/// How soon what somebody else was at is looked at again.
const BUSY: Duration = Duration::from_secs(5);

/// How soon a job comes back that was put off without asking: when its gateway answers again, it is woken before.
const UNASKED: Duration = Duration::from_secs(300);

/// How soon one comes back that found no hand, and a second later for each of those before it: when one is free, it
/// is woken before.
const CROWDED: Duration = Duration::from_secs(60);

/// How many of those that wait for a gateway each wakes that is done with it. It is more than one, so that they are
/// soon as many as there are hands; and few, so that they are not all before those that wait for another one.
const WOKEN: u32 = 2;

/// What is in our hands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    Job(JobKey, i64),
    Run(&'static str, i64),
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// It was looked at. Its payment moved, or not.
    Looked { updated: bool },
    /// Its gateway was in trouble.
    Troubled,
    /// It waits for its turn at its gateway.
    PutOff,
    /// Somebody else has it now.
    Lost,
}

impl Served {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Looked { updated: true } => "updated",
            Self::Looked { updated: false } => "unchanged",
            Self::Troubled => "troubled",
            Self::PutOff => "put_off",
            Self::Lost => "lost",
        }
    }
}

/// What a look came to.
struct Look {
    found: Found,
    updated: bool,
    /// What its gateway did not say, and whether that is trouble that all share.
    trouble: Option<IsShared>,
}

/// Whether the trouble is the gateway's, and not this one attempt's.
pub(super) type IsShared = bool;

/// What a gateway was asked, and said.
struct Asked {
    resolved: Resolved,
    is_answered: bool,
    trouble: Option<IsShared>,
}

impl App {
    /// Serves a job that was taken, and gives it back.
    pub(super) async fn serve(self: &Arc<Self>, job: Job) -> Served {
        let span = tracing::info_span!(
            "job", kind = %job.key.kind, subject = job.key.subject, payment_id = %job.payment
        );
        let kind = job.key.kind.as_str();
        let served = self.serve_kept(job).instrument(span).await;
        metrics::counter!("bayar_jobs_total", "kind" => kind, "outcome" => served.as_str())
            .increment(1);
        served
    }

    /// Serves a job and says all the while that it is still ours.
    async fn serve_kept(self: &Arc<Self>, job: Job) -> Served {
        let _ = failpoint::hit("job.taken");
        let held = Held::Job(job.key, job.epoch);
        let serving = Box::pin(self.work.in_turn(self.serve_taken(&job)));
        let served = self.kept(serving, held).await;
        served.unwrap_or(Served::Lost)
    }

    /// Does something under a lease that is renewed all the while. Nothing when somebody else has it meanwhile.
    pub(super) async fn kept<T>(
        &self,
        mut doing: impl Future<Output = T> + Unpin,
        held: Held,
    ) -> Option<T> {
        loop {
            if let Ok(done) = tokio::time::timeout(KEEP_EVERY, &mut doing).await {
                return Some(done);
            }
            let kept = match held {
                Held::Job(key, epoch) => self.store.keep_job(key, epoch, LEASE).await,
                Held::Run(name, epoch) => self.store.keep_run(name, epoch, LEASE).await,
            };
            match kept {
                Ok(true) => {}
                Ok(false) => return None,
                // As long as nobody else can take it, it is ours; once somebody did, our epoch is old.
                Err(error) => tracing::warn!(%error, "work goes on without its lease renewed"),
            }
        }
    }

    async fn serve_taken(self: &Arc<Self>, job: &Job) -> Served {
        let looked = self.look_after(job).await;
        let _ = failpoint::hit("job.looked");
        let is_for_nothing = matches!(&looked, Ok(look) if matches!(look.found, Found::Nothing));
        let (put_off, served) = match looked {
            Ok(Look {
                found,
                updated,
                trouble: None,
            }) => {
                let delay = next_look(found, job.tries, job.now);
                let delay = match found {
                    Found::NotYet(_) => delay,
                    _ => self.jittered(delay),
                };
                (quiet(delay, job), Served::Looked { updated })
            }
            Ok(Look {
                found,
                trouble: Some(is_shared),
                ..
            }) => {
                let faults = job.faults.saturating_add(1);
                let gateway = self.gateway_of(job).await;
                let delay = after_trouble(faults);
                let delay = match found {
                    // Nobody wakes it when this trouble is over.
                    Found::Payable if !is_shared => delay.min(next_look(found, job.tries, job.now)),
                    _ => delay,
                };
                let put_off = PutOff {
                    delay: self.jittered(delay),
                    tries: job.tries.saturating_add(1),
                    faults,
                    waits_for: gateway.filter(|_| is_shared),
                };
                (put_off, Served::Troubled)
            }
            Err(Unserved::Unasked(gateway)) => {
                (self.unasked(job, gateway, UNASKED), Served::Troubled)
            }
            Err(Unserved::Crowded(gateway)) => {
                let behind = Duration::from_secs(self.work.gates.crowd(gateway).into());
                let delay = CROWDED.saturating_add(behind).min(UNASKED);
                (self.unasked(job, gateway, delay), Served::PutOff)
            }
            Err(Unserved::Trouble(Trouble::InProgress)) => (quiet(BUSY, job), Served::Lost),
            // As long as the store is not there, this cannot be written either, and its lease ends by itself.
            Err(Unserved::Trouble(Trouble::Unavailable(error))) => {
                tracing::warn!(%error, "a job waits for the store");
                let delay = match job.faults {
                    0 => BUSY,
                    faults => after_trouble(faults),
                };
                let put_off = PutOff {
                    delay: self.jittered(delay),
                    tries: job.tries,
                    faults: job.faults.saturating_add(1),
                    waits_for: None,
                };
                (put_off, Served::Troubled)
            }
            Err(Unserved::Trouble(Trouble::Fault(error))) => {
                tracing::error!(%error, "a job cannot be done: an operator has to look");
                let faults = job.faults.saturating_add(1);
                let put_off = PutOff {
                    delay: self.jittered(after_trouble(faults)),
                    tries: job.tries.saturating_add(1),
                    faults,
                    waits_for: None,
                };
                (put_off, Served::Troubled)
            }
        };
        // A job that is done, or that somebody else took, stays as it is.
        match self.store.put_job_off(job.key, job.epoch, &put_off).await {
            Ok(true) if is_for_nothing => {
                tracing::error!("a job is open for what is at its end");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "a job comes back when its lease is over"),
        }
        if let (Served::PutOff, Some(gateway)) = (served, put_off.waits_for) {
            self.work.gates.join_crowd(gateway);
            // Whoever had the hands may have been done before this was written.
            if self.work.gates.has_free_hand(gateway) {
                self.wake_crowd(gateway).await;
            }
        }
        served
    }

    /// Looks at what a job is there for.
    async fn look_after(self: &Arc<Self>, job: &Job) -> Result<Look, Unserved> {
        let before = self.look(job.order).await?;
        let seen = &before;
        if is_over(seen, job) {
            return Ok(Look {
                found: Found::Nothing,
                updated: false,
                trouble: None,
            });
        }
        if job.key.kind == JobKind::ExpirePayment
            && let Some(payment) = seen.settlement.payment(job.payment)
            && payment.terms().deadline > seen.now
        {
            return Ok(Look {
                found: Found::NotYet(payment.terms().deadline),
                updated: false,
                trouble: None,
            });
        }
        let gateway = gateway_of(seen, job);
        let hand = match gateway {
            Some(gateway) => Some(self.hand(gateway)?),
            None => None,
        };
        let asked = self.have_turn(job, seen, gateway).await;
        drop(hand);
        if let Some(gateway) = gateway {
            match &asked {
                // It answers again, so all that wait for it have their turn, by twos.
                Ok(asked) if asked.is_answered && job.waits_for == Some(gateway) => {
                    self.work.gates.leave_crowd(gateway, WOKEN);
                    self.wake(gateway, WOKEN).await;
                }
                // Nobody has a turn while it is in trouble.
                Ok(asked) if asked.trouble == Some(true) => {}
                Ok(_) | Err(_) => self.wake_crowd(gateway).await,
            }
        }
        let Asked {
            resolved, trouble, ..
        } = asked?;
        let after = self.look(job.order).await?;
        let updated = self.tell_updates(job, &before, &after, &resolved);
        Ok(Look {
            found: found(&after, job),
            updated,
            trouble,
        })
    }

    /// Does what is left to do, and notes how its gateway does.
    async fn have_turn(
        self: &Arc<Self>,
        job: &Job,
        seen: &Seen,
        gateway: Option<Gateway>,
    ) -> Result<Asked, Unserved> {
        let resolved = self.bring_on(job, seen).await?;
        let (is_answered, trouble) = match gateway {
            Some(gateway) => self.heard_of(gateway, seen, &resolved),
            None => (false, None),
        };
        if job.key.kind == JobKind::CarryRefund
            && let Ok(refund) = RefundId::new(job.key.subject)
        {
            self.call_if_silent(refund).await?;
        }
        Ok(Asked {
            resolved,
            is_answered,
            trouble,
        })
    }

    /// What a gateway did when it was asked, which is noted. A payment may have attempts at another one as well.
    pub(super) fn heard_of(
        &self,
        gateway: Gateway,
        seen: &Seen,
        resolved: &Resolved,
    ) -> (bool, Option<IsShared>) {
        let is_its = |attempt: AttemptId| {
            let attempt = seen.settlement.attempt(attempt);
            attempt.is_some_and(|attempt| attempt.terms().source.gateway == gateway)
        };
        let is_answered = resolved.readings.iter().any(|(it, _)| is_its(*it));
        let mut errors = resolved.errors.iter().filter(|(it, _)| is_its(*it));
        let error = errors.next().filter(|_| !is_answered);
        let trouble = error.map(|(_, error)| meets_all(error.fault()));
        if is_answered || trouble.is_some() {
            self.work.gates.note(gateway, trouble != Some(true));
        }
        (is_answered, trouble)
    }

    /// A hand to ask a gateway with, if it is worth while to ask it now.
    fn hand(&self, gateway: Gateway) -> Result<Hand, Unserved> {
        let gates = &self.work.gates;
        let hand = gates.hand(gateway).ok_or(Unserved::Crowded(gateway))?;
        match gates.is_worth_asking(gateway, self.clock.now()) {
            true => Ok(hand),
            false => Err(Unserved::Unasked(gateway)),
        }
    }

    /// What was not looked at is put off as it is: it did not have its turn.
    fn unasked(&self, job: &Job, gateway: Gateway, delay: Duration) -> PutOff {
        PutOff {
            delay: self.jittered(delay),
            tries: job.tries,
            faults: job.faults,
            waits_for: Some(gateway),
        }
    }

    /// What a button would do.
    async fn bring_on(self: &Arc<Self>, job: &Job, seen: &Seen) -> Result<Resolved, Unserved> {
        let by = Actor::System;
        match job.key.kind {
            JobKind::ExpirePayment => Ok(self.end_overdue(job.order, job.payment).await?),
            JobKind::WatchAttempt | JobKind::CarryAnswer => {
                let attempt = AttemptId::new(job.key.subject).map_err(Trouble::fault)?;
                Ok(self
                    .resolve_attempts(job.order, by, |_| vec![attempt])
                    .await?)
            }
            JobKind::CarryRefund => {
                let attempt = refunded_attempt(seen, job);
                let which = move |_: &Seen| attempt.into_iter().collect();
                Ok(self.resolve_attempts(job.order, by, which).await?)
            }
            JobKind::WatchReview => {
                let payment = job.payment;
                let which = move |seen: &Seen| worth_reading(seen, Some(payment));
                Ok(self.resolve_attempts(job.order, by, which).await?)
            }
        }
    }

    /// Says which payments moved by what was just read.
    fn tell_updates(&self, job: &Job, before: &Seen, after: &Seen, resolved: &Resolved) -> bool {
        let mut updated = false;
        let order_number = &after.settlement.order().terms().number;
        for payment in after.settlement.payments() {
            let id = payment.terms().id;
            let was = before
                .settlement
                .payment(id)
                .map(bayar_domain::Payment::status);
            let (Some(was), is) = (was, payment.status()) else {
                continue;
            };
            // What moved without news was moved by somebody else meanwhile, or by the clock.
            let by_clock = job.key.kind == JobKind::ExpirePayment && id == job.payment;
            if was == is || !(resolved.is_new || by_clock) {
                continue;
            }
            updated = true;
            let word = resolved
                .readings
                .last()
                .map(|(_, reading)| reading.status.as_str());
            tracing::info!(
                payment_id = %id, %order_number, old_status = %was, new_status = %is,
                gateway_status = word, "Auto-updated payment"
            );
            metrics::counter!("bayar_reconciler_fixes_total", "to" => is.as_str()).increment(1);
        }
        updated
    }

    /// A hand is free: those that found none have their turn.
    async fn wake_crowd(&self, gateway: Gateway) {
        let crowd = self.work.gates.leave_crowd(gateway, WOKEN);
        if crowd > 0 {
            self.wake(gateway, crowd).await;
        }
    }

    /// Has jobs that wait for a gateway served now.
    pub(super) async fn wake(&self, gateway: Gateway, at_most: u32) {
        match self.store.wake_jobs(gateway, at_most).await {
            Ok(0) => {}
            Ok(woken) => {
                tracing::debug!(%gateway, woken, "work goes on that waited for a gateway");
                self.work.bell.notify_one();
            }
            Err(error) => tracing::warn!(%error, %gateway, "work still waits for a gateway"),
        }
    }

    async fn gateway_of(&self, job: &Job) -> Option<Gateway> {
        let seen = self.look(job.order).await.ok()?;
        gateway_of(&seen, job)
    }

    fn jittered(&self, delay: Duration) -> Duration {
        let mut random = [0; 1];
        self.random.fill(&mut random);
        let [random] = random;
        with_jitter(delay, random)
    }
}

/// Why a job was not served.
enum Unserved {
    /// Its gateway is in trouble, and was not asked.
    Unasked(Gateway),
    /// All hands that its gateway may have are at work.
    Crowded(Gateway),
    /// Something went wrong here.
    Trouble(Trouble),
}

impl From<Trouble> for Unserved {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<SettleError> for Unserved {
    fn from(error: SettleError) -> Self {
        Self::Trouble(error.into_trouble())
    }
}

impl From<PayError> for Unserved {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Trouble(trouble) => trouble.into(),
            // It is found out at the next look.
            PayError::Unclear | PayError::Unavailable(_) | PayError::RefusedByGateway(_) => {
                Trouble::InProgress.into()
            }
            error => Trouble::fault(error).into(),
        }
    }
}

const fn quiet(delay: Duration, job: &Job) -> PutOff {
    PutOff {
        delay,
        tries: job.tries.saturating_add(1),
        faults: 0,
        waits_for: None,
    }
}

/// Whether this trouble meets everybody who asks the gateway.
fn meets_all(fault: &Fault) -> bool {
    // The account of an attempt is no trouble of the account that is used now.
    is_shared(fault.kind) && fault.code.as_deref() != Some(OTHER_ACCOUNT)
}

/// Whether trouble of this kind meets everybody who asks the gateway.
pub(super) const fn is_shared(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Authentication
        | FaultKind::RateLimit
        | FaultKind::Connection
        | FaultKind::Timeout
        | FaultKind::Api => true,
        FaultKind::Card
        | FaultKind::InvalidRequest
        | FaultKind::Amount
        | FaultKind::Garbage
        | FaultKind::Idempotency
        | FaultKind::NotFound
        | FaultKind::WrongState
        | FaultKind::NotRefundable => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_an_old_attempt_is_no_trouble_of_the_gateway() {
        let refused = Fault::of(FaultKind::Authentication);
        assert!(meets_all(&refused));
        assert!(!meets_all(&refused.with_code(OTHER_ACCOUNT)));
        assert!(!meets_all(&Fault::of(FaultKind::Garbage)));
    }
}
