//! The Snap page of the simulated Midtrans, and the pages of its banks and shops.

use serde_json::Value;

use super::html::{button, card_form, error, escape, message, page};
use super::{nothing_here, said};
use crate::sim::calendar::wib;
use crate::sim::http::{Incoming, Reply, percent_encode};
use crate::sim::midtrans::buyer::{self, Refusal};
use crate::sim::midtrans::model::{Page, PageStatus, Status, Transaction};
use crate::sim::midtrans::render::{self, rupiah};
use crate::sim::midtrans::{find, methods};
use crate::sim::world::World;

const CARDS: &[(&str, &str)] = &[
    ("4811 1111 1111 1114", "accepted"),
    ("5211 1111 1111 1117", "accepted"),
    ("4556 5579 5572 6624", "accepted without a password"),
    ("4024 0071 7626 5022", "accepted after a minute"),
    ("4511 1111 1111 1117", "to be looked at (challenge)"),
    ("4911 1111 1111 1113", "denied by the bank"),
    ("4611 1111 1111 1116", "denied by the fraud detection"),
    ("4472 4298 6999 6670", "denied: no funds"),
];

/// The right one-time password of every sandbox card.
const PASSWORD: &str = "112233";

/// The page of a token.
pub fn show(world: &World, token: &str, wrong: Option<&str>) -> Reply {
    let Some(shown) = world.state.midtrans.pages.get(token) else {
        return nothing_here();
    };
    match shown.status {
        PageStatus::Open => {}
        PageStatus::Finished => {
            let text = "You are all done here.";
            return Reply::html(200, message("This payment is over", text));
        }
        PageStatus::Cancelled | PageStatus::Expired => {
            let text = "A number you were given before may still be paid.";
            return Reply::html(200, message("This page has expired", text));
        }
    }
    let to = format!("/snap/v4/redirection/{token}");
    let offered = methods::offered(&shown.enabled, shown.gross_amount);
    let cards = if offered.iter().any(|method| method.name == "credit_card") {
        let pay = format!("Pay Rp {}", rupiah(shown.gross_amount));
        let form = card_form(&to, "4811 1111 1111 1114", &pay, CARDS);
        format!("<section><h2>Pay with a card</h2>{form}</section>")
    } else {
        String::new()
    };
    let others = offered.iter().filter(|method| method.name != "credit_card");
    let options: String = others
        .map(|method| {
            format!(
                "<option value=\"{}\">{}</option>",
                method.name, method.title
            )
        })
        .collect();
    let others = if options.is_empty() {
        String::new()
    } else {
        format!(
            "<section><h2>Pay in another way</h2><form method=\"post\" action=\"{to}\">\
             <input type=\"hidden\" name=\"do\" value=\"choose\"><label for=\"method\">Method</label>\
             <select id=\"method\" name=\"method\">{options}</select>\
             <button class=\"plain\">Get a number to pay</button></form></section>"
        )
    };
    let row = |(name, price, quantity): &(String, i64, i64)| {
        format!(
            "<tr><td>{} <span class=\"muted\">× {quantity}</span></td><td class=\"right\">{}</td></tr>",
            escape(name),
            rupiah(price.saturating_mul(*quantity)),
        )
    };
    let items: String = shown.items.iter().map(row).collect();
    let body = format!(
        "<section><h1>Order {}</h1><p class=\"amount\">Rp {}</p><table>{items}</table>\
         <p class=\"muted\">This page is open until {} WIB.</p></section>{}{cards}{others}{}",
        escape(&shown.order_id),
        rupiah(shown.gross_amount),
        wib(shown.page_expires),
        error(wrong),
        back(shown),
    );
    Reply::html(200, page("Payment", false, &body))
}

fn back(shown: &Page) -> String {
    let Some(url) = &shown.finish_url else {
        return String::new();
    };
    format!(
        "<a class=\"button plain\" href=\"{}\">Back to the shop</a>",
        escape(url)
    )
}

/// Where the buyer goes when it is over.
fn finish(world: &World, transaction: &Transaction) -> String {
    let page = transaction.token.as_deref();
    let page = page.and_then(|token| world.state.midtrans.pages.get(token));
    let Some(url) = page.and_then(|page| page.finish_url.as_deref()) else {
        return format!("/snap/pay/{}", transaction.id);
    };
    let mark = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{mark}order_id={}&status_code={}&transaction_status={}",
        percent_encode(&transaction.order_id),
        render::code(transaction),
        transaction.status.name(),
    )
}

