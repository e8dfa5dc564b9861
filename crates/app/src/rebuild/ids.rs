//! Which ids were given out: those that gateways tell of, and those to be tried.

use std::collections::BTreeSet;

use bayar_domain::AttemptId;
use bayar_domain::gateway::Source;

use super::Rebuilt;
use super::found::Found;
use crate::App;
use crate::paying::read_rows;
use crate::port::gateway_book::{BookedCheckout, Mark};
use crate::port::store::SeenIds;

/// No id of ours is so far above the last attempt: whoever may write into a mark has written it.
const MOST_AHEAD: i64 = 1_000_000_000;

/// Where so many ids in a row are not known, an earlier rebuild has passed over them:
/// otherwise they are given out one by one, and a process that ends loses some dozens of them.
const PASSED_OVER: i64 = 10_000;

/// The ids to be tried: all that are not known, but for those that an earlier rebuild has passed over,
/// up to where nothing was known for long.
pub(super) struct Holes {
    known: BTreeSet<AttemptId>,
    begin: i64,
    next: i64,
    gap: i64,
}

impl Holes {
    pub fn new(known: BTreeSet<AttemptId>, begin: i64, gap: i64) -> Self {
        let next = begin;
        Self {
            known,
            begin,
            next,
            gap,
        }
    }

    /// The next one.
    pub fn next_to_try(&mut self) -> Option<AttemptId> {
        loop {
            let id = AttemptId::new(self.next).ok()?;
            if self.known.contains(&id) {
                self.next = self.next.checked_add(1)?;
                continue;
            }
            let below = self.known.range(..id).next_back();
            let below = below.map_or(self.begin.saturating_sub(1), |known| known.get());
            let above = self.known.range(id..).next().map(|known| known.get());
            let is_near = self.next.saturating_sub(below) <= self.gap;
            match above {
                _ if is_near => {}
                None => return None,
                Some(above) => {
                    let resumed = above.saturating_sub(self.gap);
                    if above.saturating_sub(below) > PASSED_OVER && self.next < resumed {
                        self.next = resumed;
                        continue;
                    }
                }
            }
            self.next = self.next.checked_add(1)?;
            return Some(id);
        }
    }

    /// A checkout of that name was found.
    pub fn note(&mut self, id: AttemptId) {
        self.known.insert(id);
    }

    /// For another gateway.
    pub fn begin_again(&mut self) {
        self.next = self.begin;
    }
}

impl App {
    /// Leaves out what names ids that cannot be ours, and tells of it.
    pub(super) fn leave_out_forged(&self, found: &mut Found, last: i64, rebuilt: &mut Rebuilt) {
        let bound = last.saturating_add(MOST_AHEAD);
        let fits = |ids: &SeenIds| all(ids).into_iter().all(|id| id <= bound);
        found.checkouts.retain(|(source, checkout)| {
            let fits = fits(&self.ids_of(source, checkout));
            if !fits {
                let named = checkout.names.reference.as_deref();
                rebuilt.note(forged(source, named.unwrap_or("a checkout")));
            }
            fits
        });
        for (source, event) in &mut found.events {
            let mark = event.about.mark.as_ref();
            let ours = mark.filter(|mark| self.is_ours(mark));
            if ours.is_some_and(|mark| !fits(&ids_of_mark(mark))) {
                event.about.mark = None;
                rebuilt.note(forged(source, &event.id));
            }
        }
    }

    /// The highest ids that were given out, as far as gateways tell.
    pub(super) fn highest(&self, found: &Found) -> SeenIds {
        let of_events = found.events.iter();
        let of_events = of_events.filter_map(|(_, event)| event.about.mark.as_ref());
        let of_events = of_events.filter(|mark| self.is_ours(mark)).map(ids_of_mark);
        let of_checkouts = found.checkouts.iter();
        of_checkouts
            .map(|(source, checkout)| self.ids_of(source, checkout))
            .chain(of_events)
            .fold(SeenIds::default(), higher)
    }

