use std::fmt;
use std::time::Duration;

use bayar_domain::{InvalidText, PaymentId, UserId};
use sha2::{Digest, Sha256};

/// Names one wish of one caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyScope {
    /// Whose key it is.
    pub owner: KeyOwner,
    /// What is asked for.
    pub route: Route,
    /// The key that the caller made.
    pub key: IdempotencyKey,
}

/// Whose keys: two owners may use the same key and never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// The person who pays.
    User(UserId),
    /// The application, acting for that person: whichever of its keys it shows, a retry is a retry.
    ServiceFor(UserId),
}

impl fmt::Display for KeyOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user-{id}"),
            Self::ServiceFor(id) => write!(f, "service-{id}"),
        }
    }
}

/// Reads what [`KeyOwner`] displays.
impl std::str::FromStr for KeyOwner {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidText {
            what: "owner of a key",
            rule: "must be user-ID or service-ID",
        };
        let user = |id: &str| id.parse().map_err(|_| invalid());
        match text.split_once('-') {
            Some(("user", id)) => Ok(Self::User(user(id)?)),
            Some(("service", id)) => Ok(Self::ServiceFor(user(id)?)),
            Some(_) | None => Err(invalid()),
        }
    }
}

/// What is asked for, in one stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// A payment for an order.
    CreatePayment,
}

impl Route {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatePayment => "payments.create",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a caller names a wish by: 1 to 255 printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    const LONGEST: usize = 255;

    /// Takes 1 to 255 printable characters of ASCII.
    ///
    /// # Errors
    /// When it is empty, too long, or holds anything else.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if printable && (1..=Self::LONGEST).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(InvalidText {
                what: "idempotency key",
                rule: "has 1 to 255 printable characters",
            })
        }
    }

    /// The key as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tells whether two requests ask for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// The hash of what was asked for, field by field. Lengths are part of it: no two lists of fields share a hash.
    #[must_use]
    pub fn of(fields: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for field in fields {
            let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
            hash.update(length.to_be_bytes());
            hash.update(field.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// Takes a hash that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash, for storing.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What was answered to a key. Only a success binds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// What had been asked for.
    pub request: RequestHash,
    /// The payment that was made.
    pub payment: PaymentId,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// A key that is to be bound in the same transaction as the change it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub scope: KeyScope,
    /// What will be answered to it from now on.
    pub answer: StoredAnswer,
    /// How long it is kept at least.
    pub kept_for: Duration,
}
