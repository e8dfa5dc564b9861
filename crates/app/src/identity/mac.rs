//! The keyed hash under everything this service signs for itself.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key of HMAC-SHA256. Has no `Debug`, so that it cannot be shown.
#[derive(Clone)]
pub(super) struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// Takes a secret of any length: callers ask for what makes it strong.
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("a key of any length"))
    }

    /// The 32 bytes that prove who wrote the message.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mac = self.0.clone().chain_update(message);
        mac.finalize().into_bytes().into()
    }

    /// Whether the signature is ours. Takes the same time wherever it differs.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(signature).is_ok()
    }
}

/// Keys for signing and verifying: the newest signs, all of them verify.
#[derive(Clone)]
pub struct SigningKeys {
    newest: MacKey,
    older: Vec<MacKey>,
}

impl SigningKeys {
    pub(super) fn new(newest: MacKey, older: Vec<MacKey>) -> Self {
        Self { newest, older }
    }

    /// Signs by the newest key (HMAC-SHA256).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        self.newest.sign(message)
    }

    /// Whether one of the keys made the signature. How long it takes does not tell where it differs.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        core::iter::once(&self.newest)
            .chain(&self.older)
            .any(|key| key.verifies(message, signature))
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 2 of RFC 4231, and case 6, whose key is longer than a block.
    #[test]
    fn the_published_examples_come_out() {
        for (secret, message, expected) in [
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            let key = MacKey::new(&secret);
            let signature = key.sign(message.as_bytes());
            assert_eq!(hex::encode(signature), expected);
            assert!(key.verifies(message.as_bytes(), &signature));
        }
    }

    #[test]
    fn a_changed_or_cut_signature_does_not_verify() {
        let key = MacKey::new(b"secret");
        let signature = key.sign(b"message");
        for byte in 0..32 {
            for bit in 0..8 {
                let mut changed = signature;
                changed[byte] ^= 1 << bit;
                assert!(!key.verifies(b"message", &changed));
            }
        }
        for cut in 0..32 {
            assert!(!key.verifies(b"message", &signature[..cut]));
        }
        let longer = [&signature[..], &[0]].concat();
        assert!(!key.verifies(b"message", &longer));
        assert!(!key.verifies(b"massage", &signature));
        assert!(!MacKey::new(b"secreT").verifies(b"message", &signature));
    }

    #[test]
    fn the_newest_key_signs_and_every_key_verifies() {
        let keys = || ["new", "old", "oldest"].map(|secret| MacKey::new(secret.as_bytes()));
        let [newest, old, oldest] = keys();
        let all = SigningKeys::new(newest, vec![old, oldest]);
        assert_eq!(all.sign(b"message"), keys()[0].sign(b"message"));
        for key in keys() {
            assert!(all.verifies(b"message", &key.sign(b"message")));
        }
        let strange = MacKey::new(b"other").sign(b"message");
        assert!(!all.verifies(b"message", &strange));
        assert_eq!(format!("{all:?}"), "SigningKeys(..)");
    }
}
