use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, InvalidText, OrderId, PaymentId, RefundId};
use chrono::{DateTime, Utc};

use super::{Answer, EndedAttempt, Installation};
use crate::port::Random;
use crate::port::gateway::Request;

/// What gateways were asked, written down before they were.
#[async_trait]
pub trait GatewayCalls: Send + Sync {
    /// An id that no attempt has and none will get but the caller's.
    ///
    /// Asked by whoever has a unit open it may wait for that unit, and in vain: ids are taken before.
    async fn reserve_attempt_id(&self) -> Answer<AttemptId>;

    /// An id that no refund has and none will get but the caller's. It is taken before a unit begins, too.
    async fn reserve_refund_id(&self) -> Answer<RefundId>;

    /// The order of an attempt, for what gateways tell by themselves: it names the attempt.
    async fn order_of_attempt(&self, attempt: AttemptId) -> Answer<Option<OrderId>>;

    /// The attempts in an account that are at their end and moved last at that time or later: at most so many of them,
    /// in the order in which they moved. Of those that moved at that very time only those after the one that is named.
    ///
    /// MUST NOT cost more the more attempts moved before.
    async fn ended_attempts(
        &self,
        source: &Source,
        since: DateTime<Utc>,
        after: Option<AttemptId>,
        at_most: u32,
    ) -> Answer<Vec<EndedAttempt>>;

    /// Takes a call for the caller alone, for some time by the clock of the store. From then on it may have been sent.
    ///
    /// MUST answer nothing while somebody else has it, and when it is over.
    /// MUST give each taker another epoch, the first one 1.
    async fn lease_call(&self, key: &CallKey, lasting: Duration) -> Answer<Option<Lease>>;

    /// Whether the caller may ask the gateway about a payment now: once in `spacing`, whoever asks.
    ///
    /// Of any number of calls at once, at most one MUST be told yes.
    async fn may_read(&self, payment: PaymentId, spacing: Duration) -> Answer<bool>;
}

/// A call that somebody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The call.
    pub call: StoredCall,
    /// Which taker it is. What became of the call is written under it, and under no older one.
    pub epoch: i64,
    /// Now, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// A call that is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// Its key. No two calls share one.
    pub key: CallKey,
    /// What it does, and to what.
    pub purpose: CallPurpose,
    /// How many calls for the same purpose it has been, beginning with 1.
    pub generation: u32,
    /// What is sent.
    pub request: Request,
    /// When whatever it makes cannot be used any more.
    pub dead_at: DateTime<Utc>,
}

impl NewCall {
    /// The call as it is stored at that moment.
    #[must_use]
    pub const fn written(self, at: DateTime<Utc>) -> StoredCall {
        StoredCall {
            call: self,
            status: CallStatus::Planned,
            epoch: 0,
            leased_until: None,
            unclear: 0,
            fault: None,
            created_at: at,
        }
    }
}

/// A call as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCall {
    /// The call.
    pub call: NewCall,
    /// Where it stands.
    pub status: CallStatus,
    /// How often it was taken.
    pub epoch: i64,
    /// Until when somebody has it.
    pub leased_until: Option<DateTime<Utc>>,
    /// How often it ended without a clear answer.
    pub unclear: u32,
    /// What went wrong the last time, by its name.
    pub fault: Option<String>,
    /// When it was written down, by the clock of the store.
    pub created_at: DateTime<Utc>,
}

impl StoredCall {
    /// Whether the gateway may have carried it out: it left, and not each time it was known to have no effect.
    #[must_use]
    pub const fn may_be_done(&self) -> bool {
        match self.status {
            CallStatus::Planned => false,
            CallStatus::Refused => self.unclear > 0,
            CallStatus::Sent | CallStatus::Done => true,
        }
    }

    /// Whether somebody may take it.
    #[must_use]
    pub fn is_free(&self, now: DateTime<Utc>) -> bool {
        !self.status.is_over() && self.leased_until.is_none_or(|until| until <= now)
    }
}

/// What a call does, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallPurpose {
    /// Opens the checkout of an attempt.
    Open(AttemptId),
    /// Closes it.
    Close(AttemptId),
    /// Answers what the gateway asks about money of an attempt that it holds back.
    Answer(AttemptId),
    /// Gives money back.
    Refund(RefundId),
}

impl CallPurpose {
    /// What it does.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::Open(_) => Operation::Open,
            Self::Close(_) => Operation::Close,
            Self::Answer(_) => Operation::Answer,
            Self::Refund(_) => Operation::Refund,
        }
    }

    /// The number of what it is done to.
    #[must_use]
    pub const fn subject(self) -> i64 {
        match self {
            Self::Open(attempt) | Self::Close(attempt) | Self::Answer(attempt) => attempt.get(),
            Self::Refund(refund) => refund.get(),
        }
    }
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Opens a checkout.
    Open,
    /// Closes a checkout.
    Close,
    /// Answers what the gateway asks about money it holds back.
    Answer,
    /// Gives money back.
    Refund,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 4] = [Self::Open, Self::Close, Self::Answer, Self::Refund];

    /// Its name in the store, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Answer => "answer",
            Self::Refund => "refund",
        }
    }
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallStatus {
    /// Nobody has sent it.
    Planned,
    /// Somebody has sent it, or was about to, and nobody knows what became of it.
    Sent,
    /// The gateway carried it out.
    Done,
    /// It is proved to have had no effect.
    Refused,
}

impl CallStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Planned, Self::Sent, Self::Done, Self::Refused];

    /// Its name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Whether nothing more is to be found out about it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Planned | Self::Sent => false,
            Self::Done | Self::Refused => true,
        }
    }
}

/// What became of a call that was taken. It gives the call back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOutcome {
    /// The call.
    pub key: CallKey,
    /// Which taker writes it.
    pub epoch: i64,
    /// Where it stands now.
    pub status: CallStatus,
    /// What went wrong, by its name.
    pub fault: Option<String>,
}

/// The name of one call at a gateway, drawn once and written down before the call:
/// letters, digits and `-`, at most 40 of them. It is the idempotency key, and where the gateway wants one
/// the name of the order or of the refund.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(String);

impl CallKey {
    const LONGEST: usize = 40;
    const RANDOM_BYTES: usize = 10;

    /// Draws a key that nobody has.
    #[must_use]
    pub fn draw(installation: &Installation, random: &dyn Random) -> Self {
        let mut bytes = [0; Self::RANDOM_BYTES];
        random.fill(&mut bytes);
        Self(format!("by-{installation}-{}", hex::encode(bytes)))
    }

    /// The key of an attempt, where it has to be told without having been stored.
    ///
    /// It does not tell two attempts apart that were given the same id by a database that was restored.
    #[must_use]
    pub fn of_attempt(installation: &Installation, attempt: AttemptId) -> Self {
        Self(format!("by-{installation}-{attempt}"))
    }

    /// Takes a key that was stored.
    ///
    /// # Errors
    /// When it is empty, too long, or holds anything but letters, digits and `-`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=Self::LONGEST).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(InvalidText {
                what: "call key",
                rule: "has 1 to 40 letters, digits and hyphens",
            })
        }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
