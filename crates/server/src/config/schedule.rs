//! How work that is due is done.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono_tz::Tz;

use super::RateLimit;
use super::limits::rate_limit;
use super::reader::{Parsed, Reader};
use super::table;
use super::values::whole;

/// How long a request may wait for its turn. A call is one worker's for a minute, and some need several requests.
const LONGEST_TURN: Duration = Duration::from_secs(5);

/// How work that is due is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The clock of the schedule.
    pub zone: Tz,
    /// How many jobs a process does at once.
    pub at_once: NonZeroU32,
    /// How many requests they may send to one gateway. Where there is nothing, there is no limit.
    pub gateway_rate: Option<RateLimit>,
}

impl Schedule {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let zone = reader.value(&table::SCHEDULE_TZ, zone);
        let at_once = whole(NonZeroU32::MIN..=NonZeroU32::MIN.saturating_add(255));
        let at_once = reader.value(&table::WORK_AT_ONCE, at_once);
        let gateway_rate = reader.value(&table::WORK_GATEWAY_RATE, rate_limit);
        let (at_once, gateway_rate) = (at_once?, gateway_rate?);
        if let Some(rate) = gateway_rate
            && let Some(period) = rate.period.checked_div(rate.requests)
            && period.saturating_mul(at_once.get()) > LONGEST_TURN
        {
            let message = format!(
                "keeps each of {at_once} jobs (WORK_AT_ONCE) waiting for more than {} seconds before each request",
                LONGEST_TURN.as_secs()
            );
            reader.fault(&table::WORK_GATEWAY_RATE, message);
        }
        Some(Self {
            zone: zone?,
            at_once,
            gateway_rate,
        })
    }
}

fn zone(text: &str) -> Parsed<Tz> {
    text.parse()
        .map_err(|_| "is not the name of a time zone, such as Asia/Jakarta or UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_the_name_that_the_world_knows_it_by() {
        assert_eq!(zone("Asia/Jakarta"), Ok(Tz::Asia__Jakarta));
        assert_eq!(zone("UTC"), Ok(Tz::UTC));
        for text in ["", "+07:00", "Jakarta", "asia/jakarta"] {
            assert!(zone(text).is_err(), "{text}");
        }
    }
}
