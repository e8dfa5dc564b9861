//! The checkout page of the simulated Stripe.

use super::html::{button, card_form, error, escape, message, page};
use super::{nothing_here, said};
use crate::sim::http::{Incoming, Reply};
use crate::sim::stripe::buyer::{self, Refusal, Seen};
use crate::sim::stripe::model::{Session, SessionStatus};
use crate::sim::stripe::shown;
use crate::sim::world::World;

const CARDS: &[(&str, &str)] = &[
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0027 6000 3184", "asks for 3-D Secure"),
    ("4000 0084 0000 1629", "3-D Secure, then declined"),
    ("4000 0000 0000 0002", "declined"),
    ("4000 0000 0000 9995", "declined: no funds"),
    ("4000 0000 0000 0069", "declined: expired"),
    ("4000 0000 0000 0127", "declined: wrong security code"),
    ("4000 0000 0000 0119", "processing error"),
    ("4000 0000 0000 7726", "succeeds; refunds are pending first"),
    ("4000 0000 0000 5126", "succeeds; refunds fail later"),
    ("4000 0000 0000 0259", "succeeds; disputed as fraudulent"),
    ("4000 0000 0000 1976", "succeeds; an inquiry follows"),
];

fn money(session: &Session) -> String {
    let amount = shown(session.amount_total, &session.currency);
    format!("{amount} {}", session.currency.to_uppercase())
}

fn lines(session: &Session) -> String {
    let row = |line: &crate::sim::stripe::model::Line| {
        let total = line.unit_amount.saturating_mul(line.quantity);
        let note = line.description.as_deref().unwrap_or_default();
        format!(
            "<tr><td>{} <span class=\"muted\">× {}</span><br><span class=\"muted\">{}</span></td>\
             <td class=\"right\">{}</td></tr>",
            escape(&line.name),
            line.quantity,
            escape(note),
            shown(total, &session.currency),
        )
    };
    session.lines.iter().map(row).collect()
}

/// The page of a session.
pub fn show(world: &World, id: &str, wrong: Option<&str>) -> Reply {
    let Some(session) = world.state.stripe.sessions.get(id) else {
        return nothing_here();
    };
    match session.status {
        SessionStatus::Open => {}
        SessionStatus::Complete => {
            let text = "You are all done here.";
            return Reply::html(200, message("This checkout is complete", text));
        }
        SessionStatus::Expired => {
            let text = "Go back to the shop and begin again.";
            return Reply::html(200, message("This checkout has timed out", text));
        }
    }
    let to = format!("/c/pay/{id}");
    let cards = if session.method_types.iter().any(|kind| kind == "card") {
        let pay = format!("Pay {}", money(session));
        let form = card_form(&to, "4242 4242 4242 4242", &pay, CARDS);
        format!("<section><h2>Pay with a card</h2>{form}</section>")
    } else {
        String::new()
    };
    let bank = if session.method_types.iter().any(|kind| kind != "card") {
        let bank = button(&to, &[("do", "bank")], "Pay by bank transfer", "plain");
        format!(
            "<section><h2>Pay by bank</h2><p class=\"muted\">The bank takes its time. \
             Whether the money arrives is decided at <a href=\"/\">the first page</a>.</p>{bank}</section>"
        )
    } else {
        String::new()
    };
    let back = session
        .cancel_url
        .as_ref()
        .map(|_| button(&to, &[("do", "back")], "Back to the shop", "plain"));
    let body = format!(
        "<section><h1>Checkout</h1><p class=\"amount\">{}</p><table>{}</table></section>{}{cards}{bank}{}",
        escape(&money(session)),
        lines(session),
        error(wrong),
        back.unwrap_or_default(),
    );
    Reply::html(200, page("Checkout", false, &body))
}

fn answered(world: &World, id: &str, seen: Result<Seen, Refusal>) -> Reply {
    match seen {
        Ok(Seen::Done(to)) => Reply::see_other(&to),
        Ok(Seen::Secure) => Reply::see_other(&format!("/c/pay/{id}/secure")),
        Err(Refusal::Unknown) => nothing_here(),
        Err(refusal) => {
            let mut reply = show(world, id, Some(&refusal.to_string()));
            reply.status = 402;
            reply
        }
    }
}

/// What the buyer does on the page.
pub fn act(world: &mut World, id: &str, incoming: &Incoming) -> Reply {
    let seen = match said(incoming, "do").as_str() {
        "card" => buyer::pay_card(world, id, &said(incoming, "card")),
        "bank" => buyer::pay_bank(world, id),
        "secure" => buyer::authenticate(world, id, said(incoming, "passed") == "yes"),
        "back" => match buyer::abandon(world, id) {
            Ok(back) => Ok(Seen::Done(back.unwrap_or_else(|| "/".to_owned()))),
            Err(refusal) => Err(refusal),
        },
        _ => Err(Refusal::State("this is no choice".to_owned())),
    };
    answered(world, id, seen)
}

/// The page of the bank that wants to know who it is.
pub fn secure(world: &World, id: &str) -> Reply {
    let session = world.state.stripe.sessions.get(id);
    let waiting = session.filter(|session| session.waiting_card.is_some());
    let Some(session) = waiting else {
        return show(world, id, None);
    };
    let to = format!("/c/pay/{id}");
    let body = format!(
        "<section><h1>3-D Secure</h1><p class=\"muted\">Your bank asks whether it is you who pays \
         {}.</p>{}{}</section>",
        escape(&money(session)),
        button(
            &to,
            &[("do", "secure"), ("passed", "yes")],
            "Complete authentication",
            ""
        ),
        button(
            &to,
            &[("do", "secure"), ("passed", "no")],
            "Fail authentication",
            "plain"
        ),
    );
    Reply::html(200, page("3-D Secure", false, &body))
}

/// A bank has come to its end.
pub fn bank(world: &mut World, id: &str, incoming: &Incoming) -> Reply {
    match buyer::bank_ends(world, id, said(incoming, "came") == "yes") {
        Ok(()) => Reply::see_other("/"),
        Err(Refusal::Unknown) => nothing_here(),
        Err(refusal) => Reply::html(409, message("Not possible", &refusal.to_string())),
    }
}

/// The receipt of a charge.
pub fn receipt(world: &World, id: &str) -> Reply {
    let Some(charge) = world.state.stripe.charges.get(id) else {
        return nothing_here();
    };
    let refunded = crate::sim::stripe::refunded(world, charge);
    let currency = charge.currency.to_uppercase();
    let body = format!(
        "<section><h1>Receipt</h1><p class=\"amount\">{} {currency}</p><table>\
         <tr><td>Order</td><td class=\"right\">{}</td></tr>\
         <tr><td>Charge</td><td class=\"right\"><code>{}</code></td></tr>\
         <tr><td>Status</td><td class=\"right\">{}</td></tr>\
         <tr><td>Refunded</td><td class=\"right\">{} {currency}</td></tr></table></section>",
        shown(charge.amount, &charge.currency),
        escape(&charge.order),
        escape(&charge.id),
        charge.status.name(),
        shown(refunded, &charge.currency),
    );
    Reply::html(200, page("Receipt", false, &body))
}
