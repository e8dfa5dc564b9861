//! The names we give to things in Stripe's metadata, and which of Stripe's names may stand in a path.

use std::collections::HashMap;

use bayar_app::port::gateway_book::Mark;
use bayar_app::port::store::{CallKey, Installation};
use bayar_domain::AttemptId;

pub const INSTALLATION: &str = "bayar_installation";
pub const ORDER: &str = "bayar_order";
pub const PAYMENT: &str = "bayar_payment";
pub const ATTEMPT: &str = "bayar_attempt";
pub const AMOUNT: &str = "bayar_amount";
pub const CURRENCY: &str = "bayar_currency";
pub const CALL: &str = "bayar_call";
pub const REFUND: &str = "bayar_refund";
/// With a number behind it: a value of metadata has little room.
const RECORD: &str = "bayar_record_";

/// How long a value of metadata may be.
const LONGEST_VALUE: usize = 500;

/// How many values a record may take, of the fifty that there are.
const MOST_VALUES: usize = 40;

/// The room for a record.
pub const LONGEST_RECORD: usize = LONGEST_VALUE * MOST_VALUES;

/// Whether metadata carries the mark of an attempt that was opened by `key`.
///
/// Numbers of attempts are small and every installation has them: what makes the mark ours is the installation.
/// It stands in each key (`by-{installation}-{random}`), and the key itself counts too, whatever it looks like.
pub fn marks(metadata: &HashMap<String, String>, attempt: AttemptId, key: &CallKey) -> bool {
    let is = |name, value: &str| metadata.get(name).is_some_and(|found| found == value);
    let same_key = is(CALL, key.as_str());
    // A database that was restored gives an id again: the key tells the two attempts apart.
    if metadata.contains_key(CALL) && !same_key {
        return false;
    }
    let same_installation =
        installation_of(key).is_some_and(|installation| is(INSTALLATION, installation.as_str()));
    is(ATTEMPT, &attempt.to_string()) && (same_key || same_installation)
}

/// Our mark in metadata, whichever installation's it is. What of it cannot be read is left out.
pub fn mark(metadata: &HashMap<String, String>) -> Option<Mark> {
    let text = |name| metadata.get(name).map(String::as_str);
    let installation = Installation::new(text(INSTALLATION)?).ok()?;
    Some(Mark {
        installation,
        order: text(ORDER).and_then(|text| text.parse().ok()),
        payment: text(PAYMENT).and_then(|text| text.parse().ok()),
        attempt: text(ATTEMPT).and_then(|text| text.parse().ok()),
        refund: text(REFUND).and_then(|text| text.parse().ok()),
    })
}

/// A record in pieces. It has no letter of more than one byte.
pub fn record_in_pieces(record: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let pieces = record.as_bytes().chunks(LONGEST_VALUE);
    pieces.enumerate().map(|(number, piece)| {
        let text = String::from_utf8_lossy(piece).into_owned();
        (format!("{RECORD}{number}"), text)
    })
}

/// The record that metadata carries.
pub fn record(metadata: &HashMap<String, String>) -> Option<String> {
    let piece = |number| metadata.get(&format!("{RECORD}{number}"));
    let record: String = (0..MOST_VALUES)
        .map_while(piece)
        .map(String::as_str)
        .collect();
    (!record.is_empty()).then_some(record)
}

/// The key that a checkout was opened by, in its metadata.
pub fn key(metadata: &HashMap<String, String>) -> Option<CallKey> {
    CallKey::new(metadata.get(CALL)?.as_str()).ok()
}

fn installation_of(key: &CallKey) -> Option<Installation> {
    let (installation, _) = key.as_str().strip_prefix("by-")?.rsplit_once('-')?;
    Installation::new(installation).ok()
}

/// Whether a name of Stripe's can stand in a path as it is. All that Stripe gives can.
pub fn fits_path(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(plain)
}

/// What a log may have of a short word that came over the wire.
pub fn plain_word(text: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> CallKey {
        CallKey::new(text).unwrap()
    }

    fn metadata(of: &[(&str, &str)]) -> HashMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        of.iter().map(owned).collect()
    }

    #[test]
    fn the_attempt_of_our_installation_is_ours() {
        let attempt = AttemptId::new(7).unwrap();
        let ours = metadata(&[(ATTEMPT, "7"), (INSTALLATION, "abcdefgh")]);
        assert!(marks(&ours, attempt, &key("by-abcdefgh-0011")));
        assert!(!marks(&ours, attempt, &key("by-hgfedcba-0011")));
        assert!(!marks(
            &ours,
            AttemptId::new(8).unwrap(),
            &key("by-abcdefgh-0011")
        ));
    }

    #[test]
    fn the_key_is_a_mark_of_its_own() {
        let attempt = AttemptId::new(7).unwrap();
        let ours = metadata(&[(ATTEMPT, "7"), (CALL, "key-1")]);
        assert!(marks(&ours, attempt, &key("key-1")));
        assert!(!marks(&ours, attempt, &key("key-2")));
        assert!(!marks(
            &metadata(&[(CALL, "key-1")]),
            attempt,
            &key("key-1")
        ));
        assert!(!marks(&metadata(&[(ATTEMPT, "7")]), attempt, &key("key-1")));
    }

    #[test]
    fn an_attempt_whose_id_was_given_out_twice_is_told_by_its_key() {
        let attempt = AttemptId::new(7).unwrap();
        let first = metadata(&[
            (ATTEMPT, "7"),
            (INSTALLATION, "abcdefgh"),
            (CALL, "by-abcdefgh-0011"),
        ]);
        assert!(marks(&first, attempt, &key("by-abcdefgh-0011")));
        assert!(!marks(&first, attempt, &key("by-abcdefgh-0022")));
    }

    #[test]
    fn a_record_in_pieces_is_put_together_again() {
        for length in [1, 499, 500, 501, 999, 1_000, LONGEST_RECORD] {
            let record: String = "1;o,12,".chars().cycle().take(length).collect();
            let pieces: HashMap<_, _> = record_in_pieces(&record).collect();
            assert!(pieces.values().all(|piece| piece.len() <= LONGEST_VALUE));
            assert!(pieces.keys().all(|name| name.len() <= 40));
            assert!(pieces.len() <= MOST_VALUES);
            assert_eq!(super::record(&pieces), Some(record));
        }
        assert_eq!(record_in_pieces("").count(), 0);
        assert_eq!(super::record(&metadata(&[(ATTEMPT, "7")])), None);
    }

    #[test]
    fn no_name_leads_out_of_its_path() {
        assert!(fits_path("cs_test_a1B2"));
        for name in ["", "..", "cs/1", "cs?x", "cs#1", "cs 1", "cs%2f", "é"] {
            assert!(!fits_path(name), "{name}");
        }
    }

    #[test]
    fn only_short_plain_words_reach_a_log() {
        assert_eq!(
            plain_word("card_declined"),
            Some("card_declined".to_owned())
        );
        for text in ["", "a b", "jane@example.com", &"x".repeat(65)] {
            assert_eq!(plain_word(text), None, "{text}");
        }
    }
}
