//! The languages that people are answered in.

use std::fmt;

/// A language that every message is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Indonesian: for whoever does not ask for another one.
    #[default]
    Indonesian,
    /// Malay.
    Malay,
    /// English.
    English,
}

impl Language {
    /// Every language, the default one first.
    pub const ALL: [Self; 3] = [Self::Indonesian, Self::Malay, Self::English];

    /// The language that an `Accept-Language` header asks for most (RFC 9110, section 12.5.4).
    ///
    /// Of several header lines, the values belong into one text with commas between them.
    /// A part that is not as the standard says is passed over. When no part asks for a language of ours,
    /// it is the first one that is not excluded by `q=0`, and the default when all are:
    /// a message in the wrong language is better than none.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let ranges: Vec<_> = header.split(',').filter_map(Range::parse).collect();
        let mut best = None;
        for language in Self::ALL {
            let Some(wish) = language.wish(&ranges) else {
                continue;
            };
            // What stands first in the header goes first among equals.
            let is_better = best.is_none_or(|(_, other): (_, Wish)| {
                wish.weight > other.weight
                    || (wish.weight == other.weight && wish.place < other.place)
            });
            if is_better {
                best = Some((language, wish));
            }
        }
        match best {
            Some((language, wish)) if wish.weight > 0 => language,
            Some(_) | None => Self::ALL
                .into_iter()
                .find(|language| language.wish(&ranges).is_none())
                .unwrap_or_default(),
        }
    }

    /// The tag for `Content-Language` and `lang`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::Malay => "ms",
            Self::English => "en",
        }
    }

    /// How much the ranges ask for it. A range that names it outweighs `*`.
    fn wish(self, ranges: &[Range<'_>]) -> Option<Wish> {
        let names_it = |primary: &Primary<'_>| match primary {
            Primary::Named(name) => self.is_called(name),
            Primary::Any => false,
        };
        let is_any = |primary: &Primary<'_>| match primary {
            Primary::Named(_) => false,
            Primary::Any => true,
        };
        highest(ranges, names_it).or_else(|| highest(ranges, is_any))
    }

    /// `in` is what Indonesian was called until 1989, and what old Java still calls it.
    fn is_called(self, name: &str) -> bool {
        let names: &[_] = match self {
            Self::Indonesian => &["id", "in"],
            Self::Malay => &["ms"],
            Self::English => &["en"],
        };
        names.iter().any(|own| name.eq_ignore_ascii_case(own))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

#[derive(Clone, Copy)]
struct Wish {
    weight: u16,
    place: usize,
}

/// The highest weight among the ranges that count, at its first place.
fn highest(ranges: &[Range<'_>], counts: impl Fn(&Primary<'_>) -> bool) -> Option<Wish> {
    let wishes = ranges
        .iter()
        .zip(0..)
        .filter(|(range, _)| counts(&range.primary));
    let wishes = wishes.map(|(range, place)| Wish {
        weight: range.weight,
        place,
    });
    wishes.reduce(|best, other| {
        if other.weight > best.weight {
            other
        } else {
            best
        }
    })
}

/// One part of the header. Regions and scripts say nothing to us: there is one text for all of them.
struct Range<'a> {
    primary: Primary<'a>,
    /// In thousandths.
    weight: u16,
}

enum Primary<'a> {
    Any,
    Named(&'a str),
}

impl<'a> Range<'a> {
    fn parse(part: &'a str) -> Option<Self> {
        let blanks = [' ', '\t'];
        let (range, weight) = match part.split_once(';') {
            Some((range, weight)) => (range, weight_of(weight.trim_matches(blanks))?),
            None => (part, 1_000),
        };
        let range = range.trim_matches(blanks);
        let primary = if range == "*" {
            Primary::Any
        } else {
            let mut subtags = range.split('-');
            let primary = subtags.next().filter(|name| is_subtag(name))?;
            let is_language = primary.bytes().all(|byte| byte.is_ascii_alphabetic());
            if !is_language || !subtags.all(is_subtag) {
                return None;
            }
            Primary::Named(primary)
        };
        Some(Self { primary, weight })
    }
}

