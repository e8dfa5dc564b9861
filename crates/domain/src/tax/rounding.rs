//! How an exact amount becomes one that can be paid.

use core::cmp::Ordering;

use crate::Currency;
use crate::wire::wire_enum;

wire_enum! {
    /// What happens to the part of an amount that is too small to be paid.
    pub enum Rounding: "rounding mode" {
        /// To the nearest, and away from zero from halfway between two.
        HalfUp = "half_up",
        /// To the nearest, and to the even one from halfway between two.
        HalfEven = "half_even",
        /// Towards zero.
        Down = "down",
        /// Away from zero.
        Up = "up",
    }
}

wire_enum! {
    /// The smallest step of a tax.
    pub enum RoundTo: "rounding step" {
        /// The minor unit of the currency.
        MinorUnit = "minor_unit",
        /// The unit of the currency, where nobody pays less: whole rupiah.
        WholeUnit = "whole_unit",
    }
}

impl RoundTo {
    /// The step in minor units.
    pub(super) const fn step(self, currency: Currency) -> i64 {
        match self {
            Self::MinorUnit => 1,
            Self::WholeUnit => currency.minor_per_unit(),
        }
    }
}

impl Rounding {
    /// `numerator / denominator` as a whole number, by this mode.
    ///
    /// Nothing when the denominator is not positive or the result does not fit.
    pub(super) fn quotient(self, numerator: i128, denominator: i128) -> Option<i128> {
        if denominator <= 0 {
            return None;
        }
        let quotient = numerator.checked_div(denominator)?;
        let rest = numerator.checked_rem(denominator)?.unsigned_abs();
        // The rest is below 2^127, so that twice the rest fits.
        let to_halfway = rest.checked_mul(2)?.cmp(&denominator.unsigned_abs());
        let away_from_zero = match self {
            Self::HalfUp => to_halfway != Ordering::Less,
            Self::HalfEven => match to_halfway {
                Ordering::Less => false,
                Ordering::Equal => quotient.checked_rem(2)? != 0,
                Ordering::Greater => true,
            },
            Self::Down => false,
            Self::Up => rest != 0,
        };
        if away_from_zero {
            quotient.checked_add(numerator.signum())
        } else {
            Some(quotient)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rounding::{Down, HalfEven, HalfUp, Up};
    use super::*;

    /// Each numerator over 10, in the order of the modes.
    fn tenths(rounding: Rounding) -> Vec<i128> {
        [
            0, 1, 4, 5, 6, 9, 10, 14, 15, 16, 25, 35, -1, -4, -5, -6, -10, -15, -25,
        ]
        .into_iter()
        .map(|numerator| rounding.quotient(numerator, 10).unwrap())
        .collect()
    }

    #[test]
    fn half_up_goes_away_from_zero_at_halfway() {
        assert_eq!(
            tenths(HalfUp),
            [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 4, 0, 0, -1, -1, -1, -2, -3]
        );
    }

    #[test]
    fn half_even_goes_to_the_even_one_at_halfway() {
        assert_eq!(
            tenths(HalfEven),
            [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 4, 0, 0, 0, -1, -1, -2, -2]
        );
    }

    #[test]
    fn down_goes_towards_zero() {
        assert_eq!(
            tenths(Down),
            [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 0, 0, 0, 0, -1, -1, -2]
        );
    }

    #[test]
    fn up_goes_away_from_zero() {
        assert_eq!(
            tenths(Up),
            [
                0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, -1, -1, -1, -1, -1, -2, -3
            ]
        );
    }

    #[test]
    fn an_odd_denominator_has_no_halfway() {
        for rounding in [HalfUp, HalfEven] {
            let thirds = [1, 2, 3, 4, 5].map(|numerator| rounding.quotient(numerator, 3));
            assert_eq!(thirds, [Some(0), Some(1), Some(1), Some(1), Some(2)]);
        }
    }

    #[test]
    fn only_a_positive_denominator_divides() {
        for rounding in Rounding::ALL {
            assert_eq!(rounding.quotient(1, 0), None);
            assert_eq!(rounding.quotient(1, -1), None);
            assert_eq!(rounding.quotient(7, 1), Some(7));
        }
    }

    #[test]
    fn the_largest_numbers_divide() {
        assert_eq!(HalfUp.quotient(i128::MAX, 1), Some(i128::MAX));
        assert_eq!(HalfUp.quotient(i128::MIN, 1), Some(i128::MIN));
        assert_eq!(HalfUp.quotient(i128::MAX, 2), Some(i128::MAX / 2 + 1));
        assert_eq!(HalfUp.quotient(i128::MAX - 1, i128::MAX), Some(1));
    }

    #[test]
    fn a_step_is_one_minor_unit_or_all_that_make_a_unit() {
        assert_eq!(RoundTo::MinorUnit.step(Currency::Idr), 1);
        assert_eq!(RoundTo::WholeUnit.step(Currency::Idr), 100);
        assert_eq!(RoundTo::WholeUnit.step(Currency::Jpy), 1);
        assert_eq!(RoundTo::WholeUnit.step(Currency::Kwd), 1_000);
    }
}