/// What the buyer does on the page.
pub fn act(world: &mut World, token: &str, incoming: &Incoming) -> Reply {
    let done = match said(incoming, "do").as_str() {
        "card" => buyer::card(world, token, &said(incoming, "card")),
        "choose" => buyer::choose(world, token, &said(incoming, "method")),
        _ => Err(Refusal::State("this is no choice".to_owned())),
    };
    match done {
        Ok(transaction) if transaction.status == Status::Pending => {
            Reply::see_other(&format!("/snap/pay/{}", transaction.id))
        }
        Ok(transaction) => Reply::see_other(&finish(world, &transaction)),
        Err(Refusal::Unknown) => nothing_here(),
        Err(refusal) => {
            let mut reply = show(world, token, Some(&refusal.to_string()));
            reply.status = 402;
            reply
        }
    }
}

/// The number to pay, or the question for the one-time password.
pub fn transaction(world: &World, id: &str, wrong: Option<&str>) -> Reply {
    let Some(transaction) = world.state.midtrans.transactions.get(id) else {
        return nothing_here();
    };
    let to = format!("/snap/pay/{id}");
    let amount = rupiah(transaction.gross_amount);
    if transaction.status != Status::Pending {
        let text = format!("The transaction is: {}.", transaction.status.name());
        return Reply::html(200, message("Nothing to pay", &text));
    }
    if transaction.waiting_card.is_some() {
        let body = format!(
            "<section><h1>3-D Secure</h1><p class=\"muted\">Your bank sent you a password to pay Rp \
             {amount}. In this simulation it is {PASSWORD}.</p>{}<form method=\"post\" action=\"{to}\">\
             <input type=\"hidden\" name=\"do\" value=\"password\"><label for=\"password\">Password</label>\
             <input id=\"password\" name=\"password\" value=\"{PASSWORD}\" autocomplete=\"off\">\
             <button>Confirm</button></form></section>",
            error(wrong),
        );
        return Reply::html(200, page("3-D Secure", false, &body));
    }
    let method = methods::find(&transaction.method);
    let title = method.map_or(transaction.method.as_str(), |method| method.title);
    let until = transaction.expires.map(wib).unwrap_or_default();
    let body = format!(
        "<section><h1>{}</h1><p class=\"amount\">Rp {amount}</p>{}{}\
         <p class=\"muted\">It can be paid until {until} WIB, also after the page has expired.</p>{}{}</section>",
        escape(title),
        error(wrong),
        numbers(transaction),
        button(&to, &[("do", "pay")], "Pay now", ""),
        button(
            &to,
            &[("do", "later")],
            "Pay later: back to the shop",
            "plain"
        ),
    );
    Reply::html(200, page("Payment", false, &body))
}

/// What the buyer types at the bank.
fn numbers(transaction: &Transaction) -> String {
    let mut shown = String::new();
    let mut tell = |value: Option<&Value>| {
        if let Some(number) = value.and_then(Value::as_str) {
            shown.push_str(&format!("<p class=\"number\">{}</p>", escape(number)));
        }
    };
    let fields = &transaction.extra;
    let va = fields
        .get("va_numbers")
        .and_then(|list| list.pointer("/0/va_number"));
    tell(va);
    for name in [
        "permata_va_number",
        "biller_code",
        "bill_key",
        "payment_code",
    ] {
        tell(fields.get(name));
    }
    shown
}

/// What the buyer does with a number, or types as a password.
pub fn pay(world: &mut World, id: &str, incoming: &Incoming) -> Reply {
    let done = match said(incoming, "do").as_str() {
        "pay" => buyer::pay(world, id, false),
        "later" => find(world, id).cloned().ok_or(Refusal::Unknown),
        "password" => {
            let right = said(incoming, "password") == PASSWORD;
            buyer::password(world, id, right)
        }
        _ => Err(Refusal::State("this is no choice".to_owned())),
    };
    match done {
        Ok(transaction) => Reply::see_other(&finish(world, &transaction)),
        Err(Refusal::Unknown) => nothing_here(),
        Err(Refusal::Denied(why)) => {
            let token = world.state.midtrans.transactions.get(id);
            let token = token.and_then(|transaction| transaction.token.clone());
            let mut reply = show(world, &token.unwrap_or_default(), Some(&why));
            reply.status = 402;
            reply
        }
        Err(refusal) => {
            let mut reply = transaction(world, id, Some(&refusal.to_string()));
            reply.status = 409;
            reply
        }
    }
}
