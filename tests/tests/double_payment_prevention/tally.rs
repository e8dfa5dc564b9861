//! How often what was answered.

use std::collections::BTreeMap;
use std::fmt;

use crate::racers::Deed;
use crate::told::Told;

#[derive(Debug, Default)]
pub struct Tally {
    rounds: u32,
    answers: BTreeMap<&'static str, u32>,
    opened_by: BTreeMap<usize, u32>,
    /// In rounds where payments end and prices change.
    mixed_rounds: usize,
    mixed_payments: usize,
    repriced_payments: usize,
}

impl Tally {
    pub fn count_round(&mut self) {
        self.rounds += 1;
    }

    pub fn count(&mut self, server: usize, deed: &Deed) {
        let name = match deed {
            Deed::Asked { told, .. } => {
                if matches!(told, Told::New { .. }) {
                    *self.opened_by.entry(server).or_default() += 1;
                }
                told.name()
            }
            Deed::Cancelled(true) => "payment cancelled",
            Deed::Cancelled(false) => "payment not cancelled",
            Deed::Priced(true) => "price changed",
            Deed::Priced(false) => "price not changed",
            Deed::CalledOff(true) => "order cancelled",
            Deed::CalledOff(false) => "order not cancelled",
        };
        *self.answers.entry(name).or_default() += 1;
    }

    pub fn count_payments(&mut self, payments: usize, repriced: usize) {
        self.mixed_rounds += 1;
        self.mixed_payments += payments;
        self.repriced_payments += repriced;
    }

    /// Otherwise the rounds with payments that end and prices that change were rounds without.
    pub fn orders_were_paid_anew_and_at_new_prices(&self) {
        assert!(self.mixed_payments > self.mixed_rounds, "{self}");
        assert!(self.repriced_payments > 0, "{self}");
    }

    /// Otherwise it was no race between them.
    pub fn every_server_has_opened_payments(&self, servers: usize) {
        assert_eq!(self.opened_by.len(), servers, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rounds,
            answers,
            opened_by,
            mixed_rounds,
            mixed_payments,
            repriced_payments,
        } = self;
        write!(
            f,
            "{rounds} rounds, {answers:?}, opened by {opened_by:?}, \
             {mixed_payments} payments in {mixed_rounds} mixed rounds, {repriced_payments} of them at new prices"
        )
    }
}
