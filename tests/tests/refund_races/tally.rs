//! How much met how much. A race without rivals proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use bayar_sandbox::sim::book::{By, Happening};
use bayar_tests::program::note;

use crate::desk::{Told, Wish};
use crate::race::Race;
use crate::rest::by_order;

impl Race {
    /// Says what went wrong on purpose, and fails when it was too little.
    pub async fn leave(self, wishes: &[Wish]) {
        let many = self.orders.len();
        let book = self.stage.book();
        let mut faults: BTreeMap<String, usize> = BTreeMap::new();
        for (_, fault) in book.faults() {
            *faults.entry(fault.to_owned()).or_default() += 1;
        }
        let twice = by_order(&book);
        let twice = twice.values().filter(|captures| captures.len() > 1).count();
        let mut at_dashboards = BTreeSet::new();
        let mut by_request = BTreeSet::new();
        for (_, happening) in book.happenings() {
            if let Happening::Refund { refund, by, .. } = happening {
                match by {
                    By::Dashboard => at_dashboards.insert(refund.clone()),
                    By::Api => by_request.insert(refund.clone()),
                };
            }
        }
        let mut answers: BTreeMap<Told, usize> = BTreeMap::new();
        for told in wishes.iter().flat_map(|wish| &wish.answers) {
            *answers.entry(*told).or_default() += 1;
        }
        let surplus =
            "SELECT id AS n FROM refunds WHERE origin = 'surplus' AND status = 'succeeded'";
        let surplus = self.numbers(surplus).await.len();
        let took = self.begun.elapsed();
        note(format_args!(
            "{many} orders in {took:.1?}: {faults:?}, {twice} paid twice, {surplus} went back by themselves, \
             {} refunds by request, {} at dashboards, {} wishes: {answers:?}",
            by_request.len(),
            at_dashboards.len(),
            wishes.len(),
        ));

        let least = |what: &str, count: usize, least: usize| {
            assert!(count >= least, "{what}: only {count}, not {least}");
        };
        let struck = |fault: &str| faults.get(fault).copied().unwrap_or_default();
        least("time-outs before", struck("timeout_before"), many / 8);
        least("time-outs after", struck("timeout_after"), many / 8);
        least("paid twice", twice, many / 12);
        least("went back by themselves", surplus, many / 12);
        least("refunds by request", by_request.len(), many / 3);
        least("at dashboards", at_dashboards.len(), many / 10);
        for told in [Told::Done, Told::Again, Told::Exceeds] {
            let count = answers.get(&told).copied().unwrap_or_default();
            least(&format!("{told:?}"), count, many / 20);
        }
        if self.second.is_some() {
            least(
                "told later",
                answers.get(&Told::OnItsWay).copied().unwrap_or_default(),
                1,
            );
        }
    }
}
