//! How far the list of events was read.
//!
//! The list begins with the newest event and is read downwards to a time: that is a sweep.
//! A page goes on below an event, which stays where it is, whatever is added above. The next sweep goes down to a time
//! some minutes before the newest event of this one: what Stripe shows late, or counts to the same second,
//! is told again rather than lost. No clock of ours is asked: one that is ahead would skip what is yet to come.

use bayar_app::port::gateway::CallError;
use bayar_app::port::gateway_book::{EventCursor, Since};

use crate::client::garbage;
use crate::names;
use crate::objects::{Event, Page};

/// How late Stripe may show an event, in seconds.
const SHOWN_LATE: i64 = 5 * 60;

/// What tells this form of a cursor from any later one.
const FORM: &str = "1";

/// One way down the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    since: i64,
    place: Option<Place>,
}

/// How far down it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// When the newest event of this sweep happened.
    newest: i64,
    /// The event below which the next page begins.
    below: String,
}

impl Sweep {
    pub fn from(since: &Since<'_>) -> Self {
        let known = since.cursor.map(|cursor| Self::read(cursor.as_str()));
        if let Some(None) = known {
            tracing::warn!(
                "the cursor of Stripe's events cannot be read: the list is read from its beginning"
            );
        }
        known
            .flatten()
            .unwrap_or_else(|| Self::down_to(since.begin.timestamp()))
    }

    const fn down_to(since: i64) -> Self {
        Self { since, place: None }
    }

    /// The same sweep from the top.
    pub const fn anew(&self) -> Self {
        Self::down_to(self.since)
    }

    pub const fn is_under_way(&self) -> bool {
        self.place.is_some()
    }

    pub const fn since(&self) -> i64 {
        self.since
    }

    pub fn below(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.below.as_str())
    }

    /// Where it stands after a page. A list that was read to its end counts as read up to `known` at least, which is
    /// long past: where nothing happens for weeks, nothing was forgotten either.
    pub fn after(&self, page: &Page<Event>, known: i64) -> Result<Self, CallError> {
        let newest = match (&self.place, page.data.first()) {
            (Some(place), _) => place.newest,
            (None, Some(first)) => first.created,
            (None, None) => self.since,
        };
        if !page.has_more {
            let again = newest.saturating_sub(SHOWN_LATE);
            return Ok(Self::down_to(again.max(self.since).max(known)));
        }
        let last = page.data.last().map(|event| event.id.as_str());
        let below = last.filter(|last| self.below() != Some(last));
        let below = below.ok_or_else(|| garbage("list_without_end"))?;
        if !names::fits_path(below) {
            return Err(garbage("odd_name"));
        }
        let below = below.to_owned();
        Ok(Self {
            since: self.since,
            place: Some(Place { newest, below }),
        })
    }

    pub fn cursor(&self) -> EventCursor {
        let since = self.since;
        EventCursor::new(match &self.place {
            Some(Place { newest, below }) => format!("{FORM} {since} {newest} {below}"),
            None => format!("{FORM} {since}"),
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next() != Some(FORM) {
            return None;
        }
        let since = words.next()?.parse().ok()?;
        let place = match (words.next(), words.next(), words.next()) {
            (None, ..) => None,
            (Some(newest), Some(below), None) if names::fits_path(below) => Some(Place {
                newest: newest.parse().ok()?,
                below: below.to_owned(),
            }),
            _ => return None,
        };
        Some(Self { since, place })
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn of(cursor: &str) -> Sweep {
        let cursor = EventCursor::new(cursor.to_owned());
        let begin = DateTime::from_timestamp(7, 0).unwrap();
        Sweep::from(&Since {
            cursor: Some(&cursor),
            begin,
            now: begin,
        })
    }

    fn page(created: &[i64], has_more: bool) -> Page<Event> {
        let event = |created: &i64| Event {
            id: format!("evt_{created}"),
            kind: "x".to_owned(),
            created: *created,
            livemode: false,
            data: None,
        };
        Page {
            data: created.iter().map(event).collect(),
            has_more,
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for text in ["1 1752811620", "1 1752811620 1752811700 evt_1"] {
            assert_eq!(of(text).cursor().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_cursor_begins_at_the_beginning() {
        for text in [
            "",
            "1",
            "2 5",
            "1 x",
            "1 5 6",
            "1 5 6 evt_1 7",
            "1 5 x evt_1",
            "1 5 6 evt/1",
            "1  5",
        ] {
            assert_eq!(of(text), Sweep::down_to(7), "{text}");
        }
    }

    #[test]
    fn a_sweep_ends_some_minutes_before_its_newest_event() {
        let first = of("1 1000").after(&page(&[9000, 8000], true), 0).unwrap();
        assert_eq!(first.cursor().as_str(), "1 1000 9000 evt_8000");
        let second = first.after(&page(&[7000], true), 0).unwrap();
        assert_eq!(second.cursor().as_str(), "1 1000 9000 evt_7000");
        let last = second.after(&page(&[6000], false), 0).unwrap();
        assert_eq!(last.cursor().as_str(), "1 8700");
    }

    #[test]
    fn a_cursor_never_goes_back_nor_ahead_of_what_was_seen() {
        for (events, expected) in [
            (&[][..], "1 1000"),
            (&[1100], "1 1000"),
            (&[1300], "1 1000"),
        ] {
            let next = of("1 1000").after(&page(events, false), 0).unwrap();
            assert_eq!(next.cursor().as_str(), expected, "{events:?}");
        }
    }

    #[test]
    fn where_nothing_happened_for_weeks_nothing_was_forgotten() {
        let quiet = of("1 1000").after(&page(&[], false), 5000).unwrap();
        assert_eq!(quiet.cursor().as_str(), "1 5000");
        let under_way = of("1 1000").after(&page(&[9000], true), 5000).unwrap();
        assert_eq!(under_way.cursor().as_str(), "1 1000 9000 evt_9000");
    }

    #[test]
    fn a_list_that_does_not_go_on_is_given_up() {
        assert!(of("1 1000 9000 evt_7").after(&page(&[7], true), 0).is_err());
        assert!(of("1 1000").after(&page(&[], true), 0).is_err());
    }
}
