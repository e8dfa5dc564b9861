//! How sessions and PaymentIntents look.

use serde_json::{Value, json};

use super::model::{Intent, IntentStatus, Line, Session, SessionStatus};
use crate::sim::world::World;

/// Where the buyer pays.
pub fn page_url(world: &World, id: &str) -> String {
    format!("{}/c/pay/{id}", world.public_url)
}

pub fn session(world: &World, session: &Session) -> Value {
    let open = session.status == SessionStatus::Open;
    let url = (open && session.ui_mode == "hosted_page").then(|| page_url(world, &session.id));
    let customer = session.buyer_email.as_ref().map(|email| {
        json!({
            "address": null, "business_name": null, "email": email, "individual_name": null,
            "name": "Simulated Buyer", "phone": null, "tax_exempt": "none", "tax_ids": [],
        })
    });
    let first = json!({
        "id": session.id,
        "object": "checkout.session",
        "adaptive_pricing": { "enabled": session.adaptive_pricing.unwrap_or(false) },
        "after_expiration": null,
        "allow_promotion_codes": null,
        "amount_subtotal": session.amount_total,
        "amount_total": session.amount_total,
        "automatic_tax": {
            "enabled": false, "liability": null, "provider": null, "status": null,
        },
        "billing_address_collection": session.billing_address_collection,
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "client_secret": null,
        "collected_information": null,
        "consent": null,
        "consent_collection": null,
        "created": session.created,
        "currency": session.currency,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null, "shipping_address": null, "submit": null,
            "terms_of_service_acceptance": null,
        },
        "customer": session.customer,
        "customer_creation": session.customer_creation.as_deref().unwrap_or("if_required"),
        "customer_details": customer,
        "customer_email": session.customer_email,
        "discounts": [],
        "expires_at": session.expires_at,
    });
    let second = json!({
        "invoice": null,
        "invoice_creation": {
            "enabled": false,
            "invoice_data": {
                "account_tax_ids": null, "custom_fields": null, "description": null,
                "footer": null, "issuer": null, "metadata": {}, "rendering_options": null,
            },
        },
        "livemode": session.livemode,
        "locale": session.locale,
        "metadata": session.metadata,
        "mode": "payment",
        "origin_context": null,
        "payment_intent": session.payment_intent,
        "payment_link": null,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": session.method_types,
        "payment_status": session.payment_status.name(),
        "permissions": null,
        "phone_number_collection": { "enabled": false },
        "recovered_from": null,
        "saved_payment_method_options": null,
        "setup_intent": null,
        "shipping_address_collection": null,
        "shipping_cost": null,
        "shipping_options": [],
        "status": session.status.name(),
        "submit_type": session.submit_type,
        "subscription": null,
        "success_url": session.success_url,
        "return_url": session.return_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": session.ui_mode,
        "url": url,
        "wallet_options": null,
    });
    both(first, second)
}

/// Two halves of an object: the macro takes no more fields at once.
pub fn both(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut fields), Value::Object(more)) => {
            fields.extend(more);
            Value::Object(fields)
        }
        (first, _) => first,
    }
}

/// The line items of a session, as the list they are.
pub fn line_items(session: &Session) -> Value {
    let lines = session.lines.iter().map(|each| line(session, each));
    json!({
        "object": "list",
        "url": format!("/v1/checkout/sessions/{}/line_items", session.id),
        "has_more": false,
        "data": lines.collect::<Vec<Value>>(),
    })
}

pub fn line(session: &Session, line: &Line) -> Value {
    let total = line.unit_amount.saturating_mul(line.quantity);
    json!({
        "id": line.id,
        "object": "item",
        "adjustable_quantity": null,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": session.currency,
        "description": line.name,
        "metadata": line.metadata,
        "price": {
            "id": line.price,
            "object": "price",
            "active": false,
            "billing_scheme": "per_unit",
            "created": session.created,
            "currency": session.currency,
            "custom_unit_amount": null,
            "livemode": session.livemode,
            "lookup_key": null,
            "metadata": {},
            "nickname": null,
            "product": line.product,
            "recurring": null,
            "tax_behavior": "unspecified",
            "tiers_mode": null,
            "transform_quantity": null,
            "type": "one_time",
            "unit_amount": line.unit_amount,
            "unit_amount_decimal": line.unit_amount.to_string(),
        },
        "quantity": line.quantity,
    })
}

pub fn intent(intent: &Intent) -> Value {
    let next_action = (intent.status == IntentStatus::RequiresAction).then(|| {
        let url = intent.return_url.clone();
        json!({
            "type": "redirect_to_url",
            "redirect_to_url": { "return_url": url, "url": null },
        })
    });
    let method = intent.data.capture_method.as_deref();
    let first = json!({
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": { "tip": {} },
        "amount_received": intent.amount_received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": method.unwrap_or("automatic_async"),
        "client_secret": intent.secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.data.description,
        "excluded_payment_method_types": null,
        "last_payment_error": intent.last_error,
    });
    let second = json!({
        "latest_charge": intent.latest_charge,
        "livemode": intent.livemode,
        "metadata": intent.metadata,
        "next_action": next_action,
        "on_behalf_of": null,
        "payment_method": intent.payment_method,
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": intent.method_types,
        "processing": null,
        "receipt_email": intent.data.receipt_email,
        "review": null,
        "setup_future_usage": intent.data.setup_future_usage,
        "shipping": null,
        "source": null,
        "statement_descriptor": intent.data.statement_descriptor,
        "statement_descriptor_suffix": intent.data.statement_descriptor_suffix,
        "status": intent.status.name(),
        "transfer_data": null,
        "transfer_group": intent.data.transfer_group,
    });
    both(first, second)
}
