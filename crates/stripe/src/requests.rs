//! What moves something at Stripe, put together and not sent.

use std::collections::HashMap;

use bayar_app::port::gateway::{Checkout, Line, Place, RefundOrder, Request, Unfit};
use bayar_app::port::store::CallKey;
use bayar_domain::Money;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAdaptivePricing, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData,
    ExpireCheckoutSession, ProductData,
};
use stripe_client_core::{RequestBuilder, StripeRequest as _};
use stripe_core::refund::{CreateRefund, CreateRefundReason};
use stripe_shared::CheckoutSessionMode;

use crate::amount::to_stripe;
use crate::client::ROOT;
use crate::names;
use crate::objects::{Expandable, Refund};

/// Stripe knows a key for a day at least. An hour of it is left for the last try, and for clocks that differ.
pub const KEY_IS_KNOWN: TimeDelta = TimeDelta::hours(23);

/// The shortest life of a session.
const SHORTEST_LIFE: TimeDelta = TimeDelta::minutes(30);

/// The longest is a day; an hour of it is left for clocks that differ. A session may always end before our own deadline.
const LONGEST_LIFE: TimeDelta = TimeDelta::hours(23);

const MOST_LINES: usize = 100;

/// What opens a session.
pub fn open(checkout: &Checkout<'_>, key: &CallKey) -> Result<Request, Unfit> {
    if !checkout.amount.is_positive() {
        return Err(unfit("there is nothing to pay"));
    }
    to_stripe(checkout.amount).map_err(|error| Unfit(error.to_string()))?;
    let lines = lines(checkout.lines, checkout.amount)?;
    let until = checkout.expires_at.min(moved(checkout.now, LONGEST_LIFE)?);
    if until < moved(checkout.now, SHORTEST_LIFE)? {
        return Err(unfit("a session of Stripe lives for 30 minutes at least"));
    }
    let metadata = metadata(checkout, key);
    // The rows are found in the list of sessions: the money need not carry them too.
    let mut with_record = metadata.clone();
    let record = checkout.record.within(names::LONGEST_RECORD);
    with_record.extend(names::record_in_pieces(record));
    let mut session = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        .line_items(lines)
        .success_url(checkout.success_url)
        .cancel_url(checkout.cancel_url)
        .client_reference_id(checkout.order.to_string())
        .metadata(with_record)
        .expires_at(until.timestamp());
    // The payment intent does not inherit what the session carries.
    session = session.payment_intent_data(CreateCheckoutSessionPaymentIntentData {
        metadata: Some(metadata),
        ..CreateCheckoutSessionPaymentIntentData::new()
    });
    // The buyer pays in our currency, or the amount would not be ours.
    session = session.adaptive_pricing(CreateCheckoutSessionAdaptivePricing {
        enabled: Some(false),
    });
    stored(session.build(), checkout.now)
}

/// What closes a session.
pub fn close(place: &Place<'_>) -> Result<Request, Unfit> {
    let session = place
        .session
        .ok_or_else(|| unfit("a session that nobody knows cannot be closed"))?;
    let name = session.reference.as_str();
    if !names::fits_path(name) {
        return Err(unfit("the session has a name that Stripe does not give"));
    }
    stored(ExpireCheckoutSession::new(name).build(), place.now)
}

/// What gives money back.
pub fn refund(order: &RefundOrder<'_>) -> Result<Request, Unfit> {
    if !order.amount.is_positive() {
        return Err(unfit("there is nothing to give back"));
    }
    let left = order.captured.checked_sub(order.amount);
    if left.map_or(true, Money::is_negative) {
        return Err(unfit("more is to go back than came in"));
    }
    let amount = to_stripe(order.amount).map_err(|error| Unfit(error.to_string()))?;
    let metadata = HashMap::from([
        (
            names::INSTALLATION.to_owned(),
            order.installation.to_string(),
        ),
        (names::REFUND.to_owned(), order.refund.to_string()),
    ]);
    let refund = CreateRefund::new()
        .payment_intent(order.capture.as_str())
        .amount(amount)
        .reason(CreateRefundReason::RequestedByCustomer)
        .metadata(metadata);
    stored(refund.build(), order.now)
}

