//! Opens a Snap page.
//!
//! One `order_id` makes one transaction at most, whatever becomes of the call.
//! Midtrans remembers an idempotency key for five minutes, and so long the same request opens the same page.
//! Later than that Snap either refuses the name, which says nothing about the buyer's page, or makes a second page.
//! Two pages of one `order_id` still make one transaction: the second to choose a method is refused.
//!
//! A page lives for a while counted from when it was made, so a request that is repeated late makes a page
//! that ends late. Therefore a method has to be chosen a little before [`Checkout::expires_at`]:
//! a page made at the last moment of [`Request::good_until`] still ends with it.
//! Whatever was chosen can be paid until then.

use bayar_app::port::gateway::{Call, CallError, Checkout, FaultKind, Line, Request, Sent, Unfit};
use bayar_app::port::store::CallKey;
use bayar_domain::gateway::{Session, SessionRef};
use bayar_domain::{Currency, Money};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::gateway::{MidtransGateway, not_ours};
use crate::{fault, rupiah, time};

const PATH: &str = "/snap/v1/transactions";
/// What Midtrans takes of an address.
const LONGEST_URL: usize = 255;
const LONGEST_NAME: usize = 50;
/// What Midtrans takes of a custom field.
const LONGEST_FIELD: usize = 255;
/// The shortest page, in minutes.
const SHORTEST_PAGE: i64 = 5;
/// The longest that anything can live, in minutes.
const LONGEST: i64 = 7 * 24 * 60;
/// How long Midtrans knows an idempotency key again, in minutes.
const REPEATING: i64 = 5;

/// Every method but DANA: a payment by DANA can be asked for by its own id alone,
/// and we would learn that from a notification at best.
const METHODS: [&str; 20] = [
    "credit_card",
    "gopay",
    "shopeepay",
    "ovo",
    "other_qris",
    "permata_va",
    "bca_va",
    "bni_va",
    "bri_va",
    "cimb_va",
    "danamon_va",
    "bsi_va",
    "seabank_va",
    "saqu_va",
    "echannel",
    "other_va",
    "indomaret",
    "alfamart",
    "akulaku",
    "kredivo",
];

#[derive(Serialize)]
struct Create<'a> {
    transaction_details: Details<'a>,
    item_details: Vec<Item>,
    enabled_payments: [&'static str; 20],
    credit_card: Card,
    callbacks: Callbacks<'a>,
    expiry: Expiry,
    page_expiry: PageExpiry,
    custom_field1: String,
    custom_field2: String,
    custom_field3: String,
}

#[derive(Serialize)]
struct Details<'a> {
    order_id: &'a str,
    gross_amount: i64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Item {
    id: String,
    price: i64,
    quantity: u32,
    name: String,
}

#[derive(Serialize)]
struct Card {
    secure: bool,
}

#[derive(Serialize)]
struct Callbacks<'a> {
    finish: &'a str,
    error: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Expiry {
    start_time: String,
    unit: String,
    duration: i64,
}

#[derive(Serialize)]
struct PageExpiry {
    duration: i64,
    unit: String,
}

/// Of the stored request, what is needed again.
#[derive(Deserialize)]
struct Stored {
    expiry: Expiry,
}

/// Of the stored request, what tells the page from every other.
#[derive(Deserialize)]
pub struct Marked {
    #[serde(rename = "custom_field1")]
    pub order: String,
    #[serde(rename = "custom_field2")]
    pub mark: String,
}

/// What a stored request says of itself. Nothing where it was lost.
pub fn sent(body: &str) -> Option<Marked> {
    serde_json::from_str(body).ok()
}

/// How the time until the deadline is shared, in minutes.
struct Share {
    whole: i64,
    page: i64,
    repeating: i64,
}

pub fn request(checkout: &Checkout<'_>, key: &CallKey) -> Result<Request, Unfit> {
    let gross = rupiah::asked(checkout.amount)?;
    let item_details = items(checkout, gross)?;
    let share = share(checkout.now, checkout.expires_at)?;
    let start = checkout.now.trunc_subsecs(0);
    let unit = || "minute".to_owned();
    let [custom_field1, custom_field2, custom_field3] = fields(checkout);
    let body = Create {
        transaction_details: Details {
            order_id: key.as_str(),
            gross_amount: gross,
        },
        item_details,
        enabled_payments: METHODS,
        credit_card: Card { secure: true },
        callbacks: Callbacks {
            finish: fitting(checkout.success_url)?,
            error: fitting(checkout.cancel_url)?,
        },
        expiry: Expiry {
            start_time: time::write(start).ok_or_else(|| Unfit("no such time".to_owned()))?,
            unit: unit(),
            duration: share.whole,
        },
        page_expiry: PageExpiry {
            duration: share.page,
            unit: unit(),
        },
        custom_field1,
        custom_field2,
        custom_field3,
    };
    let body = serde_json::to_string(&body).map_err(|error| Unfit(error.to_string()))?;
    Ok(Request {
        path: PATH.to_owned(),
        body,
        good_until: start
            .checked_add_signed(TimeDelta::minutes(share.repeating))
            .unwrap_or(start),
    })
}

