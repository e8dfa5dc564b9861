use std::fmt;
use std::time::Duration;

use bayar_domain::Mode;
use bayar_domain::gateway::AccountRef;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Where Stripe is, who we are there, and how long it is waited for.
#[derive(Clone)]
pub struct StripeConfig {
    /// The secret key, or a restricted one that may do what we do.
    pub secret_key: SecretString,
    /// Where Stripe answers: scheme and host, without a path.
    pub api_base: String,
    /// Whether the key moves money. It must say the same of itself.
    pub mode: Mode,
    /// The account of the key, for keys that may not ask for it. Without it, Stripe is asked once.
    pub account: Option<AccountRef>,
    /// How long one try may take.
    pub timeouts: Timeouts,
    /// How often, and for how long, a request is tried again.
    pub retries: Retries,
}

impl StripeConfig {
    /// Where the real Stripe answers.
    pub const API_BASE: &'static str = "https://api.stripe.com";

    /// The real Stripe, with the usual patience.
    #[must_use]
    pub fn new(secret_key: SecretString, mode: Mode) -> Self {
        Self {
            secret_key,
            api_base: Self::API_BASE.to_owned(),
            mode,
            account: None,
            timeouts: Timeouts::default(),
            retries: Retries::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), InvalidStripeConfig> {
        let said = mode_of(self.secret_key.expose_secret()).ok_or(InvalidStripeConfig::Key)?;
        if said != self.mode {
            return Err(InvalidStripeConfig::Mode {
                expected: self.mode,
                said,
            });
        }
        let host = match (self.api_base.split_once("://"), self.mode) {
            (Some(("https", host)), _) | (Some(("http", host)), Mode::Test) => host,
            (Some(("http", _)), Mode::Live) => return Err(InvalidStripeConfig::Insecure),
            _ => return Err(InvalidStripeConfig::Base),
        };
        if host.is_empty() || host.contains(['/', '?', '#', '@']) {
            return Err(InvalidStripeConfig::Base);
        }
        Ok(())
    }
}

/// The key is not shown.
impl fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeConfig")
            .field("api_base", &self.api_base)
            .field("mode", &self.mode)
            .field("account", &self.account)
            .field("timeouts", &self.timeouts)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

fn mode_of(key: &str) -> Option<Mode> {
    let (prefix, secret) = key.split_at_checked("sk_test_".len())?;
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    match prefix {
        "sk_live_" | "rk_live_" => Some(Mode::Live),
        "sk_test_" | "rk_test_" => Some(Mode::Test),
        _ => None,
    }
}

/// How long one try may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// In all, to the last byte of the answer.
    pub total: Duration,
}

/// Two seconds to connect, ten in all.
impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(10),
        }
    }
}

/// How often, and for how long, a request is tried again. It is the same request each time, under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How many more tries there are after the first.
    pub at_most: u32,
    /// How long the first pause is, at most. Each one after it is twice as long.
    pub first_pause: Duration,
    /// How long a pause is, at most.
    pub longest_pause: Duration,
    /// How long all tries and pauses may take together.
    pub budget: Duration,
}

/// Two more tries, pauses of half a second to two seconds, fifteen seconds in all.
impl Default for Retries {
    fn default() -> Self {
        Self {
            at_most: 2,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(2),
            budget: Duration::from_secs(15),
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum InvalidStripeConfig {
    /// It is no secret key.
    #[error("the key of Stripe begins with sk_test_, sk_live_, rk_test_ or rk_live_")]
    Key,
    /// The key moves money and should not, or the other way round.
    #[error("the key of Stripe is for {said}, and {expected} is wanted")]
    Mode {
        /// What is wanted.
        expected: Mode,
        /// What the key says.
        said: Mode,
    },
    /// The address is none.
    #[error("the address of Stripe is a scheme and a host, such as https://api.stripe.com")]
    Base,
    /// Money would move over a line that anybody can read.
    #[error("live money needs an address that begins with https://")]
    Insecure,
    /// The version of the API that this program is built for has no name that can be sent.
    #[error("the version of the API has no name")]
    Version,
    /// Connections cannot be made here, for want of certificates of the public authorities perhaps.
    #[error("connections cannot be made")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(key: &str, mode: Mode, base: &str) -> Result<(), InvalidStripeConfig> {
        let config = StripeConfig {
            api_base: base.to_owned(),
            ..StripeConfig::new(key.into(), mode)
        };
        config.check()
    }

    const BASE: &str = StripeConfig::API_BASE;

    #[test]
    fn a_key_says_whether_money_moves() {
        for (key, mode) in [
            ("sk_live_1", Mode::Live),
            ("rk_live_1", Mode::Live),
            ("sk_test_1", Mode::Test),
            ("rk_test_1", Mode::Test),
        ] {
            let other = if mode == Mode::Live {
                Mode::Test
            } else {
                Mode::Live
            };
            assert!(config(key, mode, BASE).is_ok(), "{key}");
            let refused = config(key, other, BASE);
            assert!(
                matches!(refused, Err(InvalidStripeConfig::Mode { .. })),
                "{key}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_key_is_refused() {
        for key in [
            "",
            "sk_test_",
            "pk_test_1",
            "whsec_1234",
            "sk_test_a b",
            "sk_test_a\n",
            "é",
        ] {
            let refused = config(key, Mode::Test, BASE);
            assert!(matches!(refused, Err(InvalidStripeConfig::Key)), "{key}");
        }
    }

    #[test]
    fn live_money_never_goes_over_an_open_line() {
        let refused = config("sk_live_1", Mode::Live, "http://127.0.0.1:1");
        assert!(matches!(refused, Err(InvalidStripeConfig::Insecure)));
        assert!(config("sk_test_1", Mode::Test, "http://127.0.0.1:1").is_ok());
    }

    #[test]
    fn an_address_is_a_scheme_and_a_host() {
        for base in [
            "",
            "api.stripe.com",
            "ftp://api.stripe.com",
            "https://",
            "https://api.stripe.com/",
            "https://api.stripe.com/v1",
            "https://me:secret@api.stripe.com",
        ] {
            let refused = config("sk_test_1", Mode::Test, base);
            assert!(matches!(refused, Err(InvalidStripeConfig::Base)), "{base}");
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        let config = StripeConfig::new("sk_test_hidden".into(), Mode::Test);
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
