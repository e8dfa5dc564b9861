//! `POST /v1/checkout/sessions`

use crate::sim::book::Happening;
use crate::sim::faults::Fault;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::stripe::errors::ApiError;
use crate::sim::stripe::form::{Node, Params};
use crate::sim::stripe::metadata::{intent_data, read_metadata};
use crate::sim::stripe::model::{Line, PaymentStatus, Session, SessionStatus, Tampered};
use crate::sim::stripe::shape::{Field, Shape, TEXT, check, may, must};
use crate::sim::stripe::{Answer, Job, auth, money, render};
use crate::sim::world::World;

/// How long a session may live, in seconds.
const SHORTEST: i64 = 30 * 60;
const LONGEST: i64 = 24 * 3600;
/// Clocks differ a little.
const LENIENCE: i64 = 5;

const LISTED: Shape = Shape::List(&TEXT);

const PRODUCT: [Field; 6] = [
    must("name", TEXT),
    may("description", TEXT),
    may("images", LISTED),
    may("metadata", Shape::Metadata),
    may("tax_code", TEXT),
    may("unit_label", TEXT),
];

const PRICE: [Field; 7] = [
    must("currency", Shape::Currency),
    may("unit_amount", Shape::Int),
    may("unit_amount_decimal", TEXT),
    may("product", TEXT),
    may("product_data", Shape::Hash(&PRODUCT)),
    may(
        "tax_behavior",
        Shape::One(&["exclusive", "inclusive", "unspecified"]),
    ),
    may("recurring", Shape::Any),
];

const LINE: [Field; 7] = [
    may("quantity", Shape::Int),
    may("price", TEXT),
    may("price_data", Shape::Hash(&PRICE)),
    may("adjustable_quantity", Shape::Any),
    may("tax_rates", LISTED),
    may("dynamic_tax_rates", LISTED),
    may("metadata", Shape::Metadata),
];

const INTENT_DATA: [Field; 12] = [
    may("metadata", Shape::Metadata),
    may("description", Shape::Text(1000)),
    may("receipt_email", TEXT),
    may(
        "capture_method",
        Shape::One(&["automatic", "automatic_async", "manual"]),
    ),
    may("statement_descriptor", Shape::Text(22)),
    may("statement_descriptor_suffix", Shape::Text(22)),
    may(
        "setup_future_usage",
        Shape::One(&["off_session", "on_session"]),
    ),
    may("transfer_group", TEXT),
    may("application_fee_amount", Shape::Int),
    may("on_behalf_of", TEXT),
    may("shipping", Shape::Any),
    may("transfer_data", Shape::Any),
];

const FIELDS: [Field; 34] = [
    must("mode", Shape::One(&["payment", "setup", "subscription"])),
    must("line_items", Shape::List(&Shape::Hash(&LINE))),
    may(
        "ui_mode",
        Shape::One(&["hosted_page", "embedded_page", "elements", "form"]),
    ),
    may("success_url", Shape::Url),
    may("cancel_url", Shape::Url),
    may("return_url", Shape::Url),
    may("client_reference_id", Shape::Text(200)),
    may("metadata", Shape::Metadata),
    may("payment_intent_data", Shape::Hash(&INTENT_DATA)),
    may("expires_at", Shape::Int),
    may("customer", TEXT),
    may("customer_email", Shape::Text(800)),
    may("customer_creation", Shape::One(&["always", "if_required"])),
    may("customer_update", Shape::Any),
    may("allowed_payment_method_types", LISTED),
    may("excluded_payment_method_types", LISTED),
    may("payment_method_configuration", TEXT),
    may("payment_method_data", Shape::Any),
    may("payment_method_options", Shape::Any),
    may("locale", TEXT),
    may(
        "submit_type",
        Shape::One(&["auto", "book", "donate", "pay", "subscribe"]),
    ),
    may(
        "billing_address_collection",
        Shape::One(&["auto", "required"]),
    ),
    may(
        "adaptive_pricing",
        Shape::Hash(&[may("enabled", Shape::Bool)]),
    ),
    may("allow_promotion_codes", Shape::Bool),
    may("automatic_tax", Shape::Any),
    may("consent_collection", Shape::Any),
    may("custom_fields", Shape::Any),
    may("custom_text", Shape::Any),
    may("currency", Shape::Currency),
    may("invoice_creation", Shape::Any),
    may("phone_number_collection", Shape::Any),
    may(
        "redirect_on_completion",
        Shape::One(&["always", "if_required", "never"]),
    ),
    may("saved_payment_method_options", Shape::Any),
    may("after_expiration", Shape::Any),
];

