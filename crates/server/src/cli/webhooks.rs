use std::io::{self, Write};
use std::sync::Arc;

use bayar_app::App;
use bayar_app::port::store::{
    Page, StoredWebhook, WebhookEntry, WebhookFilter, WebhookId, WebhookStatus,
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use thiserror::Error;

use super::output::{self, Failure, note};

#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// The webhooks that came, newest first
    List {
        /// Only those that were tried in vain
        #[arg(long, conflicts_with = "status")]
        parked: bool,
        /// Only those in this status: received, processed, ignored, unmatched, parked or quarantined
        #[arg(long)]
        status: Option<WebhookStatus>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// All that is known about one of them
    Show {
        /// Its number
        id: WebhookId,
        /// Write what came, to the last byte, and nothing else: it may hold what nobody else may see
        #[arg(long, conflicts_with = "json")]
        raw: bool,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Have one of them, or all that are parked, worked on again by the server
    Replay(Which),
}

/// Which webhooks.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// This one
    id: Option<WebhookId>,
    /// All that are parked
    #[arg(long)]
    parked: bool,
}

#[derive(Debug, Error)]
enum WebhooksError {
    #[error("there is no webhook {0}")]
    Unknown(WebhookId),
}

pub async fn run(app: &Arc<App>, command: WebhooksCommand) -> Result<(), Failure> {
    match command {
        WebhooksCommand::List {
            parked,
            status,
            limit,
            json,
        } => {
            let status = if parked {
                Some(WebhookStatus::Parked)
            } else {
                status
            };
            list(app, status, limit, json).await
        }
        WebhooksCommand::Show { id, raw, json } => {
            let found = app.store().webhook(id).await?;
            let found = found.ok_or(WebhooksError::Unknown(id))?;
            show(&found, raw, json)
        }
        WebhooksCommand::Replay(Which { id: Some(id), .. }) => {
            if !app.store().replay_webhook(id).await? {
                return Err(WebhooksError::Unknown(id).into());
            }
            note("it is due again: a server that runs takes it within seconds");
            Ok(())
        }
        WebhooksCommand::Replay(Which { id: None, .. }) => {
            let replayed = app.store().replay_parked_webhooks().await?;
            note(&format!(
                "{replayed} are due again: a server that runs takes them within seconds"
            ));
            Ok(())
        }
    }
}

async fn list(
    app: &Arc<App>,
    status: Option<WebhookStatus>,
    limit: u32,
    json: bool,
) -> Result<(), Failure> {
    let filter = WebhookFilter {
        gateway: None,
        status,
    };
    let page = Page {
        number: 1,
        size: limit,
    };
    let found = app.store().webhooks(&filter, page).await?;
    if json {
        let entries: Vec<_> = found.entries.iter().map(as_json).collect();
        return Ok(output::json(&entries)?);
    }
    let shown = found.entries.len();
    let rows = found
        .entries
        .into_iter()
        .map(|entry| {
            [
                entry.id.to_string(),
                entry.received_at.to_rfc3339(),
                entry.gateway.to_string(),
                entry.kind,
                entry.status.to_string(),
                entry.tries.to_string(),
                entry
                    .order
                    .map_or_else(String::new, |order| order.to_string()),
                entry.fault.unwrap_or_default(),
            ]
        })
        .collect();
    let headings = [
        "id", "received", "gateway", "type", "status", "tries", "order", "fault",
    ];
    output::table(headings, rows)?;
    if u64::try_from(shown).is_ok_and(|shown| shown < found.total) {
        note(&format!("{shown} of {} are shown", found.total));
    }
    Ok(())
}

fn show(webhook: &StoredWebhook, raw: bool, json: bool) -> Result<(), Failure> {
    if raw {
        let mut out = io::stdout().lock();
        out.write_all(&webhook.body)?;
        return Ok(out.flush()?);
    }
    let mut shown = as_json(&webhook.entry);
    if let Some(fields) = shown.as_object_mut() {
        let headers: Value = serde_json::from_str(&webhook.headers)?;
        fields.insert("headers".to_owned(), headers);
        fields.insert("bytes".to_owned(), json!(webhook.body.len()));
    }
    if json {
        return Ok(output::json(&shown)?);
    }
    for (name, value) in shown.as_object().into_iter().flatten() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        output::line(format!("{name}: {value}"))?;
    }
    note("what came is not shown: --raw writes it");
    Ok(())
}

fn as_json(entry: &WebhookEntry) -> Value {
    json!({
        "id": entry.id.get(),
        "gateway": entry.gateway.as_str(),
        "account": entry.account,
        "mode": entry.mode.as_str(),
        "event_id": entry.key,
        "event_type": entry.kind,
        "received_at": entry.received_at,
        "status": entry.status.as_str(),
        "tries": entry.tries,
        "next_try_at": entry.next_try_at,
        "finished_at": entry.finished_at,
        "fault": entry.fault,
        "order_number": entry.order.as_ref().map(ToString::to_string),
        "attempt": entry.attempt.map(bayar_domain::AttemptId::get),
    })
}
