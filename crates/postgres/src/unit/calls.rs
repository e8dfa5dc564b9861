//! Calls that are to be made, and what became of those that were.

use bayar_app::port::store::{Answer, CallOutcome, CallPurpose, CallStatus, NewCall, Save};
use diesel::ExpressionMethods;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::Unit;
use super::jobs::Job;
use super::save::THERE_ALREADY;
use crate::error::{Wrong, broken};
use crate::schema::{bayar_now, gateway_calls};
use crate::statement::statement;

statement! {
    /// Whoever took the call since then has another epoch, and what is over stays so.
    struct FinishCall {
        key: String as Text,
        order: i64 as BigInt,
        epoch: i64 as BigInt,
        status: &'static str as Text,
        unclear: i64 as BigInt,
        fault: Option<String> as Nullable<Text>,
        over: bool as Bool,
    }
    "UPDATE gateway_calls
    SET status = " status ", unclear = unclear + " unclear ", fault = " fault ", leased_until = NULL,
        finished_at = CASE WHEN " over " THEN bayar_now() END
    WHERE key = " key " AND order_id = " order " AND epoch = " epoch " AND status IN ('planned', 'sent')"
}

statement! {
    /// Whoever has it: what it was to bring about is known. Where it never left, it had no effect.
    struct ProveCall {
        key: String as Text,
        order: i64 as BigInt,
    }
    "UPDATE gateway_calls
    SET status = CASE status WHEN 'planned' THEN 'refused' ELSE 'done' END, leased_until = NULL,
        finished_at = bayar_now()
    WHERE key = " key " AND order_id = " order " AND finished_at IS NULL"
}

impl Unit {
    /// What is over goes before what is to be done anew for the same purpose.
    pub(super) async fn write_calls(&mut self, save: &Save<'_>) -> Answer<()> {
        for outcome in save.outcomes {
            self.finish_call(outcome).await?;
        }
        for key in save.proved {
            let prove = ProveCall {
                key: key.to_string(),
                order: self.order.get(),
            };
            if self.transaction.execute(prove).await? > 0 {
                self.end_answer_job(key).await?;
            }
        }
        for call in save.calls {
            self.insert_call(call).await?;
        }
        Ok(())
    }

    async fn finish_call(&mut self, outcome: &CallOutcome) -> Answer<()> {
        let finish = FinishCall {
            key: outcome.key.to_string(),
            order: self.order.get(),
            epoch: outcome.epoch,
            status: outcome.status.as_str(),
            unclear: i64::from(outcome.status == CallStatus::Sent),
            fault: outcome.fault.clone(),
            over: outcome.status.is_over(),
        };
        if self.transaction.execute(finish).await? != 1 {
            let fault = "was taken by another one since, is over, or is not of the order";
            return Err(broken(Wrong::new("call", &outcome.key, fault)));
        }
        if outcome.status.is_over() {
            self.end_answer_job(&outcome.key).await?;
        }
        Ok(())
    }

    async fn insert_call(&mut self, new: &NewCall) -> Answer<()> {
        let wrong = |fault| broken(Wrong::new("call", &new.key, fault));
        let is_known = match new.purpose {
            CallPurpose::Open(attempt)
            | CallPurpose::Close(attempt)
            | CallPurpose::Answer(attempt) => self.attempts.contains_key(&attempt),
            CallPurpose::Refund(refund) => self.refunds.contains_key(&refund),
        };
        if !is_known {
            return Err(wrong("is for no attempt and no refund of the order"));
        }
        let position = self.last_call.saturating_add(1);
        let insert = diesel::insert_into(gateway_calls::table)
            .values((
                gateway_calls::key.eq(new.key.as_str()),
                gateway_calls::order_id.eq(self.order.get()),
                gateway_calls::position.eq(position),
                gateway_calls::operation.eq(new.purpose.operation().as_str()),
                gateway_calls::subject_id.eq(new.purpose.subject()),
                gateway_calls::generation.eq(i64::from(new.generation)),
                gateway_calls::path.eq(&new.request.path),
                gateway_calls::body.eq(&new.request.body),
                gateway_calls::good_until.eq(new.request.good_until),
                gateway_calls::dead_at.eq(new.dead_at),
                gateway_calls::status.eq(CallStatus::Planned.as_str()),
                gateway_calls::created_at.eq(bayar_now()),
            ))
            .on_conflict_do_nothing();
        if self.transaction.execute(insert).await? != 1 {
            return Err(wrong(THERE_ALREADY));
        }
        self.last_call = position;
        if let CallPurpose::Answer(attempt) = new.purpose {
            self.open_job_soon(Job::CarryAnswer(attempt.get())).await?;
        }
        Ok(())
    }
}
