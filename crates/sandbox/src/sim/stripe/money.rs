//! What Stripe says about amounts.

use super::errors::ApiError;
use crate::sim::config::StripeAccount;

const ZERO_DECIMAL: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];
const THREE_DECIMAL: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];
/// Two decimals, of which both must be zero.
const WHOLE_UNITS: &[&str] = &["isk", "ugx"];

/// How many decimals an amount has.
fn decimals(currency: &str) -> usize {
    if ZERO_DECIMAL.contains(&currency) {
        0
    } else if THREE_DECIMAL.contains(&currency) {
        3
    } else {
        2
    }
}

/// The smallest amount that can be charged.
fn minimum(account: &StripeAccount, currency: &str) -> i64 {
    if let Some(minimum) = account.minimums.get(currency) {
        return *minimum;
    }
    match currency {
        "gbp" => 30,
        "myr" => 200,
        "thb" => 1_000,
        "hkd" => 400,
        other if ZERO_DECIMAL.contains(&other) => 50,
        other if THREE_DECIMAL.contains(&other) => 500,
        _ => 50,
    }
}

/// `5,600.00 php` as `5600.00`.
pub fn shown(amount: i64, currency: &str) -> String {
    let decimals = decimals(currency);
    if decimals == 0 {
        return amount.to_string();
    }
    let sign = if amount < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", amount.unsigned_abs(), width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{part}")
}

/// Refuses what cannot be charged.
pub fn check(
    account: &StripeAccount,
    amount: i64,
    currency: &str,
    param: &str,
) -> Result<(), ApiError> {
    let least = minimum(account, currency);
    if amount < least {
        let message = format!(
            "Amount must be at least {} {currency}",
            shown(least, currency)
        );
        return Err(ApiError::invalid(Some("amount_too_small"), message).param(param));
    }
    if amount > 999_999_999_999 {
        let message = format!(
            "Amount must be no more than {} {currency}",
            shown(999_999_999_999, currency)
        );
        return Err(ApiError::invalid(Some("amount_too_large"), message).param(param));
    }
    let odd = (THREE_DECIMAL.contains(&currency) && amount % 10 != 0)
        || (WHOLE_UNITS.contains(&currency) && amount % 100 != 0);
    if odd {
        let message = format!("Invalid amount for {currency}: its last digits must be zero");
        return Err(ApiError::invalid(Some("invalid_charge_amount"), message).param(param));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(amount: i64, currency: &str) -> Option<&'static str> {
        let checked = check(&StripeAccount::default(), amount, currency, "amount");
        checked.err().and_then(|error| error.code)
    }

    #[test]
    fn each_currency_has_its_smallest_amount_and_its_decimals() {
        assert_eq!(
            (code(50, "usd"), code(49, "usd")),
            (None, Some("amount_too_small"))
        );
        assert_eq!(
            (code(200, "myr"), code(199, "myr")),
            (None, Some("amount_too_small"))
        );
        assert_eq!(
            (code(50, "jpy"), code(49, "jpy")),
            (None, Some("amount_too_small"))
        );
        assert_eq!(
            (code(5_000_000, "idr"), code(5_010, "ugx")),
            (None, Some("invalid_charge_amount"))
        );
        assert_eq!(
            (code(1_000, "kwd"), code(1_001, "kwd")),
            (None, Some("invalid_charge_amount"))
        );
        assert_eq!(code(1_000_000_000_000, "idr"), Some("amount_too_large"));
        assert_eq!(shown(560_000, "php"), "5600.00");
        assert_eq!(
            (shown(5, "usd"), shown(500, "jpy"), shown(-1, "kwd")),
            ("0.05".to_owned(), "500".to_owned(), "-0.001".to_owned())
        );
    }
}
