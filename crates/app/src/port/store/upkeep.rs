use std::fmt;

use async_trait::async_trait;
use bayar_domain::{AttemptId, InvalidText};
use chrono::{DateTime, Utc};

use super::Answer;

/// What keeps a store in order.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Whether the tables are those this program knows.
    async fn schema(&self) -> Answer<SchemaState>;

    /// Makes the tables those this program knows. Answers the names of the steps it took.
    ///
    /// MUST be harmless when it is done already, and when several do it at once.
    async fn migrate(&self) -> Answer<Vec<String>>;

    /// The word that tells this installation from every other. It never changes.
    async fn installation(&self) -> Answer<Installation>;

    /// Asks for the time. It is also how one learns that the store is there.
    async fn now(&self) -> Answer<DateTime<Utc>>;

    /// The highest id of the attempts that were written down before that time.
    async fn last_attempt(&self, before: DateTime<Utc>) -> Answer<Option<AttemptId>>;

    /// The ids of attempts from that one on, in their order: at most so many.
    async fn attempt_ids(&self, from: AttemptId, at_most: u32) -> Answer<Vec<AttemptId>>;

    /// Makes the next ids of all kinds higher than the last ones by `at_least`, and higher than those in `seen`.
    ///
    /// For a database that was restored: ids that were given out since its copy was made are not given again.
    /// Processes that have taken ids beforehand still give them out.
    async fn skip_ids(&self, seen: &SeenIds, at_least: u32) -> Answer<()>;

    /// Forgets at most `at_most` keys whose time is over and whose payment has ended. Answers how many.
    async fn forget_keys(&self, at_most: u32) -> Answer<u64>;
}

/// The highest ids that were seen elsewhere; 0 where none was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeenIds {
    /// Of orders.
    pub orders: i64,
    /// Of payments.
    pub payments: i64,
    /// Of invoices.
    pub invoices: i64,
    /// Of taxes.
    pub tax_records: i64,
    /// Of attempts.
    pub attempts: i64,
    /// Of refunds.
    pub refunds: i64,
}

/// How the tables of a store compare with what this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// They agree.
    Current,
    /// These steps are missing.
    Behind(Vec<String>),
    /// A newer program took these steps.
    Ahead(Vec<String>),
}

/// The word that tells one installation from every other: lower-case letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Installation(String);

impl Installation {
    const LENGTHS: std::ops::RangeInclusive<usize> = 8..=16;

    /// Takes 8 to 16 lower-case letters and digits.
    ///
    /// # Errors
    /// When it is shorter, longer, or holds anything else.
    pub fn new(word: impl Into<String>) -> Result<Self, InvalidText> {
        let word = word.into();
        let plain = word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if plain && Self::LENGTHS.contains(&word.len()) {
            Ok(Self(word))
        } else {
            Err(InvalidText {
                what: "installation",
                rule: "has 8 to 16 lower-case letters and digits",
            })
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
