//! What the domain knows of the gateways: their names, and the names they give to things.

use core::fmt;

use chrono::{DateTime, Utc};

use crate::wire::{text, wire_enum};
use crate::{Currency, Money};

wire_enum! {
    /// A service that moves money for us.
    pub enum Gateway: "gateway" {
        /// Stripe, by hosted checkout sessions.
        Stripe = "stripe",
        /// Midtrans, by Snap pages. Indonesian rupiah only.
        Midtrans = "midtrans",
    }
}

impl Gateway {
    /// Whether it takes money in a currency.
    #[must_use]
    pub fn takes_currency(self, currency: Currency) -> bool {
        match self {
            Self::Stripe => true,
            Self::Midtrans => currency == Currency::Idr,
        }
    }

    /// Whether it takes an amount: its currency, and no smaller units of it than the gateway knows.
    #[must_use]
    pub fn takes(self, amount: Money) -> bool {
        let is_whole = match self {
            Self::Stripe => true,
            // Midtrans knows no sen.
            Self::Midtrans => {
                amount
                    .minor()
                    .checked_rem(amount.currency().minor_per_unit())
                    == Some(0)
            }
        };
        is_whole && self.takes_currency(amount.currency())
    }
}

wire_enum! {
    /// Whether money really moves.
    pub enum Mode: "gateway mode" {
        /// Money really moves.
        Live = "live",
        /// The gateway only plays.
        Test = "test",
    }
}

text! {
    /// The account at the gateway that our key belongs to.
    AccountRef: "gateway account";
    /// The gateway's name for a checkout session.
    SessionRef: "session reference";
    /// The gateway's name for money that came in: the payment intent at Stripe, the transaction id at Midtrans,
    /// whichever door showed it to us. No two gateways share a name.
    CaptureId: "capture id";
    /// The gateway's name for one refund. No two gateways share a name.
    GatewayRefundId: "gateway refund id";
    /// The gateway's name for a dispute. No two gateways share a name.
    DisputeId: "dispute id";
    /// The gateway's name for one try to pay inside a checkout.
    TryId: "payment try id";
    /// Why something happened, for people.
    Reason: "reason";
    /// Where the proof of a transfer by hand can be found.
    TransferReference: "transfer reference";
}

/// The account a fact comes from. A fact of one account never counts for another,
/// and play money never counts as money.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Source {
    /// The gateway.
    pub gateway: Gateway,
    /// The account at the gateway.
    pub account: AccountRef,
    /// Whether money really moves there.
    pub mode: Mode,
}

/// A checkout session that a gateway has opened for us.
///
/// Who knows its name or its address can pay or look through it, so neither is shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Session {
    /// The gateway's name for it.
    pub reference: SessionRef,
    /// Where the buyer pays.
    pub url: String,
    /// When the gateway closes it by itself.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Reason {
    /// Takes what a gateway or a person wrote, whatever it is: what cannot be kept of it is left out,
    /// for no fact may be lost because its reason was too long.
    #[must_use]
    pub fn lossy(text: &str) -> Self {
        const LONGEST: usize = 255;
        let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let kept: String = printable.take(LONGEST).collect();
        Self::new(kept.trim()).unwrap_or_else(|_| Self("none given".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable() {
        let gateways: Vec<_> = Gateway::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(gateways, ["stripe", "midtrans"]);
        let modes: Vec<_> = Mode::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(modes, ["live", "test"]);
    }

    #[test]
    fn stripe_takes_every_currency_and_midtrans_rupiah() {
        for &currency in Currency::ALL {
            assert!(Gateway::Stripe.takes_currency(currency), "{currency}");
            let is_rupiah = currency == Currency::Idr;
            let takes = Gateway::Midtrans.takes_currency(currency);
            assert_eq!(takes, is_rupiah, "{currency}");
        }
    }

    #[test]
    fn midtrans_takes_whole_rupiah_and_stripe_every_amount() {
        for (minor, currency, by_midtrans) in [
            (1_500_000, Currency::Idr, true),
            (100, Currency::Idr, true),
            (1_500_001, Currency::Idr, false),
            (99, Currency::Idr, false),
            (1_500_000, Currency::Php, false),
            (1, Currency::Php, false),
        ] {
            let amount = Money::new(minor, currency);
            assert!(Gateway::Stripe.takes(amount), "{amount}");
            assert_eq!(Gateway::Midtrans.takes(amount), by_midtrans, "{amount}");
        }
    }

    #[test]
    fn a_session_does_not_show_where_to_pay() {
        let shown = format!("{:?}", crate::testing::session("cs_secret"));
        assert!(shown.starts_with("Session { expires_at: "), "{shown}");
        assert!(!shown.contains("cs_secret"), "{shown}");
        assert!(!shown.contains("http"), "{shown}");
    }

    #[test]
    fn no_fact_is_lost_because_of_its_reason() {
        let lossy = |text: &str| Reason::lossy(text).as_str().to_owned();
        assert_eq!(lossy("Do not honor"), "Do not honor");
        assert_eq!(lossy("two\nlines\t"), "two lines");
        assert_eq!(lossy(""), "none given");
        assert_eq!(lossy(" \n "), "none given");
        assert_eq!(lossy(&"é".repeat(300)), "é".repeat(255));
    }

    #[test]
    fn each_text_says_what_it_should_have_been() {
        let refusals = [
            AccountRef::new("").unwrap_err(),
            SessionRef::new("").unwrap_err(),
            CaptureId::new("").unwrap_err(),
            GatewayRefundId::new("").unwrap_err(),
            DisputeId::new("").unwrap_err(),
            TryId::new("").unwrap_err(),
            Reason::new("").unwrap_err(),
            TransferReference::new("").unwrap_err(),
        ];
        let whats = refusals.map(|refusal| refusal.what);
        assert_eq!(
            whats,
            [
                "gateway account",
                "session reference",
                "capture id",
                "gateway refund id",
                "dispute id",
                "payment try id",
                "reason",
                "transfer reference"
            ]
        );
    }

    #[cfg(feature = "serde")]
    #[test]
    fn sources_and_sessions_are_flat_objects() {
        use crate::testing::{assert_json, session, source};

        assert_json(
            &source(),
            r#"{"gateway":"stripe","account":"acct_1","mode":"test"}"#,
        );
        assert_json(
            &session("cs_1"),
            r#"{"reference":"cs_1","url":"https://checkout.example/cs_1","expires_at":"2025-07-18T04:37:00Z"}"#,
        );
    }
}
