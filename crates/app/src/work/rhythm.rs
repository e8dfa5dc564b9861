//! When something is looked at again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

const DAY: Duration = minutes(24 * 60);

/// After the first look, which comes after ten seconds: 30 seconds and a minute after the beginning, and soon again.
const FIRST: [Duration; 3] = [Duration::from_secs(20), Duration::from_secs(30), minutes(2)];

/// What can be paid is looked at every five minutes at least, with the time that the look itself takes.
const WHILE_PAYABLE: Duration = Duration::from_secs(285);

/// While the gateway is in trouble. When it answers again, nobody waits for the end of it.
const IN_TROUBLE: [Duration; 5] = [
    minutes(1),
    minutes(5),
    minutes(15),
    minutes(60),
    minutes(6 * 60),
];

/// What waits for a gateway or a person, whom no haste makes faster.
const PATIENTLY: [Duration; 6] = [
    Duration::from_secs(20),
    minutes(1),
    minutes(5),
    minutes(15),
    minutes(60),
    minutes(6 * 60),
];

/// What a look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Somebody may still pay.
    Payable,
    /// Nobody should be able to pay since then, and it is not known whether anybody did.
    PastItsEnd(DateTime<Utc>),
    /// It waits for a gateway or a person.
    Waiting,
    /// Its hour has not come: it comes then.
    NotYet(DateTime<Utc>),
    /// Nothing is left to do, though it is open.
    Nothing,
}

/// In how much time to look again, after `tries` looks before this one. There is no last one.
pub(super) fn next_look(found: Found, tries: u32, now: DateTime<Utc>) -> Duration {
    let of = |table: &[Duration], last| nth(table, tries).unwrap_or(last);
    match found {
        Found::Payable => of(&FIRST, WHILE_PAYABLE),
        Found::PastItsEnd(_) if nth(&FIRST, tries).is_some() => of(&FIRST, WHILE_PAYABLE),
        Found::PastItsEnd(end) => match now - end {
            since if since < TimeDelta::hours(1) => minutes(15),
            since if since < TimeDelta::hours(6) => minutes(60),
            since if since < TimeDelta::hours(24) => minutes(6 * 60),
            _ => DAY,
        },
        Found::Waiting => of(&PATIENTLY, DAY),
        Found::NotYet(then) => (then - now).to_std().unwrap_or_default(),
        Found::Nothing => DAY,
    }
}

/// In how much time to ask a gateway again that was in trouble so many times in a row.
pub(super) fn after_trouble(faults: u32) -> Duration {
    nth(&IN_TROUBLE, faults.saturating_sub(1)).unwrap_or(DAY)
}

/// Up to a fifth less, so that what began together does not stay together. Never more: that would be too late.
pub(super) fn with_jitter(delay: Duration, random: u8) -> Duration {
    let fifth = delay / 5;
    let less = fifth * u32::from(random) / u32::from(u8::MAX);
    delay.saturating_sub(less)
}

fn nth(table: &[Duration], index: u32) -> Option<Duration> {
    table.get(usize::try_from(index).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_752_811_620, 0).unwrap()
    }

    fn seconds(found: Found, tries: u32) -> u64 {
        next_look(found, tries, now()).as_secs()
    }

    #[test]
    fn what_can_be_paid_is_looked_at_after_30_seconds_a_minute_and_then_every_five_minutes() {
        let looks: Vec<_> = (0..6).map(|tries| seconds(Found::Payable, tries)).collect();
        assert_eq!(looks, [20, 30, 120, 285, 285, 285]);
        assert_eq!(seconds(Found::Payable, u32::MAX), 285);
    }

    #[test]
    fn what_is_past_its_end_is_looked_at_less_and_less_and_for_ever() {
        let since = |hours| seconds(Found::PastItsEnd(now() - TimeDelta::hours(hours)), 40);
        let looks = [0, 1, 5, 6, 23, 24, 10_000].map(since);
        assert_eq!(looks, [900, 3_600, 3_600, 21_600, 21_600, 86_400, 86_400]);
    }

    #[test]
    fn what_waits_is_looked_at_less_and_less_and_for_ever() {
        let looks: Vec<_> = (0..8).map(|tries| seconds(Found::Waiting, tries)).collect();
        assert_eq!(looks, [20, 60, 300, 900, 3_600, 21_600, 86_400, 86_400]);
    }

    #[test]
    fn trouble_is_waited_out_for_a_day_at_most() {
        let waits: Vec<_> = (1..=7)
            .map(|faults| after_trouble(faults).as_secs())
            .collect();
        assert_eq!(waits, [60, 300, 900, 3_600, 21_600, 86_400, 86_400]);
        assert_eq!(after_trouble(0).as_secs(), 60);
    }

    #[test]
    fn what_is_to_come_is_looked_at_when_it_does() {
        let soon = Found::NotYet(now() + TimeDelta::minutes(90));
        assert_eq!(seconds(soon, 0), 5_400);
        assert_eq!(seconds(Found::NotYet(now() - TimeDelta::minutes(1)), 0), 0);
    }

    #[test]
    fn jitter_only_ever_makes_it_sooner_and_by_a_fifth_at_most() {
        for random in 0..=u8::MAX {
            let delay = with_jitter(WHILE_PAYABLE, random);
            assert!(delay <= WHILE_PAYABLE, "{random}");
            assert!(delay >= WHILE_PAYABLE * 4 / 5, "{random}");
        }
        assert_eq!(with_jitter(minutes(5), 0), minutes(5));
        assert_eq!(with_jitter(minutes(5), u8::MAX), minutes(4));
    }
}
