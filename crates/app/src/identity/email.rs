//! The address that an account signs in with.

use core::fmt;
use core::str::FromStr;

use bayar_domain::InvalidText;
use serde::{Deserialize, Serialize};

/// An e-mail address: trimmed, and in lower case, so that one address is one account.
///
/// The rule is the one that browsers apply to an e-mail field: plain ASCII letters and digits, and the signs
/// that need no quotes. Whether somebody reads the mail is not known from the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Takes an address, trims it and puts it in lower case.
    ///
    /// # Errors
    /// When it is longer than 254 bytes, or not one name, one `@` and one host name.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        /// What a mail server can take (RFC 5321).
        const LONGEST: usize = 254;
        let refused = |rule| InvalidText {
            what: "e-mail address",
            rule,
        };
        let text = text.trim().to_ascii_lowercase();
        if text.len() > LONGEST {
            return Err(refused("must not be longer than 254 bytes"));
        }
        match text.split_once('@') {
            Some((name, host)) if is_name(name) && is_host(host) => Ok(Self(text)),
            _ => Err(refused("must look like name@example.com")),
        }
    }

    /// The address, trimmed and in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    !name.is_empty() && name.chars().all(allowed)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label)
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Email {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for text in [
            "siti@example.com",
            "  SITI@Example.COM\n",
            "\tSiti@example.com ",
        ] {
            assert_eq!(Email::new(text).unwrap().as_str(), "siti@example.com");
        }
    }

    #[test]
    fn usual_addresses_are_taken() {
        for text in [
            "a@b",
            "root@localhost",
            "first.last+tag@mail.example.co.id",
            "o'neil_1@x-y.example",
            "1@1.1",
        ] {
            assert_eq!(Email::new(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn texts_that_are_no_address_are_refused() {
        for text in [
            "",
            " ",
            "siti",
            "@",
            "@example.com",
            "siti@",
            "a@b@c",
            "si ti@example.com",
            "siti@exam ple.com",
            "siti@example..com",
            "siti@.example.com",
            "siti@example.com.",
            "siti@-example.com",
            "siti@example-.com",
            "siti@exam_ple.com",
            "siti@example.com\r\nBcc: x@y",
            "si\0ti@example.com",
            "<siti@example.com>",
            "\"siti\"@example.com",
            "siti,budi@example.com",
            "sïti@example.com",
            "si\u{200b}ti@example.com",
            // A kelvin sign, whose lower case is a plain k.
            "\u{212a}@example.com",
        ] {
            let refusal = Email::new(text).unwrap_err().to_string();
            assert_eq!(
                refusal, "the e-mail address must look like name@example.com",
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_address_has_at_most_254_bytes_and_a_label_63() {
        let host = format!("{}.example", "h".repeat(63));
        let address = |name: usize| Email::new(&format!("{}@{host}", "n".repeat(name)));
        let longest = 254 - 1 - host.len();
        assert_eq!(address(longest).unwrap().as_str().len(), 254);
        assert_eq!(
            address(longest + 1).unwrap_err().to_string(),
            "the e-mail address must not be longer than 254 bytes"
        );
        assert!(Email::new(&format!("n@{}", "h".repeat(63))).is_ok());
        assert!(Email::new(&format!("n@{}", "h".repeat(64))).is_err());
    }

    #[test]
    fn an_address_is_one_string_in_json() {
        let email: Email = serde_json::from_str(r#"" Siti@example.com""#).unwrap();
        assert_eq!(
            serde_json::to_string(&email).unwrap(),
            r#""siti@example.com""#
        );
        assert!(serde_json::from_str::<Email>(r#""siti""#).is_err());
    }
}
