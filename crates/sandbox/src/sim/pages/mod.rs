//! The pages of the gateways, for a person with a browser.

mod home;
mod html;
mod snap;
mod stripe;

use super::http::{Ending, Incoming, Reply, field};
use super::world::{Shared, World};

/// What a form says: the value of a field.
fn said(incoming: &Incoming, name: &str) -> String {
    field(incoming.text(), name).unwrap_or_default()
}

fn nothing_here() -> Reply {
    let page = html::message(
        "Nothing here",
        "There is no such page at the simulated gateways.",
    );
    Reply::html(404, page)
}

/// Serves a page.
pub fn serve(shared: &Shared, incoming: &Incoming) -> Ending {
    let reply = shared.with(|world| page(world, incoming));
    Ending::Whole(reply.unwrap_or_else(|_| {
        Reply::html(
            500,
            html::message("Broken", "The simulator cannot write its book."),
        )
    }))
}

fn page(world: &mut World, incoming: &Incoming) -> Reply {
    let post = incoming.method == "POST";
    match (incoming.method.as_str(), incoming.segments().as_slice()) {
        ("GET", []) => home::show(world),
        ("GET", ["c", "pay", id]) => stripe::show(world, id, None),
        ("POST", ["c", "pay", id]) => stripe::act(world, id, incoming),
        ("GET", ["c", "pay", id, "secure"]) => stripe::secure(world, id),
        ("POST", ["bank", id]) => stripe::bank(world, id, incoming),
        ("GET", ["receipts", id]) => stripe::receipt(world, id),
        ("GET", ["snap", "v4", "redirection", token]) => snap::show(world, token, None),
        ("POST", ["snap", "v4", "redirection", token]) => snap::act(world, token, incoming),
        ("GET", ["snap", "pay", id]) => snap::transaction(world, id, None),
        ("POST", ["snap", "pay", id]) => snap::pay(world, id, incoming),
        _ if post => Reply::html(405, html::message("Not possible", "Nothing listens here.")),
        _ => nothing_here(),
    }
}