    fn ids_of(&self, source: &Source, checkout: &BookedCheckout) -> SeenIds {
        let mark = self.marked(checkout);
        let mut ids = mark.map_or_else(SeenIds::default, ids_of_mark);
        let record = checkout.record.as_deref().unwrap_or_default();
        if let Ok(rows) = read_rows(record, source.gateway) {
            ids.orders = rows.order.order.terms().id.get();
            ids.invoices = rows.bill.invoice.terms().id.get();
            let taxes = rows.bill.taxes.iter().map(|tax| tax.terms().id.get());
            ids.tax_records = taxes.fold(0, i64::max);
        }
        ids
    }
}

fn ids_of_mark(mark: &Mark) -> SeenIds {
    SeenIds {
        payments: mark.payment.map_or(0, |id| id.get()),
        attempts: mark.attempt.map_or(0, |id| id.get()),
        refunds: mark.refund.map_or(0, |id| id.get()),
        ..SeenIds::default()
    }
}

fn all(ids: &SeenIds) -> [i64; 6] {
    let SeenIds {
        orders,
        payments,
        invoices,
        tax_records,
        attempts,
        refunds,
    } = *ids;
    [orders, payments, invoices, tax_records, attempts, refunds]
}

fn higher(one: SeenIds, other: SeenIds) -> SeenIds {
    SeenIds {
        orders: one.orders.max(other.orders),
        payments: one.payments.max(other.payments),
        invoices: one.invoices.max(other.invoices),
        tax_records: one.tax_records.max(other.tax_records),
        attempts: one.attempts.max(other.attempts),
        refunds: one.refunds.max(other.refunds),
    }
}

fn forged(source: &Source, named: &str) -> String {
    let gateway = source.gateway;
    format!(
        "{gateway}: the mark of {named} names ids that were never given out: somebody wrote into it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried where these are known, and these are found.
    fn tried(known: &[i64], begin: i64, gap: i64, found: &[i64]) -> Vec<i64> {
        let id = |id: &i64| AttemptId::new(*id).unwrap();
        let mut holes = Holes::new(known.iter().map(id).collect(), begin, gap);
        let mut tried = Vec::new();
        while let Some(next) = holes.next_to_try() {
            tried.push(next.get());
            if found.contains(&next.get()) {
                holes.note(next);
            }
        }
        tried
    }

    #[test]
    fn what_is_not_known_is_tried_until_nothing_was_known_for_long() {
        assert_eq!(tried(&[], 1, 3, &[]), [1, 2, 3]);
        assert_eq!(tried(&[10, 12], 8, 3, &[]), [8, 9, 11, 13, 14, 15]);
        assert_eq!(tried(&[10], 10, 2, &[12, 14]), [11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn all_between_two_that_are_known_are_tried() {
        let all: Vec<_> = (11..1000).chain(1001..=1003).collect();
        assert_eq!(tried(&[10, 1000], 10, 3, &[]), all);
    }

    #[test]
    fn what_was_passed_over_is_not_tried_but_for_its_ends() {
        let (low, high) = (10, 100_010);
        let expected: Vec<_> = (11..=13)
            .chain(100_007..=100_009)
            .chain(100_011..=100_013)
            .collect();
        assert_eq!(tried(&[low, high], 10, 3, &[]), expected);
        let found = tried(&[low, high], 10, 3, &[12, 14]);
        assert!(found.starts_with(&[11, 12, 13, 14, 15, 16, 17, 100_007]));
        let before_all = tried(&[high], 1, 2, &[]);
        assert_eq!(before_all, [1, 2, 100_008, 100_009, 100_011, 100_012]);
    }

    #[test]
    fn where_there_are_no_more_ids_none_is_tried() {
        assert!(tried(&[i64::MAX - 1], i64::MAX - 1, 5, &[]).is_empty());
    }
}
