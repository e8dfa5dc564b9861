//! The kinds of values that several settings share.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::reader::Parsed;

/// A whole number of a range.
pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Parsed<T>
where
    T: FromStr + PartialOrd + Display,
{
    move |text| {
        let number = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().ok()
        } else {
            None
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                format!("is not a whole number from {least} to {most}")
            })
    }
}

/// A whole number of milliseconds of a range.
pub(super) fn milliseconds(range: RangeInclusive<u64>) -> impl Fn(&str) -> Parsed<Duration> {
    let number = whole(range);
    move |text| number(text).map(Duration::from_millis)
}

/// The units of a time, from the largest.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A time such as `24h`, of a range.
pub(super) fn time(range: RangeInclusive<Duration>) -> impl Fn(&str) -> Parsed<Duration> {
    move |text| {
        read_time(text)
            .filter(|time| range.contains(time))
            .ok_or_else(|| {
                let (least, most) = (show_time(*range.start()), show_time(*range.end()));
                format!("is not a time from {least} to {most}: a number and d, h, m, s or ms")
            })
    }
}

fn read_time(text: &str) -> Option<Duration> {
    let end = text.find(|sign: char| !sign.is_ascii_digit())?;
    let (number, name) = text.split_at(end);
    let (_, milliseconds) = UNITS.iter().find(|(unit, _)| *unit == name)?;
    let number: u64 = number.parse().ok()?;
    Some(Duration::from_millis(number.checked_mul(*milliseconds)?))
}

/// The time in the largest unit that needs no fraction.
pub(super) fn show_time(time: Duration) -> String {
    let all = time.as_millis();
    let mut units = UNITS
        .iter()
        .map(|(name, length)| (name, u128::from(*length)));
    units
        .find(|(_, length)| all >= *length && all.is_multiple_of(*length))
        .map_or("0s".to_owned(), |(name, length)| {
            format!("{}{name}", all / length)
        })
}

/// One of the names of a closed list.
pub(super) fn one_of<T: Copy>(names: &'static [(&'static str, T)]) -> impl Fn(&str) -> Parsed<T> {
    move |text| {
        let found = names.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
            format!("is not one of {}", names.join(", "))
        })
    }
}

/// Any text.
pub(super) fn text(text: &str) -> Parsed<String> {
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_digits_only_and_is_in_its_range() {
        let parse = whole(1..=600_u16);
        assert_eq!(parse("1"), Ok(1));
        assert_eq!(parse("600"), Ok(600));
        for text in [
            "0", "601", "70000", "", "+5", "-1", "1.0", "1e2", "0x10", " 5", "٣",
        ] {
            let refusal = "is not a whole number from 1 to 600".to_owned();
            assert_eq!(parse(text), Err(refusal), "{text}");
        }
    }

    #[test]
    fn milliseconds_are_a_time() {
        assert_eq!(milliseconds(1..=10)("10"), Ok(Duration::from_millis(10)));
        assert!(milliseconds(1..=10)("11").is_err());
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        let parse = time(Duration::ZERO..=Duration::from_hours(48));
        for (text, seconds) in [
            ("2d", 172_800),
            ("8h", 28_800),
            ("15m", 900),
            ("30s", 30),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        let too_large = format!("{}d", u64::MAX);
        for text in [
            "", "8", "h", "8 h", "8H", "8hours", "-8h", "1.5h", "49h", &too_large,
        ] {
            let refusal = "is not a time from 0s to 2d: a number and d, h, m, s or ms".to_owned();
            assert_eq!(parse(text), Err(refusal), "{text}");
        }
    }

    #[test]
    fn a_time_is_shown_as_it_is_written() {
        for text in ["2d", "25h", "90m", "61s", "1500ms", "0s"] {
            assert_eq!(show_time(read_time(text).unwrap()), text);
        }
    }

    #[test]
    fn a_name_is_taken_as_it_is_written() {
        let parse = one_of(&[("on", 1), ("off", 0)]);
        assert_eq!(parse("off"), Ok(0));
        assert_eq!(parse("OFF"), Err("is not one of on, off".to_owned()));
    }
}
