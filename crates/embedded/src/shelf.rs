//! Named things that are kept for a while, and never more of them than there is room for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Keeps values under names until their time is over.
pub(crate) struct Shelf<V> {
    room: usize,
    entries: HashMap<Arc<str>, Entry<V>>,
    /// Who goes first. The number tells apart what ends at the same moment.
    by_end: BTreeMap<(DateTime<Utc>, u64), Arc<str>>,
    next: u64,
}

struct Entry<V> {
    value: V,
    ttl: TimeDelta,
    end: (DateTime<Utc>, u64),
}

impl<V> Entry<V> {
    /// An entry with more time left than it was given was made before the clock was set back.
    /// It counts as over: otherwise it would stay for as long as the clock went back.
    fn left(&self, now: DateTime<Utc>) -> Option<Duration> {
        let left = self.end.0.signed_duration_since(now);
        let counts = left > TimeDelta::zero() && left <= self.ttl;
        left.to_std().ok().filter(|_| counts)
    }
}

impl<V> Shelf<V> {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            room,
            entries: HashMap::new(),
            by_end: BTreeMap::new(),
            next: 0,
        }
    }

    /// What is kept under `name`, and how long it still is.
    pub(crate) fn get(&self, name: &str, now: DateTime<Utc>) -> Option<(&V, Duration)> {
        let entry = self.entries.get(name)?;
        let left = entry.left(now)?;
        Some((&entry.value, left))
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, name: &str, now: DateTime<Utc>) -> Option<(&mut V, Duration)> {
        let entry = self.entries.get_mut(name)?;
        let left = entry.left(now)?;
        Some((&mut entry.value, left))
    }

    /// Whether another name finds room without taking it from one whose time is not over.
    pub(crate) fn has_room(&mut self, now: DateTime<Utc>) -> bool {
        self.sweep(now);
        self.entries.len() < self.room
    }

    /// Keeps `value` in place of what was under `name`. When there is no room, what ends first has to go.
    pub(crate) fn put(&mut self, name: &str, value: V, ttl: Duration, now: DateTime<Utc>) {
        self.remove(name);
        self.sweep(now);
        while self.entries.len() >= self.room {
            let Some((_, first)) = self.by_end.pop_first() else {
                break;
            };
            self.entries.remove(&first);
        }
        let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
        let until = now.checked_add_signed(ttl);
        let end = (until.unwrap_or(DateTime::<Utc>::MAX_UTC), self.next);
        self.next = self.next.wrapping_add(1);
        let name: Arc<str> = name.into();
        self.by_end.insert(end, Arc::clone(&name));
        self.entries.insert(name, Entry { value, ttl, end });
    }

    /// Forgets `name`.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.by_end.remove(&entry.end);
        }
    }

    fn sweep(&mut self, now: DateTime<Utc>) {
        while let Some(first) = self.by_end.first_entry() {
            if first.key().0 > now {
                break;
            }
            let name = first.remove();
            self.entries.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(10);

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn value(shelf: &Shelf<u8>, name: &str, second: i64) -> Option<u8> {
        shelf.get(name, at(second)).map(|(value, _)| *value)
    }

    #[test]
    fn an_entry_is_over_at_its_end_and_not_before() {
        let mut shelf = Shelf::new(2);
        shelf.put("a", 1, TTL, at(0));
        assert_eq!(shelf.get("a", at(0)), Some((&1, TTL)));
        assert_eq!(shelf.get("a", at(9)), Some((&1, Duration::from_secs(1))));
        assert_eq!(shelf.get("a", at(10)), None);
        assert_eq!(shelf.get_mut("a", at(10)), None);
        assert_eq!(shelf.get("b", at(0)), None);
    }

    #[test]
    fn an_entry_without_time_is_over_at_once() {
        let mut shelf = Shelf::new(2);
        shelf.put("a", 1, Duration::ZERO, at(0));
        assert_eq!(shelf.get("a", at(0)), None);
    }

    #[test]
    fn what_ends_first_makes_room() {
        let mut shelf = Shelf::new(2);
        shelf.put("long", 1, TTL * 2, at(0));
        shelf.put("short", 2, TTL, at(0));
        shelf.put("new", 3, TTL, at(1));
        assert_eq!(value(&shelf, "long", 2), Some(1));
        assert_eq!(value(&shelf, "short", 2), None);
        assert_eq!(value(&shelf, "new", 2), Some(3));
    }

    #[test]
    fn a_name_that_is_there_takes_no_more_room() {
        let mut shelf = Shelf::new(2);
        shelf.put("a", 1, TTL, at(0));
        shelf.put("b", 2, TTL, at(0));
        shelf.put("b", 3, TTL, at(0));
        assert_eq!(value(&shelf, "a", 1), Some(1));
        assert_eq!(value(&shelf, "b", 1), Some(3));
        assert_eq!(shelf.by_end.len(), 2);
    }

    #[test]
    fn what_is_over_or_removed_leaves_nothing_behind() {
        let mut shelf = Shelf::new(3);
        shelf.put("a", 1, TTL, at(0));
        shelf.put("b", 2, TTL, at(0));
        assert!(shelf.has_room(at(0)));
        shelf.put("c", 3, TTL, at(5));
        assert!(!shelf.has_room(at(9)));
        assert!(shelf.has_room(at(10)));
        shelf.remove("c");
        assert!(shelf.entries.is_empty());
        assert!(shelf.by_end.is_empty());
    }

    #[test]
    fn an_entry_does_not_outlive_a_clock_that_is_set_back() {
        let mut shelf = Shelf::new(2);
        shelf.put("a", 1, TTL, at(3600));
        assert_eq!(value(&shelf, "a", 0), None);
        assert_eq!(value(&shelf, "a", 3601), Some(1));
    }

    #[test]
    fn a_time_without_end_is_kept() {
        let mut shelf = Shelf::new(2);
        shelf.put("a", 1, Duration::MAX, at(0));
        assert_eq!(value(&shelf, "a", 0), Some(1));
    }
}
