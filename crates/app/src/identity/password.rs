//! What a password is held against.

use core::fmt;

use argon2::password_hash::{
    self as phc, PasswordHash as Phc, PasswordHasher, PasswordVerifier, SaltString,
};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use bayar_domain::InvalidText;

use crate::port::Random;

/// The least that OWASP recommends for argon2id: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// The most that a stored hash may cost, so that an imported one cannot take the machine down.
const MOST: (u32, u32, u32) = (256 * 1024, 16, 16);
/// The shortest tag of a stored hash: below 128 bits, two passwords could share one.
const LEAST_TAG_BYTES: usize = 16;

/// An argon2id hash of a password, as a PHC string.
///
/// `Debug` shows no part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// What came of holding a password against a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It is the password.
    Yes,
    /// It is the password, but new hashes are made in another way by now: hash it again and store that.
    YesButOld,
    /// It is not the password.
    No,
}

impl PasswordHash {
    /// Hashes a new password: 8 to 1024 bytes of any text without control characters.
    /// Spaces, letters of every script and signs count as they are.
    ///
    /// # Errors
    /// When the password breaks the rule.
    pub fn new(password: &str, random: &dyn Random) -> Result<Self, InvalidText> {
        let rule = match password.len() {
            0..8 => Some("must have at least 8 bytes"),
            1025.. => Some("must have at most 1024 bytes"),
            _ if password.chars().any(char::is_control) => Some("must not hold control characters"),
            _ => None,
        };
        if let Some(rule) = rule {
            let what = "password";
            return Err(InvalidText { what, rule });
        }
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        Ok(Self(hash(password, &salt)))
    }

    /// Takes a stored hash: argon2id of version 19, with parameters up to 256 MiB, 16 passes and 16 lanes.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn restore(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        match read(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(InvalidText {
                what: "password hash",
                rule: "must be an argon2id PHC string of bearable cost",
            }),
        }
    }

    /// A hash that belongs to nobody. Holding a password against it costs what a wrong password costs,
    /// so that the time of an answer does not tell whether an address is known.
    #[must_use]
    pub fn decoy() -> Self {
        // No password is known that gives a tag of zeros, and none will be found.
        let (memory, passes, lanes) = COST;
        let (salt, tag) = ("A".repeat(22), "A".repeat(43));
        Self(format!(
            "$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${tag}"
        ))
    }

    /// The PHC string, for storing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Holds a password against the hash. Costs tens of milliseconds of a core, and 19 MiB.
    #[must_use]
    pub fn verify(&self, password: &str) -> Verified {
        let Some(hash) = read(&self.0) else {
            return Verified::No;
        };
        // The cost comes from the hash, and the tags are compared in constant time.
        match Argon2::default().verify_password(password.as_bytes(), &hash.phc) {
            Ok(()) if hash.is_current() => Verified::Yes,
            Ok(()) => Verified::YesButOld,
            Err(_) => Verified::No,
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[expect(
    clippy::expect_used,
    reason = "the parameters and the salt are ours, and a password has no length that argon2 refuses"
)]
fn hash(password: &str, salt: &[u8; SALT_BYTES]) -> String {
    let (memory, passes, lanes) = COST;
    let make = || -> phc::Result<String> {
        let params = Params::new(memory, passes, lanes, Some(TAG_BYTES))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = SaltString::encode_b64(salt)?;
        let hash = argon2.hash_password(password.as_bytes(), &salt)?;
        Ok(hash.to_string())
    };
    make().expect("parameters that argon2 takes")
}

struct Stored<'a> {
    phc: Phc<'a>,
    cost: (u32, u32, u32),
    salt_bytes: usize,
    tag_bytes: usize,
}

impl Stored<'_> {
    fn is_current(&self) -> bool {
        (self.cost, self.salt_bytes, self.tag_bytes) == (COST, SALT_BYTES, TAG_BYTES)
    }
}

/// Reads a hash that [`PasswordHash::verify`] can hold a password against at a bearable cost.
fn read(text: &str) -> Option<Stored<'_>> {
    let phc = Phc::new(text).ok()?;
    let params = Params::try_from(&phc).ok()?;
    let cost = (params.m_cost(), params.t_cost(), params.p_cost());
    let (memory, passes, lanes) = MOST;
    let bearable = cost.0 <= memory && cost.1 <= passes && cost.2 <= lanes;
    // A key id or associated data would mean a secret that this service does not have.
    let plain = params.keyid().is_empty() && params.data().is_empty();
    let known = phc.algorithm == ARGON2ID_IDENT && phc.version == Some(Version::V0x13.into());
    let salt_bytes = phc.salt?.decode_b64(&mut [0; 64]).ok()?.len();
    let tag_bytes = phc.hash?.len();
    let strong = salt_bytes >= argon2::MIN_SALT_LEN && tag_bytes >= LEAST_TAG_BYTES;
    (bearable && plain && known && strong).then_some(Stored {
        phc,
        cost,
        salt_bytes,
        tag_bytes,
    })
}

#[cfg(test)]
mod tests;
