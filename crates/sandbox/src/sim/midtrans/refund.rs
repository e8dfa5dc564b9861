//! Refunds.

use serde_json::{Value, json};

use super::errors::Trouble;
use super::methods::{self, Refunds};
use super::model::{Refund, Status, Transaction};
use super::{Answer, Job, find, notify, render};
use crate::sim::book::{By, Happening, RefundStep};
use crate::sim::calendar::minute_of_day;
use crate::sim::clock::millis;
use crate::sim::config::RepeatedRefund;
use crate::sim::faults::Fault;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// What a refund asks for.
struct Wish {
    key: String,
    amount: Option<i64>,
    reason: Option<String>,
}

fn wish(world: &mut World, body: &Value) -> Result<Wish, Trouble> {
    let mut wrong = Vec::new();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let key = text("refund_key").filter(|key| !key.is_empty());
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if key.is_some_and(|key| !key.bytes().all(legal)) {
        wrong.push("refund_key contains illegal characters".to_owned());
    }
    let amount = match body.get("amount") {
        None | Some(Value::Null) => None,
        Some(amount) => {
            let amount = amount.as_i64();
            if amount.is_none_or(|amount| amount < 1) {
                wrong.push("amount must be a whole number of rupiah above zero".to_owned());
            }
            amount
        }
    };
    let reason = text("reason").filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > 255) {
        wrong.push("reason is too long (maximum is 255 characters)".to_owned());
    }
    if !wrong.is_empty() {
        return Err(Trouble::many(400, wrong));
    }
    Ok(Wish {
        key: key.map_or_else(|| world.ids.word(16), str::to_owned),
        amount,
        reason: reason.map(str::to_owned),
    })
}

/// `POST /v2/{id}/refund` and `POST /v2/{id}/refund/online/direct`
pub fn create(world: &mut World, job: &Job, twist: Option<&Fault>) -> Answer {
    let transaction = find(world, &job.subject)
        .cloned()
        .ok_or_else(Trouble::unknown)?;
    let wish = wish(world, &job.body)?;
    let known = transaction
        .refunds
        .iter()
        .find(|refund| refund.key == wish.key);
    if let Some(known) = known {
        return match world.config.midtrans.repeated_refund {
            RepeatedRefund::Refused => Err(Trouble::new(406, "Refund key has been used before")),
            RepeatedRefund::SameAnswer => Ok((200, answer(world, &transaction, known))),
        };
    }
    let amount = refundable(world, &transaction, &wish)?;
    let refused = matches!(twist, Some(Fault::RefundRefused | Fault::RefundFails));
    if refused || transaction.refuses_refunds {
        world.note(Happening::Refund {
            gateway: Gateway::Midtrans,
            refund: wish.key,
            capture: transaction.id.clone(),
            order: transaction.details.order.clone(),
            amount,
            status: RefundStep::Refused,
            by: By::Api,
        });
        let message = "Refund is denied by the issuer";
        let body = render::transaction(world, &transaction, 202, message);
        let mut trouble = Trouble::new(202, message);
        trouble.transaction = Some(body);
        return Err(trouble);
    }
    let (transaction, refund) = make(world, transaction, wish, amount, By::Api);
    world.note(Happening::ObjectCreated {
        gateway: Gateway::Midtrans,
        object: "refund".to_owned(),
        id: refund.key.clone(),
        order: Some(transaction.details.order.clone()),
        key: job.key.clone(),
    });
    Ok((200, answer(world, &transaction, &refund)))
}

fn answer(world: &World, transaction: &Transaction, refund: &Refund) -> Value {
    let message = "Success, refund request is approved";
    let mut body = render::transaction(world, transaction, 200, message);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("refund_chargeback_id".to_owned(), json!(refund.number));
        fields.insert(
            "refund_amount".to_owned(),
            render::rupiah(refund.amount).into(),
        );
        fields.insert("refund_key".to_owned(), refund.key.clone().into());
    }
    body
}

