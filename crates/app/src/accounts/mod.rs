//! Who may do what: people, applications, and how they prove who they are.

mod authenticate;
mod keys;
mod login;
mod people;

use thiserror::Error;

pub use authenticate::{AuthenticationError, Claimant};
pub use keys::{AddApiKey, NewKey};
pub use login::{LoginError, SignedIn};
pub use people::AddUser;

use crate::Trouble;
use crate::port::StoreError;

/// Why an account is not as it was asked to be.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The address is taken.
    #[error("the address is taken")]
    EmailTaken,
    /// The name is taken.
    #[error("the name is taken, perhaps by a key that is void")]
    NameTaken,
    /// There is nobody with that address.
    #[error("there is nobody with that address")]
    UnknownUser,
    /// There is no key with that name.
    #[error("there is no key with that name")]
    UnknownKey,
    /// A text breaks its rule.
    #[error(transparent)]
    Invalid(#[from] bayar_domain::InvalidText),
    /// People are customers and operators, keys are services and operators.
    #[error("that role is not for this kind of account")]
    WrongRole,
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}
