//! Work that is due, and what is not at its end.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bayar_domain::{Gateway, OrderId, OrderStatus, PaymentId};
use chrono::{DateTime, Utc};

use super::{Answer, StoredPayment};

/// The jobs of an installation. Whatever is not at its end owns an open one.
#[async_trait]
pub trait Work: Send + Sync {
    /// Takes at most `at_most` jobs that are due, for so long, by the clock of the store; what is due first comes first.
    ///
    /// Of any number of takers at once, at most one MUST get a job. A job whose time with its taker is over
    /// MUST be there for the next one, under another epoch.
    /// MUST NOT cost more the more jobs are done. One that cannot be read MUST NOT hold up the others.
    async fn take_jobs(&self, at_most: u32, lasting: Duration) -> Answer<Vec<Job>>;

    /// Keeps a job for so long from now on. Answers whether it is still the taker's, or done and nobody's.
    async fn keep_job(&self, job: JobKey, epoch: i64, lasting: Duration) -> Answer<bool>;

    /// Gives a job back, to be taken again later. Answers whether it was still open and the taker's.
    ///
    /// MUST change nothing when it was taken since, or is done.
    async fn put_job_off(&self, job: JobKey, epoch: i64, until: &PutOff) -> Answer<bool>;

    /// Makes jobs due that wait for a gateway to answer again, at most so many, what is due first first.
    /// Answers how many.
    async fn wake_jobs(&self, gateway: Gateway, at_most: u32) -> Answer<u64>;

    /// Opens jobs for what is not at its end and has none, due at once, at most so many. Answers which.
    ///
    /// MUST open none for what is at its end, and touch none that is open.
    async fn repair_jobs(&self, at_most: u32) -> Answer<Vec<JobKey>>;

    /// Payments that are not at their end, oldest first, after the one that is named.
    ///
    /// MUST NOT cost more the more payments are at their end.
    async fn unresolved(
        &self,
        which: Which,
        after: Option<PaymentId>,
        at_most: u32,
    ) -> Answer<Vec<UnresolvedPayment>>;
}

/// What a job is there to bring to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobKind {
    /// A payment that waits for money, until its deadline.
    ExpirePayment,
    /// An attempt that somebody may still pay through.
    WatchAttempt,
    /// A refund that is under way.
    CarryRefund,
    /// A payment whose money is looked at.
    WatchReview,
    /// An answer about the money of an attempt, which its gateway waits for.
    CarryAnswer,
}

impl JobKind {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::ExpirePayment,
        Self::WatchAttempt,
        Self::CarryRefund,
        Self::WatchReview,
        Self::CarryAnswer,
    ];

    /// Its name in the tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExpirePayment => "expire_payment",
            Self::WatchAttempt => "watch_attempt",
            Self::CarryRefund => "carry_refund",
            Self::WatchReview => "watch_review",
            Self::CarryAnswer => "carry_answer",
        }
    }

    /// The kind with that name in the tables.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey {
    /// What it is there for.
    pub kind: JobKind,
    /// The payment, the attempt or the refund.
    pub subject: i64,
}

/// A job in the hands of its taker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which one.
    pub key: JobKey,
    /// The order that it is about.
    pub order: OrderId,
    /// The payment that it is about.
    pub payment: PaymentId,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// How often it was tried before.
    pub tries: u32,
    /// How many of the last tries its gateway was in trouble.
    pub faults: u32,
    /// Which time it was taken.
    pub epoch: i64,
    /// The gateway that it was waiting for.
    pub waits_for: Option<Gateway>,
    /// When it was taken, by the clock of the store.
    pub now: DateTime<Utc>,
}

/// When a job is to be taken again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutOff {
    /// In how much time.
    pub delay: Duration,
    /// How often it was tried by now.
    pub tries: u32,
    /// How many of the last tries the gateway was in trouble.
    pub faults: u32,
    /// The gateway whose trouble it is put off for.
    pub waits_for: Option<Gateway>,
}

/// Which payments that are not at their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that wait for money or are looked at, and those with an attempt or a refund that is not at its end.
    All,
    /// Those that wait for money and whose deadline has passed, by the clock of the store.
    Overdue,
}

/// A payment that is not at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedPayment {
    /// The payment.
    pub payment: StoredPayment,
    /// Where its order stands.
    pub order_status: OrderStatus,
}
