//! One tax: its name, its rate, what it is taken of, and when it is the law.

mod standard;

use core::fmt;
use core::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use thiserror::Error;

pub(super) use self::standard::rules as standard_rules;
use super::fraction::Fraction;
use super::{RoundTo, Rounding};
use crate::Currency;
use crate::wire::{InvalidText, serde_as_text, text, wire_enum};

text! {
    /// The name of a tax, such as `VAT`, `PPN` or `PPh`.
    TaxType: "tax type";
}

wire_enum! {
    /// Who feels a tax.
    pub enum TaxEffect: "tax effect" {
        /// The buyer, on top of the price: VAT, PPN.
        Added = "added",
        /// The payee, out of what is received: PPh. It never changes what the buyer pays.
        Withheld = "withheld",
    }
}

wire_enum! {
    /// How the price and its added taxes make up what the buyer pays.
    pub enum TaxMode: "tax mode" {
        /// The buyer pays the price; taxes are computed on it and written down only.
        Recorded = "recorded",
        /// The buyer pays the price and the added taxes.
        Added = "added",
        /// The buyer pays the price, and the added taxes are inside it.
        Included = "included",
    }
}

/// The rate of a tax: more than nothing, at most the whole, six decimals at most.
///
/// `Display` writes it without zeros at the end: `0.12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    millionths: u32,
}

impl Rate {
    const DECIMALS: u32 = 6;
    const WHOLE: u32 = 1_000_000;

    /// Takes a rate such as 0.12.
    ///
    /// # Errors
    /// When it is not above 0 and at most 1, or has more than six decimals.
    pub fn new(rate: Decimal) -> Result<Self, InvalidText> {
        let rate = rate.normalize();
        let missing = Self::DECIMALS
            .checked_sub(rate.scale())
            .ok_or(Self::invalid("has at most six decimals"))?;
        10_i128
            .checked_pow(missing)
            .and_then(|factor| rate.mantissa().checked_mul(factor))
            .and_then(|millionths| u32::try_from(millionths).ok())
            .filter(|millionths| (1..=Self::WHOLE).contains(millionths))
            .map(|millionths| Self { millionths })
            .ok_or(Self::invalid("is above 0 and at most 1"))
    }

    /// The rate as a decimal without zeros at the end.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.millionths.into(), Self::DECIMALS).normalize()
    }

    pub(super) fn fraction(self) -> Option<Fraction> {
        Fraction::new(self.millionths.into(), Self::WHOLE.into())
    }

    const fn invalid(rule: &'static str) -> InvalidText {
        InvalidText {
            what: "tax rate",
            rule,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_decimal().to_string())
    }
}

impl FromStr for Rate {
    type Err = InvalidText;

    /// Takes digits with at most one point between them: `0.12`, `1`, `0.120`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (integer, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if !is_digits(integer) || !is_digits(fraction) {
            return Err(Self::invalid(
                "is written with digits and at most one point, such as 0.12",
            ));
        }
        let rate = Decimal::from_str_exact(text);
        Self::new(rate.map_err(|_| Self::invalid("has at most six decimals"))?)
    }
}

serde_as_text!(Rate);

/// The part of a price that a rate is taken of: 11/12, say.
///
/// `Display` writes it as a fraction, not reduced: an invoice shows what the law says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BaseFactor {
    numerator: u32,
    denominator: u32,
}

impl BaseFactor {
    /// The whole price.
    pub const WHOLE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// Far above any law, and low enough that an assessment does not overflow by it.
    const LARGEST: u32 = 10_000;

    /// Takes a fraction above 0 and at most 1 whose terms are at most 10,000.
    ///
    /// # Errors
    /// When it is not.
    pub const fn new(numerator: u32, denominator: u32) -> Result<Self, InvalidText> {
        if numerator > 0 && numerator <= denominator && denominator <= Self::LARGEST {
            Ok(Self {
                numerator,
                denominator,
            })
        } else {
            Err(Self::invalid(
                "is above 0 and at most 1, with terms of at most 10000",
            ))
        }
    }

