//! Exact amounts, in the smallest unit of ISO 4217.

use std::fmt;

/// Some money. The currency is the code in capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    /// In the smallest unit.
    pub minor: i64,
    /// The code of the currency.
    pub currency: String,
}

impl Amount {
    /// So many of a gateway's own units: whole rupiah at Midtrans, and at Stripe what it calls the smallest unit,
    /// which is not always that of ISO 4217.
    pub(crate) fn from_units(gateway: &str, units: i64, currency: &str) -> Option<Self> {
        let currency = currency.to_ascii_uppercase();
        let theirs = match gateway {
            "midtrans" => 0,
            _ => decimals_at_stripe(&currency),
        };
        let ours = decimals(&currency);
        let minor = if theirs <= ours {
            units.checked_mul(10_i64.checked_pow(ours - theirs)?)?
        } else {
            let factor = 10_i64.checked_pow(theirs - ours)?;
            if units.checked_rem(factor)? != 0 {
                return None;
            }
            units.checked_div(factor)?
        };
        Some(Self { minor, currency })
    }

    /// An amount as it is written for people, such as `5000.00`. Nothing is rounded.
    pub(crate) fn parse(text: &str, currency: &str) -> Option<Self> {
        let currency = currency.to_ascii_uppercase();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(part) {
            return None;
        }
        let places = usize::try_from(decimals(&currency)).ok()?;
        let rest = part.get(places..).unwrap_or_default();
        if rest.bytes().any(|byte| byte != b'0') {
            return None;
        }
        let kept = part.get(..places).unwrap_or(part);
        let padded = format!("{whole}{kept:0<places$}");
        let minor = padded.parse::<i64>().ok()?.checked_mul(sign)?;
        Some(Self { minor, currency })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::try_from(decimals(&self.currency)).unwrap_or_default();
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = places + 1);
        let (whole, part) = digits.split_at(digits.len().saturating_sub(places));
        match places {
            0 => write!(f, "{sign}{whole} {}", self.currency),
            _ => write!(f, "{sign}{whole}.{part} {}", self.currency),
        }
    }
}

/// The decimals of ISO 4217.
fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// The decimals that Stripe counts in.
fn decimals_at_stripe(currency: &str) -> u32 {
    match currency {
        "ISK" | "UGX" => 2,
        "MGA" => 0,
        other => decimals(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_gateways_are_counted_exactly() {
        let of = |gateway, units, currency| {
            Amount::from_units(gateway, units, currency).map(|amount| amount.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("stripe", 15_000_000, "idr"), some("150000.00 IDR"));
        assert_eq!(of("midtrans", 150_000, "IDR"), some("150000.00 IDR"));
        assert_eq!(of("stripe", 500, "jpy"), some("500 JPY"));
        assert_eq!(of("stripe", 500, "isk"), some("5 ISK"));
        assert_eq!(of("stripe", 550, "isk"), None);
        assert_eq!(of("stripe", 5, "kwd"), some("0.005 KWD"));
        assert_eq!(of("midtrans", i64::MAX, "IDR"), None);
    }

    fn some_amount(minor: i64) -> Amount {
        let currency = "PHP".to_owned();
        Amount { minor, currency }
    }

    #[test]
    fn amounts_for_people_are_read_to_the_last_digit() {
        let minor = |text, currency| Amount::parse(text, currency).map(|amount| amount.minor);
        assert_eq!(minor("150000.00", "IDR"), Some(15_000_000));
        assert_eq!(minor("150000", "IDR"), Some(15_000_000));
        assert_eq!(minor("0.1", "PHP"), Some(10));
        assert_eq!(minor("-3.50", "PHP"), Some(-350));
        assert_eq!(minor("3.501", "PHP"), None);
        assert_eq!(minor("3.500", "PHP"), Some(350));
        assert_eq!(minor("500", "JPY"), Some(500));
        assert_eq!(minor("5e2", "JPY"), None);
        assert_eq!(minor("", "JPY"), None);
        assert_eq!(some_amount(5).to_string(), "0.05 PHP");
        assert_eq!(some_amount(-5).to_string(), "-0.05 PHP");
    }
}
