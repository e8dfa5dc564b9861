//! What can be told from the book alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempt, Book, Closed, DisputeStep, Happening, Record, RefundStep, Request};
use crate::sim::clock::Millis;
use crate::sim::gateway::Gateway;

/// How long a session could be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where.
    pub gateway: Gateway,
    /// The session's id, or the token of the Snap page.
    pub session: String,
    /// The order it is for.
    pub order: String,
    /// What it would take.
    pub amount: i64,
    /// In which currency.
    pub currency: String,
    /// Since when, in simulated milliseconds.
    pub from: Millis,
    /// Until when, and why. `None` while it is open.
    pub until: Option<(Millis, Closed)>,
}

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

impl Book {
    /// Every order anything happened for.
    #[must_use]
    pub fn orders(&self) -> BTreeSet<String> {
        let order = |happening: &Happening| match happening {
            Happening::SessionOpened { order, .. }
            | Happening::Captured { order, .. }
            | Happening::Reversed { order, .. } => Some(order.clone()),
            _ => None,
        };
        self.happenings()
            .filter_map(|(_, what)| order(what))
            .collect()
    }

    /// The sessions of an order, the earliest first.
    #[must_use]
    pub fn sessions(&self, of: &str) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (record, what) in self.happenings() {
            match what {
                Happening::SessionOpened {
                    gateway,
                    session,
                    order,
                    amount,
                    currency,
                } if order == of => spans.push(Span {
                    gateway: *gateway,
                    session: session.clone(),
                    order: order.clone(),
                    amount: *amount,
                    currency: currency.clone(),
                    from: record.at,
                    until: None,
                }),
                Happening::SessionClosed { session, why, .. } => {
                    let open = |span: &&mut Span| span.session == *session && span.until.is_none();
                    if let Some(span) = spans.iter_mut().find(open) {
                        span.until = Some((record.at, *why));
                    }
                }
                _ => {}
            }
        }
        spans
    }

    /// The sessions of an order that could be paid at a simulated time.
    #[must_use]
    pub fn open_at(&self, order: &str, time: Millis) -> Vec<Span> {
        let open =
            |span: &Span| span.from <= time && span.until.is_none_or(|(until, _)| time < until);
        let mut spans = self.sessions(order);
        spans.retain(open);
        spans
    }

    /// The largest number of sessions of an order that could be paid at the same time,
    /// counted line by line, so that times which are equal hide nothing.
    #[must_use]
    pub fn most_open_at_once(&self, of: &str) -> usize {
        let mut open = BTreeSet::new();
        let mut most = 0;
        for (_, what) in self.happenings() {
            match what {
                Happening::SessionOpened { session, order, .. } if order == of => {
                    open.insert(session.as_str());
                    most = most.max(open.len());
                }
                Happening::SessionClosed { session, .. } => {
                    open.remove(session.as_str());
                }
                _ => {}
            }
        }
        most
    }

    /// Every capture, with what became of it.
    #[must_use]
    pub fn all_captures(&self) -> Vec<Capture> {
        let mut captures: Vec<Capture> = Vec::new();
        let mut refunds: BTreeMap<(&str, &str), (i64, bool)> = BTreeMap::new();
        let mut disputes: BTreeMap<(&str, &str), (i64, bool)> = BTreeMap::new();
        for (_, what) in self.happenings() {
            match what {
                Happening::Captured {
                    gateway,
                    capture,
                    session,
                    order,
                    amount,
                    currency,
                } => match captures.iter_mut().find(|known| known.id == *capture) {
                    // The same money settled again after a reversal.
                    Some(known) => {
                        known.amount += amount;
                    }
                    None => captures.push(Capture {
                        gateway: *gateway,
                        id: capture.clone(),
                        session: session.clone(),
                        order: order.clone(),
                        currency: currency.clone(),
                        amount: *amount,
                        refunded: 0,
                        reversed: 0,
                        disputed: 0,
                    }),
                },
                Happening::Reversed {
                    capture, amount, ..
                } => {
                    if let Some(known) = captures.iter_mut().find(|known| known.id == *capture) {
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
                    refunds.insert((capture, refund), (*amount, moves_money(*status)));
                }
                Happening::Dispute {
                    dispute,
                    capture,
                    amount,
                    step,
                    ..
                } => {
                    let gone = matches!(step, DisputeStep::Opened | DisputeStep::Lost);
                    disputes.insert((capture, dispute), (*amount, gone));
                }
                _ => {}
            }
        }
        let sum = |all: &BTreeMap<(&str, &str), (i64, bool)>, id: &str| -> i64 {
            let of = all
                .iter()
                .filter(|((capture, _), (_, counts))| *capture == id && *counts);
            of.map(|(_, (amount, _))| amount).sum()
        };
        for capture in &mut captures {
            capture.refunded = sum(&refunds, &capture.id);
            capture.disputed = sum(&disputes, &capture.id);
        }
        captures
    }

    /// The captures of an order.
    #[must_use]
    pub fn captures(&self, order: &str) -> Vec<Capture> {
        let mut captures = self.all_captures();
        captures.retain(|capture| capture.order == order);
        captures
    }

    /// The captures of an order of which something is left.
    #[must_use]
    pub fn kept_captures(&self, order: &str) -> Vec<Capture> {
        let mut captures = self.captures(order);
        captures.retain(|capture| capture.kept() > 0);
        captures
    }

    /// The different idempotency keys an order was asked about with, for an operation such as `refund.create`.
    #[must_use]
    pub fn keys(&self, order: &str, operation: &str) -> BTreeSet<String> {
        let requests = self.requests().filter(|(_, request)| {
            request.operation == operation && request.order.as_deref() == Some(order)
        });
        requests
            .filter_map(|(_, request)| request.key.clone())
            .collect()
    }

    /// Every request.
    pub fn requests(&self) -> impl Iterator<Item = (&Record, &Request)> {
        self.happenings().filter_map(|(record, what)| match what {
            Happening::RequestReceived(request) => Some((record, request)),
            _ => None,
        })
    }

    /// Every try to deliver a webhook.
    pub fn webhook_attempts(&self) -> impl Iterator<Item = (&Record, &Attempt)> {
        self.happenings().filter_map(|(record, what)| match what {
            Happening::WebhookAttempt(attempt) => Some((record, attempt)),
            _ => None,
        })
    }

    /// The faults that were played: operation and kind.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &str)> {
        self.happenings().filter_map(|(_, what)| match what {
            Happening::FaultInjected {
                operation, fault, ..
            } => Some((operation.as_str(), fault.as_str())),
            _ => None,
        })
    }
}

fn moves_money(status: RefundStep) -> bool {
    match status {
        RefundStep::Pending | RefundStep::Succeeded | RefundStep::Confirmed => true,
        RefundStep::Failed | RefundStep::Canceled | RefundStep::Refused => false,
    }
}
