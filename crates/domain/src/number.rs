//! The numbers people quote: of an order, an invoice, a credit note.
//!
//! A number says when its paper was made and which row it is of, so that it needs no counter of its own.
//! Each has exactly one spelling: whatever is read is written back letter by letter.

use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use crate::id::{CreditNoteId, PaymentId};
use crate::wire::{InvalidText, serde_as_text};

/// The number of an order: `INV202507180407-3C2A`.
///
/// The minute it was made in (UTC) and a random suffix of four hexadecimal digits or more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber {
    made_at: DateTime<Utc>,
    suffix: u32,
    text: String,
}

impl OrderNumber {
    /// Numbers an order that was made at `now`; the seconds are dropped.
    ///
    /// # Errors
    /// When the year does not have four digits.
    pub fn new(now: DateTime<Utc>, suffix: u32) -> Result<Self, InvalidText> {
        let made_at = whole_seconds(now).and_then(|now| now.with_second(0));
        let made_at = made_at.ok_or(Self::invalid(YEAR))?;
        let text = format!("INV{}-{suffix:04X}", minutes(made_at));
        Ok(Self {
            made_at,
            suffix,
            text,
        })
    }

    /// The minute the order was made in.
    #[must_use]
    pub const fn made_at(&self) -> DateTime<Utc> {
        self.made_at
    }

    /// What tells orders of one minute apart.
    #[must_use]
    pub const fn suffix(&self) -> u32 {
        self.suffix
    }

    /// The number as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    const fn invalid(rule: &'static str) -> InvalidText {
        InvalidText {
            what: "order number",
            rule,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (made_at, suffix) = text.strip_prefix("INV")?.split_once('-')?;
        let suffix = u32::from_str_radix(suffix, 16).ok()?;
        Self::new(utc(made_at, MINUTES)?, suffix).ok()
    }
}

impl FromStr for OrderNumber {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text)
            .filter(|number| number.text == text)
            .ok_or(Self::invalid("must look like INV202507180407-3C2A"))
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

serde_as_text!(OrderNumber);

macro_rules! paper_numbers {
    ($(
        $(#[$meta:meta])*
        $name:ident: $what:literal, $prefix:literal, $example:literal, $id:ident of $of:ident;
    )+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name {
                issued_at: DateTime<Utc>,
                $of: $id,
                text: String,
            }

            impl $name {
                /// Numbers a paper that is issued at `now`; fractions of a second are dropped.
                ///
                /// # Errors
                /// When the year does not have four digits.
                pub fn new(now: DateTime<Utc>, $of: $id) -> Result<Self, InvalidText> {
                    let issued_at = whole_seconds(now).ok_or(Self::invalid(YEAR))?;
                    let text = format!("{}{}-{:06}", $prefix, seconds(issued_at), $of.get());
                    Ok(Self { issued_at, $of, text })
                }

                /// The second the paper was issued in.
                #[must_use]
                pub const fn issued_at(&self) -> DateTime<Utc> {
                    self.issued_at
                }

                /// What the paper is about.
                #[must_use]
                pub const fn $of(&self) -> $id {
                    self.$of
                }

                /// The number as it is written.
                #[must_use]
                pub fn as_str(&self) -> &str {
                    &self.text
                }

                const fn invalid(rule: &'static str) -> InvalidText {
                    InvalidText { what: $what, rule }
                }

                fn read(text: &str) -> Option<Self> {
                    let (issued_at, id) = text.strip_prefix($prefix)?.split_once('-')?;
                    let id = $id::new(id.parse().ok()?).ok()?;
                    Self::new(utc(issued_at, SECONDS)?, id).ok()
                }
            }

            impl FromStr for $name {
                type Err = InvalidText;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Self::read(text)
                        .filter(|number| number.text == text)
                        .ok_or(Self::invalid(concat!("must look like ", $example)))
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(&self.text)
                }
            }

            serde_as_text!($name);
        )+
    };
}

paper_numbers! {
    /// The number of an invoice: `INV-20240115103000-000100` is of payment 100.
    InvoiceNumber: "invoice number", "INV-", "INV-20240115103000-000100", PaymentId of payment_id;

    /// The number of a credit note: `CN-20240115103000-000007` is credit note 7.
    CreditNoteNumber: "credit note number", "CN-", "CN-20240115103000-000007", CreditNoteId of credit_note_id;
}

