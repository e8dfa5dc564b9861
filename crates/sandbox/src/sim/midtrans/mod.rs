//! The simulated Midtrans: Snap under `/snap/v1`, Core under `/v2`, and the buyer's side of both.

mod auth;
pub mod buyer;
mod cards;
mod charge;
pub mod errors;
pub mod expiry;
pub mod idempotency;
mod manage;
pub mod methods;
pub mod model;
pub mod moves;
pub mod notify;
pub mod refund;
pub mod render;
mod route;
mod snap;
mod snap_check;

use serde_json::Value;
use sha2::{Digest, Sha256};

use self::errors::Trouble;
pub use self::route::Operation;
use super::book::{Happening, Request};
use super::faults::Fault;
use super::gateway::Gateway;
use super::http::{Incoming, Reply};
use super::world::World;

/// A request that was understood.
#[derive(Debug)]
pub struct Job {
    pub operation: Operation,
    /// The id or token in the path.
    pub subject: String,
    pub body: Value,
    /// `X-Append-Notification` and `X-Override-Notification`.
    pub append: Option<String>,
    pub replace: Option<String>,
    pub key: Option<String>,
    pub request: String,
    pub order: Option<String>,
}

/// What a request comes to: a body with an HTTP status, or trouble.
pub type Answer = Result<(u16, Value), Trouble>;

/// Looks at a request: who asks, and for what.
pub fn plan(world: &mut World, incoming: &Incoming) -> Result<Job, Reply> {
    let snap = incoming.path.starts_with("/snap/");
    let refuse = |world: &mut World, trouble: Trouble| {
        let id = world.ids.uuid();
        Err(trouble.reply(snap, &id, true))
    };
    if !auth::good(&world.config.midtrans, incoming) {
        let trouble = if snap {
            Trouble::new(
                401,
                "Access denied due to unauthorized transaction, please check client or server key",
            )
        } else {
            Trouble::new(401, "Unknown Merchant server_key/id")
        };
        return refuse(world, trouble);
    }
    let Some((operation, subject)) = route::find(incoming) else {
        return refuse(
            world,
            Trouble::new(404, "The requested resource is not found"),
        );
    };
    if !auth::accepts_json(incoming) {
        return refuse(
            world,
            Trouble::new(403, "Accept header must be application/json"),
        );
    }
    let body = if incoming.body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&incoming.body) {
            Ok(body) => body,
            Err(_) => {
                let code = if snap { 400 } else { 413 };
                let message =
                    "The request cannot be processed due to malformed syntax in the request body";
                return refuse(world, Trouble::new(code, message));
            }
        }
    };
    let key = (incoming.method == "POST").then(|| incoming.header("idempotency-key"));
    // A longer key is ignored, and nobody is told.
    let key = key
        .flatten()
        .filter(|key| !key.is_empty() && key.len() <= 46);
    let mut job = Job {
        operation,
        subject: subject.to_owned(),
        body,
        append: incoming.header("x-append-notification").map(str::to_owned),
        replace: incoming
            .header("x-override-notification")
            .map(str::to_owned),
        key: key.map(str::to_owned),
        request: world.ids.uuid(),
        order: None,
    };
    job.order = order_of(world, &job);
    world.note(Happening::RequestReceived(Request {
        request: job.request.clone(),
        gateway: Gateway::Midtrans,
        operation: operation.name().to_owned(),
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        order: job.order.clone(),
        key: job.key.clone(),
        params: hex::encode(Sha256::digest(&incoming.body)),
    }));
    Ok(job)
}

/// The order in a custom field: its first word, or what stands at the key in it.
fn order_in(field: &str, key: &str) -> String {
    if let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(field)
        && let Some(order) = fields.get(key).and_then(Value::as_str)
    {
        return order.to_owned();
    }
    let marked = [format!("{key}="), format!("{key}:")];
    let rest = marked
        .iter()
        .find_map(|mark| Some(field.split_once(mark.as_str())?.1));
    let end = |letter: char| letter.is_whitespace() || ",;&|".contains(letter);
    let cut = rest.and_then(|rest| rest.split(end).next());
    let first = field.split_whitespace().next();
    cut.or(first).unwrap_or(field).to_owned()
}

fn order_of(world: &World, job: &Job) -> Option<String> {
    let merchant = &world.state.midtrans;
    let known = find(world, &job.subject).map(|found| found.details.order.clone());
    let page = merchant
        .pages
        .get(&job.subject)
        .map(|page| page.details.order.clone());
    let field = format!("custom_field{}", world.config.midtrans.order_field);
    let field = job.body.get(&field).and_then(Value::as_str);
    let field = field.filter(|field| !field.is_empty());
    let named = field.map(|field| order_in(field, &world.config.stripe.order_key));
    let of_body = job.body.pointer("/transaction_details/order_id");
    let of_body = of_body.and_then(Value::as_str).map(str::to_owned);
    // The page of an order id no transaction was made for yet.
    let token = merchant.tokens.get(&job.subject);
    let by_token = token.and_then(|token| merchant.pages.get(token));
    let by_token = by_token.map(|page| page.details.order.clone());
    known.or(page).or(named).or(by_token).or(of_body)
}

/// A transaction by its own id, or the newest of an order id.
pub fn find<'a>(world: &'a World, id: &str) -> Option<&'a model::Transaction> {
    let merchant = &world.state.midtrans;
    if let Some(found) = merchant.transactions.get(id) {
        return Some(found);
    }
    let newest = merchant.by_order.get(id)?.last()?;
    let found = merchant.transactions.get(newest)?;
    let hidden = found.method == "dana" && world.config.midtrans.dana_by_transaction_only;
    (!hidden).then_some(found)
}

/// Does what a request asks for.
pub fn run(world: &mut World, job: &Job, twist: Option<&Fault>) -> Reply {
    let snap = job.operation.of_snap();
    let done = route::dispatch(world, job, twist);
    let reply = match done {
        Ok((status, body)) => {
            let reply = Reply::json(status, &body);
            idempotency::keep(world, job, &reply);
            reply
        }
        Err(trouble) => {
            let id = world.ids.uuid();
            let loud = snap || world.config.midtrans.http_errors;
            trouble.reply(snap, &id, loud)
        }
    };
    idempotency::end(world, job);
    reply
}

#[cfg(test)]
mod tests {
    use super::order_in;

    #[test]
    fn the_order_is_the_field_or_a_part_of_it() {
        let order = |field| order_in(field, "bayar_order");
        assert_eq!(order("INV-1"), "INV-1");
        assert_eq!(order(r#"{"bayar_order":"INV-2","amount":"5"}"#), "INV-2");
        assert_eq!(order("a=1;bayar_order=INV-3;b=2"), "INV-3");
        assert_eq!(order("bayar_order:INV-4 x"), "INV-4");
    }
}
