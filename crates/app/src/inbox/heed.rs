//! What is to be done about a webhook.

use std::time::Duration;

use crate::App;
use crate::paying::{Heard, Unheard};
use crate::port::store::{Answer, AttemptPlace, StoreError, StoredWebhook};
use crate::port::webhook::{News, Trail};

/// What came of an effort.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What it told of is applied.
    Processed(AttemptPlace),
    /// There is nothing to do about it.
    Ignored(&'static str),
    /// Nobody knows what it is about.
    Unmatched {
        /// Whether it carries our mark, so that somebody should know.
        is_marked: bool,
    },
    /// It is not for us.
    Quarantined(&'static str, Option<AttemptPlace>),
    /// It cannot be helped.
    Hopeless(&'static str),
    /// It may be better the next time.
    Again(String, Option<Duration>, Option<AttemptPlace>),
}

impl Verdict {
    fn again(fault: impl Into<String>) -> Self {
        Self::Again(fault.into(), None, None)
    }
}

impl From<StoreError> for Verdict {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a webhook waits for the store");
        Self::again("store")
    }
}

/// What the trails of a webhook lead to.
enum Found {
    Attempt(AttemptPlace),
    /// They carry the mark of another installation only.
    Stranger,
    Nothing {
        is_marked: bool,
    },
}

impl App {
    /// Makes true what a webhook hints at, as far as the gateway says so too.
    pub(super) async fn heed(&self, webhook: &StoredWebhook) -> Verdict {
        let gateway = webhook.entry.gateway;
        let Some(reader) = self.webhooks.get(gateway) else {
            return Verdict::again("gateway_not_set_up");
        };
        let Some(news) = reader.read(&webhook.body) else {
            // It reads no better the next time.
            return Verdict::Hopeless("unreadable");
        };
        if news.mode != reader.mode() {
            return Verdict::Quarantined("other_mode", None);
        }
        if let Some(told) = &news.account {
            let Some(gate) = self.gate(gateway) else {
                return Verdict::again("gateway_not_set_up");
            };
            match gate.source().await {
                Ok(ours) if ours.account == *told => {}
                Ok(_) => return Verdict::Quarantined("other_account", None),
                Err(error) => {
                    let fault = error.fault();
                    return Verdict::Again(fault.to_string(), fault.retry_after, None);
                }
            }
        }
        if !news.matters {
            return Verdict::Ignored("unknown_type");
        }
        let place = match self.follow(&news, webhook).await {
            Ok(Found::Attempt(place)) => place,
            Ok(Found::Stranger) => return Verdict::Ignored("other_installation"),
            Ok(Found::Nothing { is_marked }) => return Verdict::Unmatched { is_marked },
            Err(error) => return error.into(),
        };
        match self
            .hear(place, gateway, news.mode, news.account.as_ref())
            .await
        {
            Ok(Heard::NothingYet) if news.says_paid => {
                Verdict::Again("not_confirmed".to_owned(), None, Some(place))
            }
            Ok(Heard::NothingYet | Heard::Settled) => Verdict::Processed(place),
            Err(Unheard::OtherAccount) => Verdict::Quarantined("other_account", Some(place)),
            Err(Unheard::Gateway(fault)) => {
                Verdict::Again(fault.to_string(), fault.retry_after, Some(place))
            }
            Err(Unheard::Busy) => Verdict::Again("order_is_busy".to_owned(), None, Some(place)),
            Err(Unheard::Trouble(trouble)) => {
                tracing::error!(error = %trouble, order = %place.order, "a webhook cannot be applied");
                Verdict::Again("trouble".to_owned(), None, Some(place))
            }
        }
    }

    /// Finds the attempt that a webhook is about.
    async fn follow(&self, news: &News, webhook: &StoredWebhook) -> Answer<Found> {
        let (mut is_marked, mut is_strange) = (false, false);
        let own_keys = format!("by-{}-", self.installation);
        for trail in &news.trails {
            let place = match trail {
                Trail::Attempt {
                    installation,
                    attempt,
                } if *installation == self.installation => {
                    is_marked = true;
                    let order = self.store.order_of_attempt(*attempt).await?;
                    order.map(|order| AttemptPlace {
                        order,
                        attempt: *attempt,
                    })
                }
                Trail::Attempt { .. } => {
                    is_strange = true;
                    None
                }
                Trail::Call(key) => {
                    let is_ours = key.as_str().starts_with(&own_keys);
                    is_marked |= is_ours;
                    is_strange |= !is_ours && key.as_str().starts_with("by-");
                    self.store.attempt_of_call(key).await?
                }
                Trail::Capture(capture) => {
                    let gateway = webhook.entry.gateway;
                    self.store
                        .attempt_of_capture(gateway, news.mode, capture)
                        .await?
                }
            };
            if let Some(place) = place {
                return Ok(Found::Attempt(place));
            }
        }
        Ok(if is_strange && !is_marked {
            Found::Stranger
        } else {
            Found::Nothing { is_marked }
        })
    }
}
