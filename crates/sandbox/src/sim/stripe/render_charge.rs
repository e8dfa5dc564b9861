//! How charges, refunds and disputes look.

use serde_json::{Value, json};

use super::model::{Charge, ChargeStatus, Dispute, Method, Refund, RefundStatus};
use super::render::both;
use crate::sim::world::World;

/// The transaction on the balance that belongs to an object.
fn transaction_of(id: &str) -> String {
    let (_, rest) = id.split_once('_').unwrap_or(("", id));
    format!("txn_{rest}")
}

/// Billing details that say nothing.
pub fn nobody() -> Value {
    let address = json!({
        "city": null, "country": null, "line1": null, "line2": null, "postal_code": null,
        "state": null,
    });
    json!({ "address": address, "email": null, "name": null, "phone": null, "tax_id": null })
}

/// How much of a charge has gone back, or is on its way.
pub fn refunded(world: &World, charge: &Charge) -> i64 {
    let stripe = &world.state.stripe;
    let of = stripe.refunds_of.get(&charge.id).into_iter().flatten();
    let refunds = of.filter_map(|id| stripe.refunds.get(id));
    let counting = refunds.filter(|refund| refund.status.counts());
    counting.map(|refund| refund.amount).sum()
}

pub fn charge(world: &World, charge: &Charge) -> Value {
    let refunded = refunded(world, charge);
    let settled = charge.captured && charge.status == ChargeStatus::Succeeded;
    let declined = charge.status == ChargeStatus::Failed;
    let outcome = match charge.status {
        ChargeStatus::Failed => json!({
            "advice_code": "try_again_later",
            "network_advice_code": null,
            "network_decline_code": "05",
            "network_status": "declined_by_network",
            "reason": charge.decline_code,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }),
        _ => json!({
            "advice_code": null,
            "network_advice_code": null,
            "network_decline_code": null,
            "network_status": "approved_by_network",
            "reason": null,
            "risk_level": "normal",
            "risk_score": 20,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }),
    };
    let receipt = (!declined).then(|| format!("{}/receipts/{}", world.public_url, charge.id));
    let first = json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": settled.then(|| transaction_of(&charge.id)),
        "billing_details": nobody(),
        "calculated_statement_descriptor": "SIMULATED",
        "captured": charge.captured,
        "created": charge.created,
        "currency": charge.currency,
        "customer": null,
        "description": charge.description,
        "disputed": charge.disputed,
        "failure_balance_transaction": null,
        "failure_code": charge.failure_code,
        "failure_message": charge.failure_message,
        "fraud_details": {},
        "livemode": charge.livemode,
        "metadata": charge.metadata,
    });
    let second = json!({
        "on_behalf_of": null,
        "outcome": outcome,
        "paid": charge.status == ChargeStatus::Succeeded,
        "payment_intent": charge.intent,
        "payment_method": null,
        "payment_method_details": method(&charge.method),
        "receipt_email": charge.receipt_email,
        "receipt_number": null,
        "receipt_url": receipt,
        "refunded": refunded > 0 && refunded >= charge.amount_captured,
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": charge.status.name(),
        "transfer_data": null,
        "transfer_group": null,
    });
    both(first, second)
}

fn method(method: &Method) -> Value {
    match method {
        Method::Card {
            brand,
            last4,
            country,
            three_d_secure,
        } => {
            let secure = three_d_secure.then(|| {
                json!({
                    "authentication_flow": "challenge", "electronic_commerce_indicator": "05",
                    "result": "authenticated", "result_reason": null, "version": "2.2.0",
                    "exemption_indicator": null, "transaction_id": null,
                })
            });
            json!({
                "type": "card",
                "card": {
                    "amount_authorized": null,
                    "brand": brand,
                    "checks": {
                        "address_line1_check": null, "address_postal_code_check": null,
                        "cvc_check": "pass",
                    },
                    "country": country,
                    "exp_month": 12,
                    "exp_year": 2040,
                    "fingerprint": format!("fp{last4}"),
                    "funding": "credit",
                    "installments": null,
                    "last4": last4,
                    "mandate": null,
                    "network": brand,
                    "three_d_secure": secure,
                    "wallet": null,
                },
            })
        }
        Method::Bank => json!({ "type": "customer_balance", "customer_balance": {} }),
    }
}

