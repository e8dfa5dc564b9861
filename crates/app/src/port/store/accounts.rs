use async_trait::async_trait;
use bayar_domain::{InvalidId, UserId};
use chrono::{DateTime, Utc};

use super::Answer;
use crate::identity::{Email, PasswordHash, Role, Scopes};

/// People with an account here.
#[async_trait]
pub trait Users: Send + Sync {
    /// Adds a person. Nothing is changed, and nothing answered, when the address is taken.
    async fn add_user(&self, user: &NewUser) -> Answer<Option<UserId>>;

    /// A person.
    async fn user(&self, id: UserId) -> Answer<Option<User>>;

    /// The person with an address, and what the password is held against.
    async fn user_by_email(&self, email: &Email) -> Answer<Option<(User, PasswordHash)>>;

    /// Everybody, in the order of their ids.
    async fn users(&self) -> Answer<Vec<User>>;

    /// Shuts a person out, or lets them in again.
    ///
    /// MUST end every token given out before, and stay as it is when nothing changes.
    async fn set_disabled(&self, id: UserId, disabled: bool) -> Answer<()>;

    /// Gives a person another role. MUST end every token given out before.
    async fn set_role(&self, id: UserId, role: Role) -> Answer<()>;

    /// Gives a person another password. MUST end every token given out before.
    async fn set_password(&self, id: UserId, password: &PasswordHash) -> Answer<()>;

    /// Stores the same password in a better form, if it is still stored as `old`. Tokens go on.
    async fn rehash_password(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Answer<()>;
}

/// A person who is to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The address they sign in with.
    pub email: Email,
    /// What the password is held against.
    pub password: PasswordHash,
    /// What they may do.
    pub role: Role,
}

/// A person with an account here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The address they sign in with.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// Since when they are shut out.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Tokens of another epoch are void.
    pub epoch: i64,
    /// When they were added.
    pub created_at: DateTime<Utc>,
}

impl User {
    /// How the account stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        Standing {
            role: self.role,
            disabled: self.disabled_at.is_some(),
            epoch: self.epoch,
        }
    }
}

/// How a person's account stands: all that a token is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What they may do.
    pub role: Role,
    /// Whether they are shut out.
    pub disabled: bool,
    /// Tokens of another epoch are void.
    pub epoch: i64,
}

/// The keys of applications.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Adds a key. Nothing is changed, and nothing answered, when its name is taken, even by a revoked one.
    async fn add_api_key(&self, key: &NewApiKey) -> Answer<Option<ApiKeyId>>;

    /// The key with a hash, revoked or not.
    async fn api_key(&self, hash: &[u8; 32]) -> Answer<Option<StoredApiKey>>;

    /// Every key, in the order of their ids.
    async fn api_keys(&self) -> Answer<Vec<StoredApiKey>>;

    /// Ends a key. Answers whether there is one with that name.
    async fn revoke_api_key(&self, name: &str) -> Answer<bool>;
}

/// The id of an application's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(i64);

impl ApiKeyId {
    /// Takes a number from 1 up.
    ///
    /// # Errors
    /// When the number is zero or negative.
    pub const fn new(id: i64) -> Result<Self, InvalidId> {
        if id > 0 {
            Ok(Self(id))
        } else {
            Err(InvalidId(id))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

/// A key that is to be added. The key itself is stored nowhere.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Which part of that.
    pub scopes: Scopes,
    /// How it begins, to tell it from others.
    pub prefix: String,
    /// What it is held against.
    pub hash: [u8; 32],
}

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Which part of that.
    pub scopes: Scopes,
    /// How it begins.
    pub prefix: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Since when it is void.
    pub revoked_at: Option<DateTime<Utc>>,
}