    /// The number above the line.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// The number below the line.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    pub(super) fn fraction(self) -> Option<Fraction> {
        Fraction::new(self.numerator.into(), self.denominator.into())
    }

    const fn invalid(rule: &'static str) -> InvalidText {
        InvalidText {
            what: "base factor",
            rule,
        }
    }
}

impl fmt::Display for BaseFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.numerator, self.denominator))
    }
}

impl FromStr for BaseFactor {
    type Err = InvalidText;

    /// Takes what `Display` writes and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let terms = text.split_once('/').and_then(|(numerator, denominator)| {
            Some((numerator.parse().ok()?, denominator.parse().ok()?))
        });
        let (numerator, denominator) =
            terms.ok_or(Self::invalid("is written as a fraction, such as 11/12"))?;
        let factor = Self::new(numerator, denominator)?;
        if factor.to_string() == text {
            Ok(factor)
        } else {
            Err(Self::invalid("is written as a fraction, such as 11/12"))
        }
    }
}

serde_as_text!(BaseFactor);

/// The days on which a rule is the law: from one day on, until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "wire::Validity", into = "wire::Validity")
)]
pub struct Validity {
    from: NaiveDate,
    until: Option<NaiveDate>,
}

/// A validity that ends before it has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a validity from {from} cannot end before {until} begins")]
pub struct InvalidValidity {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub until: NaiveDate,
}

impl Validity {
    /// Takes the first day, and the day after the last one when there is a last one.
    ///
    /// # Errors
    /// When no day is left between the two.
    pub fn new(from: NaiveDate, until: Option<NaiveDate>) -> Result<Self, InvalidValidity> {
        match until {
            Some(until) if until <= from => Err(InvalidValidity { from, until }),
            Some(_) | None => Ok(Self { from, until }),
        }
    }

    /// From a day on, without an end.
    #[must_use]
    pub const fn since(from: NaiveDate) -> Self {
        Self { from, until: None }
    }

    /// The first day.
    #[must_use]
    pub const fn from(self) -> NaiveDate {
        self.from
    }

    /// The day after the last one.
    #[must_use]
    pub const fn until(self) -> Option<NaiveDate> {
        self.until
    }

    /// Whether `day` is one of the days.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        self.from <= day && self.ends_after(day)
    }

    /// Whether the two have a day in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.ends_after(other.from) && other.ends_after(self.from)
    }

    fn ends_after(self, day: NaiveDate) -> bool {
        self.until.is_none_or(|until| day < until)
    }
}

#[cfg(feature = "serde")]
mod wire {
    use chrono::NaiveDate;
    use serde::{Deserialize, Serialize};

    use super::InvalidValidity;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Validity {
        from: NaiveDate,
        until: Option<NaiveDate>,
    }

    impl From<super::Validity> for Validity {
        fn from(validity: super::Validity) -> Self {
            Self {
                from: validity.from,
                until: validity.until,
            }
        }
    }

    impl TryFrom<Validity> for super::Validity {
        type Error = InvalidValidity;

        fn try_from(wire: Validity) -> Result<Self, Self::Error> {
            Self::new(wire.from, wire.until)
        }
    }
}

/// What the law of a country says about one tax during some years.
///
/// Any combination of these makes sense, so the fields are open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct TaxRule {
    /// Prices in this currency are taxed.
    pub currency: Currency,
    /// The name of the tax.
    pub tax_type: TaxType,
    /// Who feels it.
    pub effect: TaxEffect,
    /// How much is taken of the base.
    pub rate: Rate,
    /// The part of the price that is the base.
    pub factor: BaseFactor,
    /// What happens to the rest that is too small.
    pub rounding: Rounding,
    /// What is too small.
    pub round_to: RoundTo,
    /// When it is the law.
    pub validity: Validity,
}

#[cfg(test)]
mod tests;
