//! The parts of a measurement. In each, what is compared runs in turn, every second time in the reverse order.

mod beside;
pub(super) mod checking;
pub(super) mod create;
pub(super) mod due;
pub(super) mod duplicate;
pub(super) mod intake;
pub(super) mod latency;
pub(super) mod paying;
pub(super) mod rate;
pub(super) mod startup;
pub(super) mod variant;
pub(super) mod volume;

use super::cpu::Spent;
use super::figures::{Spread, whole};
use super::load::Run;
use super::report::Table;

/// One thing that is compared, with what its repetitions gave.
#[derive(Debug)]
struct Contender {
    name: &'static str,
    /// Requests a second, one figure for each repetition.
    rates: Vec<f64>,
    /// Latency that half of the requests, and 99 of 100, did not exceed, in milliseconds.
    halves: Vec<f64>,
    tails: Vec<f64>,
    requests: f64,
    spent: Vec<Spent>,
}

impl Contender {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            rates: Vec::new(),
            halves: Vec::new(),
            tails: Vec::new(),
            requests: 0.0,
            spent: Vec::new(),
        }
    }

    fn add(&mut self, run: Run) {
        self.halves.push(run.milliseconds(0.5));
        self.tails.push(run.milliseconds(0.99));
        let (rate, requests) = (run.rate(), run.requests as f64);
        self.add_rate(rate, requests, run.spent);
    }

    fn add_rate(&mut self, rate: f64, requests: f64, spent: Spent) {
        self.rates.push(rate);
        self.requests += requests;
        self.spent.push(spent);
    }

    /// How its rates compare with those of another one.
    fn against(&self, other: &Self) -> Option<Spread> {
        Spread::of_ratios(&self.rates, &other.rates)
    }

    /// Microseconds of a processor for each request, by part.
    fn cost(&self, part: &str) -> Option<f64> {
        let mut parts = self.spent.iter().flat_map(|spent| &spent.parts);
        parts.any(|(name, _)| *name == part).then(|| {
            let all = self.spent.iter().flat_map(|spent| &spent.parts);
            let of_part = all.filter(|(name, _)| *name == part);
            let seconds: f64 = of_part.map(|(_, used)| used.as_secs_f64()).sum();
            seconds * 1e6 / self.requests
        })
    }

    /// The share of the processors that somebody else used.
    fn disturbed(&self, cores: usize) -> f64 {
        let others: f64 = self
            .spent
            .iter()
            .map(|spent| spent.others.as_secs_f64())
            .sum();
        let elapsed: f64 = self
            .spent
            .iter()
            .map(|spent| spent.elapsed.as_secs_f64())
            .sum();
        others / (elapsed * cores as f64)
    }
}

/// A table of rates and latencies, each compared with the first.
struct Comparison {
    rates: Table,
    costs: Table,
    disturbed: Vec<f64>,
    cores: usize,
}

impl Comparison {
    fn new(cores: usize) -> Self {
        Self {
            rates: Table::new([
                "",
                "clients",
                "requests a second: median (least to most)",
                "p50",
                "p99",
                "ours in relation to it",
            ]),
            costs: Table::new([
                "processor time for each request, in µs",
                "clients",
                "server",
                "Postgres",
                "Redis",
                "generator",
                "used by others",
            ]),
            disturbed: Vec::new(),
            cores,
        }
    }

    /// Adds a line for each contender. The first is ours.
    fn add(&mut self, clients: usize, contenders: &[&Contender]) {
        let Some(ours) = contenders.first() else {
            return;
        };
        for (place, contender) in contenders.iter().enumerate() {
            let Some(rates) = Spread::of(contender.rates.iter().copied()) else {
                continue;
            };
            let ratio = ours.against(contender).filter(|_| place > 0);
            self.rates.row([
                contender.name.to_owned(),
                clients.to_string(),
                format!(
                    "{} ({} to {})",
                    whole(rates.median),
                    whole(rates.least),
                    whole(rates.most)
                ),
                median(&contender.halves),
                median(&contender.tails),
                ratio.map_or_else(String::new, super::report::ratio),
            ]);
            let disturbed = contender.disturbed(self.cores);
            self.disturbed.push(disturbed);
            let cost = |part| contender.cost(part).map_or_else(String::new, whole);
            self.costs.row([
                contender.name.to_owned(),
                clients.to_string(),
                cost("server"),
                cost("Postgres"),
                cost("Redis"),
                cost("generator"),
                format!("{:.0} %", disturbed * 100.0),
            ]);
        }
    }

    fn write(&self, report: &mut super::Report) {
        report.table(&self.rates);
        report.table(&self.costs);
        for share in &self.disturbed {
            report.disturbed(*share);
        }
    }
}

fn median(milliseconds: &[f64]) -> String {
    Spread::of(milliseconds.iter().copied()).map_or_else(String::new, |spread| {
        super::report::milliseconds(spread.median)
    })
}

/// The places of `count` contenders, in the order in which they run in a repetition.
fn turn(repetition: usize, count: usize) -> Vec<usize> {
    let places = 0..count;
    if repetition.is_multiple_of(2) {
        places.collect()
    } else {
        places.rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn spent(server: u64, others: u64) -> Spent {
        Spent {
            parts: vec![("server", Duration::from_millis(server))],
            others: Duration::from_millis(others),
            elapsed: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_cost_of_a_request_is_that_of_all_repetitions() {
        let mut contender = Contender::new("x");
        contender.add_rate(100.0, 100.0, spent(10, 100));
        contender.add_rate(300.0, 300.0, spent(30, 300));
        assert_eq!(contender.cost("server"), Some(100.0));
        assert_eq!(contender.cost("Redis"), None);
        assert!((contender.disturbed(2) - 0.1).abs() < 1e-9);
    }

    #[test]
    fn every_second_repetition_runs_the_other_way_round() {
        assert_eq!(turn(0, 3), [0, 1, 2]);
        assert_eq!(turn(1, 3), [2, 1, 0]);
    }
}
