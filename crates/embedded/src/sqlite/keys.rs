//! The keys that callers name their wishes by.

use bayar_app::port::store::KeyScope;
use bayar_domain::{PaymentId, PaymentStatus};
use diesel::prelude::*;

use super::error::Failure;
use super::rows::{KeyRow, is_unfinished};
use super::schema::{idempotency_keys, payments};

/// Forgets one key, if its time is over and its payment has ended.
pub(super) fn forget(
    connection: &mut SqliteConnection,
    scope: &KeyScope,
    now: &str,
) -> Result<(), Failure> {
    let unfinished = payments::table
        .filter(payments::status.eq_any(unfinished()))
        .select(payments::id);
    let key = idempotency_keys::table.find((
        scope.owner.to_string(),
        scope.route.as_str(),
        scope.key.as_str(),
    ));
    diesel::delete(key)
        .filter(idempotency_keys::kept_until.le(now))
        .filter(idempotency_keys::payment_id.ne_all(unfinished))
        .execute(connection)?;
    Ok(())
}

/// Forgets the oldest keys whose time is over and whose payment has ended.
pub(super) fn forget_old(
    connection: &mut SqliteConnection,
    now: &str,
    at_most: u32,
) -> Result<u64, Failure> {
    let old: Vec<KeyRow> = idempotency_keys::table
        .inner_join(payments::table)
        .filter(idempotency_keys::kept_until.le(now))
        .filter(payments::status.ne_all(unfinished()))
        .order(idempotency_keys::kept_until)
        .limit(at_most.into())
        .select(KeyRow::as_select())
        .load(connection)?;
    let mut forgotten = 0;
    for key in old {
        let key = idempotency_keys::table.find((key.owner, key.route, key.key));
        diesel::delete(key).execute(connection)?;
        forgotten += 1;
    }
    Ok(forgotten)
}

/// The keys that are answered with a payment.
pub(super) fn of_payment(
    connection: &mut SqliteConnection,
    payment: PaymentId,
) -> Result<Vec<KeyScope>, Failure> {
    let keys: Vec<KeyRow> = idempotency_keys::table
        .filter(idempotency_keys::payment_id.eq(payment.get()))
        .order((
            idempotency_keys::owner,
            idempotency_keys::route,
            idempotency_keys::key,
        ))
        .select(KeyRow::as_select())
        .load(connection)?;
    keys.into_iter().map(|key| key.scope(payment)).collect()
}

fn unfinished() -> Vec<&'static str> {
    let all = PaymentStatus::ALL.iter().copied();
    all.filter(|status| is_unfinished(*status))
        .map(PaymentStatus::as_str)
        .collect()
}