const MINUTES: &str = "%Y%m%d%H%M";
const SECONDS: &str = "%Y%m%d%H%M%S";
const YEAR: &str = "is made in a year of four digits";

/// `now` without fractions of a second, when its year has four digits.
///
/// A leap second becomes the second before it: a number never reads `60`.
fn whole_seconds(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if (0..=9999).contains(&now.year()) {
        now.with_nanosecond(0)
    } else {
        None
    }
}

fn minutes(at: DateTime<Utc>) -> String {
    format!(
        "{:04}{:02}{:02}{:02}{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute()
    )
}

fn seconds(at: DateTime<Utc>) -> String {
    format!("{}{:02}", minutes(at), at.second())
}

/// May take more than one spelling: the caller compares with what it would have written.
fn utc(digits: &str, format: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(digits, format)
        .ok()
        .map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::*;

    fn at(year: i32, month: u32, day: u32, hour: u32, min: u32, sec: u32) -> DateTime<Utc> {
        let date = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        date.and_hms_opt(hour, min, sec).unwrap().and_utc()
    }

    fn payment(id: i64) -> PaymentId {
        PaymentId::new(id).unwrap()
    }

    #[test]
    fn an_order_is_numbered_by_its_minute_and_suffix() {
        let number = OrderNumber::new(at(2025, 7, 18, 4, 7, 59), 0x3C2A).unwrap();
        assert_eq!(number.as_str(), "INV202507180407-3C2A");
        assert_eq!(number.made_at(), at(2025, 7, 18, 4, 7, 0));
        assert_eq!(number.suffix(), 0x3C2A);
        assert_eq!(number.to_string().parse(), Ok(number));
    }

    #[test]
    fn a_suffix_has_four_digits_or_more() {
        let text = |suffix| {
            OrderNumber::new(at(2025, 7, 18, 4, 7, 0), suffix)
                .unwrap()
                .to_string()
        };
        assert_eq!(text(0), "INV202507180407-0000");
        assert_eq!(text(0xFFFF), "INV202507180407-FFFF");
        assert_eq!(text(0x1_0000), "INV202507180407-10000");
        assert_eq!(text(u32::MAX), "INV202507180407-FFFFFFFF");
    }

    #[test]
    fn the_invoice_of_payment_100_is_numbered_by_its_second() {
        let number = InvoiceNumber::new(at(2024, 1, 15, 10, 30, 0), payment(100)).unwrap();
        assert_eq!(number.as_str(), "INV-20240115103000-000100");
        assert_eq!(number.issued_at(), at(2024, 1, 15, 10, 30, 0));
        assert_eq!(number.payment_id(), payment(100));
        assert_eq!(number.to_string().parse(), Ok(number));
    }

    #[test]
    fn a_credit_note_is_numbered_by_its_refund() {
        let refund = CreditNoteId::new(7).unwrap();
        let number = CreditNoteNumber::new(at(2024, 1, 15, 10, 30, 9), refund).unwrap();
        assert_eq!(number.as_str(), "CN-20240115103009-000007");
        assert_eq!(number.credit_note_id(), refund);
        assert_eq!(number.to_string().parse(), Ok(number));
    }

    #[test]
    fn an_id_has_six_digits_or_more() {
        let text = |id| {
            InvoiceNumber::new(at(2024, 1, 15, 10, 30, 0), payment(id))
                .unwrap()
                .text
        };
        assert_eq!(text(999_999), "INV-20240115103000-999999");
        assert_eq!(text(1_000_000), "INV-20240115103000-1000000");
        assert_eq!(text(i64::MAX), "INV-20240115103000-9223372036854775807");
    }

    #[test]
    fn fractions_and_leap_seconds_are_dropped() {
        let late = at(2016, 12, 31, 23, 59, 59)
            .with_nanosecond(1_999_999_999)
            .unwrap();
        let number = InvoiceNumber::new(late, payment(1)).unwrap();
        assert_eq!(number.as_str(), "INV-20161231235959-000001");
        assert_eq!(number.as_str().parse(), Ok(number));
        let order = OrderNumber::new(late, 1).unwrap();
        assert_eq!(order.as_str(), "INV201612312359-0001");
        assert_eq!(order.as_str().parse(), Ok(order));
    }

    #[test]
    fn years_of_four_digits_are_numbered_and_others_refused() {
        let first = at(0, 1, 1, 0, 0, 0);
        let last = at(9999, 12, 31, 23, 59, 59);
        for now in [first, last] {
            let order = OrderNumber::new(now, 1).unwrap();
            let invoice = InvoiceNumber::new(now, payment(1)).unwrap();
            assert_eq!(order.as_str().parse(), Ok(order));
            assert_eq!(invoice.as_str().parse(), Ok(invoice));
        }
        for now in [
            first - TimeDelta::nanoseconds(1),
            last + TimeDelta::seconds(1),
        ] {
            let what = "order number";
            assert_eq!(
                OrderNumber::new(now, 1),
                Err(InvalidText { what, rule: YEAR })
            );
            assert!(InvoiceNumber::new(now, payment(1)).is_err());
            assert!(CreditNoteNumber::new(now, CreditNoteId::new(1).unwrap()).is_err());
        }
    }

    #[test]
    fn another_spelling_of_an_order_number_is_refused() {
        for text in [
            "",
            "INV",
            "INV202507180407",
            "INV202507180407-",
            "INV202507180407-3c2a",
            "INV202507180407-3C2",
            "INV202507180407-03C2A",
            "INV202507180407-+3C2A",
            "INV202507180407-100000000",
            "INV202507180407-3C2G",
            "inv202507180407-3C2A",
            "INV-202507180407-3C2A",
            " INV202507180407-3C2A",
            "INV202507180407-3C2A ",
            "INV 202507180407-3C2A",
            "INV20250718040700-3C2A",
            "INV2025718 0407-3C2A",
            "INV+202507180407-3C2A",
            "INV202502290407-3C2A",
            "INV202513010407-3C2A",
            "INV202507182407-3C2A",
            "INV202507180460-3C2A",
        ] {
            let refused = OrderNumber::invalid("must look like INV202507180407-3C2A");
            assert_eq!(text.parse::<OrderNumber>(), Err(refused), "{text}");
        }
    }

    #[test]
    fn another_spelling_of_an_invoice_number_is_refused() {
        for text in [
            "",
            "INV-",
            "INV-20240115103000",
            "INV-20240115103000-",
            "INV-20240115103000-100",
            "INV-20240115103000-0000100",
            "INV-20240115103000-000000",
            "INV-20240115103000--00100",
            "INV-20240115103000-+00100",
            "INV-20240115103000-00010A",
            "INV-20240115103000-9223372036854775808",
            "INV-202401151030-000100",
            "INV-20230229103000-000100",
            "INV-20161231235960-000100",
            "INV-20240115 103000-000100",
            "INV20240115103000-000100",
            "inv-20240115103000-000100",
            "CN-20240115103000-000100",
            "INV-20240115103000-000100\n",
        ] {
            let refused = InvoiceNumber::invalid("must look like INV-20240115103000-000100");
            assert_eq!(text.parse::<InvoiceNumber>(), Err(refused), "{text}");
        }
        assert!(
            "INV-20240115103000-000007"
                .parse::<CreditNoteNumber>()
                .is_err()
        );
    }

    #[test]
    fn numbers_sort_by_time_and_then_by_id() {
        let early = InvoiceNumber::new(at(2024, 1, 15, 10, 30, 0), payment(1_000_000)).unwrap();
        let late = InvoiceNumber::new(at(2024, 1, 15, 10, 30, 1), payment(2)).unwrap();
        assert!(early < late);
        let sibling = InvoiceNumber::new(at(2024, 1, 15, 10, 30, 0), payment(999_999)).unwrap();
        assert!(sibling < early);
    }

    #[test]
    fn a_number_is_padded_like_text() {
        let invoice: InvoiceNumber = "INV-20240115103000-000100".parse().unwrap();
        assert_eq!(format!("{invoice:>26}"), " INV-20240115103000-000100");
        let order: OrderNumber = "INV202507180407-3C2A".parse().unwrap();
        assert_eq!(format!("{order:>21}"), " INV202507180407-3C2A");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_number_is_its_text_in_json() {
        let json = r#""INV-20240115103000-000100""#;
        let number: InvoiceNumber = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&number).unwrap(), json);
        assert!(serde_json::from_str::<InvoiceNumber>(r#""INV-1""#).is_err());
    }
}
