//! The first page: what is open, and what waits for somebody.

use super::html::{button, escape, page};
use crate::sim::calendar::{iso, wib};
use crate::sim::http::Reply;
use crate::sim::midtrans::model::{Page, PageStatus, Status, Transaction};
use crate::sim::midtrans::render::rupiah;
use crate::sim::stripe::model::{Intent, IntentStatus, Session, SessionStatus};
use crate::sim::stripe::shown;
use crate::sim::world::World;

/// As many lines as anybody reads.
const SHOWN: usize = 20;

pub fn show(world: &World) -> Reply {
    let state = &world.state;
    let open = |session: &&Session| session.status == SessionStatus::Open;
    let sessions = state.stripe.sessions.newest().filter(open).take(SHOWN);
    let sessions: String = sessions.map(session).collect();
    let working = |intent: &&Intent| intent.status == IntentStatus::Processing;
    let banks = state.stripe.intents.newest().filter(working).take(SHOWN);
    let banks: String = banks.filter_map(bank).collect();
    let on = |page: &&Page| page.status == PageStatus::Open;
    let pages = state.midtrans.pages.values().filter(on).take(SHOWN);
    let pages: String = pages.map(snap).collect();
    let waits = |transaction: &&Transaction| transaction.status == Status::Pending;
    let numbers = state
        .midtrans
        .transactions
        .values()
        .filter(waits)
        .take(SHOWN);
    let numbers: String = numbers.map(number).collect();
    let table = |title: &str, rows: &str| {
        let rows = if rows.is_empty() {
            "<tr><td class=\"muted\">None.</td></tr>"
        } else {
            rows
        };
        format!("<section><h2>{title}</h2><table>{rows}</table></section>")
    };
    let body = format!(
        "<section><h1>Simulated gateways</h1><p class=\"muted\">It is {} here ({} in Jakarta). \
         The control API is at <a href=\"/_sim\">/_sim</a>.</p></section>{}{}{}{}",
        iso(world.now()),
        wib(world.now()),
        table("Stripe: open checkouts", &sessions),
        table("Stripe: banks at work", &banks),
        table("Midtrans: open pages", &pages),
        table("Midtrans: waiting for money", &numbers),
    );
    Reply::html(200, page("Simulated gateways", true, &body))
}

fn session(session: &Session) -> String {
    format!(
        "<tr><td><a href=\"/c/pay/{}\">{}</a></td><td class=\"right\">{} {}</td></tr>",
        escape(&session.id),
        escape(&session.order),
        shown(session.amount_total, &session.currency),
        escape(&session.currency.to_uppercase()),
    )
}

fn bank(intent: &Intent) -> Option<String> {
    let session = intent.session.as_deref()?;
    let to = format!("/bank/{session}");
    Some(format!(
        "<tr><td>{}</td><td class=\"right\">{} {}</td><td class=\"right\">{}{}</td></tr>",
        escape(&intent.order),
        shown(intent.amount, &intent.currency),
        escape(&intent.currency.to_uppercase()),
        button(&to, &[("came", "yes")], "Money arrives", "small"),
        button(&to, &[("came", "no")], "Fails", "small plain"),
    ))
}

fn snap(page: &Page) -> String {
    format!(
        "<tr><td><a href=\"/snap/v4/redirection/{}\">{}</a></td><td class=\"right\">Rp {}</td></tr>",
        escape(&page.token),
        escape(&page.details.order),
        rupiah(page.gross_amount),
    )
}

fn number(transaction: &Transaction) -> String {
    format!(
        "<tr><td><a href=\"/snap/pay/{}\">{}</a></td><td>{}</td><td class=\"right\">Rp {}</td></tr>",
        escape(&transaction.id),
        escape(&transaction.details.order),
        escape(&transaction.method),
        rupiah(transaction.gross_amount),
    )
}
