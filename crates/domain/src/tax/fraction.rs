//! Exact fractions, so that a tax is rounded once and only at its end.

use super::{RoundTo, Rounding};
use crate::{Money, MoneyError};

/// A fraction in lowest terms, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    pub(super) const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// Lowest terms are what keeps a sum of several rates within 128 bits.
    pub(super) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator, denominator)?;
        Some(Self {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        })
    }

    pub(super) fn checked_add(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(
            left.checked_add(right)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    pub(super) fn checked_mul(self, other: Self) -> Option<Self> {
        Self::new(
            self.numerator.checked_mul(other.numerator)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    pub(super) fn checked_div(self, other: Self) -> Option<Self> {
        Self::new(
            self.numerator.checked_mul(other.denominator)?,
            self.denominator.checked_mul(other.numerator)?,
        )
    }

    /// This much of `whole`, rounded to a multiple of the step.
    pub(super) fn of(
        self,
        whole: Money,
        rounding: Rounding,
        round_to: RoundTo,
    ) -> Result<Money, MoneyError> {
        let step = i128::from(round_to.step(whole.currency()));
        let minor = || {
            let numerator = self.numerator.checked_mul(whole.minor().into())?;
            let denominator = self.denominator.checked_mul(step)?;
            let steps = rounding.quotient(numerator, denominator)?;
            i64::try_from(steps.checked_mul(step)?).ok()
        };
        minor()
            .map(|minor| Money::new(minor, whole.currency()))
            .ok_or(MoneyError::Overflow)
    }
}

/// Nothing when both are zero: such a fraction has no lowest terms.
fn greatest_common_divisor(one: i128, other: i128) -> Option<i128> {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one.checked_rem(other)?);
    }
    if one == 0 { None } else { Some(one) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    fn fraction(numerator: i128, denominator: i128) -> Fraction {
        Fraction::new(numerator, denominator).unwrap()
    }

    fn terms(fraction: Option<Fraction>) -> (i128, i128) {
        let fraction = fraction.unwrap();
        (fraction.numerator, fraction.denominator)
    }

    #[test]
    fn a_fraction_is_in_lowest_terms() {
        assert_eq!(terms(Fraction::new(120_000, 1_000_000)), (3, 25));
        assert_eq!(terms(Fraction::new(7, 12)), (7, 12));
        assert_eq!(terms(Fraction::new(5, 5)), (1, 1));
        assert_eq!(terms(Fraction::new(0, 5)), (0, 1));
        assert_eq!(Fraction::new(0, 0), None);
    }

    #[test]
    fn fractions_are_computed_exactly() {
        assert_eq!(
            terms(fraction(3, 25).checked_mul(fraction(11, 12))),
            (11, 100)
        );
        assert_eq!(terms(fraction(1, 6).checked_add(fraction(1, 10))), (4, 15));
        assert_eq!(
            terms(fraction(3, 25).checked_div(fraction(28, 25))),
            (3, 28)
        );
    }

    #[test]
    fn a_fraction_too_large_for_its_terms_is_none() {
        let large = fraction(1, i128::MAX);
        assert_eq!(large.checked_add(fraction(1, 2)), None);
        assert_eq!(large.checked_mul(fraction(1, 2)), None);
        assert_eq!(large.checked_div(fraction(2, 1)), None);
    }

    #[test]
    fn a_fraction_of_an_amount_is_a_multiple_of_the_step() {
        let amount = |minor| Money::new(minor, Currency::Idr);
        let half = |minor, round_to| fraction(1, 2).of(amount(minor), Rounding::HalfUp, round_to);
        assert_eq!(half(301, RoundTo::MinorUnit), Ok(amount(151)));
        assert_eq!(half(299, RoundTo::WholeUnit), Ok(amount(100)));
        assert_eq!(half(300, RoundTo::WholeUnit), Ok(amount(200)));
        assert_eq!(half(0, RoundTo::WholeUnit), Ok(amount(0)));
    }

    #[test]
    fn a_step_beyond_the_largest_amount_is_an_overflow() {
        let most = Money::new(i64::MAX, Currency::Idr);
        let of = |rounding, round_to| Fraction::ONE.of(most, rounding, round_to);
        assert_eq!(of(Rounding::Up, RoundTo::MinorUnit), Ok(most));
        assert_eq!(
            of(Rounding::Up, RoundTo::WholeUnit),
            Err(MoneyError::Overflow)
        );
        let wide = fraction(i128::MAX, 1).of(most, Rounding::Up, RoundTo::MinorUnit);
        assert_eq!(wide, Err(MoneyError::Overflow));
    }
}
