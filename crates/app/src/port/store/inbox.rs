use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bayar_domain::{AttemptId, CaptureId, Gateway, InvalidText, Mode, OrderId, OrderNumber};
use chrono::{DateTime, Utc};

use super::{Answer, CallKey, Page, PageOf};

/// Webhooks, kept before they are answered, and what became of them.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Keeps a webhook, which is due at once.
    ///
    /// Of any number with the same gateway, account, mode and key it MUST keep the first, and no other.
    async fn keep_webhook(&self, webhook: &NewWebhook) -> Answer<Kept>;

    /// Keeps webhooks that came at the same time, each by the same rule. Answers in their order.
    ///
    /// Of any number that keep the same ones at once, in whatever order, none MUST keep another one from its end.
    async fn keep_webhooks(&self, webhooks: &[NewWebhook]) -> Answer<Vec<Kept>>;

    /// Takes at most so many webhooks of a gateway that are due, for the caller alone, for some time by the clock of
    /// the store.
    /// Those that have waited longest come first.
    ///
    /// MUST give out none that somebody else has, and MUST NOT wait for whoever takes others.
    /// MUST count the try, and give each taker another epoch, the first one 1.
    async fn lease_webhooks(
        &self,
        gateway: Gateway,
        at_most: u32,
        lasting: Duration,
    ) -> Answer<Vec<LeasedWebhook>>;

    /// Writes what became of a webhook that was taken, and gives it back.
    /// Answers whether it was the caller's to say: under an older epoch nothing MUST be written.
    async fn settle_webhook(&self, outcome: &WebhookOutcome) -> Answer<bool>;

    /// One webhook with all that came.
    async fn webhook(&self, id: WebhookId) -> Answer<Option<StoredWebhook>>;

    /// Webhooks without what they said, newest first.
    async fn webhooks(&self, filter: &WebhookFilter, page: Page) -> Answer<PageOf<WebhookEntry>>;

    /// Has a webhook worked on again, as if it had just come. Answers whether there is such a one.
    async fn replay_webhook(&self, id: WebhookId) -> Answer<bool>;

    /// The same for all that are parked. Answers how many.
    async fn replay_parked_webhooks(&self) -> Answer<u64>;

    /// How many webhooks are not at a good end, by gateway and status. Where there are none, nothing is said.
    async fn open_webhooks(&self) -> Answer<Vec<WebhookCount>>;

    /// The attempt that money came through.
    async fn attempt_of_capture(
        &self,
        gateway: Gateway,
        mode: Mode,
        capture: &CaptureId,
    ) -> Answer<Option<AttemptPlace>>;

    /// The attempt that was opened by a call.
    async fn attempt_of_call(&self, key: &CallKey) -> Answer<Option<AttemptPlace>>;
}

/// An attempt, and the order it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptPlace {
    /// The order.
    pub order: OrderId,
    /// The attempt.
    pub attempt: AttemptId,
}

/// An attempt that is at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedAttempt {
    /// Where it is.
    pub place: AttemptPlace,
    /// When it moved last, by the clock of the store.
    pub moved_at: DateTime<Utc>,
}

/// The number of a webhook that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(i64);

impl WebhookId {
    /// Takes a number from 1 up.
    ///
    /// # Errors
    /// When the number is zero or negative.
    pub const fn new(id: i64) -> Result<Self, InvalidText> {
        if id > 0 {
            Ok(Self(id))
        } else {
            Err(InvalidText {
                what: "id of a webhook",
                rule: "is a whole number from 1 up",
            })
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for WebhookId {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text.parse().unwrap_or_default())
    }
}

/// A webhook that came, and that is known to come from its gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Who sent it.
    pub gateway: Gateway,
    /// The account that it names; nothing when it names none.
    pub account: Option<String>,
    /// Whether it is about money that really moves.
    pub mode: Mode,
    /// The same for the same webhook, however often it comes.
    pub key: String,
    /// What it tells, in the gateway's word.
    pub kind: String,
    /// Some of its headers, as a JSON object.
    pub headers: String,
    /// To the last byte as it came.
    pub body: Vec<u8>,
}

