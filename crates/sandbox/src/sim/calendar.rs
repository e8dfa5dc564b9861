//! Dates, without a library and without a time zone but the two that occur.

use super::clock::{DAY, HOUR, MINUTE, Millis, SECOND};

/// Midtrans tells the time of Jakarta.
const WIB: Millis = 7 * HOUR;

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// Days since 1970 of a date, after Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil(time: Millis) -> Civil {
    let within = time.rem_euclid(DAY);
    let shifted = time.div_euclid(DAY) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: of_year - (153 * shifted_month + 2) / 5 + 1,
        hour: within / HOUR,
        minute: within % HOUR / MINUTE,
        second: within % MINUTE / SECOND,
    }
}

/// `2026-11-21 18:11:08`, in Jakarta.
pub fn wib(time: Millis) -> String {
    let at = civil(time + WIB);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    )
}

/// `2026-11-21T11:11:08Z`.
pub fn iso(time: Millis) -> String {
    let at = civil(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    )
}

/// 16:00 in Jakarta on the day after, when cards settle.
pub fn next_settlement(time: Millis) -> Millis {
    ((time + WIB).div_euclid(DAY) + 1) * DAY + 16 * HOUR - WIB
}

/// Minutes since midnight in Jakarta.
pub fn minute_of_day(time: Millis) -> i64 {
    (time + WIB).rem_euclid(DAY) / MINUTE
}

/// Reads `2026-11-21 18:11:08 +0700`.
pub fn parse_zoned(text: &str) -> Option<Millis> {
    let mut parts = text.split_whitespace();
    let (date, clock, zone) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut date = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = clock.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    let sound = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let zone_hours: i64 = zone.get(1..3)?.parse().ok()?;
    let zone_minutes: i64 = zone.get(3..5)?.parse().ok()?;
    let zone = sign * (zone_hours * HOUR + zone_minutes * MINUTE);
    let local = days(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second * SECOND;
    sound.then_some(local - zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_jakarta_and_read_back() {
        let time = parse_zoned("2026-11-21 18:11:08 +0700").unwrap();
        assert_eq!(iso(time), "2026-11-21T11:11:08Z");
        assert_eq!(wib(time), "2026-11-21 18:11:08");
        assert_eq!(parse_zoned("2026-11-21 11:11:08 +0000"), Some(time));
        assert_eq!(wib(951_782_400_000), "2000-02-29 07:00:00");
        assert_eq!(parse_zoned("2026-13-21 18:11:08 +0700"), None);
        assert_eq!(parse_zoned("tomorrow"), None);
    }

    #[test]
    fn cards_settle_at_four_in_the_afternoon_of_the_next_day() {
        let late = parse_zoned("2026-11-21 23:59:00 +0700").unwrap();
        assert_eq!(wib(next_settlement(late)), "2026-11-22 16:00:00");
        let early = parse_zoned("2026-11-21 00:30:00 +0700").unwrap();
        assert_eq!(wib(next_settlement(early)), "2026-11-22 16:00:00");
    }
}
