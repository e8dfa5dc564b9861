//! Captures, and what became of them.

use std::collections::BTreeMap;

use super::{DisputeStep, Happening, RefundStep};
use crate::sim::gateway::Gateway;

/// Money that was taken, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Where.
    pub gateway: Gateway,
    /// The PaymentIntent, or the transaction.
    pub id: String,
    /// The session or token it was paid through.
    pub session: Option<String>,
    /// The order it is for.
    pub order: String,
    /// In which currency.
    pub currency: String,
    /// How much was taken, in the gateway's own unit.
    pub amount: i64,
    /// How much of it went back, or is on its way.
    pub refunded: i64,
    /// How much of it turned out not to be there.
    pub reversed: i64,
    /// How much a dispute took away.
    pub disputed: i64,
}

impl Capture {
    /// What is left of it: captured, less refunded, less reversed. A dispute is not a refund.
    #[must_use]
    pub fn kept(&self) -> i64 {
        self.amount - self.refunded - self.reversed
    }
}

/// Adds up what happened to captures.
#[derive(Default)]
pub(super) struct Captures<'a> {
    in_order: Vec<Capture>,
    places: BTreeMap<&'a str, usize>,
    /// By capture and refund: the amount, and whether it counts.
    refunds: BTreeMap<(&'a str, &'a str), (i64, bool)>,
    disputes: BTreeMap<(&'a str, &'a str), (i64, bool)>,
}

impl<'a> Captures<'a> {
    fn known(&mut self, id: &str) -> Option<&mut Capture> {
        let place = self.places.get(id)?;
        self.in_order.get_mut(*place)
    }

    pub(super) fn see(&mut self, what: &'a Happening) {
        match what {
            Happening::Captured {
                gateway,
                capture,
                session,
                order,
                amount,
                currency,
            } => {
                // The same money can settle again after a reversal.
                if let Some(known) = self.known(capture) {
                    known.amount += amount;
                    return;
                }
                self.places.insert(capture, self.in_order.len());
                self.in_order.push(Capture {
                    gateway: *gateway,
                    id: capture.clone(),
                    session: session.clone(),
                    order: order.clone(),
                    currency: currency.clone(),
                    amount: *amount,
                    refunded: 0,
                    reversed: 0,
                    disputed: 0,
                });
            }
            Happening::Reversed {
                capture, amount, ..
            } => {
                if let Some(known) = self.known(capture) {
                    known.reversed += amount;
                }
            }
            Happening::Refund {
                refund,
                capture,
                amount,
                status,
                ..
            } => {
                let counts = moves_money(*status);
                self.refunds.insert((capture, refund), (*amount, counts));
            }
            Happening::Dispute {
                dispute,
                capture,
                amount,
                step,
                ..
            } => {
                let counts = matches!(step, DisputeStep::Opened | DisputeStep::Lost);
                self.disputes.insert((capture, dispute), (*amount, counts));
            }
            _ => {}
        }
    }

    pub(super) fn finish(mut self) -> Vec<Capture> {
        for ((capture, _), (amount, counts)) in std::mem::take(&mut self.refunds) {
            if let (true, Some(known)) = (counts, self.known(capture)) {
                known.refunded += amount;
            }
        }
        for ((capture, _), (amount, counts)) in std::mem::take(&mut self.disputes) {
            if let (true, Some(known)) = (counts, self.known(capture)) {
                known.disputed += amount;
            }
        }
        self.in_order
    }
}

fn moves_money(status: RefundStep) -> bool {
    match status {
        RefundStep::Pending | RefundStep::Succeeded | RefundStep::Confirmed => true,
        RefundStep::Failed | RefundStep::Canceled | RefundStep::Refused => false,
    }
}
