//! Calls to gateways: who may make them, one at a time.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::store::{Answer, AttemptPlace, CallKey, EndedAttempt, GatewayCalls, Lease};
use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, OrderId, PaymentId, RefundId};
use chrono::{DateTime, Utc};
use diesel::pg::data_types::PgInterval;
use diesel::sql_types::{BigInt, Interval, Text, Timestamptz};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryableByName};

use crate::PgStore;
use crate::error::{Unreadable, broken};
use crate::ids::Sequence;
use crate::rows::CallRow;
use crate::schema::attempts;
use crate::statement::{interval, statement};

/// The states of an attempt that came to its end.
const ENDED: [&str; 4] = ["paid", "failed", "expired", "closed"];

statement! {
    /// Whoever waits for a row that somebody else takes looks at it again, and finds it taken.
    struct LeaseCall {
        key: String as Text,
        lasting: PgInterval as Interval,
    }
    "UPDATE gateway_calls
    SET status = 'sent', epoch = epoch + 1, leased_until = bayar_now() + " lasting "
    WHERE key = " key " AND status IN ('planned', 'sent')
        AND (leased_until IS NULL OR leased_until <= bayar_now())
    RETURNING key, position, operation, subject_id, generation, path, body, good_until, dead_at, status, epoch,
        leased_until, unclear, fault, created_at, bayar_now() AS now"
}

#[derive(QueryableByName)]
struct Leased {
    #[diesel(embed)]
    call: CallRow,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

statement! {
    /// A row that is there is locked before it is looked at: of many at once, the second one finds the time of the first.
    struct TakeRead {
        payment: i64 as BigInt,
        spacing: PgInterval as Interval,
    }
    "INSERT INTO payment_reads AS last (payment_id, read_at)
    SELECT id, bayar_now() FROM payments WHERE id = " payment "
    ON CONFLICT (payment_id) DO UPDATE SET read_at = excluded.read_at
        WHERE last.read_at + " spacing " <= excluded.read_at"
}

#[async_trait]
impl GatewayCalls for PgStore {
    async fn reserve_attempt_id(&self) -> Answer<AttemptId> {
        let id = self.next_id(Sequence::Attempts).await?;
        AttemptId::new(id).map_err(broken)
    }

    async fn reserve_refund_id(&self) -> Answer<RefundId> {
        let id = self.next_id(Sequence::Refunds).await?;
        RefundId::new(id).map_err(broken)
    }

    async fn order_of_attempt(&self, attempt: AttemptId) -> Answer<Option<OrderId>> {
        let order = attempts::table
            .filter(attempts::id.eq(attempt.get()))
            .select(attempts::order_id);
        let order: Vec<i64> = self.load(order).await?;
        let order = order.into_iter().next().map(OrderId::new).transpose();
        order.map_err(Unreadable::of("attempt", attempt))
    }

    async fn ended_attempts(
        &self,
        source: &Source,
        since: DateTime<Utc>,
        after: Option<AttemptId>,
        at_most: u32,
    ) -> Answer<Vec<EndedAttempt>> {
        let ended = attempts::table
            .filter(attempts::gateway.eq(source.gateway.as_str()))
            .filter(attempts::account.eq(source.account.as_str().to_owned()))
            .filter(attempts::mode.eq(source.mode.as_str()))
            .filter(attempts::status.eq_any(ENDED))
            .filter(attempts::updated_at.ge(since))
            .filter(
                attempts::updated_at
                    .gt(since)
                    .or(attempts::id.gt(after.map_or(0, AttemptId::get))),
            )
            .order((attempts::updated_at, attempts::id))
            .limit(at_most.into())
            .select((attempts::order_id, attempts::id, attempts::updated_at));
        let ended: Vec<(i64, i64, DateTime<Utc>)> = self.load(ended).await?;
        let told = |(order, attempt, moved_at)| {
            let place = AttemptPlace {
                order: OrderId::new(order).map_err(broken)?,
                attempt: AttemptId::new(attempt).map_err(broken)?,
            };
            Ok(EndedAttempt { place, moved_at })
        };
        ended.into_iter().map(told).collect()
    }

    async fn lease_call(&self, key: &CallKey, lasting: Duration) -> Answer<Option<Lease>> {
        let lease = LeaseCall {
            key: key.to_string(),
            lasting: interval(lasting)?,
        };
        let leased: Vec<Leased> = self.write_returning(lease).await?;
        let Some(Leased { call, now }) = leased.into_iter().next() else {
            return Ok(None);
        };
        let call = call.call()?;
        let epoch = call.epoch;
        Ok(Some(Lease { call, epoch, now }))
    }

    async fn may_read(&self, payment: PaymentId, spacing: Duration) -> Answer<bool> {
        let read = TakeRead {
            payment: payment.get(),
            spacing: interval(spacing)?,
        };
        Ok(self.write(read).await? > 0)
    }
}
