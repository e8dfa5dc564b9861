//! The secret that an application calls with.

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bayar_domain::InvalidText;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::port::Random;

/// The secret of an API key: `bk_` and 43 characters, shown once and then known by its hash only.
///
/// `Debug` shows no part of it, and dropping it wipes it.
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// What every key begins with, so that one in the wrong place is recognised.
    pub const MARK: &'static str = "bk_";

    /// Makes a new key of 256 random bits.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        random.fill(secret.as_mut_slice());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice()));
        Self(Zeroizing::new(format!("{}{}", Self::MARK, *text)))
    }

    /// Takes a key as a caller sends it. Any other shape is refused before anything is asked of a store.
    ///
    /// # Errors
    /// When the text is not `bk_` and the one spelling of 32 bytes in base64url.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let mut secret = Zeroizing::new([0; 33]);
        let decoded = text.strip_prefix(Self::MARK).and_then(|rest| {
            URL_SAFE_NO_PAD
                .decode_slice(rest, secret.as_mut_slice())
                .ok()
        });
        match decoded {
            Some(32) => Ok(Self(Zeroizing::new(text.to_owned()))),
            _ => Err(InvalidText {
                what: "API key",
                rule: "must be bk_ and 43 characters",
            }),
        }
    }

    /// The key itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up. A fast hash is enough for 256 random bits.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The first nine characters, by which people tell keys apart. The other 220 bits stay secret.
    #[must_use]
    pub fn prefix(&self) -> &str {
        // The text is ASCII and 46 characters long, whoever made it.
        self.0.get(..9).unwrap_or_default()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing::Counting;

    const ONES: &str = "bk_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    #[test]
    fn a_key_is_its_mark_and_the_random_bytes() {
        let random = Counting::default();
        let key = ApiKey::generate(&random);
        assert_eq!(key.reveal(), ONES);
        assert_eq!(key.prefix(), "bk_AQEBAQ");
        assert_ne!(ApiKey::generate(&random).reveal(), ONES);
    }

    #[test]
    fn a_key_is_stored_as_the_sha_256_of_its_text() {
        let expected = "90fda9022454d60753054a105a2b32615768cd0c25442fffb91147bc45eda988";
        assert_eq!(hex::encode(ApiKey::parse(ONES).unwrap().hash()), expected);
    }

    #[test]
    fn a_key_that_comes_back_is_the_same() {
        let key = ApiKey::generate(&Counting::default());
        let again = ApiKey::parse(key.reveal()).unwrap();
        assert_eq!(again.reveal(), key.reveal());
        assert_eq!(again.hash(), key.hash());
        assert_eq!(again.prefix(), key.prefix());
    }

    #[test]
    fn other_shapes_are_refused() {
        let body = &ONES[3..];
        for text in [
            String::new(),
            "bk_".to_owned(),
            body.to_owned(),
            format!("BK_{body}"),
            format!("sk_{body}"),
            format!(" {ONES}"),
            format!("{ONES} "),
            format!("{ONES}="),
            format!("{ONES}A"),
            ONES[..45].to_owned(),
            ONES.replacen('A', "+", 1),
            ONES.replacen('A', "/", 1),
            ONES.replacen('A', "\0", 1),
            ONES.replacen("AQ", "é", 1),
            // The same 32 bytes, but with a bit set that belongs to none of them.
            format!("{}F", &ONES[..45]),
        ] {
            let refusal = ApiKey::parse(&text).unwrap_err().to_string();
            assert_eq!(
                refusal, "the API key must be bk_ and 43 characters",
                "{text}"
            );
        }
    }

    #[test]
    fn a_key_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", ApiKey::parse(ONES).unwrap()), "ApiKey(..)");
    }
}