const OLD_FIELDS: [Field; 1] = [may("payment_method_types", LISTED)];

fn missing(name: &str) -> ApiError {
    let message = format!("Missing required param: {name}.");
    ApiError::invalid(Some("parameter_missing"), message).param(name)
}

pub fn create(world: &mut World, job: &Job, twist: Option<&Fault>) -> Answer {
    // This parameter went away with that version.
    if auth::since(&job.version, "2026-09-30") {
        check(&job.params, &[&FIELDS])?;
    } else {
        check(&job.params, &[&FIELDS, &OLD_FIELDS])?;
    }
    let params = &job.params;
    if params.text("mode") != Some("payment") {
        let message = "The simulator knows mode=payment only.";
        return Err(ApiError::invalid(None, message).param("mode"));
    }
    let ui_mode = params.text("ui_mode").unwrap_or("hosted_page");
    let hosted = ui_mode == "hosted_page";
    if hosted && params.text("success_url").is_none() {
        return Err(missing("success_url"));
    }
    if !hosted && params.text("success_url").is_some() {
        let message = format!("`success_url` is not allowed when `ui_mode` is {ui_mode}.");
        return Err(ApiError::invalid(None, message).param("success_url"));
    }
    if params.text("customer").is_some() && params.text("customer_email").is_some() {
        let message = "You may only specify one of these parameters: customer, customer_email.";
        let code = Some("parameters_exclusive");
        return Err(ApiError::invalid(code, message).param("customer"));
    }
    let email = params.text("customer_email");
    if email.is_some_and(|email| !email.contains('@')) {
        let message = format!("Invalid email address: {}", email.unwrap_or_default());
        let code = Some("email_invalid");
        return Err(ApiError::invalid(code, message).param("customer_email"));
    }
    let expires_at = expiry(world, params)?;
    let (currency, drafts) = lines(params)?;
    let mut total: i64 = 0;
    for line in &drafts {
        let sum = line.unit_amount.checked_mul(line.quantity);
        let sum = sum.and_then(|sum| total.checked_add(sum));
        total = sum.ok_or_else(|| {
            let message = "Amount must be no more than 999999999999";
            ApiError::invalid(Some("amount_too_large"), message).param("line_items")
        })?;
    }
    if total != 0 {
        money::check(&world.config.stripe, total, &currency, "line_items")?;
    }
    let session = build(world, job, drafts, currency, total, expires_at, twist);
    Ok(render::session(world, &session))
}

fn expiry(world: &World, params: &Params) -> Result<i64, ApiError> {
    let now = world.seconds();
    let Some(at) = params.int("expires_at") else {
        return Ok(now + LONGEST);
    };
    let message = if at < now + SHORTEST - LENIENCE {
        "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
    } else if at > now + LONGEST + LENIENCE {
        "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
    } else {
        return Ok(at);
    };
    Err(ApiError::invalid(None, message).param("expires_at"))
}

fn lines(params: &Params) -> Result<(String, Vec<Line>), ApiError> {
    let items = params
        .below("line_items")
        .map(Params::items)
        .unwrap_or_default();
    if items.is_empty() {
        return Err(missing("line_items"));
    }
    if items.len() > 100 {
        let message = "You can pass at most 100 line items.";
        return Err(ApiError::invalid(None, message).param("line_items"));
    }
    let mut currency: Option<String> = None;
    let mut lines = Vec::new();
    for (place, node) in items {
        let path = format!("line_items[{place}]");
        let Node::Below(item) = node else {
            return Err(missing(&path));
        };
        let line = line(item, &path)?;
        let of_line = item
            .below("price_data")
            .and_then(|price| price.text("currency"));
        let of_line = of_line.unwrap_or_default().to_ascii_lowercase();
        if currency.as_ref().is_some_and(|known| *known != of_line) {
            let message =
                format!("All line items must have the same currency, but {path} has {of_line}.");
            return Err(ApiError::invalid(None, message).param("line_items"));
        }
        currency = Some(of_line);
        lines.push(line);
    }
    Ok((currency.unwrap_or_default(), lines))
}

