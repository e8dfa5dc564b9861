//! Takes in what a gateway posts.

use std::collections::BTreeMap;

use bayar_domain::Gateway;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::tally::count;
use crate::App;
use crate::failpoint;
use crate::port::Webhooks;
use crate::port::store::{Kept, NewWebhook, StoreError};
use crate::port::webhook::{Delivery, Disbelief, News};

/// Why something that was posted is not kept.
#[derive(Debug, Error)]
pub enum NotReceived {
    /// Nothing could be believed: the gateway is not set up, or no secret is.
    #[error("no secret is configured")]
    NotSetUp,
    /// The gateway did not send it.
    #[error("the gateway did not send it")]
    NotBelieved(#[source] Disbelief),
    /// It could not be stored. Whoever sent it sends it again.
    #[error("it could not be stored")]
    NotStored(#[source] StoreError),
}

impl App {
    /// Keeps what a gateway posted. It is worked on afterwards, by whoever is free.
    ///
    /// # Errors
    /// When it is not believed, or cannot be kept. Then nothing of it is kept.
    pub async fn receive_webhook(
        &self,
        gateway: Gateway,
        delivery: &Delivery<'_>,
    ) -> Result<(), NotReceived> {
        let reader = self.webhooks.get(gateway);
        let verified = match reader {
            None => Err(Disbelief::NoSecret),
            Some(reader) => reader.verify(delivery, self.clock.now()).map(|()| reader),
        };
        let reader = match verified {
            Ok(reader) => reader,
            Err(why) => {
                refuse(gateway, delivery, why);
                return Err(match why {
                    Disbelief::NoSecret => NotReceived::NotSetUp,
                    Disbelief::Unsigned | Disbelief::Stale | Disbelief::Forged => {
                        NotReceived::NotBelieved(why)
                    }
                });
            }
        };
        let (webhook, shown) = as_kept(reader, delivery);
        tell(&webhook, delivery, &shown);
        let _ = failpoint::hit("inbox.before_store");
        match self.intake.keep(webhook).await {
            Ok(Kept::New(id)) => {
                let _ = failpoint::hit("inbox.after_store");
                count(gateway, "received");
                tracing::debug!(%id, "a webhook is kept");
                self.inbox_bell.notify_one();
                Ok(())
            }
            Ok(Kept::Known(id)) => {
                count(gateway, "duplicate");
                tracing::debug!(%id, "a webhook came again");
                Ok(())
            }
            Err(error) => {
                count(gateway, "not_stored");
                tracing::error!(%gateway, %error, "a webhook cannot be stored");
                Err(NotReceived::NotStored(error))
            }
        }
    }
}

/// Counts it, and says so. Whoever sent it is told nothing.
fn refuse(gateway: Gateway, delivery: &Delivery<'_>, why: Disbelief) {
    count(gateway, "refused");
    metrics::counter!(
        "bayar_webhooks_refused_total", "gateway" => gateway.as_str(), "reason" => why.as_str()
    )
    .increment(1);
    tracing::warn!(%gateway, ip_address = delivery.from, reason = %why, "a webhook is not believed");
}

/// The webhook as it is kept, and what a log may have of it.
/// What cannot be read is kept too: it is evidence, and a later program may understand it.
fn as_kept(
    reader: &dyn Webhooks,
    delivery: &Delivery<'_>,
) -> (NewWebhook, BTreeMap<&'static str, String>) {
    let headers: BTreeMap<_, _> = delivery
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let headers = serde_json::json!(headers).to_string();
    let body = delivery.body.to_vec();
    match reader.read(delivery.body) {
        Some(News {
            key,
            kind,
            account,
            mode,
            shown,
            ..
        }) => {
            let webhook = NewWebhook {
                gateway: reader.gateway(),
                account: account.map(|account| account.to_string()),
                mode,
                key,
                kind,
                headers,
                body,
            };
            (webhook, shown.into_iter().collect())
        }
        None => {
            let webhook = NewWebhook {
                gateway: reader.gateway(),
                account: None,
                mode: reader.mode(),
                key: digest(delivery.body),
                kind: UNREADABLE.to_owned(),
                headers,
                body,
            };
            (webhook, BTreeMap::new())
        }
    }
}

const UNREADABLE: &str = "unreadable";

fn digest(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

/// Says what came, without anything that people pay with, or that lets somebody pay or look.
fn tell(webhook: &NewWebhook, delivery: &Delivery<'_>, shown: &BTreeMap<&'static str, String>) {
    let body = serde_json::json!(shown).to_string();
    let headers = ["content-type", "user-agent"];
    let headers: BTreeMap<_, _> = headers
        .into_iter()
        .filter_map(|name| Some((name, delivery.header(name)?)))
        .collect();
    let headers = serde_json::json!(headers).to_string();
    let (ip_address, event_id, event_type) = (delivery.from, &webhook.key, &webhook.kind);
    match webhook.gateway {
        Gateway::Stripe => tracing::info!(
            ip_address,
            event_id,
            event_type,
            headers,
            body,
            "STRIPE WEBHOOK RECEIVED"
        ),
        Gateway::Midtrans => tracing::info!(
            ip_address,
            event_id,
            event_type,
            headers,
            body,
            "MIDTRANS WEBHOOK RECEIVED"
        ),
    }
}
