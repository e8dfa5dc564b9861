use bayar_domain::UserId;

use crate::identity::{Role, Scope, Scopes};
use crate::port::store::{Actor, ApiKeyId, KeyOwner};

/// Who is asking, once it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A person.
    Person {
        /// Who.
        id: UserId,
        /// What they may do.
        role: Role,
    },
    /// An application's back end, or an operator's tool.
    Key {
        /// Its key.
        id: ApiKeyId,
        /// What people call it.
        name: String,
        /// What it may do.
        role: Role,
        /// Which part of that.
        scopes: Scopes,
    },
}

impl Caller {
    /// What the caller may do.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Person { role, .. } | Self::Key { role, .. } => *role,
        }
    }

    /// Who did it, for the history.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Person { id, .. } => Actor::User(*id),
            Self::Key { id, .. } => Actor::Service(*id),
        }
    }

    /// The person, when it is one.
    #[must_use]
    pub const fn person(&self) -> Option<UserId> {
        match self {
            Self::Person { id, .. } => Some(*id),
            Self::Key { .. } => None,
        }
    }

    /// Whether the caller's key reaches that far. A person has no scopes.
    #[must_use]
    pub fn has_scope(&self, scope: Scope) -> bool {
        match self {
            Self::Person { .. } => true,
            Self::Key { scopes, .. } => scopes.allows(scope),
        }
    }

    /// Whether the caller may see what belongs to `owner`.
    #[must_use]
    pub fn may_see(&self, owner: UserId) -> bool {
        self.may_see_all() || self.person() == Some(owner)
    }

    /// Whether the caller may see what belongs to anybody.
    #[must_use]
    pub const fn may_see_all(&self) -> bool {
        match self.role() {
            Role::Operator | Role::Service => true,
            Role::Customer => false,
        }
    }

    /// Whether the caller may do what only `owner` may: be the owner, or the owner's application.
    ///
    /// An operator pays for nobody: where an identity provider knows the customers,
    /// an operator's number may be that of one of them.
    #[must_use]
    pub fn may_act_for(&self, owner: UserId) -> bool {
        match self.role() {
            Role::Service => true,
            Role::Operator => false,
            Role::Customer => self.person() == Some(owner),
        }
    }

    /// Whose idempotency keys the caller uses when it acts for `user`.
    #[must_use]
    pub const fn key_owner(&self, user: UserId) -> KeyOwner {
        match self {
            Self::Person { .. } => KeyOwner::User(user),
            Self::Key { .. } => KeyOwner::ServiceFor(user),
        }
    }
}
