//! Sending what is due, and writing down what came of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::queue::{Delivery, DeliveryState, Moved};
use super::retry;
use super::rules::Tamper;
use super::sign::{midtrans_signature, stripe_header};
use crate::sim::book::{Attempt, Happening, Outcome};
use crate::sim::clock::{Millis, SECOND, real_now};
use crate::sim::config::SigningTime;
use crate::sim::gateway::Gateway;
use crate::sim::http::client;
use crate::sim::state::Put;
use crate::sim::timeline;
use crate::sim::world::{Broken, Shared, World};

/// How long a webhook waits to be overtaken.
const HELD: Millis = 10 * SECOND;
/// Midtrans follows no more redirections.
const REDIRECTIONS: u32 = 5;

/// What goes over the wire.
struct Wire {
    delivery: Delivery,
    headers: Vec<(String, String)>,
    body: String,
    copies: u32,
    tampered: Option<&'static str>,
}

/// Sends whatever becomes due, as long as the simulator runs.
pub async fn run(shared: Arc<Shared>) {
    loop {
        let Ok(next) = shared.with(|world| {
            let now = world.now();
            timeline::next(world).map(|next| next.saturating_sub(now))
        }) else {
            return;
        };
        let more = send_due(&shared).unwrap_or_default();
        if more > 0 {
            continue;
        }
        // Something in the way of the clock must not stop us for long.
        let pause = next.unwrap_or(SECOND).clamp(1, SECOND);
        let pause = Duration::from_millis(u64::try_from(pause).unwrap_or(1));
        let _ = tokio::time::timeout(pause, shared.wake.notified()).await;
    }
}

/// Sends what is due and waits until nothing is under way and nothing is due.
pub async fn settle(shared: &Arc<Shared>) -> Result<(), Broken> {
    loop {
        send_due(shared)?;
        let heard = shared.delivered.notified();
        let busy = shared.with(|world| {
            let now = world.now();
            let due = world
                .state
                .outgoing
                .first()
                .is_some_and(|(due, _)| *due <= now);
            due || !world.sending.is_empty()
        })?;
        if !busy {
            return Ok(());
        }
        let _ = tokio::time::timeout(Duration::from_millis(20), heard).await;
    }
}

/// The webhooks that came after so many.
pub fn since(world: &World, before: usize) -> Vec<String> {
    let after = world.state.deliveries.iter().skip(before);
    after.map(|delivery| delivery.id.clone()).collect()
}

/// Waits until none of these webhooks is under way or due, whatever else is sent meanwhile.
pub async fn sent(shared: &Arc<Shared>, these: &[String]) -> Result<(), Broken> {
    loop {
        send_due(shared)?;
        let heard = shared.delivered.notified();
        let busy = shared.with(|world| {
            let now = world.now();
            these.iter().any(|id| {
                let is_due = |delivery: &Delivery| {
                    delivery.state == DeliveryState::Waiting && delivery.due <= now
                };
                world.sending.contains(id) || world.state.deliveries.get(id).is_some_and(is_due)
            })
        })?;
        if !busy {
            return Ok(());
        }
        let _ = tokio::time::timeout(Duration::from_millis(20), heard).await;
    }
}

/// Starts to send everything that is due. How many.
fn send_due(shared: &Arc<Shared>) -> Result<usize, Broken> {
    let wires = shared.with(|world| {
        let mut wires = Vec::new();
        while let Some(delivery) = world.take_due() {
            wires.extend(prepare(world, delivery));
        }
        wires
    })?;
    let count = wires.len();
    for wire in wires {
        let sender = Arc::clone(shared);
        shared.runtime.spawn(async move {
            let outcome = transmit(&sender, &wire).await;
            let _ = sender.with(|world| record(world, wire.delivery, outcome, wire.tampered));
            sender.delivered.notify_waiters();
        });
    }
    Ok(count)
}

