//! Snap: pages on which the buyer chooses how to pay.

use serde_json::{Value, json};

use super::errors::Trouble;
use super::model::{Details, Page, PageStatus, Status};
use super::{Answer, Job, expiry, order_in, snap_check};
use crate::sim::book::{Closed, Happening};
use crate::sim::calendar::iso;
use crate::sim::clock::{DAY, MINUTE};
use crate::sim::faults::Fault;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// Where the buyer pays.
pub fn page_url(world: &World, token: &str) -> String {
    format!("{}/snap/v4/redirection/{token}", world.public_url)
}

/// Whether an order id is in use. It can be used again once what it was for is over.
pub fn is_taken(world: &World, order_id: &str) -> bool {
    let merchant = &world.state.midtrans;
    let transactions = merchant.by_order.get(order_id);
    let newest = transactions.and_then(|all| all.last());
    let newest = newest.and_then(|id| merchant.transactions.get(id));
    if let Some(newest) = newest
        && !matches!(newest.status, Status::Expire | Status::Cancel)
    {
        return true;
    }
    let page = merchant.tokens.get(order_id);
    let page = page.and_then(|token| merchant.pages.get(token));
    page.is_some_and(|page| page.status == PageStatus::Open)
}

/// What a transaction takes over from the request.
pub fn details(world: &World, job: &Job, order_id: &str) -> Details {
    let text = |name: &str| {
        let text = job.body.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let custom_fields = [
        text("custom_field1"),
        text("custom_field2"),
        text("custom_field3"),
    ];
    let place = usize::from(world.config.midtrans.order_field).saturating_sub(1);
    let field = custom_fields.get(place).cloned().flatten();
    let order = field.map(|field| order_in(&field, &world.config.stripe.order_key));
    let urls = |header: &Option<String>| -> Vec<String> {
        let header = header.as_deref().unwrap_or_default();
        let urls = header
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty());
        urls.take(2).map(str::to_owned).collect()
    };
    Details {
        custom_fields,
        metadata: job.body.get("metadata").cloned(),
        append: urls(&job.append),
        replace: urls(&job.replace),
        order: order.unwrap_or_else(|| order_id.to_owned()),
    }
}

/// `POST /snap/v1/transactions`
pub fn create(world: &mut World, job: &Job, twist: Option<&Fault>) -> Answer {
    let body = &job.body;
    let mut wrong = Vec::new();
    let charge = snap_check::charge(body, &mut wrong);
    snap_check::snap(body, &mut wrong);
    // The documents disagree about the smallest expiry, so the smaller one counts.
    let expiry = snap_check::expiry(body, "expiry", MINUTE / 3, &mut wrong);
    let page_expiry = snap_check::expiry(body, "page_expiry", 5 * MINUTE, &mut wrong);
    if !wrong.is_empty() {
        return Err(Trouble::many(400, wrong));
    }
    if is_taken(world, &charge.order_id) {
        let message = "transaction_details.order_id has already been taken";
        return Err(Trouble::new(400, message));
    }
    let now = world.now();
    let page_expires = match (&page_expiry, &expiry) {
        (Some(page), _) => page.start.unwrap_or(now) + page.lasts,
        (None, Some(expiry)) => expiry.start.unwrap_or(now) + expiry.lasts,
        (None, None) => now + DAY,
    };
    let (tampered, tampered_currency) = match twist {
        Some(Fault::WrongAmount { amount }) => (Some(*amount), None),
        Some(Fault::WrongCurrency { currency }) => (None, Some(currency.clone())),
        _ => (None, None),
    };
    let url = |path: &str| {
        let url = body.pointer(path).and_then(Value::as_str);
        url.filter(|url| !url.is_empty()).map(str::to_owned)
    };
    let page = Page {
        token: world.ids.uuid(),
        details: details(world, job, &charge.order_id),
        order_id: charge.order_id,
        created: now,
        gross_amount: charge.gross_amount,
        items: charge.items,
        enabled: snap_check::enabled(body),
        finish_url: url("/callbacks/finish"),
        error_url: url("/callbacks/error"),
        expiry,
        page_expires,
        status: PageStatus::Open,
        canceled_at: None,
        tampered,
        tampered_currency,
        open: true,
    };
    world.put(Put::Page(Box::new(page.clone())));
    world.note(Happening::ObjectCreated {
        gateway: Gateway::Midtrans,
        object: "snap".to_owned(),
        id: page.token.clone(),
        order: Some(page.details.order.clone()),
        key: job.key.clone(),
    });
    world.note(Happening::SessionOpened {
        gateway: Gateway::Midtrans,
        session: page.token.clone(),
        order: page.details.order.clone(),
        amount: page.gross_amount,
        currency: "IDR".to_owned(),
    });
    let url = page_url(world, &page.token);
    Ok((201, json!({ "token": page.token, "redirect_url": url })))
}

/// `POST /snap/v1/transactions/{token}/cancel`
pub fn cancel(world: &mut World, job: &Job) -> Answer {
    let Some(mut page) = world.state.midtrans.pages.get(&job.subject).cloned() else {
        return Err(Trouble::new(404, "token not found"));
    };
    match page.status {
        PageStatus::Cancelled => return Err(Trouble::new(400, "token already canceled")),
        PageStatus::Expired => return Err(Trouble::new(400, "token is expired")),
        PageStatus::Finished => {
            return Err(Trouble::new(400, "Transaction is on progress"));
        }
        PageStatus::Open => {}
    }
    let newest = super::find(world, &page.order_id);
    let busy = newest.is_some_and(|newest| {
        newest.token.as_deref() == Some(&page.token) && newest.status == Status::Pending
    });
    if busy {
        return Err(Trouble::new(400, "Transaction is on progress"));
    }
    let now = world.now();
    page.status = PageStatus::Cancelled;
    page.canceled_at = Some(now);
    world.put(Put::Page(Box::new(page.clone())));
    expiry::close(world, &page.token, Closed::Cancelled);
    Ok((200, json!({ "canceled_at": iso(now) })))
}
