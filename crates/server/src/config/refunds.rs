//! Who may give money back, and how much of it.

use std::collections::BTreeMap;

use bayar_app::identity::Role;
use bayar_domain::{Currency, Money};

use super::reader::{Parsed, Reader};
use super::table;
use super::values::one_of;

/// Who may give money back, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunds {
    /// Who may ask for refunds.
    pub roles: Vec<Role>,
    /// How much each of them may give back in a day. What is in another currency has no limit.
    pub daily_limits: BTreeMap<Currency, Money>,
}

/// A customer gives nothing back to themselves.
const ROLES: &[(&str, Role)] = &[("operator", Role::Operator), ("service", Role::Service)];

impl Refunds {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let roles = reader.list(&table::REFUND_ROLES, one_of(ROLES));
        let daily_limits = read_limits(reader);
        Some(Self {
            roles: roles?,
            daily_limits: daily_limits?,
        })
    }
}

fn read_limits(reader: &mut Reader<'_>) -> Option<BTreeMap<Currency, Money>> {
    // Nothing is set by default, and what is wrong has been noted.
    let amounts = reader.list(&table::REFUND_DAILY_LIMITS, parse_limit);
    let mut limits = BTreeMap::new();
    for amount in amounts.unwrap_or_default() {
        let currency = amount.currency();
        if limits.insert(currency, amount).is_some() {
            let fault = format!("{currency} stands there more than once");
            reader.fault(&table::REFUND_DAILY_LIMITS, fault);
            return None;
        }
    }
    Some(limits)
}

fn parse_limit(text: &str) -> Parsed<Money> {
    let (currency, amount) = text
        .split_once(':')
        .ok_or_else(|| "is not a currency with an amount, such as PHP:50000".to_owned())?;
    let (currency, amount) = (currency.trim(), amount.trim());
    let currency: Currency = currency
        .parse()
        .map_err(|_| format!("names {currency:?}, which is no currency of ISO 4217"))?;
    let limit =
        Money::parse(amount, currency).map_err(|error| format!("names {amount:?}: {error}"))?;
    if limit.is_positive() {
        Ok(limit)
    } else {
        Err(
            "is no limit: to let nobody give money back, leave their role out of REFUND_ROLES"
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_limit_is_refused_with_the_reason() {
        let form = "is not a currency with an amount, such as PHP:50000";
        let nothing =
            "is no limit: to let nobody give money back, leave their role out of REFUND_ROLES";
        for (text, refusal) in [
            ("PHP", form),
            ("50000", form),
            ("PHP=50000", form),
            ("XXX:1", r#"names "XXX", which is no currency of ISO 4217"#),
            (
                "JPY:1.5",
                r#"names "1.5": an amount in JPY has at most 0 decimals"#,
            ),
            ("PHP:0", nothing),
            ("PHP:-1", nothing),
        ] {
            assert_eq!(parse_limit(text), Err(refusal.to_owned()), "{text}");
        }
    }
}
