//! Midtrans takes whole rupiah, and tells them with two zeros behind a point.

use bayar_app::port::gateway::Unfit;
use bayar_domain::{AmountError, Currency, Money};

/// How many whole rupiah it is.
pub fn whole(amount: Money) -> Option<i64> {
    let unit = amount.currency().minor_per_unit();
    let is_whole = amount.currency() == Currency::Idr && amount.minor().checked_rem(unit)? == 0;
    is_whole.then(|| amount.minor().checked_div(unit)).flatten()
}

/// How many whole rupiah a sum to be asked for is.
pub fn asked(amount: Money) -> Result<i64, Unfit> {
    if amount.currency() != Currency::Idr {
        return Err(Unfit(format!(
            "Midtrans takes IDR, not {}",
            amount.currency()
        )));
    }
    match whole(amount) {
        Some(rupiah) if rupiah > 0 => Ok(rupiah),
        Some(_) | None => Err(Unfit(format!(
            "Midtrans takes whole rupiah above zero, not {amount}"
        ))),
    }
}

/// Reads an amount as Midtrans tells it, exactly. Zeros behind the decimals of the currency do not count.
pub fn read(text: &str, currency: Currency) -> Result<Money, AmountError> {
    let text = text.trim();
    let shorter = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{fraction}")
            }
        }
        Some(_) | None => text.to_owned(),
    };
    Money::parse(&shorter, currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idr(minor: i64) -> Money {
        Money::new(minor, Currency::Idr)
    }

    #[test]
    fn fifty_thousand_rupiah_are_told_with_two_zeros() {
        for text in ["50000.00", "50000", "50000.0", "50000.000", " 50000.00 "] {
            assert_eq!(read(text, Currency::Idr), Ok(idr(5_000_000)), "{text}");
        }
        assert_eq!(asked(idr(5_000_000)), Ok(50_000));
    }

    #[test]
    fn an_amount_is_read_exactly_or_not_at_all() {
        assert_eq!(read("0.50", Currency::Idr), Ok(idr(50)));
        assert_eq!(
            read("10000.005", Currency::Idr),
            Err(AmountError::TooManyDecimals {
                currency: Currency::Idr
            })
        );
        for text in ["", "10,000.00", "1e4", "10000.", "Rp 10000", "+1"] {
            assert_eq!(
                read(text, Currency::Idr),
                Err(AmountError::Malformed),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_whole_rupiah_is_not_asked_for() {
        for amount in [
            idr(5_000_050),
            idr(1),
            idr(0),
            idr(-100),
            Money::new(500_000, Currency::Php),
            Money::new(100, Currency::Jpy),
        ] {
            assert!(asked(amount).is_err(), "{amount:?}");
        }
    }
}
