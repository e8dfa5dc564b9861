//! How far the lists of gateways were read: what the cursor of a run holds.

use std::collections::{BTreeMap, BTreeSet};

use bayar_domain::gateway::Source;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::port::gateway_book::GatewayEvent;

/// Lists tell the last minutes again: events of so many seconds before the newest are known by name.
const TOLD_AGAIN: i64 = 10 * 60;

/// No more than so many names are kept. Beyond that an event is dealt with twice, which costs a read.
const MOST_NAMES: usize = 2000;

/// No more than so much lost money is kept.
const MOST_LOST: usize = 500;

/// How far one list was read, and what is left of what was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Where the gateway's list goes on.
    pub cursor: Option<String>,
    /// Attempts of which something was heard, and that could not be read yet.
    #[serde(default)]
    pub open: BTreeSet<i64>,
    /// Attempts with money of which nothing is written down here: so many as are kept.
    #[serde(default)]
    pub lost: BTreeSet<i64>,
    /// The names of the last events that were dealt with, with their time.
    #[serde(default)]
    dealt_with: BTreeMap<String, i64>,
}

impl Place {
    /// Remembers money of which nothing is written down here, to be told of again with each run. What does not fit is
    /// told of now, and by the sweeps of the next two days.
    pub fn lose(&mut self, attempt: i64) {
        if self.lost.len() < MOST_LOST {
            self.lost.insert(attempt);
        }
    }

    pub fn has_dealt_with(&self, event: &GatewayEvent) -> bool {
        self.dealt_with.contains_key(&event.id)
    }

    /// Remembers the events of a page as long as they may be told again.
    pub fn remember(&mut self, events: &[GatewayEvent]) {
        let named = events
            .iter()
            .map(|event| (event.id.clone(), event.at.timestamp()));
        self.dealt_with.extend(named);
        let newest = self.dealt_with.values().max().copied().unwrap_or_default();
        let mut since = newest.saturating_sub(TOLD_AGAIN);
        if self.dealt_with.len() > MOST_NAMES {
            let mut times: Vec<_> = self.dealt_with.values().copied().collect();
            times.sort_unstable();
            let nth = times.len().saturating_sub(MOST_NAMES);
            since = since.max(times.get(nth).copied().unwrap_or(since));
        }
        self.dealt_with.retain(|_, at| *at >= since);
    }
}

/// How far a gateway's book was held against ours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Checked {
    /// When that began the last time that it came to its end.
    pub began: Option<DateTime<Utc>>,
    /// Attempts that could not be read then.
    #[serde(default)]
    pub unread: BTreeSet<i64>,
    /// Where it goes on, when it did not come to its end.
    #[serde(default)]
    pub halfway: Option<Halfway>,
}

/// How far a sweep has come that reads one attempt after the other: what its process ends for is not read twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Halfway {
    /// When it began.
    pub began: DateTime<Utc>,
    /// When the last attempt moved that was read.
    pub moved_at: DateTime<Utc>,
    /// That attempt.
    pub attempt: i64,
}

impl Checked {
    /// So many may wait to be read. Then something else is wrong, and whatever is not swept yet waits for it.
    const MOST_UNREAD: usize = 500;

    /// Says so when too many wait to be read.
    pub fn is_full(&self) -> Option<String> {
        let is_full = self.unread.len() > Self::MOST_UNREAD;
        is_full.then(|| "too much waits to be read again".to_owned())
    }
}

/// All of them, another one first each time: so those that stop a run do not always stop it before the same others.
pub(super) fn another_first(waiting: &BTreeSet<i64>, now: DateTime<Utc>) -> Vec<i64> {
    let mut waiting: Vec<_> = waiting.iter().copied().collect();
    let first = usize::try_from(now.timestamp_millis()).unwrap_or_default();
    let first = first.checked_rem(waiting.len()).unwrap_or_default();
    waiting.rotate_left(first);
    waiting
}

/// How far each run has come with each account: another one begins anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Places<P>(BTreeMap<String, P>);

