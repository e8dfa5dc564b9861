//! The control API over HTTP.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::action::{Action, ActionError, perform};
use crate::sim::book::{Book, Capture, OrderSummary, Span};
use crate::sim::calendar::iso;
use crate::sim::faults::Rule;
use crate::sim::http::{Ending, Incoming, Reply, field};
use crate::sim::timeline;
use crate::sim::webhooks::{self, WebhookRule, WebhookUrls};
use crate::sim::world::{Broken, Shared, World};

type Said = Result<Value, (u16, String)>;

/// Serves a call of the control API.
pub async fn serve(shared: &Arc<Shared>, incoming: &Incoming) -> Ending {
    let said = answer(shared, incoming).await;
    Ending::Whole(match said {
        Ok(value) => Reply::json(200, &value),
        Err((status, why)) => Reply::json(status, &json!({ "error": why })),
    })
}

impl From<ActionError> for (u16, String) {
    fn from(error: ActionError) -> Self {
        let status = match error {
            ActionError::Unknown(_) => 404,
            ActionError::State(_) => 409,
            ActionError::Declined(_) => 402,
            ActionError::Broken => 500,
        };
        (status, error.to_string())
    }
}

impl From<Broken> for (u16, String) {
    fn from(broken: Broken) -> Self {
        (500, broken.to_string())
    }
}

fn read<T: DeserializeOwned>(incoming: &Incoming) -> Result<T, (u16, String)> {
    serde_json::from_slice(&incoming.body).map_err(|error| (400, error.to_string()))
}

async fn answer(shared: &Arc<Shared>, incoming: &Incoming) -> Said {
    let segments = incoming.segments();
    let rest = segments.get(1..).unwrap_or_default();
    match (incoming.method.as_str(), rest) {
        ("GET", []) => Ok(shared.with(|world| about(world))?),
        ("POST", ["actions"]) => {
            let action: Action = read(incoming)?;
            Ok(shared.with(|world| perform(world, action))??)
        }
        ("POST", ["faults"]) => {
            let rule: Rule = read(incoming)?;
            Ok(json!({ "id": shared.with(|world| world.faults.add(rule))? }))
        }
        ("GET", ["faults"]) => Ok(shared.with(|world| faults(world))?),
        ("DELETE", ["faults"]) => {
            shared.with(|world| world.faults.clear())?;
            Ok(json!({}))
        }
        ("DELETE", ["faults", id]) => gone(shared.with(|world| world.faults.remove(id))?),
        ("POST", ["webhook-rules"]) => {
            let rule: WebhookRule = read(incoming)?;
            Ok(json!({ "id": shared.with(|world| world.rules.add(rule))? }))
        }
        ("GET", ["webhook-rules"]) => Ok(shared.with(|world| rules(world))?),
        ("DELETE", ["webhook-rules"]) => {
            shared.with(|world| world.rules.clear())?;
            Ok(json!({}))
        }
        ("DELETE", ["webhook-rules", id]) => gone(shared.with(|world| world.rules.remove(id))?),
        ("POST", ["advance"]) => {
            let wish: Value = read(incoming)?;
            let seconds = wish.get("seconds").and_then(Value::as_u64);
            let seconds = seconds.ok_or((400, "seconds is a whole number".to_owned()))?;
            timeline::advance(shared, Duration::from_secs(seconds)).await?;
            Ok(shared.with(|world| time(world))?)
        }
        ("PUT", ["webhook-urls"]) => {
            let urls: WebhookUrls = read(incoming)?;
            shared.with(|world| world.urls = urls)?;
            Ok(json!({}))
        }
        ("POST", ["settle"]) => {
            webhooks::settle(shared).await?;
            Ok(json!({}))
        }
        ("GET", ["webhooks"]) => {
            let order = field(&incoming.query, "order");
            Ok(shared.with(|world| deliveries(world, order.as_deref()))?)
        }
        ("GET", ["book"]) => {
            let after = field(&incoming.query, "after").and_then(|after| after.parse().ok());
            let book = shared.with(|world| world.book())?;
            let after: u64 = after.unwrap_or(0);
            let lines = book.records().iter().filter(|record| record.n > after);
            Ok(json!({ "records": lines.collect::<Vec<_>>() }))
        }
        ("GET", ["orders"]) => {
            let book = shared.with(|world| world.book())?;
            let orders = book.by_order();
            let each = orders.iter().map(|(name, said)| summary(name, said));
            Ok(json!({ "orders": each.collect::<Vec<Value>>() }))
        }
        ("GET", ["orders", name]) => {
            let name = crate::sim::http::percent_decode(name, false);
            let book = shared.with(|world| world.book())?;
            Ok(order(&book, &name))
        }
        _ => Err((404, "there is no such call".to_owned())),
    }
}

