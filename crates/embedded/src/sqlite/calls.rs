//! Calls to gateways: who may make them, one at a time.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::store::{
    Answer, AttemptPlace, CallKey, CallStatus, EndedAttempt, GatewayCalls, Lease,
};
use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, OrderId, PaymentId, RefundId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

use super::SqliteStore;
use super::error::{Failure, broken, unreadable};
use super::rows::{CallRow, time_text};
use super::schema::{attempts, gateway_calls, payment_reads, payments};

/// The states of an attempt that came to its end.
const ENDED: [&str; 4] = ["paid", "failed", "expired", "closed"];

#[async_trait]
impl GatewayCalls for SqliteStore {
    async fn reserve_attempt_id(&self) -> Answer<AttemptId> {
        let id = self.ids.attempts.one(&self.writer).await?;
        Ok(AttemptId::new(id).map_err(broken)?)
    }

    async fn reserve_refund_id(&self) -> Answer<RefundId> {
        let id = self.ids.refunds.one(&self.writer).await?;
        Ok(RefundId::new(id).map_err(broken)?)
    }

    async fn order_of_attempt(&self, attempt: AttemptId) -> Answer<Option<OrderId>> {
        let order = self.readers.run(move |connection, _| {
            let order: Option<i64> = attempts::table
                .find(attempt.get())
                .select(attempts::order_id)
                .get_result(connection)
                .optional()?;
            let order = order.map(OrderId::new).transpose();
            order.map_err(|why| unreadable("attempt", attempt, why))
        });
        Ok(order.await?)
    }

    async fn ended_attempts(
        &self,
        source: &Source,
        since: DateTime<Utc>,
        after: Option<AttemptId>,
        at_most: u32,
    ) -> Answer<Vec<EndedAttempt>> {
        let source = source.clone();
        let ended = self.readers.run(move |connection, _| {
            let since = time_text(since)?;
            let ended: Vec<(i64, i64, String)> = attempts::table
                .filter(attempts::gateway.eq(source.gateway.as_str()))
                .filter(attempts::account.eq(source.account.as_str()))
                .filter(attempts::mode.eq(source.mode.as_str()))
                .filter(attempts::status.eq_any(ENDED))
                .filter(attempts::updated_at.ge(&since))
                .filter(
                    attempts::updated_at
                        .gt(&since)
                        .or(attempts::id.gt(after.map_or(0, AttemptId::get))),
                )
                .order((attempts::updated_at, attempts::id))
                .limit(at_most.into())
                .select((attempts::order_id, attempts::id, attempts::updated_at))
                .load(connection)?;
            let told = |(order, attempt, moved_at): (_, _, String)| {
                let place = AttemptPlace {
                    order: OrderId::new(order).map_err(broken)?,
                    attempt: AttemptId::new(attempt).map_err(broken)?,
                };
                let moved_at = super::rows::time(&moved_at).map_err(broken)?;
                Ok(EndedAttempt { place, moved_at })
            };
            ended.into_iter().map(told).collect::<Result<_, Failure>>()
        });
        Ok(ended.await?)
    }

    async fn lease_call(&self, key: &CallKey, lasting: Duration) -> Answer<Option<Lease>> {
        let key = key.clone();
        let leased = self
            .writer
            .run(move |connection, now| lease(connection, &key, lasting, now));
        Ok(leased.await?)
    }

    async fn may_read(&self, payment: PaymentId, spacing: Duration) -> Answer<bool> {
        let may = self
            .writer
            .run(move |connection, now| take_read(connection, payment, spacing, now));
        Ok(may.await?)
    }
}

fn lease(
    connection: &mut SqliteConnection,
    key: &CallKey,
    lasting: Duration,
    now: DateTime<Utc>,
) -> Result<Option<Lease>, Failure> {
    let until = delta(lasting)
        .and_then(|lasting| now.checked_add_signed(lasting))
        .ok_or_else(|| broken("a call is taken for longer than time can tell"))?;
    let now_text = time_text(now)?;
    let planned_or_sent = [CallStatus::Planned.as_str(), CallStatus::Sent.as_str()];
    let free = gateway_calls::table
        .find(key.as_str())
        .filter(gateway_calls::status.eq_any(planned_or_sent))
        .filter(
            gateway_calls::leased_until
                .is_null()
                .or(gateway_calls::leased_until.le(&now_text)),
        );
    let leased: Option<CallRow> = diesel::update(free)
        .set((
            gateway_calls::status.eq(CallStatus::Sent.as_str()),
            gateway_calls::epoch.eq(gateway_calls::epoch + 1),
            gateway_calls::leased_until.eq(time_text(until)?),
        ))
        .returning(CallRow::as_returning())
        .get_result(connection)
        .optional()?;
    let Some(call) = leased.map(CallRow::call).transpose()? else {
        return Ok(None);
    };
    let epoch = call.epoch;
    Ok(Some(Lease { call, epoch, now }))
}

fn take_read(
    connection: &mut SqliteConnection,
    payment: PaymentId,
    spacing: Duration,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let long_ago = delta(spacing).and_then(|spacing| now.checked_sub_signed(spacing));
    let long_ago = long_ago.ok_or_else(|| broken("reads are further apart than time can tell"))?;
    let known: i64 = payments::table
        .find(payment.get())
        .count()
        .get_result(connection)?;
    if known == 0 {
        return Ok(false);
    }
    let now = time_text(now)?;
    let first = diesel::insert_into(payment_reads::table)
        .values((
            payment_reads::payment_id.eq(payment.get()),
            payment_reads::read_at.eq(&now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if first > 0 {
        return Ok(true);
    }
    let long_over = payment_reads::table
        .find(payment.get())
        .filter(payment_reads::read_at.le(time_text(long_ago)?));
    let taken = diesel::update(long_over)
        .set(payment_reads::read_at.eq(&now))
        .execute(connection)?;
    Ok(taken > 0)
}

fn delta(time: Duration) -> Option<TimeDelta> {
    TimeDelta::from_std(time).ok()
}