impl<P: Clone + Default + Serialize + DeserializeOwned> Places<P> {
    pub fn read(text: Option<&str>) -> Self {
        let read = |text| match serde_json::from_str(text) {
            Ok(places) => places,
            Err(error) => {
                tracing::warn!(%error, "it cannot be read how far lists were read: they are read from the beginning");
                Self(BTreeMap::new())
            }
        };
        text.map_or_else(|| Self(BTreeMap::new()), read)
    }

    pub fn take(&self, source: &Source) -> P {
        self.0.get(&name(source)).cloned().unwrap_or_default()
    }

    pub fn put(&mut self, source: &Source, place: P) {
        self.0.insert(name(source), place);
    }

    /// What is stored.
    pub fn to_text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// What is stored when one of them has come further.
    pub fn with(&self, source: &Source, place: &P) -> String {
        let mut places = self.clone();
        places.put(source, place.clone());
        places.to_text()
    }
}

fn name(source: &Source) -> String {
    let Source {
        gateway,
        account,
        mode,
    } = source;
    format!("{gateway} {account} {mode}")
}

#[cfg(test)]
mod tests {
    use bayar_domain::gateway::AccountRef;
    use bayar_domain::{Gateway, Mode};
    use chrono::DateTime;

    use super::*;
    use crate::port::gateway_book::{Names, Tells};

    fn event(id: &str, at: i64) -> GatewayEvent {
        GatewayEvent {
            id: id.to_owned(),
            kind: "x".to_owned(),
            tells: Tells::Other,
            at: DateTime::from_timestamp(at, 0).unwrap(),
            about: Names::default(),
        }
    }

    fn source(account: &str) -> Source {
        Source {
            gateway: Gateway::Stripe,
            account: AccountRef::new(account).unwrap(),
            mode: Mode::Test,
        }
    }

    #[test]
    fn what_is_told_again_is_known_and_what_is_long_past_is_forgotten() {
        let mut place = Place::default();
        place.remember(&[event("old", 1_000), event("edge", 1_400)]);
        place.remember(&[event("new", 2_000)]);
        let known = ["old", "edge", "new", "other"].map(|id| place.has_dealt_with(&event(id, 0)));
        assert_eq!(known, [false, true, true, false]);
    }

    #[test]
    fn no_more_names_are_kept_than_fit() {
        let mut place = Place::default();
        let events: Vec<_> = (0..3_000_i64)
            .map(|n| event(&n.to_string(), 1_000 + n / 10))
            .collect();
        place.remember(&events);
        assert_eq!(place.dealt_with.len(), MOST_NAMES);
        assert!(place.has_dealt_with(&event("2999", 0)));
    }

    #[test]
    fn no_more_lost_money_is_kept_than_fits() {
        let mut place = Place::default();
        for attempt in 0..600 {
            place.lose(attempt);
        }
        assert_eq!(place.lost, (0..500).collect());
    }

    #[test]
    fn each_of_those_that_wait_is_the_first_one_day() {
        let waiting = BTreeSet::from([3, 5, 8]);
        let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
        let orders: BTreeSet<_> = (0..3).map(|at_| another_first(&waiting, at(at_))).collect();
        let all = [vec![3, 5, 8], vec![5, 8, 3], vec![8, 3, 5]];
        assert_eq!(orders, BTreeSet::from(all));
        assert_eq!(another_first(&BTreeSet::new(), at(7)), Vec::<i64>::new());
    }

    #[test]
    fn a_place_belongs_to_one_account() {
        let mut places = Places::read(None);
        let place = Place {
            cursor: Some("1 5".to_owned()),
            open: BTreeSet::from([7]),
            ..Place::default()
        };
        let text = places.with(&source("acct_1"), &place);
        places = Places::read(Some(&text));
        assert_eq!(places.take(&source("acct_1")), place);
        assert_eq!(places.take(&source("acct_2")), Place::default());
        assert_eq!(Places::<Place>::read(Some("no json")), Places::read(None));
    }
}
