use bayar_app::port::store::Answer;
use bayar_domain::Attempt;
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};

use super::jobs::Job;
use super::save::{NOT_AS_LOADED, THERE_ALREADY};
use super::{Seen, Unit};
use crate::error::{Wrong, broken};
use crate::rows::attempt_state_text;
use crate::schema::{attempts, bayar_now};

impl Unit {
    /// Those that end go before those that begin: an order has one that is live at each moment.
    pub(super) async fn write_attempts(&mut self, changed: &[Attempt]) -> Answer<()> {
        let mut changed: Vec<_> = changed.iter().collect();
        changed.sort_by_key(|attempt| attempt.status().is_live());
        for attempt in changed {
            self.write_attempt(attempt).await?;
        }
        Ok(())
    }

    async fn write_attempt(&mut self, attempt: &Attempt) -> Answer<()> {
        let id = attempt.terms().id;
        let version = match self.attempts.get(&id).copied() {
            None => self.insert_attempt(attempt).await?,
            Some(seen) => self.update_attempt(attempt, seen.version).await?,
        };
        let status = attempt.status();
        let job = Job::WatchAttempt(id.get());
        if status.is_live() {
            self.open_job_soon(job).await?;
        } else {
            self.end_job(job).await?;
        }
        self.attempts.insert(id, Seen { version, status });
        Ok(())
    }

    async fn insert_attempt(&mut self, attempt: &Attempt) -> Answer<i64> {
        const FIRST: i64 = 1;
        let terms = attempt.terms();
        let wrong = |fault| broken(Wrong::new("attempt", terms.id, fault));
        if !self.payments.contains_key(&terms.payment) {
            return Err(wrong("is for no payment of the order"));
        }
        let insert = diesel::insert_into(attempts::table)
            .values((
                attempts::id.eq(terms.id.get()),
                attempts::payment_id.eq(terms.payment.get()),
                attempts::order_id.eq(self.order.get()),
                attempts::gateway.eq(terms.source.gateway.as_str()),
                attempts::account.eq(terms.source.account.as_str()),
                attempts::mode.eq(terms.source.mode.as_str()),
                attempts::status.eq(attempt.status().as_str()),
                attempts::state.eq(attempt_state_text(attempt.state())?),
                attempts::version.eq(FIRST),
                attempts::created_at.eq(bayar_now()),
                attempts::updated_at.eq(bayar_now()),
            ))
            .on_conflict_do_nothing();
        if self.transaction.execute(insert).await? != 1 {
            return Err(wrong(THERE_ALREADY));
        }
        Ok(FIRST)
    }

    async fn update_attempt(&mut self, attempt: &Attempt, version: i64) -> Answer<i64> {
        let id = attempt.terms().id;
        let next = version.saturating_add(1);
        let as_loaded = attempts::id
            .eq(id.get())
            .and(attempts::payment_id.eq(attempt.terms().payment.get()))
            .and(attempts::version.eq(version));
        let update = diesel::update(attempts::table.filter(as_loaded)).set((
            attempts::status.eq(attempt.status().as_str()),
            attempts::state.eq(attempt_state_text(attempt.state())?),
            attempts::version.eq(next),
            attempts::updated_at.eq(bayar_now()),
        ));
        if self.transaction.execute(update).await? != 1 {
            return Err(broken(Wrong::new("attempt", id, NOT_AS_LOADED)));
        }
        Ok(next)
    }
}
