//! Rows of the tables, and what they say.

mod accounts;
mod attempts;
mod calls;
mod decisions;
mod keys;
mod orders;
mod papers;
mod payments;
mod records;
mod refunds;
mod webhooks;

use std::time::Duration;

use bayar_app::port::Source;
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};

pub(super) use accounts::{ApiKeyRow, UserRow};
pub(super) use attempts::{AttemptRow, FactRow, attempt_state_text};
pub(super) use calls::CallRow;
pub(super) use decisions::DecisionRow;
pub(super) use keys::{AnswerRow, KeyRow};
pub(super) use orders::{ItemRow, OrderRow, columns_of};
pub(super) use papers::{InvoiceRow, TaxRow};
pub(super) use payments::{
    EventRow, LiveRow, PaymentRow, is_unfinished, state_text, stored_payment, waits,
};
pub(super) use records::{
    AlertRow, CreditEntryRow, ExternalRow, NoteRow, RefundEventRow, day_text,
};
pub(super) use refunds::{CaptureRow, RefundRow, refund_state_text};
pub(super) use webhooks::{WebhookRow, nameless};

use super::error::{Failure, broken};

const TIME: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// A time as it is stored: UTC with six decimals, so that texts sort as the times do.
pub(super) fn time_text(at: DateTime<Utc>) -> Result<String, Failure> {
    if (0..=9999).contains(&at.year()) {
        Ok(at.format(TIME).to_string())
    } else {
        Err(broken(format!("{at} is not in a year of four digits")))
    }
}

/// A time so much later, as it is stored.
pub(super) fn later(now: DateTime<Utc>, by: Duration) -> Result<String, Failure> {
    let by = TimeDelta::from_std(by).ok();
    let then = by.and_then(|by| now.checked_add_signed(by));
    time_text(then.ok_or_else(|| broken("it is later than time can tell"))?)
}

/// Reads what [`time_text`] writes, and nothing else.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, Source> {
    let at = NaiveDateTime::parse_from_str(text, TIME)?.and_utc();
    if at.format(TIME).to_string() == text {
        Ok(at)
    } else {
        Err(format!("{text} is not a time with six decimals").into())
    }
}

/// Says that two columns of one row contradict each other, if they do.
fn must_agree(agree: bool, what: &'static str) -> Result<(), Source> {
    if agree { Ok(()) } else { Err(what.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanos: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, nanos).unwrap()
    }

    #[test]
    fn a_time_has_six_decimals_always() {
        let text = |nanos| time_text(at(1_705_314_600, nanos)).unwrap();
        assert_eq!(text(0), "2024-01-15T10:30:00.000000Z");
        assert_eq!(text(120_000_000), "2024-01-15T10:30:00.120000Z");
        assert_eq!(text(123_456_789), "2024-01-15T10:30:00.123456Z");
    }

    #[test]
    fn a_stored_time_is_read_back() {
        for nanos in [0, 1_000, 999_999_000] {
            let stored = at(1_705_314_600, nanos);
            assert_eq!(time(&time_text(stored).unwrap()).unwrap(), stored);
        }
    }

    #[test]
    fn a_time_in_another_form_is_refused() {
        for text in [
            "",
            "2024-01-15T10:30:00Z",
            "2024-01-15T10:30:00.123Z",
            "2024-01-15 10:30:00.123456Z",
            "2024-01-15T10:30:00.123456+07:00",
            "2024-01-15T10:30:00.1234567Z",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_that_would_not_sort_is_refused() {
        assert!(time_text(DateTime::<Utc>::MAX_UTC).is_err());
        assert!(time_text(DateTime::<Utc>::MIN_UTC).is_err());
    }
}
