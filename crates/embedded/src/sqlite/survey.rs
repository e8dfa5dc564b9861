//! All that decides whether a payment may be opened, seen at one moment.

use bayar_app::port::store::{
    KeyScope, LivePayment, Standing, StoredAnswer, Survey, Surveyed, SurveyedOrder,
};
use bayar_domain::{PaymentId, PaymentStatus, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::error::{Failure, unreadable};
use super::orders::find;
use super::rows::{AnswerRow, LiveRow, UserRow};
use super::schema::{idempotency_keys, payments, users};

/// Looks at the account, the key, the order and its live payment, in the transaction of `connection`.
pub(super) fn survey(
    connection: &mut SqliteConnection,
    survey: &Survey,
    now: DateTime<Utc>,
) -> Result<Surveyed, Failure> {
    let person = match survey.person {
        Some(person) => standing(connection, person)?,
        None => None,
    };
    let answered = answered(connection, &survey.scope, now)?;
    let Some(row) = find(connection, &survey.order)? else {
        return Ok(Surveyed {
            person,
            answered,
            order: None,
        });
    };
    let order = row.order()?;
    let live = match row.live_payment()? {
        None => None,
        Some(id) => Some(live(connection, row.id, id, now)?),
    };
    Ok(Surveyed {
        person,
        answered,
        order: Some(SurveyedOrder { order, live }),
    })
}

fn standing(
    connection: &mut SqliteConnection,
    person: UserId,
) -> Result<Option<Standing>, Failure> {
    let row: Option<UserRow> = users::table
        .find(person.get())
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    row.map(|row| Ok(row.user()?.standing())).transpose()
}

fn answered(
    connection: &mut SqliteConnection,
    scope: &KeyScope,
    now: DateTime<Utc>,
) -> Result<Option<(StoredAnswer, PaymentStatus)>, Failure> {
    let found: Option<(AnswerRow, String)> = idempotency_keys::table
        .inner_join(payments::table)
        .filter(idempotency_keys::owner.eq(scope.owner.to_string()))
        .filter(idempotency_keys::route.eq(scope.route.as_str()))
        .filter(idempotency_keys::key.eq(scope.key.as_str()))
        .select((AnswerRow::as_select(), payments::status))
        .get_result(connection)
        .optional()?;
    match found {
        None => Ok(None),
        Some((row, status)) => row.answer(&status, now),
    }
}

fn live(
    connection: &mut SqliteConnection,
    order: i64,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<LivePayment, Failure> {
    let row: Option<LiveRow> = payments::table
        .find(payment.get())
        .select(LiveRow::as_select())
        .get_result(connection)
        .optional()?;
    let missing = || unreadable("order", order, "its live payment is missing");
    row.ok_or_else(missing)?.live_payment(now)
}
