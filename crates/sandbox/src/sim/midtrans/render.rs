//! How a transaction looks, in a status and in a notification.

use serde_json::{Map, Value, json};

use super::model::{Fraud, Refund, Status, Transaction};
use crate::sim::calendar::wib;
use crate::sim::webhooks::midtrans_signature;
use crate::sim::world::World;

/// Whole rupiah as `10000.00`.
pub fn rupiah(amount: i64) -> String {
    format!("{amount}.00")
}

/// The `status_code` of a status.
pub fn code(transaction: &Transaction) -> u16 {
    match transaction.status {
        Status::Pending => 201,
        Status::Capture | Status::Authorize if transaction.fraud == Some(Fraud::Challenge) => 201,
        Status::Deny | Status::Failure => 202,
        Status::Expire => 407,
        Status::Authorize
        | Status::Capture
        | Status::Settlement
        | Status::Cancel
        | Status::PartialRefund
        | Status::Refund
        | Status::PartialChargeback
        | Status::Chargeback => 200,
    }
}

fn refund(refund: &Refund) -> Value {
    let mut row = json!({
        "refund_chargeback_id": refund.number,
        "refund_chargeback_uuid": format!("ref-{}", refund.number),
        "refund_amount": rupiah(refund.amount),
        "created_at": wib(refund.at),
        "reason": refund.reason.clone().unwrap_or_default(),
        "refund_key": refund.key,
        "refund_method": if refund.online { "online" } else { "offline" },
    });
    if let (Some(confirmed), Some(fields)) = (refund.confirmed, row.as_object_mut()) {
        fields.insert("bank_confirmed_at".to_owned(), wib(confirmed).into());
    }
    row
}

/// A transaction, with this code and message.
pub fn transaction(world: &World, shown: &Transaction, code: u16, message: &str) -> Value {
    let account = &world.config.midtrans;
    let gross = rupiah(shown.gross_amount);
    let code = code.to_string();
    let signature = midtrans_signature(&shown.order_id, &code, &gross, &account.server_key);
    let mut fields: Map<String, Value> = Map::new();
    let mut set = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    set("status_code", code.into());
    set("status_message", message.into());
    set("transaction_id", shown.id.clone().into());
    set("order_id", shown.order_id.clone().into());
    set("merchant_id", account.merchant.clone().into());
    set("gross_amount", gross.into());
    set("currency", shown.currency.clone().into());
    set("payment_type", shown.payment_type.clone().into());
    set("transaction_time", wib(shown.created).into());
    set("transaction_status", shown.status.name().into());
    if let Some(fraud) = shown.fraud {
        set("fraud_status", fraud.name().into());
    }
    set("signature_key", signature.into());
    if let Some(expires) = shown.expires {
        set("expiry_time", wib(expires).into());
    }
    if let Some(settled) = shown.settled {
        set("settlement_time", wib(settled).into());
    }
    for (place, field) in shown.details.custom_fields.iter().enumerate() {
        if let Some(field) = field {
            set(&format!("custom_field{}", place + 1), field.clone().into());
        }
    }
    if let Some(metadata) = &shown.details.metadata {
        set("metadata", metadata.clone());
    }
    if !shown.refunds.is_empty() {
        set("refund_amount", rupiah(shown.refunded()).into());
        set("refunds", shown.refunds.iter().map(refund).collect());
    }
    for (name, value) in &shown.extra {
        set(name, value.clone());
    }
    Value::Object(fields)
}
