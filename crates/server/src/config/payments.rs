//! How payments are made.

use std::collections::BTreeMap;
use std::time::Duration;

use bayar_domain::{Currency, Money};

use super::reader::{Parsed, Reader};
use super::table;
use super::values::{milliseconds, time, whole};

/// How payments are made.
#[derive(Debug, Clone)]
pub struct Payments {
    /// How long a payment can be paid.
    pub ttl: Duration,
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

/// How large a payment may be, by currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountLimits(BTreeMap<Currency, AmountRange>);

/// The smallest and the largest amount in one currency. Both are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountRange {
    /// The smallest amount.
    pub least: Money,
    /// The largest amount.
    pub most: Money,
}

impl Payments {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (least, most) = (Duration::from_secs(1), Duration::from_hours(30 * 24));
        let ttl = reader.value(&table::PAYMENT_TTL, time(least..=most));
        let amounts = AmountLimits::read(reader);
        let lock_ttl = reader.value(&table::LOCK_TTL_MS, milliseconds(1..=600_000));
        let lock_tries = reader.value(&table::LOCK_TRIES, whole(1..=10_000));
        let lock_delay = reader.value(&table::LOCK_DELAY_MS, milliseconds(1..=60_000));
        let cache = reader.value(&table::IDEMPOTENCY_CACHE_SECONDS, whole(1..=86_400));
        Some(Self {
            ttl: ttl?,
            amounts: amounts?,
            lock_ttl: lock_ttl?,
            lock_tries: lock_tries?,
            lock_delay: lock_delay?,
            idempotency_cache: Duration::from_secs(cache?),
        })
    }
}

impl AmountLimits {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut limits = BTreeMap::new();
        for range in reader.list(&table::AMOUNT_LIMITS, AmountRange::parse)? {
            let currency = range.least.currency();
            if limits.insert(currency, range).is_some() {
                reader.fault(
                    &table::AMOUNT_LIMITS,
                    format!("{currency} stands there more than once"),
                );
            }
        }
        Some(Self(limits))
    }

    /// The limits of a currency, when it is listed.
    #[must_use]
    pub fn of(&self, currency: Currency) -> Option<AmountRange> {
        self.0.get(&currency).copied()
    }

    /// Every currency that is listed, with its limits.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, AmountRange)> {
        self.0.iter().map(|(currency, range)| (*currency, *range))
    }
}

impl AmountRange {
    /// Whether an amount in the same currency is neither too small nor too large.
    #[must_use]
    pub fn contains(&self, amount: Money) -> bool {
        amount.currency() == self.least.currency()
            && (self.least.minor()..=self.most.minor()).contains(&amount.minor())
    }

    fn parse(text: &str) -> Parsed<Self> {
        let parts = text.split_once('=').and_then(|(currency, range)| {
            let (least, most) = range.split_once(':')?;
            Some((currency.trim(), least.trim(), most.trim()))
        });
        let (currency, least, most) = parts.ok_or_else(|| {
            "is not a currency with its smallest and its largest amount, such as PHP=1000:10000000".to_owned()
        })?;
        let currency: Currency = currency
            .parse()
            .map_err(|_| format!("names {currency:?}, which is no currency of ISO 4217"))?;
        let amount = |text: &str| {
            let amount = Money::parse(text, currency);
            amount.map_err(|error| format!("names {text:?}: {error}"))
        };
        let range = Self {
            least: amount(least)?,
            most: amount(most)?,
        };
        if !range.least.is_positive() {
            Err("has a smallest amount that is not above zero".to_owned())
        } else if range.least.minor() > range.most.minor() {
            Err("has a smallest amount above its largest".to_owned())
        } else {
            Ok(range)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_amounts_in_major_units() {
        let range = AmountRange::parse("PHP = 1000 : 2000.50").unwrap();
        let pesos = |minor| Money::new(minor, Currency::Php);
        assert_eq!((range.least, range.most), (pesos(100_000), pesos(200_050)));
        for (minor, inside) in [
            (99_999, false),
            (100_000, true),
            (200_050, true),
            (200_051, false),
        ] {
            assert_eq!(range.contains(pesos(minor)), inside);
        }
        assert!(!range.contains(Money::new(100_000, Currency::Idr)));
        let single = AmountRange::parse("PHP=5:5").unwrap();
        assert!(single.contains(pesos(500)));
    }

    #[test]
    fn what_is_no_limit_is_refused_with_the_reason() {
        let form =
            "is not a currency with its smallest and its largest amount, such as PHP=1000:10000000";
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
            ("PHP=0:5", "has a smallest amount that is not above zero"),
            ("PHP=-5:5", "has a smallest amount that is not above zero"),
            ("PHP=6:5", "has a smallest amount above its largest"),
        ] {
            assert_eq!(AmountRange::parse(text), Err(refusal.to_owned()), "{text}");
        }
    }
}
