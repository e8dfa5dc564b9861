//! The one key that a provider's signatures are checked by.

use core::fmt;

use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use thiserror::Error;

use super::public_key;
use crate::identity::mac::MacKey;
use crate::identity::token::LEAST_SECRET_BYTES;

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidKey {
    /// The secret is too short.
    #[error("a secret must have at least 32 bytes")]
    WeakSecret,
    /// The secret is a key in PEM. Providers publish those, so everybody could sign by it.
    #[error("a key in PEM is no secret: its algorithm is another")]
    NoSecret,
    /// The text is not one public key in PEM.
    #[error("the key must be one `PUBLIC KEY` or `RSA PUBLIC KEY` in PEM")]
    Pem,
    /// It is not a public key of the algorithm.
    #[error("the key is not a public key of this algorithm")]
    Kind,
    /// An RSA key of a size that is not safe, or not practical.
    #[error("an RSA key must have 2048 to 8192 bits")]
    RsaSize,
}

/// A key, and with it the one algorithm that counts.
#[derive(Clone)]
pub struct ExternalKey(Key);

#[derive(Clone)]
enum Key {
    Hs256(MacKey),
    Rs256(UnparsedPublicKey<Vec<u8>>),
    EdDsa(UnparsedPublicKey<Vec<u8>>),
}

impl ExternalKey {
    /// A secret that is shared with the provider, for HS256.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes, or no secret but a key in PEM.
    pub fn hs256(secret: &[u8]) -> Result<Self, InvalidKey> {
        if secret.trim_ascii_start().starts_with(b"-----BEGIN ") {
            return Err(InvalidKey::NoSecret);
        }
        if secret.len() < LEAST_SECRET_BYTES {
            return Err(InvalidKey::WeakSecret);
        }
        Ok(Self(Key::Hs256(MacKey::new(secret))))
    }

    /// The provider's RSA key for RS256, in PEM: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is no such key, or has fewer than 2048 or more than 8192 bits.
    pub fn rs256(pem: &str) -> Result<Self, InvalidKey> {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key::rsa(pem)?);
        Ok(Self(Key::Rs256(key)))
    }

    /// The provider's Ed25519 key for EdDSA, in PEM: `PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn eddsa(pem: &str) -> Result<Self, InvalidKey> {
        let key = UnparsedPublicKey::new(&ED25519, public_key::ed25519(pem)?);
        Ok(Self(Key::EdDsa(key)))
    }

    /// The names that the header of a token may give to the algorithm of this key.
    pub(super) const fn algorithms(&self) -> &'static [&'static str] {
        match self.0 {
            Key::Hs256(_) => &["HS256"],
            Key::Rs256(_) => &["RS256"],
            // RFC 9864 gives the same algorithm the name of its curve.
            Key::EdDsa(_) => &["EdDSA", "Ed25519"],
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Key::Hs256(key) => key.verifies(message, signature),
            Key::Rs256(key) | Key::EdDsa(key) => key.verify(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for ExternalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExternalKey({}, ..)", self.algorithms().join(" or "))
    }
}

#[cfg(test)]
mod tests;