pub async fn send(gateway: &MidtransGateway, call: &Call<'_>) -> Result<Sent, CallError> {
    let expires_at = end_of(&call.request.body).ok_or_else(not_ours)?;
    let answer = gateway
        .post(PATH, Some(&call.request.body), Some(call.key))
        .await?;
    let body = &answer.body;
    match (&body.token, &body.redirect_url) {
        (Some(token), Some(url)) if (200..300).contains(&answer.code) => {
            let Ok(reference) = SessionRef::new(token.as_str()) else {
                return Err(fault::unknown(&answer, FaultKind::Garbage));
            };
            Ok(Sent::Opened(Session {
                reference,
                url: url.clone(),
                expires_at,
            }))
        }
        _ if is_taken(body) => Err(fault::unknown(&answer, FaultKind::Idempotency)),
        _ if answer.code == 400 && body.complains_of(&["gross_amount"]) => {
            Err(fault::refused(&answer, FaultKind::Amount))
        }
        _ => Err(fault::by_code(&answer)),
    }
}

/// The custom fields: whose the page is, and behind that, in three pieces, the rows that it is opened for.
fn fields(checkout: &Checkout<'_>) -> [String; 3] {
    let amount = checkout.amount;
    let mut fields = [
        checkout.order.to_string(),
        mark(checkout.payment.get(), checkout.attempt.get()),
        format!("{} {amount} {}", checkout.installation, amount.currency()),
    ];
    // One more is for the blank between.
    let room = |field: &String| LONGEST_FIELD.saturating_sub(field.chars().count() + 1);
    let mut rest = checkout.record.within(fields.iter().map(room).sum());
    for field in &mut fields {
        let at = room(field).min(rest.len());
        if let Some((piece, after)) = rest.split_at_checked(at).filter(|_| at > 0) {
            field.push(' ');
            field.push_str(piece);
            rest = after;
        }
    }
    fields
}

/// What a custom field says before and behind its first so many words.
pub fn cut(field: &str, words: usize) -> (&str, &str) {
    let mut blanks = field.match_indices(' ').map(|(at, _)| at);
    let end = words.checked_sub(1).and_then(|nth| blanks.nth(nth));
    let cut = end.and_then(|at| field.split_at_checked(at));
    cut.map_or((field, ""), |(before, behind)| {
        (before, behind.trim_start())
    })
}

/// What custom field 2 says first.
pub fn mark(payment: i64, attempt: i64) -> String {
    format!("payment:{payment} attempt:{attempt}")
}

/// The attempt that custom field 2 names.
pub fn marked_attempt(field: &str) -> Option<&str> {
    let (payment, attempt) = cut(field, 2).0.split_once(' ')?;
    payment.strip_prefix("payment:")?;
    attempt.strip_prefix("attempt:")
}

/// Whether the name is in use: in English or in Indonesian.
fn is_taken(body: &crate::wire::Body) -> bool {
    ["taken", "digunakan", "already", "sudah", "duplicate"]
        .iter()
        .any(|word| body.complains_of(&["order_id", word]))
}

/// When nobody can pay any more.
fn end_of(body: &str) -> Option<DateTime<Utc>> {
    let Stored { expiry } = serde_json::from_str(body).ok()?;
    time::read_written(&expiry.start_time)?
        .checked_add_signed(TimeDelta::try_minutes(expiry.duration)?)
}

fn share(now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<Share, Unfit> {
    let left = expires_at.signed_duration_since(now).num_minutes();
    if left <= SHORTEST_PAGE {
        return Err(Unfit(format!(
            "a page at Midtrans lives {SHORTEST_PAGE} minutes at least, and one more is for opening it"
        )));
    }
    let whole = left.min(LONGEST);
    let repeating = REPEATING.min(whole.saturating_sub(SHORTEST_PAGE));
    Ok(Share {
        whole,
        page: whole.saturating_sub(repeating),
        repeating,
    })
}

fn fitting(url: &str) -> Result<&str, Unfit> {
    if url.chars().count() <= LONGEST_URL {
        Ok(url)
    } else {
        Err(Unfit(format!(
            "Midtrans takes addresses of {LONGEST_URL} characters at most"
        )))
    }
}

/// The lines, where each is whole rupiah; otherwise one line for all of it.
fn items(checkout: &Checkout<'_>, gross: i64) -> Result<Vec<Item>, Unfit> {
    let sum = checkout
        .lines
        .iter()
        .map(|line| line.unit_amount.checked_mul(line.quantity))
        .collect::<Result<Vec<Money>, _>>()
        .and_then(|lines| Money::sum(Currency::Idr, lines));
    if sum != Ok(checkout.amount) {
        return Err(Unfit("the lines do not sum to the amount".to_owned()));
    }
    let name = checkout.order.to_string();
    let lines: Option<Vec<Item>> = checkout
        .lines
        .iter()
        .filter(|line| line.quantity > 0)
        .zip(1_u32..)
        .map(|(line, number)| item(line, number, &name))
        .collect();
    Ok(lines.unwrap_or_else(|| {
        vec![Item {
            id: "1".to_owned(),
            price: gross,
            quantity: 1,
            name: short(&name),
        }]
    }))
}

fn item(line: &Line, number: u32, otherwise: &str) -> Option<Item> {
    let name = short(&line.name);
    Some(Item {
        id: number.to_string(),
        price: rupiah::whole(line.unit_amount)?,
        quantity: line.quantity,
        name: if name.is_empty() {
            short(otherwise)
        } else {
            name
        },
    })
}

/// Alfamart takes the pipe for a border.
fn short(name: &str) -> String {
    let plain = name.chars().map(|c| match c {
        '|' => ' ',
        c if c.is_control() => ' ',
        c => c,
    });
    let cut: String = plain
        .collect::<String>()
        .trim()
        .chars()
        .take(LONGEST_NAME)
        .collect();
    cut.trim_end().to_owned()
}
