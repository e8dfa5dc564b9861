//! How payments are made.

use std::time::Duration;

use bayar_domain::amount_limits::LimitedTwice;
use bayar_domain::{AmountLimits, AmountRange, Currency, Money};

use super::reader::{Parsed, Reader};
use super::table;
use super::values::{milliseconds, time, whole};

/// How payments are made.
#[derive(Debug, Clone)]
pub struct Payments {
    /// How long a payment can be paid.
    pub ttl: Duration,
    /// How long a checkout is open.
    pub checkout_ttl: Duration,
    /// How large a payment may be.
    pub amounts: AmountLimits,
    /// How long the lock around the creation of a payment is held at most.
    pub lock_ttl: Duration,
    /// How often a request tries to get the lock.
    pub lock_tries: u32,
    /// How long it waits between two tries.
    pub lock_delay: Duration,
    /// How long the answer to a new payment stays in the cache.
    pub idempotency_cache: Duration,
}

impl Payments {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (least, most) = (Duration::from_secs(1), Duration::from_hours(30 * 24));
        let ttl = reader.value(&table::PAYMENT_TTL, time(least..=most));
        let (least, most) = (Duration::from_mins(30), Duration::from_hours(24));
        let checkout_ttl = reader.value(&table::CHECKOUT_TTL, time(least..=most));
        let amounts = read_amounts(reader);
        let lock_ttl = reader.value(&table::LOCK_TTL_MS, milliseconds(1..=600_000));
        let lock_tries = reader.value(&table::LOCK_TRIES, whole(1..=10_000));
        let lock_delay = reader.value(&table::LOCK_DELAY_MS, milliseconds(1..=60_000));
        let cache = reader.value(&table::IDEMPOTENCY_CACHE_SECONDS, whole(1..=86_400));
        Some(Self {
            ttl: ttl?,
            checkout_ttl: checkout_ttl?,
            amounts: amounts?,
            lock_ttl: lock_ttl?,
            lock_tries: lock_tries?,
            lock_delay: lock_delay?,
            idempotency_cache: Duration::from_secs(cache?),
        })
    }
}

fn read_amounts(reader: &mut Reader<'_>) -> Option<AmountLimits> {
    let ranges = reader.list(&table::AMOUNT_LIMITS, parse_range)?;
    match AmountLimits::new(ranges) {
        Ok(limits) => Some(limits),
        Err(LimitedTwice(currency)) => {
            let fault = format!("{currency} stands there more than once");
            reader.fault(&table::AMOUNT_LIMITS, fault);
            None
        }
    }
}

fn parse_range(text: &str) -> Parsed<AmountRange> {
    let parts = text.split_once('=').and_then(|(currency, range)| {
        let (least, most) = range.split_once(':')?;
        Some((currency.trim(), least.trim(), most.trim()))
    });
    let (currency, least, most) = parts.ok_or_else(|| {
        "is not a currency with its smallest and its largest amount, such as PHP=1000:10000000"
            .to_owned()
    })?;
    let currency: Currency = currency
        .parse()
        .map_err(|_| format!("names {currency:?}, which is no currency of ISO 4217"))?;
    let amount = |text: &str| {
        let amount = Money::parse(text, currency);
        amount.map_err(|error| format!("names {text:?}: {error}"))
    };
    let range = AmountRange::new(amount(least)?, amount(most)?);
    range.map_err(|error| format!("is no range: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_amounts_in_major_units() {
        let range = parse_range("PHP = 1000 : 2000.50").unwrap();
        let pesos = |minor| Money::new(minor, Currency::Php);
        assert_eq!(
            (range.least(), range.most()),
            (pesos(100_000), pesos(200_050))
        );
    }

    #[test]
    fn what_is_no_limit_is_refused_with_the_reason() {
        let form =
            "is not a currency with its smallest and its largest amount, such as PHP=1000:10000000";
        let too_small = "is no range: the least amount is not above zero";
        for (text, refusal) in [
            ("PHP", form),
            ("PHP=1000", form),
            ("XXX=1:2", "names \"XXX\", which is no currency of ISO 4217"),
            (
                "JPY=1.5:2",
                "names \"1.5\": an amount in JPY has at most 0 decimals",
            ),
            (
                "PHP=1:1,000",
                "names \"1,000\": an amount is written with digits and at most one point, such as 5000.00",
            ),
            ("PHP=0:5", too_small),
            ("PHP=-5:5", too_small),
            ("PHP=6:5", "is no range: the least amount is above the most"),
        ] {
            assert_eq!(parse_range(text), Err(refusal.to_owned()), "{text}");
        }
    }
}
