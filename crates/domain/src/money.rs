//! Amounts of money: whole minor units of one currency, checked at every step.

use core::cmp::{Ordering, Reverse};
use core::fmt;

use rust_decimal::Decimal;
use thiserror::Error;

use crate::Currency;

/// An amount of one currency, counted in its minor units.
///
/// There are no operators and no `Ord`: every sum can overflow, and amounts of two currencies
/// have neither a sum nor an order.
///
/// `Display` writes the amount alone, with all decimals of the currency: `5000.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "wire::Money", into = "wire::Money")
)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Arithmetic that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Amounts of two currencies were put together.
    #[error("{left} and {right} do not mix")]
    MixedCurrencies {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the other one.
        right: Currency,
    },
    /// The result is further from zero than an amount can be.
    #[error("the amount is too large to be counted")]
    Overflow,
    /// An amount was to be divided among nobody.
    #[error("an amount is divided among at least one part that weighs something")]
    NoWeights,
}

/// A text or a decimal that is no amount of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Something other than digits with one optional sign and one optional point.
    #[error("an amount is written with digits and at most one point, such as 5000.00")]
    Malformed,
    /// Zeros before the first digit that counts.
    #[error("an amount has no leading zeros")]
    LeadingZeros,
    /// A zero with a sign.
    #[error("zero has no sign")]
    NegativeZero,
    /// More decimals than the currency has.
    #[error("an amount in {currency} has at most {} decimals", currency.exponent())]
    TooManyDecimals {
        /// The currency that has fewer.
        currency: Currency,
    },
    /// Further from zero than an amount can be.
    #[error("the amount is too large to be counted")]
    OutOfRange,
}