fn is_subtag(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Reads `q=0.7`: from 0 to 1 with at most three decimals.
fn weight_of(text: &str) -> Option<u16> {
    let value = text
        .strip_prefix("q=")
        .or_else(|| text.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let is_right = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = format!("{decimals:0<3}")
        .parse()
        .ok()
        .filter(|_| is_right)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{English, Indonesian, Malay};
    use super::*;

    fn assert_languages(cases: &[(&str, Language)]) {
        for (header, language) in cases {
            assert_eq!(
                Language::from_accept_language(header),
                *language,
                "{header:?}"
            );
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag_whatever_the_region() {
        assert_languages(&[
            ("id", Indonesian),
            ("in", Indonesian),
            ("in-ID", Indonesian),
            ("ms", Malay),
            ("ms-MY", Malay),
            ("MS-bn", Malay),
            ("en", English),
            ("en-GB", English),
            ("EN-Latn-us-x-private", English),
        ]);
    }

    #[test]
    fn the_highest_weight_is_taken() {
        assert_languages(&[
            ("id;q=0.5, en;q=0.8, ms;q=0.7", English),
            ("fr, de;q=0.9, ms;q=0.1", Malay),
            ("id;q=0.999,en", English),
            ("en;q=0.5,ms;q=0.501", Malay),
            ("en ; q=0.1 ,\tms;\tQ=0.2", Malay),
            ("en-US;q=0.3, ms;q=0.5, en;q=0.7", English),
            ("en;q=1.000, ms;q=0.999", English),
        ]);
    }

    #[test]
    fn among_equals_the_first_one_is_taken() {
        assert_languages(&[
            ("en, ms, id", English),
            ("ms;q=0.8,en;q=0.8", Malay),
            ("ms,*", Malay),
            ("en, ms, en-GB", English),
        ]);
    }

    #[test]
    fn a_star_stands_for_what_is_not_named() {
        assert_languages(&[
            ("*", Indonesian),
            ("fr, *;q=0.5", Indonesian),
            ("en;q=0.3, *;q=0.5", Indonesian),
            ("id;q=0.3, *;q=0.5", Malay),
            ("id;q=0, ms;q=0.2, *;q=0.5", English),
        ]);
    }

    #[test]
    fn a_weight_of_zero_excludes() {
        assert_languages(&[
            ("en;q=0, ms;q=0.1", Malay),
            ("id;q=0", Malay),
            ("id;q=0, ms;q=0.000", English),
            ("*;q=0, en;q=0.1", English),
            ("en;q=0, en-GB;q=0.4", English),
            ("id;q=0, ms;q=0, en;q=0", Indonesian),
            ("*;q=0", Indonesian),
        ]);
    }

    #[test]
    fn garbage_asks_for_nothing() {
        assert_languages(&[
            ("", Indonesian),
            (",,;", Indonesian),
            ("fr-CA", Indonesian),
            ("english", Indonesian),
            ("en_GB", Indonesian),
            ("en;q=2", Indonesian),
            ("en;q=1.001", Indonesian),
            ("en;q=0.1234", Indonesian),
            ("en;q=-1", Indonesian),
            ("en;q=", Indonesian),
            ("en;q", Indonesian),
            ("en;level=1", Indonesian),
            ("en;q=0.5;q=1", Indonesian),
            ("en-", Indonesian),
            ("en-toolongsubtag", Indonesian),
            ("e n", Indonesian),
            ("ёn", Indonesian),
        ]);
    }

    #[test]
    fn garbage_does_not_spoil_the_rest() {
        assert_languages(&[("en;q=oops, ms;q=0.1, ;;", Malay)]);
    }

    #[test]
    fn each_language_is_found_by_its_own_tag() {
        for language in Language::ALL {
            assert_eq!(
                Language::from_accept_language(&language.to_string()),
                language
            );
        }
    }
}
