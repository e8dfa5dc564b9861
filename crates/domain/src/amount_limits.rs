//! How much may be paid at once.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{Currency, Money};

/// The least and the most of one currency, both of which are taken. Neither is zero or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "wire::AmountRange", into = "wire::AmountRange")
)]
pub struct AmountRange {
    least: Money,
    most: Money,
}

/// How much may be paid at once, in each currency. A currency that is not here is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "Vec<AmountRange>", into = "Vec<AmountRange>")
)]
pub struct AmountLimits(BTreeMap<Currency, AmountRange>);

/// Two amounts that no amount is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidRange {
    /// They are in two currencies.
    #[error("the least amount is in {least} and the most in {most}")]
    Currencies {
        /// The currency of the least.
        least: Currency,
        /// The currency of the most.
        most: Currency,
    },
    /// The least is zero or negative.
    #[error("the least amount is not above zero")]
    NotPositive,
    /// The least is more than the most.
    #[error("the least amount is above the most")]
    UpsideDown,
}

/// Two ranges of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the limits of {0} are given more than once")]
pub struct LimitedTwice(pub Currency);

/// Why an amount is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// Nothing is taken in its currency.
    #[error("nothing is taken in {0}")]
    Currency(Currency),
    /// It is too small: this is the least.
    #[error("an amount is at least {} {}", .0, .0.currency())]
    BelowLeast(Money),
    /// It is too large: this is the most.
    #[error("an amount is at most {} {}", .0, .0.currency())]
    AboveMost(Money),
}

impl AmountRange {
    /// Takes the least and the most.
    ///
    /// # Errors
    /// When no amount can be between them.
    pub fn new(least: Money, most: Money) -> Result<Self, InvalidRange> {
        if least.currency() != most.currency() {
            Err(InvalidRange::Currencies {
                least: least.currency(),
                most: most.currency(),
            })
        } else if !least.is_positive() {
            Err(InvalidRange::NotPositive)
        } else if least.minor() > most.minor() {
            Err(InvalidRange::UpsideDown)
        } else {
            Ok(Self { least, most })
        }
    }

    /// The least.
    #[must_use]
    pub const fn least(self) -> Money {
        self.least
    }

    /// The most.
    #[must_use]
    pub const fn most(self) -> Money {
        self.most
    }

    /// The currency of both.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.least.currency()
    }
}

impl AmountLimits {
    /// Takes one range for each currency.
    ///
    /// # Errors
    /// When a currency has two.
    pub fn new(ranges: impl IntoIterator<Item = AmountRange>) -> Result<Self, LimitedTwice> {
        let mut limits = BTreeMap::new();
        for range in ranges {
            if limits.insert(range.currency(), range).is_some() {
                return Err(LimitedTwice(range.currency()));
            }
        }
        Ok(Self(limits))
    }

    /// The range of every currency that is taken, by its code.
    pub fn iter(&self) -> impl Iterator<Item = AmountRange> {
        self.0.values().copied()
    }

    /// Takes an amount, or says why not.
    ///
    /// # Errors
    /// When its currency is not taken, or it is too small or too large.
    pub fn check(&self, amount: Money) -> Result<(), NotTaken> {
        let currency = amount.currency();
        let range = self.0.get(&currency).ok_or(NotTaken::Currency(currency))?;
        if amount.minor() < range.least.minor() {
            Err(NotTaken::BelowLeast(range.least))
        } else if amount.minor() > range.most.minor() {
            Err(NotTaken::AboveMost(range.most))
        } else {
            Ok(())
        }
    }
}

#[cfg(feature = "serde")]
mod wire {
    use serde::{Deserialize, Serialize};

    use super::InvalidRange;
    use crate::Money;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct AmountRange {
        least: Money,
        most: Money,
    }

    impl From<super::AmountRange> for AmountRange {
        fn from(range: super::AmountRange) -> Self {
            let super::AmountRange { least, most } = range;
            Self { least, most }
        }
    }

    impl TryFrom<AmountRange> for super::AmountRange {
        type Error = InvalidRange;

        fn try_from(wire: AmountRange) -> Result<Self, Self::Error> {
            Self::new(wire.least, wire.most)
        }
    }

    impl From<super::AmountLimits> for Vec<super::AmountRange> {
        fn from(limits: super::AmountLimits) -> Self {
            limits.0.into_values().collect()
        }
    }

