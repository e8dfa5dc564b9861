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

/// How far one list was read, and what is left of what was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// Where the gateway's list goes on.
    pub cursor: Option<String>,
    /// Attempts of which something was heard, and that could not be read yet.
    #[serde(default)]
    pub open: BTreeSet<i64>,
    /// Attempts with money of which nothing is written down here.
    #[serde(default)]
    pub lost: BTreeSet<i64>,
    /// The names of the last events that were dealt with, with their time.
    #[serde(default)]
    dealt_with: BTreeMap<String, i64>,
}

impl Place {
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

    /// What is stored when one of them has come further.
    pub fn with(&self, source: &Source, place: &P) -> String {
        let mut places = self.clone();
        places.put(source, place.clone());
        serde_json::json!(places.0).to_string()
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
