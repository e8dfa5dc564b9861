use bayar_app::port::StoreError;
use bayar_app::port::store::{Answer, Save};
use bayar_domain::{Refund, RefundStatus};
use chrono::NaiveDate;
use diesel::ExpressionMethods;
use diesel::sql_types::{BigInt, Binary, Date, Nullable, Text};

use super::jobs::Job;
use super::save::{NOT_AS_LOADED, THERE_ALREADY};
use super::{Seen, Unit};
use crate::error::{Wrong, broken};
use crate::rows::refund_state_text;
use crate::schema::{bayar_now, refund_events};
use crate::statement::statement;

statement! {
    struct InsertRefund {
        id: i64 as BigInt,
        payment: i64 as BigInt,
        order: i64 as BigInt,
        capture: String as Text,
        origin: &'static str as Text,
        reason: Option<String> as Nullable<Text>,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        status: &'static str as Text,
        state: String as Text,
        asked_by: String as Text,
        key_owner: Option<String> as Nullable<Text>,
        key: Option<String> as Nullable<Text>,
        request_hash: Option<Vec<u8>> as Nullable<Binary>,
        counted_day: Option<NaiveDate> as Nullable<Date>,
    }
    "INSERT INTO refunds (id, payment_id, order_id, capture, origin, reason, amount_minor, amount, currency,
        status, state, version, created_at, updated_at, asked_by, key_owner, key, request_hash, counted_day)
    VALUES (" id ", " payment ", " order ", " capture ", " origin ", " reason ", " amount_minor ",
        CAST(CAST(" amount " AS text) AS numeric), " currency ", " status ", " state ", 1, bayar_now(), bayar_now(),
        " asked_by ", " key_owner ", " key ", " request_hash ", " counted_day ")
    ON CONFLICT DO NOTHING"
}

statement! {
    /// What we ask for ourselves is as much as is left to give back, as long as it was not sent.
    struct UpdateRefund {
        id: i64 as BigInt,
        version: i64 as BigInt,
        payment: i64 as BigInt,
        capture: String as Text,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        status: &'static str as Text,
        state: String as Text,
    }
    "UPDATE refunds
    SET amount_minor = " amount_minor ", amount = CAST(CAST(" amount " AS text) AS numeric),
        status = " status ", state = " state ", version = version + 1, updated_at = bayar_now()
    WHERE id = " id " AND version = " version " AND payment_id = " payment " AND capture = " capture "
        AND currency = " currency
}

statement! {
    /// What failed is taken out of the day it counts in, and what did not fail after all is counted again:
    /// money that goes back is never left out because a day was full.
    struct CountAgain {
        refund: i64 as BigInt,
        change: i64 as BigInt,
    }
    "UPDATE refund_days AS days SET used_minor = days.used_minor + " change "
    FROM refunds
    WHERE refunds.id = " refund " AND days.actor = refunds.asked_by AND days.day = refunds.counted_day
        AND days.currency = refunds.currency"
}

impl Unit {
    pub(super) async fn write_refund(&mut self, refund: &Refund, save: &Save<'_>) -> Answer<()> {
        let id = refund.terms().id;
        let status = refund.status();
        let before = self.refunds.get(&id).copied();
        let version = match before {
            None => self.insert_refund(refund, save).await?,
            Some(seen) => {
                let version = self.update_refund(refund, seen.version).await?;
                self.count_again(refund, seen.status).await?;
                version
            }
        };
        let from = before.map(|seen| seen.status.as_str());
        let event = diesel::insert_into(refund_events::table).values((
            refund_events::refund_id.eq(id.get()),
            refund_events::version.eq(version),
            refund_events::from_status.eq(from),
            refund_events::to_status.eq(status.as_str()),
            refund_events::actor.eq(save.by.to_string()),
            refund_events::at.eq(bayar_now()),
        ));
        self.transaction.execute(event).await?;
        let job = Job::CarryRefund(id.get());
        if status.is_under_way() {
            self.open_job_soon(job).await?;
        } else {
            self.end_job(job).await?;
        }
        self.refunds.insert(id, Seen { version, status });
        Ok(())
    }

    async fn insert_refund(&mut self, refund: &Refund, save: &Save<'_>) -> Answer<i64> {
        let terms = refund.terms();
        let mut claims = save.records.claims.iter();
        let claim = claims.find(|claim| claim.refund == terms.id);
        let wrong = |fault| broken(Wrong::new("refund", terms.id, fault));
        if !self.payments.contains_key(&terms.payment) {
            return Err(wrong("is for no payment of the order"));
        }
        let insert = InsertRefund {
            id: terms.id.get(),
            payment: terms.payment.get(),
            order: self.order.get(),
            capture: terms.capture.to_string(),
            origin: terms.origin.as_str(),
            reason: terms.reason.as_ref().map(ToString::to_string),
            amount_minor: refund.amount().minor(),
            amount: refund.amount().to_string(),
            currency: refund.amount().currency().code(),
            status: refund.status().as_str(),
            state: refund_state_text(refund.state())?,
            asked_by: save.by.to_string(),
            key_owner: claim.map(|claim| claim.key.owner.to_string()),
            key: claim.map(|claim| claim.key.key.to_string()),
            request_hash: claim.map(|claim| claim.request.as_bytes().to_vec()),
            counted_day: claim.and_then(|claim| claim.day).map(|day| day.day),
        };
        if self.transaction.execute(insert).await? != 1 {
            return Err(match claim {
                // The same key at the same time: the next look finds what it made.
                Some(_) => StoreError::Busy(wrong(THERE_ALREADY).into()),
                None => wrong(THERE_ALREADY),
            });
        }
        Ok(1)
    }

    async fn count_again(&mut self, refund: &Refund, before: RefundStatus) -> Answer<()> {
        let amount = refund.amount().minor();
        let failed = |status| status == RefundStatus::Failed;
        let change = match (failed(before), failed(refund.status())) {
            (false, true) => amount.saturating_neg(),
            (true, false) => amount,
            (true, true) | (false, false) => return Ok(()),
        };
        let refund = refund.terms().id.get();
        self.transaction
            .execute(CountAgain { refund, change })
            .await?;
        Ok(())
    }

    async fn update_refund(&mut self, refund: &Refund, version: i64) -> Answer<i64> {
        let terms = refund.terms();
        let update = UpdateRefund {
            id: terms.id.get(),
            version,
            payment: terms.payment.get(),
            capture: terms.capture.to_string(),
            amount_minor: refund.amount().minor(),
            amount: refund.amount().to_string(),
            currency: refund.amount().currency().code(),
            status: refund.status().as_str(),
            state: refund_state_text(refund.state())?,
        };
        if self.transaction.execute(update).await? != 1 {
            return Err(broken(Wrong::new("refund", terms.id, NOT_AS_LOADED)));
        }
        Ok(version.saturating_add(1))
    }
}
