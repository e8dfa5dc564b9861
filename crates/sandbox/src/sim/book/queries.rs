//! What can be told from the book alone.

use std::collections::{BTreeMap, BTreeSet};

use super::captures::{Capture, Captures};
use super::{Attempt, Book, Closed, Happening, Record, Request};
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

    /// Every capture, with what became of it, in the order they were made.
    #[must_use]
    pub fn all_captures(&self) -> Vec<Capture> {
        let mut all = Captures::default();
        for (_, what) in self.happenings() {
            all.see(what);
        }
        all.finish()
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

    /// What the book says about every order, in one reading.
    #[must_use]
    pub fn by_order(&self) -> BTreeMap<String, OrderSummary> {
        let mut orders: BTreeMap<String, OrderSummary> = BTreeMap::new();
        let mut open: BTreeMap<&str, &str> = BTreeMap::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, what) in self.happenings() {
            match what {
                Happening::SessionOpened { session, order, .. } => {
                    let summary = orders.entry(order.clone()).or_default();
                    summary.sessions += 1;
                    if open.insert(session, order).is_none() {
                        let count = counts.entry(order).or_default();
                        *count += 1;
                        summary.most_open_at_once = summary.most_open_at_once.max(*count);
                    }
                }
                Happening::SessionClosed { session, .. } => {
                    let count = open
                        .remove(session.as_str())
                        .and_then(|order| counts.get_mut(order));
                    if let Some(count) = count {
                        *count -= 1;
                    }
                }
                Happening::RequestReceived(Request {
                    order: Some(order),
                    key: Some(key),
                    operation,
                    ..
                }) => {
                    let summary = orders.entry(order.clone()).or_default();
                    let keys = summary.keys.entry(operation.clone()).or_default();
                    keys.insert(key.clone());
                }
                _ => {}
            }
        }
        for capture in self.all_captures() {
            let summary = orders.entry(capture.order.clone()).or_default();
            summary.captures.push(capture);
        }
        orders
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

/// What the book says about an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderSummary {
    /// How many sessions there were.
    pub sessions: usize,
    /// How many of them could be paid at the same time, at most.
    pub most_open_at_once: usize,
    /// The money that was taken.
    pub captures: Vec<Capture>,
    /// By operation: the different idempotency keys.
    pub keys: BTreeMap<String, BTreeSet<String>>,
}

impl OrderSummary {
    /// The captures of which something is left.
    pub fn kept(&self) -> impl Iterator<Item = &Capture> {
        self.captures.iter().filter(|capture| capture.kept() > 0)
    }
}