    impl TryFrom<Vec<super::AmountRange>> for super::AmountLimits {
        type Error = super::LimitedTwice;

        fn try_from(ranges: Vec<super::AmountRange>) -> Result<Self, Self::Error> {
            Self::new(ranges)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn php(minor: i64) -> Money {
        Money::new(minor, Currency::Php)
    }

    const fn idr(minor: i64) -> Money {
        Money::new(minor, Currency::Idr)
    }

    fn limits() -> AmountLimits {
        let php = AmountRange::new(php(100), php(500)).unwrap();
        let idr = AmountRange::new(idr(1_000), idr(1_000)).unwrap();
        AmountLimits::new([php, idr]).unwrap()
    }

    #[test]
    fn the_least_and_the_most_are_taken_and_nothing_beyond_them() {
        let limits = limits();
        for amount in [php(100), php(101), php(499), php(500), idr(1_000)] {
            assert_eq!(limits.check(amount), Ok(()), "{amount}");
        }
        for amount in [php(99), php(0), php(-100), php(i64::MIN)] {
            let refused = NotTaken::BelowLeast(php(100));
            assert_eq!(limits.check(amount), Err(refused), "{amount}");
        }
        for amount in [php(501), php(i64::MAX)] {
            let refused = NotTaken::AboveMost(php(500));
            assert_eq!(limits.check(amount), Err(refused), "{amount}");
        }
        let (least, most) = (limits.check(idr(999)), limits.check(idr(1_001)));
        assert_eq!(least, Err(NotTaken::BelowLeast(idr(1_000))));
        assert_eq!(most, Err(NotTaken::AboveMost(idr(1_000))));
    }

    #[test]
    fn a_currency_without_limits_is_not_taken() {
        let dollars = Money::new(200, Currency::Usd);
        let refused = Err(NotTaken::Currency(Currency::Usd));
        assert_eq!(limits().check(dollars), refused);
        assert_eq!(AmountLimits::default().check(dollars), refused);
    }

    #[test]
    fn limits_are_listed_by_currency() {
        let limits = limits();
        let listed: Vec<_> = limits
            .iter()
            .map(|range| (range.currency(), range.least(), range.most()))
            .collect();
        let expected = [
            (Currency::Idr, idr(1_000), idr(1_000)),
            (Currency::Php, php(100), php(500)),
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn a_range_without_amounts_is_none() {
        let currencies = InvalidRange::Currencies {
            least: Currency::Php,
            most: Currency::Idr,
        };
        for (least, most, refused) in [
            (php(1), idr(1), currencies),
            (php(0), php(1), InvalidRange::NotPositive),
            (php(-1), php(1), InvalidRange::NotPositive),
            (php(2), php(1), InvalidRange::UpsideDown),
        ] {
            assert_eq!(AmountRange::new(least, most), Err(refused));
        }
    }

    #[test]
    fn a_currency_has_one_range() {
        let range = |most| AmountRange::new(php(1), php(most)).unwrap();
        let twice = AmountLimits::new([range(5), range(6)]);
        assert_eq!(twice, Err(LimitedTwice(Currency::Php)));
    }

    #[test]
    fn every_refusal_says_what_would_be_right() {
        for (refused, said) in [
            (NotTaken::Currency(Currency::Usd), "nothing is taken in USD"),
            (
                NotTaken::BelowLeast(php(100)),
                "an amount is at least 1.00 PHP",
            ),
            (
                NotTaken::AboveMost(php(500)),
                "an amount is at most 5.00 PHP",
            ),
        ] {
            assert_eq!(refused.to_string(), said);
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn limits_are_a_list_of_ranges_and_checked_when_read() {
        let json = r#"[{"least":{"amount":"10.00","currency":"IDR"},"most":{"amount":"10.00","currency":"IDR"}},{"least":{"amount":"1.00","currency":"PHP"},"most":{"amount":"5.00","currency":"PHP"}}]"#;
        crate::testing::assert_json(&limits(), json);
        let refusal = |json: &str| crate::testing::refusal::<AmountLimits>(json);
        assert_eq!(
            refusal(&json.replace(r#""1.00""#, r#""6.00""#)),
            "the least amount is above the most"
        );
        assert_eq!(
            refusal(&json.replace("IDR", "PHP")),
            "the limits of PHP are given more than once"
        );
    }
}