fn gone(removed: bool) -> Said {
    if removed {
        Ok(json!({}))
    } else {
        Err((404, "there is no such rule".to_owned()))
    }
}

fn time(world: &World) -> Value {
    json!({ "now": iso(world.now()), "seconds": world.seconds(), "offset_ms": world.clock.offset() })
}

fn about(world: &World) -> Value {
    json!({
        "simulator": "Stripe and Midtrans",
        "time": time(world),
        "bases": { "stripe": "/v1", "snap": "/snap/v1", "core": "/v2", "control": "/_sim" },
        "stripe": { "account": world.config.stripe.account,
                    "webhook_url": world.urls.stripe },
        "midtrans": { "merchant": world.config.midtrans.merchant,
                      "notification_url": world.urls.midtrans },
    })
}

fn faults(world: &World) -> Value {
    let list = world.faults.list();
    let each = list.into_iter().map(|(id, rule, seen, struck)| {
        json!({ "id": id, "rule": rule, "matched": seen, "struck": struck })
    });
    json!({ "faults": each.collect::<Vec<Value>>() })
}

fn rules(world: &World) -> Value {
    let list = world.rules.list();
    let each = list.into_iter().map(|(id, rule, seen, struck)| {
        json!({ "id": id, "rule": rule, "matched": seen, "struck": struck })
    });
    json!({ "webhook_rules": each.collect::<Vec<Value>>() })
}

fn deliveries(world: &World, order: Option<&str>) -> Value {
    let all = world.state.deliveries.iter();
    let wanted =
        all.filter(|delivery| order.is_none_or(|order| delivery.order.as_deref() == Some(order)));
    let each = wanted.map(|delivery| {
        json!({
            "id": delivery.id, "gateway": delivery.gateway, "event": delivery.event,
            "subject": delivery.subject, "order": delivery.order, "url": delivery.url,
            "attempts": delivery.attempts, "state": delivery.state, "due": iso(delivery.due),
        })
    });
    json!({ "webhooks": each.collect::<Vec<Value>>() })
}

fn capture(capture: &Capture) -> Value {
    json!({
        "gateway": capture.gateway, "id": capture.id, "currency": capture.currency,
        "amount": capture.amount, "refunded": capture.refunded,
        "reversed": capture.reversed, "disputed": capture.disputed, "kept": capture.kept(),
    })
}

fn summary(name: &str, said: &OrderSummary) -> Value {
    json!({
        "order": name,
        "sessions": said.sessions,
        "most_open_at_once": said.most_open_at_once,
        "kept_captures": said.kept().count(),
        "captures": said.captures.iter().map(capture).collect::<Vec<Value>>(),
        "keys": said.keys,
    })
}

fn order(book: &Book, name: &str) -> Value {
    let session = |span: Span| {
        json!({
            "gateway": span.gateway, "session": span.session, "amount": span.amount,
            "currency": span.currency, "from": iso(span.from),
            "until": span.until.map(|(time, _)| iso(time)),
            "closed": span.until.map(|(_, why)| why),
        })
    };
    json!({
        "order": name,
        "most_open_at_once": book.most_open_at_once(name),
        "kept_captures": book.kept_captures(name).len(),
        "sessions": book.sessions(name).into_iter().map(session).collect::<Vec<Value>>(),
        "captures": book.captures(name).iter().map(capture).collect::<Vec<Value>>(),
    })
}