/// Whether a refund is the one that a stored request asks for: that it is one is not enough.
pub fn asked_for(request: &Request, refund: &Refund) -> bool {
    let Ok(form) = Url::parse(&format!("form:?{}", request.body)) else {
        return false;
    };
    let asked = |name: &str| {
        let mut pairs = form.query_pairs();
        pairs.find_map(|(found, value)| (found == name).then_some(value))
    };
    let intent = refund.payment_intent.as_ref().map(Expandable::name);
    asked("amount").is_some_and(|amount| amount == refund.amount.to_string())
        && asked("payment_intent").as_deref() == intent
}

/// Everything that is needed to build our rows again.
fn metadata(checkout: &Checkout<'_>, key: &CallKey) -> HashMap<String, String> {
    [
        (names::INSTALLATION, checkout.installation.to_string()),
        (names::ORDER, checkout.order.to_string()),
        (names::PAYMENT, checkout.payment.to_string()),
        (names::ATTEMPT, checkout.attempt.to_string()),
        (names::AMOUNT, checkout.amount.to_string()),
        (
            names::CURRENCY,
            checkout.amount.currency().code().to_owned(),
        ),
        (names::CALL, key.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn lines(lines: &[Line], amount: Money) -> Result<Vec<CreateCheckoutSessionLineItems>, Unfit> {
    if lines.is_empty() || lines.len() > MOST_LINES {
        return Err(unfit("a session of Stripe has 1 to 100 lines"));
    }
    let total = |line: &Line| line.unit_amount.checked_mul(line.quantity);
    let totals: Result<Vec<_>, _> = lines.iter().map(total).collect();
    let sum = totals.and_then(|totals| Money::sum(amount.currency(), totals));
    if sum != Ok(amount) {
        return Err(unfit("the lines do not sum to the amount"));
    }
    lines.iter().map(item).collect()
}

fn item(line: &Line) -> Result<CreateCheckoutSessionLineItems, Unfit> {
    if line.unit_amount.is_negative() {
        return Err(unfit("a line costs nothing or more at Stripe"));
    }
    if line.quantity == 0 || line.name.trim().is_empty() {
        return Err(unfit("a line has a name, and is for one thing at least"));
    }
    let units = to_stripe(line.unit_amount).map_err(|error| Unfit(error.to_string()))?;
    let code = line.unit_amount.currency().code().to_ascii_lowercase();
    let currency: stripe_types::Currency = code
        .parse()
        .map_err(|_| unfit("Stripe does not know the currency"))?;
    Ok(CreateCheckoutSessionLineItems {
        quantity: Some(line.quantity.into()),
        price_data: Some(CreateCheckoutSessionLineItemsPriceData {
            product_data: Some(ProductData::new(line.name.as_str())),
            unit_amount: Some(units),
            ..CreateCheckoutSessionLineItemsPriceData::new(currency)
        }),
        ..CreateCheckoutSessionLineItems::new()
    })
}

fn stored(request: RequestBuilder, now: DateTime<Utc>) -> Result<Request, Unfit> {
    Ok(Request {
        path: format!("{ROOT}{}", request.path),
        body: in_order(&request.body.unwrap_or_default()),
        good_until: moved(now, KEY_IS_KNOWN)?,
    })
}

/// The fields in the order of their names: metadata comes in any order, and what says the same is to read the same.
fn in_order(form: &str) -> String {
    let mut fields: Vec<_> = form.split('&').collect();
    fields.sort_by_key(|field| field.split_once('=').map_or(*field, |(name, _)| name));
    fields.join("&")
}

fn moved(time: DateTime<Utc>, by: TimeDelta) -> Result<DateTime<Utc>, Unfit> {
    time.checked_add_signed(by)
        .ok_or_else(|| unfit("there is no such time"))
}

fn unfit(why: &str) -> Unfit {
    Unfit(why.to_owned())
}