/// The amount of a refund, if there can be one.
fn refundable(world: &World, transaction: &Transaction, wish: &Wish) -> Result<i64, Trouble> {
    let no = |code, message: &str| Err(Trouble::new(code, message));
    if !matches!(
        transaction.status,
        Status::Settlement | Status::PartialRefund
    ) {
        return match transaction.status {
            Status::Refund => no(414, "Refund amount exceeds the remaining amount"),
            _ => Err(Trouble::unchangeable()),
        };
    }
    let method = methods::find(&transaction.method);
    let allowed = method.map_or(Refunds::Never, |method| method.refunds);
    if allowed == Refunds::Never {
        return no(412, "Refund is not supported for this payment method");
    }
    let since = transaction.settled.unwrap_or(transaction.created);
    let window = method.map_or(0, |method| method.window);
    if world.now() > since + window {
        return no(412, "The refund period of this transaction is over");
    }
    let night = minute_of_day(world.now());
    let asleep = !(6 * 60..23 * 60 + 55).contains(&night);
    if transaction.method == "shopeepay" && world.config.midtrans.shopeepay_sleeps && asleep {
        return no(412, "ShopeePay does not refund at this hour");
    }
    let bank = transaction.extra.get("bank").and_then(Value::as_str);
    if bank == Some("bni") && wish.reason.is_none() {
        return Err(Trouble::new(
            400,
            "reason is required for cards of this bank",
        ));
    }
    let left = transaction.gross_amount - transaction.refunded() - transaction.charged_back;
    let amount = wish.amount.unwrap_or(left);
    if amount > left || left < 1 {
        return no(414, "Refund amount exceeds the remaining amount");
    }
    if allowed == Refunds::Whole && amount < transaction.gross_amount {
        return no(
            414,
            "Partial refund is not supported for this payment method",
        );
    }
    if world.state.midtrans.poor {
        return no(414, "Merchant balance is not sufficient");
    }
    Ok(amount)
}

fn make(
    world: &mut World,
    mut transaction: Transaction,
    wish: Wish,
    amount: i64,
    by: By,
) -> (Transaction, Refund) {
    let now = world.now();
    let number = i64::try_from(world.ids.below(1_000_000)).unwrap_or(0) + 1;
    let refund = Refund {
        key: wish.key,
        number,
        amount,
        reason: wish.reason,
        at: now,
        online: by == By::Api,
        confirmed: None,
        confirms: Some(now + millis(world.config.midtrans.refund_confirmation)),
        by_dashboard: by == By::Dashboard,
    };
    transaction.refunds.push(refund.clone());
    transaction.status = if transaction.refunded() >= transaction.gross_amount {
        Status::Refund
    } else {
        Status::PartialRefund
    };
    world.put(Put::Transaction(Box::new(transaction.clone())));
    note(world, &transaction, &refund, RefundStep::Succeeded);
    notify::send(world, &transaction);
    (transaction, refund)
}

fn note(world: &mut World, transaction: &Transaction, refund: &Refund, status: RefundStep) {
    world.note(Happening::Refund {
        gateway: Gateway::Midtrans,
        refund: refund.key.clone(),
        capture: transaction.id.clone(),
        order: transaction.details.order.clone(),
        amount: refund.amount,
        status,
        by: if refund.by_dashboard {
            By::Dashboard
        } else {
            By::Api
        },
    });
}

/// The bank confirms a refund: the second notification.
pub fn confirm(world: &mut World, id: &str, key: &str) {
    let Some(mut transaction) = world.state.midtrans.transactions.get(id).cloned() else {
        return;
    };
    let now = world.now();
    let due = |refund: &&mut Refund| {
        let time = refund.confirms.is_some_and(|confirms| confirms <= now);
        refund.key == key && refund.confirmed.is_none() && time
    };
    let Some(refund) = transaction.refunds.iter_mut().find(due) else {
        return;
    };
    refund.confirmed = Some(now);
    let refund = refund.clone();
    world.put(Put::Transaction(Box::new(transaction.clone())));
    note(world, &transaction, &refund, RefundStep::Confirmed);
    notify::send(world, &transaction);
}

/// Somebody refunds a transaction at the dashboard.
pub fn from_dashboard(
    world: &mut World,
    transaction: Transaction,
    amount: Option<i64>,
) -> Result<Transaction, Trouble> {
    let wish = Wish {
        key: world.ids.object("dashboard").replace('_', "-"),
        amount,
        reason: Some("Refunded at the dashboard".to_owned()),
    };
    let amount = refundable(world, &transaction, &wish)?;
    let (transaction, _) = make(world, transaction, wish, amount, By::Dashboard);
    Ok(transaction)
}
