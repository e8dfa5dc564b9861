//! `POST /v2/charge`, for everything but raw cards.

use serde_json::{Value, json};

use super::errors::Trouble;
use super::model::Transaction;
use super::{Answer, Job, buyer, methods, render, snap, snap_check};
use crate::sim::book::Happening;
use crate::sim::clock::{MINUTE, Millis};
use crate::sim::gateway::Gateway;
use crate::sim::world::World;

/// The method a charge asks for, as Snap would call it.
fn method(body: &Value) -> Option<String> {
    let kind = body.get("payment_type").and_then(Value::as_str)?;
    let inner = |path: &str| body.pointer(path).and_then(Value::as_str);
    match kind {
        "bank_transfer" => inner("/bank_transfer/bank").map(|bank| format!("{bank}_va")),
        "cstore" => inner("/cstore/store").map(str::to_owned),
        "qris" => Some("other_qris".to_owned()),
        "permata" => Some("permata_va".to_owned()),
        other => Some(other.to_owned()),
    }
}

/// `custom_expiry`, which says the same as Snap's `expiry` in other words.
fn lasts(body: &Value, usual: Millis) -> Millis {
    let Some(custom) = body.get("custom_expiry") else {
        return usual;
    };
    let count = custom.get("expiry_duration").and_then(Value::as_i64);
    let unit = match custom.get("unit").and_then(Value::as_str) {
        Some("second") => MINUTE / 60,
        Some("hour") => 60 * MINUTE,
        Some("day") => 24 * 60 * MINUTE,
        _ => MINUTE,
    };
    count.map_or(usual, |count| count.saturating_mul(unit))
}

pub fn charge(world: &mut World, job: &Job) -> Answer {
    let body = &job.body;
    let mut wrong = Vec::new();
    let charge = snap_check::charge(body, &mut wrong);
    let name = method(body).unwrap_or_default();
    if name.is_empty() {
        wrong.push("payment_type is required".to_owned());
    }
    if !wrong.is_empty() {
        return Err(Trouble::many(400, wrong));
    }
    let Some(method) = methods::find(&name) else {
        return Err(Trouble::new(402, "Payment channel is not activated."));
    };
    if method.name == "credit_card" {
        let message = "Card tokens are not simulated: use the Snap page for cards.";
        return Err(Trouble::new(402, message));
    }
    if !(method.least..=method.most).contains(&charge.gross_amount) {
        let message = "transaction_details.gross_amount is out of the range of this payment type";
        return Err(Trouble::new(400, message));
    }
    if snap::is_taken(world, &charge.order_id) {
        return Err(Trouble::new(
            406,
            "The request could not be completed due to a conflict with the current state of the target resource, please try again",
        ));
    }
    let now = world.now();
    let details = snap::details(world, job, &charge.order_id);
    let draft = buyer::draft(
        world,
        method,
        &charge.order_id,
        charge.gross_amount,
        details,
    );
    let transaction = Transaction {
        expires: Some(now + lasts(body, method.lasts)),
        ..draft
    };
    world.note(Happening::SessionOpened {
        gateway: Gateway::Midtrans,
        session: transaction.id.clone(),
        order: transaction.details.order.clone(),
        amount: transaction.gross_amount,
        currency: "IDR".to_owned(),
    });
    buyer::begin(world, &transaction, job.key.clone());
    let message = format!("Success, {} transaction is created", method.title);
    let mut body = render::transaction(world, &transaction, 201, &message);
    if let Some(fields) = body.as_object_mut() {
        let url = format!("{}/snap/pay/{}", world.public_url, transaction.id);
        let actions = json!([{ "name": "deeplink-redirect", "method": "GET", "url": url }]);
        if matches!(method.payment_type, "gopay" | "shopeepay" | "dana" | "qris") {
            fields.insert("actions".to_owned(), actions);
        }
        if method.payment_type == "kredivo" {
            fields.insert("redirect_url".to_owned(), url.into());
        }
    }
    // A charge says so also in the HTTP status.
    Ok((201, body))
}