pub fn refunds_of(world: &World, charge: &Charge) -> Value {
    let stripe = &world.state.stripe;
    let of = stripe.refunds_of.get(&charge.id).into_iter().flatten();
    let of = of.rev().filter_map(|id| stripe.refunds.get(id));
    json!({
        "object": "list",
        "url": format!("/v1/charges/{}/refunds", charge.id),
        "has_more": false,
        "data": of.map(refund).collect::<Vec<Value>>(),
    })
}

pub fn refund(refund: &Refund) -> Value {
    let failed = refund.status == RefundStatus::Failed;
    let pending = (refund.status == RefundStatus::Pending).then_some("processing");
    let failure = failed.then(|| format!("{}f", transaction_of(&refund.id)));
    json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": transaction_of(&refund.id),
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": {
            "type": "card",
            "card": {
                "type": "refund", "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
            },
        },
        "failure_balance_transaction": failure,
        "failure_reason": refund.failure_reason,
        "metadata": refund.metadata,
        "payment_intent": refund.intent,
        "pending_reason": pending,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status.name(),
        "transfer_reversal": null,
    })
}

pub fn dispute(dispute: &Dispute) -> Value {
    let names = [
        "access_activity_log",
        "billing_address",
        "cancellation_policy",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_communication",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "customer_signature",
        "duplicate_charge_documentation",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "receipt",
        "refund_policy",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "service_documentation",
        "shipping_address",
        "shipping_carrier",
        "shipping_date",
        "shipping_documentation",
        "shipping_tracking_number",
        "uncategorized_file",
        "uncategorized_text",
    ];
    let none = names.iter().map(|name| ((*name).to_owned(), Value::Null));
    let mut evidence: serde_json::Map<String, Value> = none.collect();
    let text = dispute.evidence.clone();
    evidence.insert("uncategorized_text".to_owned(), text.into());
    evidence.insert("enhanced_evidence".to_owned(), json!({}));
    let inquiry = dispute.status.starts_with("warning");
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [],
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": evidence,
        "evidence_details": {
            "due_by": dispute.created + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": dispute.evidence.is_some(),
            "past_due": false,
            "submission_count": dispute.submissions,
        },
        "is_charge_refundable": inquiry,
        "livemode": dispute.livemode,
        "metadata": dispute.metadata,
        "payment_intent": dispute.intent,
        "payment_method_details": {
            "type": "card",
            "card": { "brand": "visa", "case_type": if inquiry { "inquiry" } else { "chargeback" },
                      "network": "visa", "network_reason_code": "83" },
        },
        "reason": dispute.reason,
        "status": dispute.status,
    })
}

pub fn balance_transaction(world: &World, id: &str) -> Value {
    let stripe = &world.state.stripe;
    let rest = id.trim_start_matches("txn_");
    let charge = stripe.charges.get(&format!("ch_{rest}"));
    let refund = stripe.refunds.get(&format!("re_{rest}"));
    let charged = charge.map(|charge| {
        (
            charge.amount_captured,
            &charge.currency,
            "charge",
            charge.created,
        )
    });
    let refunded =
        refund.map(|refund| (-refund.amount, &refund.currency, "refund", refund.created));
    let none = String::new();
    let (amount, currency, kind, created) =
        charged.or(refunded).unwrap_or((0, &none, "adjustment", 0));
    json!({
        "id": id, "object": "balance_transaction", "amount": amount, "available_on": created,
        "created": created, "currency": currency, "description": null, "exchange_rate": null,
        "fee": 0, "fee_details": [], "net": amount, "reporting_category": kind,
        "source": null, "status": "available", "type": kind, "balance_type": "payments",
    })
}
