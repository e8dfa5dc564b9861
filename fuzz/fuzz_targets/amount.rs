//! Decimal amounts: as a request of the API has them, in JSON or in a form, as Midtrans tells them,
//! and as Stripe counts them.
//!
//! The first byte of the input names a currency, the rest is an amount as somebody wrote it.
#![no_main]

use bayar::for_fuzzing::{amount_in_json, amount_in_urlencoded};
use bayar_domain::{Currency, Money};
use bayar_midtrans::for_fuzzing as midtrans;
use bayar_stripe::for_fuzzing as stripe;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let currency = Currency::ALL[usize::from(first) % Currency::ALL.len()];
    if let Ok(text) = str::from_utf8(rest) {
        parsed(text, currency);
        requested(text, currency);
        told_by_midtrans(text, currency);
    }
    if let Some(minor) = rest.first_chunk() {
        counted(Money::new(i64::from_le_bytes(*minor), currency));
    }
});

/// A number as it is written, in two parts without zeros at the end of the second.
#[derive(Debug, PartialEq, Eq)]
struct Written<'a> {
    negative: bool,
    whole: &'a str,
    decimals: &'a str,
}

impl<'a> Written<'a> {
    /// Digits without zeros before the first one that counts, with one sign and one point perhaps.
    fn read(text: &'a str) -> Option<(Self, usize)> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, decimals) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let mut digits = whole.chars().chain(decimals.chars());
        let padded = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || padded || !digits.all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let written = Self {
            negative: text.starts_with('-'),
            whole,
            decimals: decimals.trim_end_matches('0'),
        };
        Some((written, decimals.len()))
    }

    /// How many minor units it is, when it is so many exactly.
    fn minor(&self, currency: Currency) -> Option<i64> {
        let most = usize::try_from(currency.exponent()).expect("few");
        if self.decimals.len() > most || self.whole.len() > 20 {
            return None;
        }
        let digits = format!("{}{:0<most$}", self.whole, self.decimals);
        let minor: i128 = digits.parse().expect("digits");
        i64::try_from(if self.negative { -minor } else { minor }).ok()
    }
}

/// The reader accepts what is an amount, as exactly this amount, and nothing else.
fn parsed(text: &str, currency: Currency) {
    let most = usize::try_from(currency.exponent()).expect("few");
    let expected = Written::read(text)
        .filter(|(_, decimals)| *decimals <= most)
        .and_then(|(written, _)| {
            let minor = written.minor(currency)?;
            (minor != 0 || !written.negative).then_some(minor)
        });
    let read = Money::parse(text, currency).ok();
    assert_eq!(read.map(Money::minor), expected, "{text} {currency}");
    if let Some(money) = read {
        let shown = money.to_string();
        let (shown, _) = Written::read(&shown).expect("an amount");
        assert_eq!(Some(shown), Written::read(text).map(|(written, _)| written));
        counted(money);
    }
}

/// In a request it may be a number or a text, and either way it is read as it is written.
fn requested(text: &str, currency: Currency) {
    const LONGEST: usize = 32;
    let plain = Written::read(text).is_some_and(|(written, _)| !written.negative);
    let plain = plain && text.len() <= LONGEST;

    let bare = amount_in_json(format!(r#"{{"amount":{text}}}"#).as_bytes());
    let quoted = amount_in_json(format!(r#"{{"amount":"{text}"}}"#).as_bytes());
    let typed = amount_in_urlencoded(format!("amount={text}").as_bytes());
    if plain {
        for read in [&bare, &quoted, &typed] {
            assert_eq!(read.as_ref().map(|read| read.as_str()), Some(text));
        }
    }
    for read in [bare, quoted, typed].into_iter().flatten() {
        let (written, _) = Written::read(read.as_str()).expect("an amount");
        assert!(!written.negative && read.as_str().len() <= LONGEST);
        // Who writes it otherwise means the same, also by the same key.
        let (canonical, _) = Written::read(read.canonical()).expect("an amount");
        assert_eq!(written, canonical);
        let minor = written.minor(currency);
        let money = Money::parse(read.canonical(), currency).ok();
        assert_eq!(money.map(Money::minor), minor, "{text} {currency}");
    }
}

/// Midtrans adds zeros; they add nothing.
fn told_by_midtrans(text: &str, currency: Currency) {
    let read = midtrans::read(text, currency).ok();
    let written = Written::read(text.trim());
    let expected = written.and_then(|(written, _)| {
        let minor = written.minor(currency)?;
        (minor != 0 || !written.negative).then_some(minor)
    });
    assert_eq!(read.map(Money::minor), expected, "{text} {currency}");
}

/// An amount comes back from every way of writing it.
fn counted(money: Money) {
    let currency = money.currency();
    assert_eq!(Money::parse(&money.to_string(), currency), Ok(money));
    assert_eq!(Money::from_decimal(money.to_decimal(), currency), Ok(money));
    let wire = serde_json::to_string(&money).expect("JSON");
    assert_eq!(serde_json::from_str::<Money>(&wire).ok(), Some(money));

    if let Ok(units) = stripe::to_stripe(money) {
        let code = currency.code().to_lowercase();
        assert_eq!(stripe::from_stripe(units, &code), Ok(money));
    }
    if let Ok(rupiah) = midtrans::asked(money) {
        assert!(rupiah > 0);
        let told = format!("{rupiah}.00");
        assert_eq!(midtrans::read(&told, currency), Ok(money));
    }
}
