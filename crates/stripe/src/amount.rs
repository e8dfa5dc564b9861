//! Amounts as Stripe counts them: whole numbers, though not always of the minor units of ISO 4217.

use bayar_domain::{Currency, Money};
use thiserror::Error;

/// An amount that has no exact counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Inexact {
    #[error("an amount in {0} has a part that Stripe cannot take")]
    Outgoing(Currency),
    #[error("an amount in {0} has a part that cannot be counted")]
    Incoming(Currency),
    #[error("an amount is in a currency that is not known")]
    Currency,
}

/// The decimals that Stripe gives a currency. The rest has two, ISK and UGX among them, which have none at ISO.
const fn decimals(currency: Currency) -> u32 {
    use Currency as C;
    match currency {
        C::Bif
        | C::Clp
        | C::Djf
        | C::Gnf
        | C::Jpy
        | C::Kmf
        | C::Krw
        | C::Mga
        | C::Pyg
        | C::Rwf
        | C::Vnd
        | C::Vuv
        | C::Xaf
        | C::Xof
        | C::Xpf => 0,
        C::Bhd | C::Jod | C::Kwd | C::Omr | C::Tnd => 3,
        _ => 2,
    }
}

/// The amount in Stripe's units.
pub fn to_stripe(money: Money) -> Result<i64, Inexact> {
    let currency = money.currency();
    scaled(money.minor(), currency.exponent(), decimals(currency))
        // Of three decimals, Stripe wants the last one to be zero.
        .filter(|units| decimals(currency) != 3 || units.checked_rem(10) == Some(0))
        .ok_or(Inexact::Outgoing(currency))
}

/// So many of Stripe's units of a currency, as an amount.
pub fn from_stripe(units: i64, currency: &str) -> Result<Money, Inexact> {
    let currency: Currency = currency.parse().map_err(|_| Inexact::Currency)?;
    scaled(units, decimals(currency), currency.exponent())
        .map(|minor| Money::new(minor, currency))
        .ok_or(Inexact::Incoming(currency))
}

/// The same number with other decimals, if it has them.
fn scaled(units: i64, from: u32, to: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(from.abs_diff(to))?;
    if from <= to {
        units.checked_mul(factor)
    } else if units.checked_rem(factor)? == 0 {
        units.checked_div(factor)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn both_ways(minor: i64, currency: Currency, units: i64) {
        let money = Money::new(minor, currency);
        assert_eq!(to_stripe(money), Ok(units));
        let code = currency.code().to_lowercase();
        assert_eq!(from_stripe(units, &code), Ok(money));
    }

    #[test]
    fn most_currencies_are_counted_in_hundredths() {
        both_ways(5_000_000, Currency::Idr, 5_000_000); // Rp 50,000
        both_ways(560_000, Currency::Php, 560_000);
        both_ways(1_000, Currency::Myr, 1_000);
        both_ways(1_000, Currency::Usd, 1_000);
        both_ways(12_345, Currency::Huf, 12_345);
        both_ways(12_345, Currency::Twd, 12_345);
    }

    #[test]
    fn currencies_without_decimals_are_counted_whole() {
        use Currency as C;
        for currency in [
            C::Bif,
            C::Clp,
            C::Djf,
            C::Gnf,
            C::Jpy,
            C::Kmf,
            C::Krw,
            C::Pyg,
            C::Rwf,
            C::Vnd,
            C::Vuv,
            C::Xaf,
            C::Xof,
            C::Xpf,
        ] {
            both_ways(501, currency, 501);
        }
    }

    #[test]
    fn the_ariary_has_decimals_that_stripe_does_not_take() {
        both_ways(50_000, Currency::Mga, 500);
        let cut = Money::new(50_001, Currency::Mga);
        assert_eq!(to_stripe(cut), Err(Inexact::Outgoing(Currency::Mga)));
    }

    #[test]
    fn krona_and_shilling_are_whole_and_counted_in_hundredths() {
        for currency in [Currency::Isk, Currency::Ugx] {
            both_ways(500, currency, 50_000);
            let code = currency.code().to_lowercase();
            assert_eq!(from_stripe(50_001, &code), Err(Inexact::Incoming(currency)));
        }
    }

    #[test]
    fn of_three_decimals_the_last_is_zero() {
        use Currency as C;
        for currency in [C::Bhd, C::Jod, C::Kwd, C::Omr, C::Tnd] {
            both_ways(5_120, currency, 5_120);
            let fine = Money::new(5_124, currency);
            assert_eq!(to_stripe(fine), Err(Inexact::Outgoing(currency)));
            // What Stripe says was paid is told as it is.
            let code = currency.code().to_lowercase();
            assert_eq!(from_stripe(5_124, &code), Ok(fine));
        }
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let huge = Money::new(i64::MAX, Currency::Isk);
        assert_eq!(to_stripe(huge), Err(Inexact::Outgoing(Currency::Isk)));
        assert_eq!(
            from_stripe(i64::MAX, "mga"),
            Err(Inexact::Incoming(Currency::Mga))
        );
        assert_eq!(from_stripe(1, "zzz"), Err(Inexact::Currency));
    }

    #[test]
    fn every_currency_comes_back_as_it_went() {
        for &currency in Currency::ALL {
            let money = Money::new(123_000, currency);
            let units = to_stripe(money).unwrap();
            let code = currency.code().to_lowercase();
            assert_eq!(from_stripe(units, &code), Ok(money), "{currency}");
        }
    }
}
