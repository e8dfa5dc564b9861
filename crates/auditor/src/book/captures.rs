//! What came in and went out at the gateways, added up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{DisputeStep, Entry, Happened, RefundStep};
use crate::Amount;

/// Money that was taken, and what became of it. Sums are in the smallest unit of the currency.
#[derive(Debug, Clone)]
pub(crate) struct BookCapture {
    pub gateway: String,
    pub id: String,
    pub order: String,
    pub amount: Amount,
    pub reversed: i64,
    /// By the gateway's name: the amount, where it stands, and whether we asked.
    pub refunds: BTreeMap<String, BookRefund>,
    /// By the gateway's name: the amount, and where it stands.
    pub disputes: BTreeMap<String, (i64, DisputeStep)>,
    /// When it came in.
    pub at: DateTime<Utc>,
    /// When the last thing happened to it.
    pub touched: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct BookRefund {
    pub amount: i64,
    pub step: RefundStep,
    pub by_us: bool,
    pub at: DateTime<Utc>,
}

impl BookCapture {
    fn refunds_at(&self, step: RefundStep) -> i64 {
        let at = self.refunds.values().filter(|refund| refund.step == step);
        at.map(|refund| refund.amount).fold(0, i64::saturating_add)
    }

    /// What went back for good.
    pub fn returned(&self) -> i64 {
        self.refunds_at(RefundStep::Done)
    }

    /// What is on its way back.
    pub fn returning(&self) -> i64 {
        self.refunds_at(RefundStep::Pending)
    }

    /// What a dispute took for good.
    pub fn lost(&self) -> i64 {
        let lost = self.disputes.values();
        lost.filter(|(_, step)| *step == DisputeStep::Lost)
            .fold(0, |sum, (amount, _)| sum.saturating_add(*amount))
    }

    /// What is left of it with us.
    pub fn kept(&self) -> i64 {
        self.amount
            .minor
            .saturating_sub(self.returned())
            .saturating_sub(self.returning())
            .saturating_sub(self.reversed)
            .saturating_sub(self.lost())
    }
}

/// The gateway, and what it calls the money.
type Name = (String, String);

/// Every capture, and what could not be added up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captures {
    pub all: BTreeMap<Name, BookCapture>,
    /// The order, and what is wrong.
    pub odd: Vec<(String, String)>,
    by_id: BTreeMap<String, Name>,
    by_order: BTreeMap<String, Vec<Name>>,
    by_refund: BTreeMap<String, BTreeSet<Name>>,
}

impl Captures {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut captures = Self::default();
        for entry in entries {
            captures.see(entry);
        }
        captures
    }

    /// What was taken for an order.
    pub fn of_order(&self, order: &str) -> impl Iterator<Item = &BookCapture> {
        let names = self.by_order.get(order).into_iter().flatten();
        names.filter_map(|name| self.all.get(name))
    }

    /// The money that a refund of that name is of.
    pub fn of_refund(&self, refund: &str) -> impl Iterator<Item = &BookCapture> {
        let names = self.by_refund.get(refund).into_iter().flatten();
        names.filter_map(|name| self.all.get(name))
    }

    fn find(&mut self, id: &str) -> Option<&mut BookCapture> {
        self.all.get_mut(self.by_id.get(id)?)
    }

    fn see(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.what {
            Happened::Captured {
                gateway,
                capture,
                order,
                units,
                currency,
            } => {
                let Some(amount) = Amount::from_units(gateway, *units, currency) else {
                    let odd = format!("{units} units of {currency} are no amount ({capture})");
                    self.odd.push((order.clone(), odd));
                    return;
                };
                let key = (gateway.clone(), capture.clone());
                if let Some(known) = self.all.get_mut(&key) {
                    // The same money can settle again after a reversal: then it is there as it was.
                    if known.reversed >= amount.minor {
                        known.reversed = known.reversed.saturating_sub(amount.minor);
                    } else {
                        known.amount.minor = known.amount.minor.saturating_add(amount.minor);
                    }
                    known.touched = at;
                    return;
                }
                let new = BookCapture {
                    gateway: gateway.clone(),
                    id: capture.clone(),
                    order: order.clone(),
                    amount,
                    reversed: 0,
                    refunds: BTreeMap::new(),
                    disputes: BTreeMap::new(),
                    at,
                    touched: at,
                };
                let of_order = self.by_order.entry(order.clone()).or_default();
                of_order.push(key.clone());
                self.by_id
                    .entry(capture.clone())
                    .or_insert_with(|| key.clone());
                self.all.insert(key, new);
            }
            Happened::Reversed {
                capture,
                order,
                units,
            } => self.change(capture, order, *units, at, |known, minor| {
                known.reversed = known.reversed.saturating_add(minor);
            }),
            Happened::Refund {
                refund,
                capture,
                order,
                units,
                step,
                by_us,
            } => {
                if let Some(name) = self.by_id.get(capture) {
                    let of_refund = self.by_refund.entry(refund.clone()).or_default();
                    of_refund.insert(name.clone());
                }
                self.change(capture, order, *units, at, |known, minor| {
                    let since = known.refunds.get(refund).map_or(at, |known| known.at);
                    let news = BookRefund {
                        amount: minor,
                        step: *step,
                        by_us: *by_us,
                        at: since,
                    };
                    known.refunds.insert(refund.clone(), news);
                });
            }
            Happened::Dispute {
                dispute,
                capture,
                order,
                units,
                step,
            } => self.change(capture, order, *units, at, |known, minor| {
                known.disputes.insert(dispute.clone(), (minor, *step));
            }),
            Happened::Asked { .. }
            | Happened::Answered { .. }
            | Happened::Made { .. }
            | Happened::Opened { .. }
            | Happened::Closed { .. }
            | Happened::Told { .. } => {}
        }
    }

    fn change(
        &mut self,
        capture: &str,
        order: &str,
        units: i64,
        at: DateTime<Utc>,
        change: impl FnOnce(&mut BookCapture, i64),
    ) {
        let Some(known) = self.find(capture) else {
            let odd = format!("money of {capture} moved that never came in");
            self.odd.push((order.to_owned(), odd));
            return;
        };
        match Amount::from_units(&known.gateway, units, &known.amount.currency) {
            Some(amount) => {
                known.touched = at;
                change(known, amount.minor);
            }
            None => {
                let odd = format!("{units} units of {capture} are no amount");
                self.odd.push((order.to_owned(), odd));
            }
        }
    }
}