/// Makes the message of one attempt; none when it is dropped or put off.
fn prepare(world: &mut World, delivery: Delivery) -> Option<Wire> {
    let tamper = match delivery.forged.clone() {
        Some(forged) => Some(forged),
        None => world.rules.pick(&delivery),
    };
    match &tamper {
        Some(Tamper::Drop | Tamper::DropOnce) => {
            let for_good = tamper == Some(Tamper::Drop);
            let outcome = if for_good {
                Outcome::Dropped
            } else {
                Outcome::Failed("dropped on purpose".to_owned())
            };
            record(world, delivery, outcome, tamper.as_ref().map(Tamper::name));
            return None;
        }
        Some(Tamper::Delay { seconds }) => {
            let by = Millis::try_from(*seconds).unwrap_or(0) * SECOND;
            put_off(world, delivery, by, false);
            return None;
        }
        Some(Tamper::Reorder) => {
            put_off(world, delivery, HELD, true);
            return None;
        }
        _ => {}
    }
    let (headers, body) = match delivery.gateway {
        Gateway::Stripe => stripe(world, &delivery, tamper.as_ref()),
        Gateway::Midtrans => midtrans(&delivery, tamper.as_ref()),
    };
    let copies = match &tamper {
        Some(Tamper::Duplicate { copies }) => *copies,
        _ => 0,
    };
    Some(Wire {
        delivery,
        headers,
        body,
        copies,
        tampered: tamper.as_ref().map(Tamper::name),
    })
}

fn put_off(world: &mut World, mut delivery: Delivery, by: Millis, held: bool) {
    world.sending.remove(&delivery.id);
    delivery.due = world.now() + by;
    delivery.put_off = true;
    delivery.held = held;
    world.put(Put::DeliveryMoved(Box::new(Moved::of(&delivery))));
}

fn edited(body: &str, edit: impl FnOnce(&mut Value)) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(mut value) => {
            edit(&mut value);
            value.to_string()
        }
        Err(_) => body.to_owned(),
    }
}

fn set(value: &mut Value, name: &str, to: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), to);
    }
}

