//! Checkouts that could be paid, at every moment.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use crate::book::Happened;
use crate::finding::{Check, Findings};

/// Line by line, so that times which are equal hide nothing.
pub(super) fn check(case: &Case<'_>, found: &mut Findings) {
    let mut open: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for entry in &case.book.entries {
        match &entry.what {
            Happened::Opened {
                gateway,
                session,
                order,
                ..
            } => {
                let sessions = open.entry(order).or_default();
                sessions.insert((session, gateway));
                if sessions.len() > 1 && told.insert(order) {
                    // The name of a checkout lets people pay or look: it is not told.
                    let names: Vec<_> = sessions.iter().map(|(_, gateway)| *gateway).collect();
                    let what = format!(
                        "{} checkouts could be paid at {}, at {}",
                        names.len(),
                        entry.at.to_rfc3339(),
                        names.join(" and ")
                    );
                    found.add(Check::OneOpenSession, Some(order), what);
                }
            }
            Happened::Closed { session, order, .. } => {
                if let Some(sessions) = open.get_mut(order.as_str()) {
                    sessions.retain(|(open, _)| open != session);
                }
            }
            _ => {}
        }
    }
}
