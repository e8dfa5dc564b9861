use bayar_app::port::store::Answer;
use bayar_domain::Refund;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::jobs::Job;
use super::save::{NOT_AS_LOADED, THERE_ALREADY};
use super::{Seen, Unit};
use crate::error::{Wrong, broken};
use crate::rows::refund_state_text;
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
    }
    "INSERT INTO refunds (id, payment_id, order_id, capture, origin, reason, amount_minor, amount, currency,
        status, state, version, created_at, updated_at)
    VALUES (" id ", " payment ", " order ", " capture ", " origin ", " reason ", " amount_minor ",
        CAST(CAST(" amount " AS text) AS numeric), " currency ", " status ", " state ", 1, bayar_now(), bayar_now())
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

impl Unit {
    pub(super) async fn write_refund(&mut self, refund: &Refund) -> Answer<()> {
        let id = refund.terms().id;
        let version = match self.refunds.get(&id).copied() {
            None => self.insert_refund(refund).await?,
            Some(seen) => self.update_refund(refund, seen.version).await?,
        };
        let status = refund.status();
        let job = Job::CarryRefund(id.get());
        if status.is_under_way() {
            self.open_job_soon(job).await?;
        } else {
            self.end_job(job).await?;
        }
        self.refunds.insert(id, Seen { version, status });
        Ok(())
    }

    async fn insert_refund(&mut self, refund: &Refund) -> Answer<i64> {
        let terms = refund.terms();
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
        };
        if self.transaction.execute(insert).await? != 1 {
            return Err(wrong(THERE_ALREADY));
        }
        Ok(1)
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