/// What it says is nothing for a log.
impl fmt::Debug for NewWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewWebhook")
            .field("gateway", &self.gateway)
            .field("key", &self.key)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What became of a webhook that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was not there, and is.
    New(WebhookId),
    /// It was there already.
    Known(WebhookId),
}

/// Where a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebhookStatus {
    /// It is worked on.
    Received,
    /// What it told of was read from the gateway and applied.
    Processed,
    /// It tells of nothing that we act on.
    Ignored,
    /// Nobody knows yet what it is about.
    Unmatched,
    /// It was tried in vain: somebody has to look.
    Parked,
    /// It is about another account, or about play money where real money moves, or the other way round.
    Quarantined,
}

impl WebhookStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Received,
        Self::Processed,
        Self::Ignored,
        Self::Unmatched,
        Self::Parked,
        Self::Quarantined,
    ];

    /// Its name in the store, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Processed => "processed",
            Self::Ignored => "ignored",
            Self::Unmatched => "unmatched",
            Self::Parked => "parked",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether it is well.
    #[must_use]
    pub const fn is_good_end(self) -> bool {
        match self {
            Self::Processed | Self::Ignored => true,
            Self::Received | Self::Unmatched | Self::Parked | Self::Quarantined => false,
        }
    }
}

impl fmt::Display for WebhookStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for WebhookStatus {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or(InvalidText {
            what: "status of a webhook",
            rule: "is received, processed, ignored, unmatched, parked or quarantined",
        })
    }
}

/// A webhook that somebody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedWebhook {
    /// The webhook.
    pub webhook: StoredWebhook,
    /// Which taker it is. What became of the webhook is written under it, and under no older one.
    pub epoch: i64,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// What became of a webhook that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookOutcome {
    /// The webhook.
    pub id: WebhookId,
    /// Which taker writes it.
    pub epoch: i64,
    /// Where it stands now.
    pub status: WebhookStatus,
    /// When to try again. Only for one that is received or unmatched, and always for one that is received.
    pub again_in: Option<Duration>,
    /// Why it is not processed, by its name.
    pub fault: Option<String>,
    /// What it is about, where that is known.
    pub about: Option<AttemptPlace>,
}

/// A webhook as it is stored, without what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEntry {
    /// Its number.
    pub id: WebhookId,
    /// Who sent it.
    pub gateway: Gateway,
    /// The account that it names; nothing when it names none.
    pub account: Option<String>,
    /// Whether it is about money that really moves.
    pub mode: Mode,
    /// The same for the same webhook, however often it comes.
    pub key: String,
    /// What it tells, in the gateway's word.
    pub kind: String,
    /// When it came, by the clock of the store.
    pub received_at: DateTime<Utc>,
    /// Where it stands.
    pub status: WebhookStatus,
    /// How often it was tried since it came, or was last replayed.
    pub tries: u32,
    /// When it is tried again.
    pub next_try_at: Option<DateTime<Utc>>,
    /// When it was known what became of it.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it was not processed the last time, by its name.
    pub fault: Option<String>,
    /// The order it is about.
    pub order: Option<OrderNumber>,
    /// The attempt it is about.
    pub attempt: Option<AttemptId>,
}

/// A webhook as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredWebhook {
    /// All but what it said.
    pub entry: WebhookEntry,
    /// Some of its headers, as a JSON object.
    pub headers: String,
    /// To the last byte as it came.
    pub body: Vec<u8>,
}

/// What it says is nothing for a log.
impl fmt::Debug for StoredWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredWebhook")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

/// Which webhooks are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookFilter {
    /// Of this gateway only.
    pub gateway: Option<Gateway>,
    /// In this status only.
    pub status: Option<WebhookStatus>,
}

/// How many webhooks of a gateway stand somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookCount {
    /// The gateway.
    pub gateway: Gateway,
    /// Where they stand.
    pub status: WebhookStatus,
    /// How many.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in WebhookStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("lost".parse::<WebhookStatus>().is_err());
    }

    #[test]
    fn a_number_of_a_webhook_is_above_zero() {
        assert_eq!("7".parse().map(WebhookId::get), Ok(7));
        for text in ["0", "-1", "", "x"] {
            assert!(text.parse::<WebhookId>().is_err(), "{text}");
        }
    }
}
