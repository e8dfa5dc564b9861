//! The keys of the installation, and what is made of them.

use core::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use super::mac::{MacKey, SigningKeys};
use crate::port::Random;

/// The first byte of what is sealed today.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A list of keys without a key in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("at least one key is needed")]
pub struct NoKeys;

/// Sealed bytes that no key of ours made for this purpose and this name, or that were changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed text is not ours, or was changed")]
pub struct OpenError;

/// The keys of the installation: the first seals and signs, all of them open and verify.
///
/// No key is used by itself: each purpose has its own subkey, so that what was made for one says nothing in another.
pub struct Keyring {
    newest: Zeroizing<[u8; 32]>,
    older: Vec<Zeroizing<[u8; 32]>>,
}

impl Keyring {
    /// Takes the keys, the newest first.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(mut keys: Vec<[u8; 32]>) -> Result<Self, NoKeys> {
        let mut copies = keys.iter().copied().map(Zeroizing::new);
        let newest = copies.next();
        let older = copies.collect();
        keys.zeroize();
        Ok(Self {
            newest: newest.ok_or(NoKeys)?,
            older,
        })
    }

    /// The newest key for a purpose.
    #[must_use]
    pub fn subkey(&self, purpose: &'static str) -> Zeroizing<[u8; 32]> {
        derive(&self.newest, "key", purpose)
    }

    /// Keys that sign for a purpose, and verify what older keys have signed for it.
    #[must_use]
    pub fn signing_keys(&self, purpose: &'static str) -> SigningKeys {
        let signing = |key| MacKey::new(derive(key, "key", purpose).as_slice());
        SigningKeys::new(
            signing(&self.newest),
            self.older.iter().map(|key| signing(key)).collect(),
        )
    }

    /// Seals a text under the name it is kept by. It opens only under the same purpose and name.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "only a text of 256 GiB is too long to be sealed"
    )]
    pub fn seal(
        &self,
        purpose: &'static str,
        name: &str,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Vec<u8> {
        // 24 random bytes never come twice, however much is sealed.
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload {
            msg: plaintext,
            aad: name.as_bytes(),
        };
        let ciphertext = cipher(&self.newest, purpose)
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a text shorter than 256 GiB");
        [&[VERSION], nonce.as_slice(), &ciphertext].concat()
    }

    /// Opens what one of the keys has sealed for this purpose under this name.
    ///
    /// # Errors
    /// When none has, or when a byte of it was changed.
    pub fn open(
        &self,
        purpose: &'static str,
        name: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let (&version, rest) = sealed.split_first().ok_or(OpenError)?;
        let (&nonce, ciphertext) = rest.split_first_chunk().ok_or(OpenError)?;
        if version != VERSION {
            return Err(OpenError);
        }
        let nonce = XNonce::from(nonce);
        let opened = self.all().find_map(|key| {
            let payload = Payload {
                msg: ciphertext,
                aad: name.as_bytes(),
            };
            cipher(key, purpose).decrypt(&nonce, payload).ok()
        });
        opened.ok_or(OpenError)
    }

    fn all(&self) -> impl Iterator<Item = &Zeroizing<[u8; 32]>> {
        core::iter::once(&self.newest).chain(&self.older)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

fn cipher(key: &[u8; 32], purpose: &'static str) -> XChaCha20Poly1305 {
    let subkey = derive(key, "seal", purpose);
    XChaCha20Poly1305::new((&*subkey).into())
}

/// A key of HKDF-SHA256. `kind` keeps the keys that seal apart from those that are given out.
#[expect(clippy::expect_used, reason = "HKDF gives any length up to 8160 bytes")]
fn derive(key: &[u8; 32], kind: &'static str, purpose: &'static str) -> Zeroizing<[u8; 32]> {
    let mut subkey = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key)
        .expand_multi_info(
            &[b"bayar/1/", kind.as_bytes(), b"/", purpose.as_bytes()],
            subkey.as_mut_slice(),
        )
        .expect("32 bytes");
    subkey
}

#[cfg(test)]
mod tests;
