//! How many requests of a caller are served.

use std::time::Duration;

use super::reader::{Parsed, Reader};
use super::table;
use super::values::whole;

/// The limits of each caller. Where there is nothing, there is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// All requests of a person.
    pub api: Option<RateLimit>,
    /// All requests of an application.
    pub service: Option<RateLimit>,
    /// New payments.
    pub payments: Option<RateLimit>,
    /// Tries to sign in.
    pub login: Option<RateLimit>,
}

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many: at least one.
    pub requests: u32,
    /// In how much time.
    pub period: Duration,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let api = reader.value(&table::RATE_LIMIT_API, rate_limit);
        let service = reader.value(&table::RATE_LIMIT_SERVICE, rate_limit);
        let payments = reader.value(&table::RATE_LIMIT_PAYMENTS, rate_limit);
        let login = reader.value(&table::RATE_LIMIT_LOGIN, rate_limit);
        Some(Self {
            api: api?,
            service: service?,
            payments: payments?,
            login: login?,
        })
    }
}

pub(super) fn rate_limit(text: &str) -> Parsed<Option<RateLimit>> {
    if text == "off" {
        return Ok(None);
    }
    read(text).map(Some).ok_or_else(|| {
        "is not a number from 1 to 1000000 per sec, min or hour, such as 100/min, and not off"
            .to_owned()
    })
}

fn read(text: &str) -> Option<RateLimit> {
    let (requests, unit) = text.split_once('/')?;
    let period = match unit {
        "sec" => Duration::from_secs(1),
        "min" => Duration::from_mins(1),
        "hour" => Duration::from_hours(1),
        _ => return None,
    };
    let requests = whole(1..=1_000_000)(requests).ok()?;
    Some(RateLimit { requests, period })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_in_a_time() {
        for (text, requests, seconds) in [
            ("1/sec", 1, 1),
            ("100/min", 100, 60),
            ("1000000/hour", 1_000_000, 3_600),
        ] {
            let period = Duration::from_secs(seconds);
            assert_eq!(rate_limit(text), Ok(Some(RateLimit { requests, period })));
        }
    }

    #[test]
    fn a_limit_can_be_off() {
        assert_eq!(rate_limit("off"), Ok(None));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in [
            "",
            "0/min",
            "1000001/min",
            "100",
            "100/minute",
            "100/",
            "/min",
            "-1/min",
            "Off",
            "100 / min",
        ] {
            assert!(rate_limit(text).is_err(), "{text}");
        }
    }
}
