//! Midtrans tells the time of Jakarta, and does not say so.

use chrono::{DateTime, FixedOffset, NaiveDateTime, SubsecRound as _, Utc};

const JAKARTA: Option<FixedOffset> = FixedOffset::east_opt(7 * 3600);

/// Reads `2026-11-21 18:11:08`.
pub fn read(text: &str) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S").ok()?;
    let told = local.and_local_timezone(JAKARTA?).single()?;
    Some(told.to_utc())
}

/// Writes `2026-11-21 18:11:08 +0700`.
pub fn write(time: DateTime<Utc>) -> Option<String> {
    let local = time.trunc_subsecs(0).with_timezone(&JAKARTA?);
    Some(format!("{} +0700", local.naive_local()))
}

/// Reads what [`write`] wrote.
pub fn read_written(text: &str) -> Option<DateTime<Utc>> {
    let told = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z").ok()?;
    Some(told.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_jakarta_is_seven_hours_ahead() {
        let time = read("2020-01-09 18:27:19").unwrap();
        assert_eq!(time.to_string(), "2020-01-09 11:27:19 UTC");
        let night = read("2026-01-01 03:00:00").unwrap();
        assert_eq!(night.to_string(), "2025-12-31 20:00:00 UTC");
        for text in [
            "",
            "tomorrow",
            "2020-01-09",
            "2020-13-09 18:27:19",
            "2020-01-09T18:27:19Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_with_its_zone_and_read_back() {
        let time = read("2026-11-21 18:11:08").unwrap();
        let written = write(time).unwrap();
        assert_eq!(written, "2026-11-21 18:11:08 +0700");
        assert_eq!(read_written(&written), Some(time));
    }
}