fn line(item: &Params, path: &str) -> Result<Line, ApiError> {
    if let Some(price) = item.text("price") {
        return Err(ApiError::missing_object(
            "price",
            price,
            &format!("{path}[price]"),
        ));
    }
    let Some(price) = item.below("price_data") else {
        return Err(missing(&format!("{path}[price_data]")));
    };
    let amount = match (price.int("unit_amount"), price.text("unit_amount_decimal")) {
        (Some(amount), None) => amount,
        (None, Some(text)) => whole(text, path)?,
        (Some(_), Some(_)) => {
            let message =
                "You may only specify one of these parameters: unit_amount, unit_amount_decimal.";
            return Err(ApiError::invalid(Some("parameters_exclusive"), message));
        }
        (None, None) => return Err(missing(&format!("{path}[price_data][unit_amount]"))),
    };
    if amount < 0 {
        let path = format!("{path}[price_data][unit_amount]");
        let message = "This value must be greater than or equal to 0.";
        return Err(ApiError::invalid(Some("parameter_invalid_integer"), message).param(&path));
    }
    let product = price.below("product_data");
    let name = product.and_then(|product| product.owned("name"));
    let Some(name) = name else {
        return Err(missing(&format!("{path}[price_data][product_data]")));
    };
    let quantity = item
        .int("quantity")
        .ok_or_else(|| missing(&format!("{path}[quantity]")))?;
    if quantity < 1 {
        let path = format!("{path}[quantity]");
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::invalid(Some("parameter_invalid_integer"), message).param(&path));
    }
    Ok(Line {
        id: String::new(),
        price: String::new(),
        product: String::new(),
        name,
        description: product.and_then(|product| product.owned("description")),
        unit_amount: amount,
        quantity,
        metadata: read_metadata(item),
    })
}

fn whole(text: &str, path: &str) -> Result<i64, ApiError> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let zeros = part.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| zeros).ok_or_else(|| {
        let path = format!("{path}[price_data][unit_amount_decimal]");
        let message = "The simulator takes whole minor units only.";
        ApiError::invalid(None, message).param(&path)
    })
}

fn build(
    world: &mut World,
    job: &Job,
    mut lines: Vec<Line>,
    currency: String,
    total: i64,
    expires_at: i64,
    twist: Option<&Fault>,
) -> Session {
    let params = &job.params;
    let mode = if job.livemode { "live" } else { "test" };
    let id = format!("cs_{mode}_{}{}", world.ids.word(32), world.ids.word(26));
    for line in &mut lines {
        line.id = world.ids.object("li");
        line.price = world.ids.object("price");
        line.product = world.ids.object("prod");
    }
    let allowed = params.texts("allowed_payment_method_types");
    let excluded = params.texts("excluded_payment_method_types");
    let mut method_types = if allowed.is_empty() {
        vec!["card".to_owned(), "customer_balance".to_owned()]
    } else {
        allowed
    };
    method_types.retain(|kind| !excluded.contains(kind));
    let tampered = match twist {
        Some(Fault::WrongAmount { amount }) => Some(Tampered {
            amount: Some(*amount),
            currency: None,
        }),
        Some(Fault::WrongCurrency { currency }) => Some(Tampered {
            amount: None,
            currency: Some(currency.clone()),
        }),
        _ => None,
    };
    let pricing = params.below("adaptive_pricing");
    let session = Session {
        order: job.order.clone().unwrap_or_else(|| id.clone()),
        id,
        created: world.seconds(),
        livemode: job.livemode,
        expires_at,
        status: SessionStatus::Open,
        payment_status: if total == 0 {
            PaymentStatus::NotRequired
        } else {
            PaymentStatus::Unpaid
        },
        currency,
        amount_total: total,
        lines,
        ui_mode: params.text("ui_mode").unwrap_or("hosted_page").to_owned(),
        success_url: params.owned("success_url"),
        cancel_url: params.owned("cancel_url"),
        return_url: params.owned("return_url"),
        client_reference_id: params.owned("client_reference_id"),
        customer: params.owned("customer"),
        customer_email: params.owned("customer_email"),
        customer_creation: params.owned("customer_creation"),
        buyer_email: None,
        locale: params.owned("locale"),
        submit_type: params.owned("submit_type"),
        billing_address_collection: params.owned("billing_address_collection"),
        adaptive_pricing: pricing.and_then(|pricing| pricing.flag("enabled")),
        method_types,
        metadata: read_metadata(params),
        intent_data: intent_data(params.below("payment_intent_data")),
        payment_intent: None,
        waiting_card: None,
        tampered,
    };
    world.put(Put::Session(Box::new(session.clone())));
    world.note(Happening::ObjectCreated {
        gateway: Gateway::Stripe,
        object: "checkout.session".to_owned(),
        id: session.id.clone(),
        order: Some(session.order.clone()),
        key: job.key.clone(),
    });
    world.note(Happening::SessionOpened {
        gateway: Gateway::Stripe,
        session: session.id.clone(),
        order: session.order.clone(),
        amount: session.amount_total,
        currency: session.currency.clone(),
    });
    session
}