impl Money {
    /// An amount of `minor` minor units: `Money::new(500_000, Currency::Php)` is 5000.00 pesos.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// What the minor units are of.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether it is more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor.is_positive()
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor.is_negative()
    }

    /// The sum of both.
    ///
    /// # Errors
    /// When the currencies differ or the sum overflows.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.minor
            .checked_add(other.minor)
            .map(|minor| self.with(minor))
            .ok_or(MoneyError::Overflow)
    }

    /// What is left of `self` without `other`. It may be negative.
    ///
    /// # Errors
    /// When the currencies differ or the difference overflows.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.minor
            .checked_sub(other.minor)
            .map(|minor| self.with(minor))
            .ok_or(MoneyError::Overflow)
    }

    /// The amount `quantity` times: the total of a line.
    ///
    /// # Errors
    /// When the result is too large to be counted.
    pub fn checked_mul(self, quantity: u32) -> Result<Self, MoneyError> {
        self.minor
            .checked_mul(i64::from(quantity))
            .map(|minor| Self { minor, ..self })
            .ok_or(MoneyError::Overflow)
    }

    /// The same amount in the other direction.
    ///
    /// # Errors
    /// When the amount is the smallest one there is: it has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.minor
            .checked_neg()
            .map(|minor| self.with(minor))
            .ok_or(MoneyError::Overflow)
    }

    /// Which of two amounts is larger.
    ///
    /// # Errors
    /// When the currencies differ.
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// The sum of all `amounts`, in any order; zero when there are none.
    ///
    /// # Errors
    /// When an amount has another currency or the sum of all overflows.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        let zero = Self::zero(currency);
        // The wide sum is why the order does not matter: only the end result must fit.
        let total = amounts.into_iter().try_fold(0_i128, |total, amount| {
            zero.same_currency(amount)?;
            total
                .checked_add(amount.minor.into())
                .ok_or(MoneyError::Overflow)
        })?;
        zero.narrowed(total)
    }

    /// Divides the amount in proportion to `weights`, without losing a minor unit.
    ///
    /// Each part is the exact share rounded towards zero; the minor units left over go one each
    /// to the parts that lost most by it, the earlier one first when they lost the same.
    /// A negative amount is divided as its opposite is.
    ///
    /// # Errors
    /// When there are no weights or all of them are zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        struct Part {
            minor: i128,
            lost: u128,
        }

        let amount = i128::from(self.minor);
        let total = weights
            .iter()
            .copied()
            .map(i128::from)
            .fold(0, i128::saturating_add);
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let share = |weight: &u64| {
            let product = amount.checked_mul((*weight).into())?;
            let lost = product.checked_rem(total)?.unsigned_abs();
            Some(Part {
                minor: product.checked_div(total)?,
                lost,
            })
        };
        let mut parts: Vec<_> = weights
            .iter()
            .map(share)
            .collect::<Option<_>>()
            .ok_or(MoneyError::Overflow)?;

        let mut left = parts
            .iter()
            .fold(amount, |left, part| left.saturating_sub(part.minor));
        let unit = amount.signum();
        let mut by_loss: Vec<_> = parts.iter_mut().collect();
        by_loss.sort_by_key(|part| Reverse(part.lost));
        for part in by_loss {
            if left == 0 {
                break;
            }
            part.minor = part.minor.saturating_add(unit);
            left = left.saturating_sub(unit);
        }
        parts
            .into_iter()
            .map(|part| self.narrowed(part.minor))
            .collect()
    }

    /// Divides the amount into `parts` that differ by one minor unit at most,
    /// those further from zero first.
    ///
    /// # Errors
    /// When `parts` is zero.
    pub fn split(self, parts: u32) -> Result<Vec<Self>, MoneyError> {
        let weights: Vec<_> = (0..parts).map(|_| 1).collect();
        self.allocate(&weights)
    }

    /// Reads an amount as people and machines write it: `5000`, `5000.00`, `-0.5`.
    ///
    /// There is one spelling of each number but for zeros at the end, within the decimals of the currency.
    /// Exponents, a leading `+`, spaces, separators, leading zeros and a zero with a sign are refused,
    /// so that nothing is read as an amount that somebody meant otherwise.
    ///
    /// # Errors
    /// Says which of these rules the text breaks.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => ("-", unsigned),
            None => ("", text),
        };
        let (integer, fraction) = match unsigned.split_once('.') {
            Some((integer, fraction)) if is_digits(fraction) => (integer, fraction),
            Some(_) => return Err(AmountError::Malformed),
            None => (unsigned, ""),
        };
        if !is_digits(integer) {
            return Err(AmountError::Malformed);
        }
        if integer.starts_with('0') && integer != "0" {
            return Err(AmountError::LeadingZeros);
        }
        let decimals = currency.decimals();
        if fraction.len() > decimals {
            return Err(AmountError::TooManyDecimals { currency });
        }
        let minor = format!("{sign}{integer}{fraction:0<decimals$}");
        match minor.parse() {
            Ok(0) if !sign.is_empty() => Err(AmountError::NegativeZero),
            Ok(minor) => Ok(Self::new(minor, currency)),
            // Digits with at most one sign: the range is all that is left to break.
            Err(_) => Err(AmountError::OutOfRange),
        }
    }

    /// The amount as a decimal with all decimals of the currency.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// Takes a decimal that is an amount of `currency` exactly; zeros at its end do not count.
    ///
    /// # Errors
    /// When it has more decimals than the currency, or is out of range.
    pub fn from_decimal(decimal: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let decimal = decimal.normalize();
        let missing = currency
            .exponent()
            .checked_sub(decimal.scale())
            .ok_or(AmountError::TooManyDecimals { currency })?;
        10_i128
            .checked_pow(missing)
            .and_then(|factor| decimal.mantissa().checked_mul(factor))
            .and_then(|minor| i64::try_from(minor).ok())
            .map(|minor| Self::new(minor, currency))
            .ok_or(AmountError::OutOfRange)
    }

    const fn with(self, minor: i64) -> Self {
        Self::new(minor, self.currency)
    }

    fn narrowed(self, minor: i128) -> Result<Self, MoneyError> {
        i64::try_from(minor)
            .map(|minor| self.with(minor))
            .map_err(|_| MoneyError::Overflow)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::MixedCurrencies {
                left: self.currency,
                right: other.currency,
            })
        }
    }
}

impl fmt::Display for Money {
    /// A precision is ignored: an amount is never cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad_integral(
            !self.is_negative(),
            "",
            &self.to_decimal().abs().to_string(),
        )
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(feature = "serde")]
mod wire {
    use serde::{Deserialize, Serialize};

    use super::AmountError;
    use crate::Currency;

    /// An amount is a string: a JSON number goes through a float in too many programs.
    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Money {
        amount: String,
        currency: Currency,
    }

    impl From<super::Money> for Money {
        fn from(money: super::Money) -> Self {
            Self {
                amount: money.to_string(),
                currency: money.currency,
            }
        }
    }

    impl TryFrom<Money> for super::Money {
        type Error = AmountError;

        fn try_from(wire: Money) -> Result<Self, Self::Error> {
            Self::parse(&wire.amount, wire.currency)
        }
    }
}

#[cfg(test)]
mod tests;
