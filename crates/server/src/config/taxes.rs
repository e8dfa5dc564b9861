//! Which taxes there are.

use bayar_domain::TaxPolicy;
use bayar_domain::tax::{TaxMode, TaxRule};
use chrono::FixedOffset;

use super::file::read_text;
use super::reader::{Parsed, Reader};
use super::table;
use super::values::one_of;

/// Which taxes there are, and which day it is for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxes {
    /// The rules, and how they make up what a buyer pays.
    pub policy: TaxPolicy,
    /// The offset of the clock that says which day it is.
    pub zone: FixedOffset,
}

const MODES: &[(&str, TaxMode)] = &[
    ("recorded", TaxMode::Recorded),
    ("added", TaxMode::Added),
    ("included", TaxMode::Included),
];

impl Taxes {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mode = reader.value(&table::TAX_MODE, one_of(MODES));
        let rules = reader.value(&table::TAX_RULES_FILE, rules_in);
        let zone = reader.value(&table::TAX_TZ, offset);
        Some(Self {
            policy: rules.unwrap_or_else(TaxPolicy::standard).with_mode(mode?),
            zone: zone?,
        })
    }
}

fn rules_in(path: &str) -> Parsed<TaxPolicy> {
    let text = read_text(path).map_err(|error| format!("cannot be read: {error}"))?;
    let rules: Vec<TaxRule> = serde_json::from_str(&text)
        .map_err(|error| format!("is not a JSON list of tax rules: {error}"))?;
    // The mode is another setting.
    TaxPolicy::new(TaxMode::Recorded, rules).map_err(|error| format!("cannot be used: {error}"))
}

/// Reads `+07:00`, up to fourteen hours: no place on Earth is further.
fn offset(text: &str) -> Parsed<FixedOffset> {
    let read = || {
        let (sign, rest) = match text.as_bytes() {
            [b'+', rest @ ..] => (1, rest),
            [b'-', rest @ ..] => (-1, rest),
            _ => return None,
        };
        let [h1, h2, b':', m1, m2] = rest else {
            return None;
        };
        let number = |tens: &u8, ones: &u8| {
            let digit = |byte: &u8| char::from(*byte).to_digit(10);
            let number = digit(tens)? * 10 + digit(ones)?;
            i32::try_from(number).ok()
        };
        let (hours, minutes) = (number(h1, h2)?, number(m1, m2)?);
        let within = minutes < 60 && hours * 60 + minutes <= 14 * 60;
        within.then(|| FixedOffset::east_opt(sign * (hours * 3_600 + minutes * 60)))?
    };
    read().ok_or_else(|| "is not an offset from -14:00 to +14:00, such as +07:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_hours_and_minutes_from_utc() {
        for (text, seconds) in [
            ("+07:00", 25_200),
            ("+08:00", 28_800),
            ("-03:30", -12_600),
            ("+00:00", 0),
            ("+14:00", 50_400),
        ] {
            assert_eq!(offset(text).unwrap().local_minus_utc(), seconds, "{text}");
        }
        for text in [
            "",
            "7",
            "+7",
            "+7:00",
            "07:00",
            "+0700",
            "+14:01",
            "+07:60",
            "Asia/Jakarta",
            "+0a:00",
            "+07:000",
        ] {
            assert!(offset(text).is_err(), "{text}");
        }
    }
}