type Headers = Vec<(String, String)>;

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn stripe(world: &World, delivery: &Delivery, tamper: Option<&Tamper>) -> (Headers, String) {
    let mut time = match world.config.signing_time {
        SigningTime::Simulated => world.seconds(),
        SigningTime::Real => real_now().div_euclid(SECOND),
    };
    let mut body = delivery.body.clone();
    let mut secrets = delivery.secrets.clone();
    match tamper {
        Some(Tamper::WrongSecret) => secrets = vec!["whsec_nobody_has_this".to_owned()],
        Some(Tamper::Stale { seconds }) => time -= seconds,
        Some(Tamper::OtherAccount) => {
            body = edited(&body, |event| {
                set(event, "account", "acct_1SomebodyElse".into())
            });
        }
        Some(Tamper::LiveFlipped) => {
            body = edited(&body, |event| {
                let live = event.get("livemode").and_then(Value::as_bool) == Some(true);
                set(event, "livemode", (!live).into());
            });
        }
        _ => {}
    }
    let signature = stripe_header(&secrets, time, &body);
    if let Some(Tamper::Edited { status }) = tamper {
        body = edited(&body, |event| {
            if let Some(object) = event.pointer_mut("/data/object") {
                set(object, "status", status.as_str().into());
            }
        });
    }
    let mut headers = vec![
        header("Content-Type", "application/json; charset=utf-8"),
        header(
            "User-Agent",
            "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        ),
        header("Accept", "*/*; q=0.5, application/xml"),
    ];
    if tamper != Some(&Tamper::Unsigned) {
        headers.push(header("Stripe-Signature", &signature));
    }
    (headers, body)
}

fn midtrans(delivery: &Delivery, tamper: Option<&Tamper>) -> (Headers, String) {
    let mut body = delivery.body.clone();
    match tamper {
        Some(Tamper::WrongSecret) => {
            body = edited(&body, |note| {
                let text = |name: &str| {
                    let value = note.get(name).and_then(Value::as_str);
                    value.unwrap_or_default().to_owned()
                };
                let (order, code, gross) =
                    (text("order_id"), text("status_code"), text("gross_amount"));
                let forged = midtrans_signature(&order, &code, &gross, "SB-Mid-server-nobody");
                set(note, "signature_key", forged.into());
            });
        }
        Some(Tamper::Unsigned) => {
            body = edited(&body, |note| {
                if let Some(fields) = note.as_object_mut() {
                    fields.remove("signature_key");
                }
            });
        }
        Some(Tamper::OtherAccount) => {
            body = edited(&body, |note| set(note, "merchant_id", "G999999999".into()));
        }
        Some(Tamper::Edited { status }) => {
            body = edited(&body, |note| {
                set(note, "transaction_status", status.as_str().into());
            });
        }
        _ => {}
    }
    let headers = vec![
        header("Content-Type", "application/json"),
        header("Accept", "application/json"),
        header("User-Agent", "Veritrans"),
    ];
    (headers, body)
}

async fn transmit(shared: &Arc<Shared>, wire: &Wire) -> Outcome {
    let patience = shared.config.webhook_timeout;
    let mut outcome = Outcome::Dropped;
    for _ in 0..=wire.copies {
        let mut url = wire.delivery.url.clone();
        let mut followed = 0;
        outcome = loop {
            match client::post(&url, &wire.headers, &wire.body, patience).await {
                Ok(answer) => {
                    let moved = matches!(answer.status, 307 | 308);
                    let follow = moved && wire.delivery.gateway == Gateway::Midtrans;
                    match answer.location {
                        Some(location) if follow && followed < REDIRECTIONS => {
                            followed += 1;
                            url = absolute(&url, &location);
                        }
                        _ => break Outcome::Answered(answer.status),
                    }
                }
                Err(error) => break Outcome::Failed(error),
            }
        };
    }
    outcome
}

/// Where a redirection leads.
fn absolute(from: &str, location: &str) -> String {
    if !location.starts_with('/') {
        return location.to_owned();
    }
    let host_end = from.get(7..).and_then(|rest| rest.find('/'));
    let base = host_end.and_then(|end| from.get(..end + 7)).unwrap_or(from);
    format!("{base}{location}")
}

/// Writes down what came of an attempt, and sees to the next one.
fn record(world: &mut World, taken: Delivery, outcome: Outcome, tampered: Option<&'static str>) {
    world.sending.remove(&taken.id);
    let mut delivery = taken;
    delivery.attempts += 1;
    delivery.held = false;
    world.note(Happening::WebhookAttempt(Attempt {
        gateway: delivery.gateway,
        delivery: delivery.id.clone(),
        subject: delivery.subject.clone(),
        event: delivery.event.clone(),
        order: delivery.order.clone(),
        url: delivery.url.clone(),
        attempt: delivery.attempts,
        outcome: outcome.clone(),
        tampered: tampered.map(str::to_owned),
    }));
    let table = match delivery.gateway {
        Gateway::Stripe => &world.config.stripe.retries,
        Gateway::Midtrans => &world.config.midtrans.retries,
    };
    let next = retry::next(delivery.gateway, table, delivery.attempts, &outcome);
    let next = next.filter(|_| delivery.forged.is_none() && outcome != Outcome::Dropped);
    match next {
        Some(seconds) => {
            // Midtrans shifts its intervals a little, so that not all come at once.
            let shift = match delivery.gateway {
                Gateway::Stripe => 0,
                Gateway::Midtrans => world.ids.below(seconds / 20 + 1),
            };
            let pause = Millis::try_from(seconds + shift).unwrap_or(0) * SECOND;
            delivery.due = world.now() + pause;
            delivery.state = DeliveryState::Waiting;
        }
        None => {
            delivery.state = match outcome {
                Outcome::Answered(200..=299) => DeliveryState::Delivered,
                _ => DeliveryState::GivenUp,
            };
        }
    }
    let gateway = delivery.gateway;
    world.put(Put::DeliveryMoved(Box::new(Moved::of(&delivery))));
    release(world, gateway);
}

/// One has overtaken those that wait for it.
fn release(world: &mut World, gateway: Gateway) {
    let held = world.state.held.iter().cloned().collect::<Vec<String>>();
    let waits = |id: &String| {
        let delivery = world.state.deliveries.get(id)?;
        (delivery.gateway == gateway).then(|| delivery.clone())
    };
    let held: Vec<Delivery> = held.iter().filter_map(waits).collect();
    for mut delivery in held {
        delivery.held = false;
        delivery.due = world.now();
        world.put(Put::DeliveryMoved(Box::new(Moved::of(&delivery))));
    }
}
