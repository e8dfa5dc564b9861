//! The cryptographic half of signing in: passwords, keys, tokens, tickets and sealed texts.
//!
//! Nothing here does IO, reads a clock or draws a random number by itself: the time and the randomness come in
//! as arguments. Hashing a password takes tens of milliseconds of one core, so callers do it off the async threads.
//! Secrets are never shown by `Debug`, and signatures are compared in constant time.

mod api_key;
mod email;
mod external;
mod jws;
mod keyring;
mod mac;
mod password;
mod return_ticket;
mod role;
mod scope;
#[cfg(test)]
mod testing;
mod ticket;
mod token;

pub use api_key::ApiKey;
pub use email::Email;
pub use external::{
    ExternalClaims, ExternalIssuer, ExternalKey, ExternalTerms, InvalidIssuer, InvalidKey,
};
pub use jws::TokenError;
pub use keyring::{Keyring, NoKeys, OpenError};
pub use mac::SigningKeys;
pub use password::{PasswordHash, Verified};
pub use return_ticket::ReturnSigner;
pub use role::Role;
pub use scope::{Scope, Scopes};
pub use ticket::{TicketError, TicketSigner};
pub use token::{Claims, InvalidSigner, TokenSigner};
