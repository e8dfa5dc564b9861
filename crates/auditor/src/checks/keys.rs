//! What was answered to whom.

use serde_json::Value;

use super::{Case, Desk};
use crate::clients::Told;
use crate::file::OrderFile;
use crate::finding::{Check, Findings};

pub(super) fn check(file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    for payment in &file.payments {
        for key in &payment.keys {
            let body: Option<Value> = serde_json::from_str(&key.body).ok();
            let body = body.unwrap_or_default();
            let is_about = |place| body.pointer(place).and_then(Value::as_i64);
            let told = is_about("/data/payment_id").or_else(|| is_about("/data/payment/id"));
            if told != Some(payment.row.id) {
                desk.add(
                    Check::KeysAnswerTheirs,
                    format!(
                        "the answer of a key of payment {} is about {}",
                        payment.row.id,
                        told.map_or_else(|| "nothing".to_owned(), |id| format!("payment {id}"))
                    ),
                );
            }
        }
    }
}

/// Whatever a client was told for good is stored.
pub(super) fn check_answers(case: &Case<'_>, found: &mut Findings) {
    let Some(clients) = case.clients else {
        return;
    };
    for told in &clients.told {
        if matches!(told.status, 200 | 201) {
            answer(case, told, found);
        }
    }
    twice(clients, found);
}

/// One key never had two different payments for an answer.
fn twice(clients: &crate::ClientLog, found: &mut Findings) {
    let mut seen = std::collections::BTreeMap::new();
    let new = clients.told.iter().filter(|told| told.status == 201);
    for told in new {
        let id = told
            .body
            .pointer("/data/payment_id")
            .and_then(Value::as_i64);
        if let (Some(key), Some(id)) = (&told.key, id)
            && *seen.entry(key).or_insert(id) != id
        {
            let what = format!("a key was answered with two payments, one of them {id}");
            found.add(Check::AnswersKept, None, what);
        }
    }
}

fn answer(case: &Case<'_>, told: &Told, found: &mut Findings) {
    let number = |place| told.body.pointer(place).and_then(Value::as_i64);
    let text = |place| told.body.pointer(place).and_then(Value::as_str);
    let id = number("/data/payment_id").or_else(|| number("/data/payment/id"));
    let Some(id) = id else {
        return;
    };
    let at = told.at.to_rfc3339();
    let order = text("/data/payment/order_number");
    let Some(row) = case.payments.get(&id) else {
        let what = format!("at {at} a client was told of payment {id}, and there is none");
        found.add(Check::AnswersKept, order, what);
        return;
    };
    let file = case.file_of_id(row.order_id);
    let number_of = file.map(|file| file.number());
    if order.is_some_and(|order| Some(order) != number_of) {
        let what = format!("at {at} a client was told that payment {id} is of another order");
        found.add(Check::AnswersKept, order, what);
    }
    let amount = text("/data/payment/amount");
    let amount = amount.and_then(|amount| crate::Amount::parse(amount, &row.currency));
    if amount.is_some_and(|amount| amount.minor != row.amount_minor) {
        let what = format!("at {at} a client was told another amount of payment {id}");
        found.add(Check::AnswersKept, number_of, what);
    }
    let status = text("/data/payment/status").or_else(|| text("/data/status"));
    let was = |status: &str| {
        let payment = file.and_then(|file| file.payment(id));
        payment.is_some_and(|payment| {
            let mut events = payment.events.iter();
            events.any(|event| event.to_status == status)
        })
    };
    if let Some(status) = status
        && !was(status)
    {
        let what = format!("at {at} a client was told that payment {id} is {status}; it never was");
        found.add(Check::AnswersKept, number_of, what);
    }
    refund(case, told, number_of, found);
}

fn refund(case: &Case<'_>, told: &Told, order: Option<&str>, found: &mut Findings) {
    let id = told.body.pointer("/data/refund/id");
    let id = id.or_else(|| told.body.pointer("/data/refund/refund_id"));
    let Some(id) = id.and_then(Value::as_i64) else {
        return;
    };
    if !case.refunds.contains(&id) {
        let at = told.at.to_rfc3339();
        let what = format!("at {at} a client was told of refund {id}, and there is none");
        found.add(Check::AnswersKept, order, what);
    }
}
