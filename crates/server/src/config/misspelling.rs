//! Variables that are none of ours and look as if they should be.

use super::reader::Reader;
use super::setting::{self, is_ours};
use super::{Environment, Warning};

/// Warns of every variable that begins like one of ours and is nearly its name.
pub(super) fn warn(reader: &mut Reader<'_>, environment: &Environment) {
    for name in environment.names() {
        if let Some(message) = looks_misspelt(name) {
            reader.add_warning(Warning::new(name, message));
        }
    }
}

fn looks_misspelt(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let begins_like_ours = setting::all().any(|setting| {
        let end = setting
            .name
            .find('_')
            .map_or(setting.name.len(), |end| end.saturating_add(1));
        setting
            .name
            .get(..end)
            .is_some_and(|prefix| upper.starts_with(prefix))
    });
    if !begins_like_ours || is_ours(name) {
        return None;
    }
    if let Some(plain) = upper.strip_suffix("_FILE")
        && is_ours(plain)
    {
        return Some(format!("is not read: {plain} does not come from a file"));
    }
    let files = setting::all().filter_map(|setting| setting.file_name());
    let known = setting::all()
        .map(|setting| setting.name.to_owned())
        .chain(files);
    let nearest = known
        .map(|known| (changes(&upper, &known), known))
        .filter(|(changes, known)| *changes <= 2 || known.starts_with(&format!("{upper}_")))
        .min();
    nearest.map(|(_, known)| format!("is not a setting; {known} is"))
}

/// How many letters have to be put in, taken out or replaced to make one word of the other.
fn changes(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (letter, left) in one.bytes().zip(1_usize..) {
        let mut before = left;
        let mut next = vec![before];
        for ((other, diagonal), above) in other.bytes().zip(&row).zip(row.iter().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(letter != other));
            before = replaced
                .min(above.saturating_add(1))
                .min(before.saturating_add(1));
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_differ_by_their_letters() {
        for (one, other, count) in [
            ("", "", 0),
            ("", "ABC", 3),
            ("ABC", "", 3),
            ("ABC", "ABC", 0),
            ("ABC", "AXC", 1),
            ("ABC", "AC", 1),
            ("AC", "ABC", 1),
            ("ABC", "ACB", 2),
            ("KITTEN", "SITTING", 3),
        ] {
            assert_eq!(changes(one, other), count, "{one} {other}");
        }
    }

    #[test]
    fn a_name_that_is_nearly_ours_is_told_the_right_one() {
        for (name, right) in [
            ("LOCK_TTL", "LOCK_TTL_MS"),
            ("LOCK_TRYS", "LOCK_TRIES"),
            ("RATE_LIMIT_PAYMENT", "RATE_LIMIT_PAYMENTS"),
            ("IDP_AUDIENSE", "IDP_AUDIENCE"),
            ("STRIPE_SECRET_KYE", "STRIPE_SECRET_KEY"),
            ("MIDTRANS_SERVER_KEYS", "MIDTRANS_SERVER_KEY"),
            ("stripe_secret_key", "STRIPE_SECRET_KEY"),
            ("JWT_SECRET_FIL", "JWT_SECRET_FILE"),
            ("REDIS_POST", "REDIS_HOST"),
        ] {
            assert_eq!(
                looks_misspelt(name),
                Some(format!("is not a setting; {right} is")),
                "{name}"
            );
        }
    }

    #[test]
    fn a_file_for_what_does_not_come_from_a_file_is_told_so() {
        assert_eq!(
            looks_misspelt("LOCK_TTL_MS_FILE").unwrap(),
            "is not read: LOCK_TTL_MS does not come from a file"
        );
    }

    #[test]
    fn other_variables_are_left_alone() {
        for name in [
            "PATH",
            "HOME",
            "HTTP_PROXY",
            "LOG_DIR",
            "APP_ENV",
            "APP_URL",
            "REDIS_DB",
            "REDIS_USER",
            "STRIPE_API_VERSION",
            "DATABASE_USER",
            "JWT_SECRET",
            "JWT_SECRET_FILE",
            "STRIPEY",
            "LC_ALL",
        ] {
            assert_eq!(looks_misspelt(name), None, "{name}");
        }
    }
}
