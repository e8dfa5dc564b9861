use bayar_app::port::Source;
use bayar_app::port::store::{IdempotencyKey, KeyScope, RequestHash, Route, StoredAnswer};
use bayar_domain::{PaymentId, PaymentStatus};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::idempotency_keys;
use super::{is_unfinished, time};

/// How errors name a key: they never show it.
const KEY: &str = "a key of payment";

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys, check_for_backend(Sqlite))]
pub(crate) struct AnswerRow {
    request_hash: Vec<u8>,
    payment_id: i64,
    body: Vec<u8>,
    kept_until: String,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys, check_for_backend(Sqlite))]
pub(crate) struct KeyRow {
    pub(crate) owner: String,
    pub(crate) route: String,
    pub(crate) key: String,
}

impl AnswerRow {
    /// The answer, if the key still counts: its time is not over, or its payment has not ended.
    pub(crate) fn answer(
        self,
        status: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(StoredAnswer, PaymentStatus)>, Failure> {
        let payment = self.payment_id;
        self.read(status, now)
            .map_err(|why| unreadable(KEY, payment, why))
    }

    fn read(
        self,
        status: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(StoredAnswer, PaymentStatus)>, Source> {
        let status: PaymentStatus = status.parse()?;
        if time(&self.kept_until)? <= now && !is_unfinished(status) {
            return Ok(None);
        }
        let hash = <[u8; 32]>::try_from(self.request_hash.as_slice())?;
        let answer = StoredAnswer {
            request: RequestHash::from_bytes(hash),
            payment: PaymentId::new(self.payment_id)?,
            body: self.body,
        };
        Ok(Some((answer, status)))
    }
}

impl KeyRow {
    pub(crate) fn scope(self, payment: PaymentId) -> Result<KeyScope, Failure> {
        self.read().map_err(|why| unreadable(KEY, payment, why))
    }

    fn read(self) -> Result<KeyScope, Source> {
        Ok(KeyScope {
            owner: self.owner.parse()?,
            route: route(&self.route)?,
            key: IdempotencyKey::new(self.key)?,
        })
    }
}

fn route(text: &str) -> Result<Route, Source> {
    if text == Route::CreatePayment.as_str() {
        Ok(Route::CreatePayment)
    } else {
        Err(format!("{text} is not a known route").into())
    }
}
