//! Everything that is stored about one order, in one place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::Amount;
use crate::ledger::{
    AlertRow, AttemptRow, CallRow, CaptureRow, CreditEntryRow, CreditNoteRow, DecisionRow,
    EventRow, ExternalRefundRow, FactRow, InvoiceRow, KeyRow, Ledger, OrderRow, PaymentRow,
    PrimaryRow, RefundEventRow, RefundRow, TaxRow,
};

/// The states of a payment that has the only place of its order.
pub(crate) const LIVE_PAYMENT: [&str; 5] = [
    "pending",
    "processing",
    "under_review",
    "completed",
    "partially_refunded",
];
/// The states of a checkout that somebody might still pay through.
pub(crate) const LIVE_ATTEMPT: [&str; 4] = ["creating", "open", "unknown", "closing"];
/// The states of a refund that is not at its end.
pub(crate) const OPEN_REFUND: [&str; 4] = ["requested", "sent", "unknown", "manual"];

/// An order with all that belongs to it.
pub(crate) struct OrderFile<'a> {
    pub order: &'a OrderRow,
    pub payments: Vec<PaymentFile<'a>>,
    pub attempts: Vec<&'a AttemptRow>,
    pub calls: Vec<&'a CallRow>,
    pub facts: Vec<ReadFact<'a>>,
    pub captures: Vec<&'a CaptureRow>,
    pub primaries: Vec<&'a PrimaryRow>,
    pub refunds: Vec<&'a RefundRow>,
    pub decisions: Vec<&'a DecisionRow>,
    pub external: Vec<&'a ExternalRefundRow>,
    pub entries: Vec<&'a CreditEntryRow>,
    pub alerts: Vec<&'a AlertRow>,
    /// By refund.
    pub refund_events: BTreeMap<i64, Vec<&'a RefundEventRow>>,
    pub proofs: Proofs,
}

/// A payment with its papers.
pub(crate) struct PaymentFile<'a> {
    pub row: &'a PaymentRow,
    pub events: Vec<&'a EventRow>,
    pub invoices: Vec<&'a InvoiceRow>,
    pub taxes: Vec<&'a TaxRow>,
    pub keys: Vec<&'a KeyRow>,
    pub notes: Vec<&'a CreditNoteRow>,
}

/// A proof, with what its text says; nothing where the text is not understood.
pub(crate) struct ReadFact<'a> {
    pub row: &'a FactRow,
    pub says: Option<Says>,
}

/// What the text of a proof says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Says {
    pub attempt: i64,
    pub source: Source,
    pub kind: String,
    pub capture: Option<String>,
    pub refund: Option<String>,
    pub dispute: Option<String>,
    pub amount: Option<Sum>,
    pub held: Option<Sum>,
    pub step: Option<Value>,
    pub ours: Option<i64>,
    pub lost: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Source {
    pub gateway: String,
    pub account: String,
    pub mode: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sum {
    amount: String,
    currency: String,
}

impl Sum {
    fn read(&self) -> Option<Amount> {
        Amount::parse(&self.amount, &self.currency)
    }
}

/// What the proofs of an order come to, added up by the auditor itself.
#[derive(Debug, Default)]
pub(crate) struct Proofs {
    pub captures: BTreeMap<String, Proved>,
    pub refunds: BTreeMap<String, ProvedRefund>,
    pub disputes: BTreeMap<String, ProvedDispute>,
}

/// Money, as it is proved.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proved {
    pub gateway: String,
    pub attempt: i64,
    /// What came in. Where two amounts were told, the larger one.
    pub amount: Option<Amount>,
    pub told_twice: bool,
    pub challenged: bool,
    pub reversed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct ProvedRefund {
    pub capture: String,
    pub amount: Amount,
    /// 0 on its way, 1 done, 2 failed.
    pub step: u8,
    pub ours: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct ProvedDispute {
    pub capture: String,
    pub held: Amount,
    pub step: u64,
    /// Whether the bank has decided against us.
    pub lost: bool,
}

/// The sums of some money, in the smallest unit of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub captured: i64,
    pub refunded: i64,
    pub reserved: i64,
    pub disputed: i64,
}

impl Sums {
    pub fn loss(self) -> i64 {
        let out = self
            .refunded
            .saturating_add(self.reserved)
            .saturating_add(self.disputed);
        out.saturating_sub(self.captured).max(0)
    }
}

impl Proofs {
    fn of(facts: &[ReadFact<'_>]) -> Self {
        let mut proofs = Self::default();
        for says in facts.iter().filter_map(|fact| fact.says.as_ref()) {
            proofs.add(says);
        }
        proofs
    }

    fn add(&mut self, says: &Says) {
        let amount = || says.amount.as_ref().and_then(Sum::read);
        match says.kind.as_str() {
            "captured" | "challenged" | "reversed" => {
                let Some(capture) = &says.capture else { return };
                let known = self.captures.entry(capture.clone()).or_insert(Proved {
                    gateway: says.source.gateway.clone(),
                    attempt: says.attempt,
                    ..Proved::default()
                });
                match says.kind.as_str() {
                    "captured" => {
                        let told = amount();
                        known.told_twice |= known.amount.is_some() && known.amount != told;
                        let key = |it: &Amount| (it.currency.clone(), it.minor);
                        known.amount = known.amount.take().into_iter().chain(told).max_by_key(key);
                    }
                    "challenged" => known.challenged = true,
                    _ => known.reversed = true,
                }
            }
            "refunded" => {
                let (Some(capture), Some(refund), Some(amount)) =
                    (&says.capture, &says.refund, amount())
                else {
                    return;
                };
                let step = match says.step.as_ref().and_then(Value::as_str) {
                    Some("pending") => 0,
                    Some("succeeded") => 1,
                    _ => 2,
                };
                let news = ProvedRefund {
                    capture: capture.clone(),
                    amount,
                    step,
                    ours: says.ours,
                };
                let known = self.refunds.entry(refund.clone()).or_insert(news.clone());
                let ours = known.ours.or(says.ours);
                if (news.step, news.amount.minor) > (known.step, known.amount.minor) {
                    *known = news;
                }
                known.ours = ours;
            }
            "disputed" => {
                let held = says.held.as_ref().and_then(Sum::read);
                let step = says.step.as_ref().and_then(Value::as_u64);
                let (Some(capture), Some(dispute), Some(held), Some(step)) =
                    (&says.capture, &says.dispute, held, step)
                else {
                    return;
                };
                let news = ProvedDispute {
                    capture: capture.clone(),
                    held,
                    step,
                    lost: says.lost == Some(true),
                };
                let known = self.disputes.entry(dispute.clone()).or_insert(news.clone());
                let rank = |it: &ProvedDispute| (it.step, it.held.minor, it.lost);
                if rank(&news) > rank(known) {
                    *known = news;
                }
            }
            _ => {}
        }
    }

    /// Whether a refund that a gateway knows carries this mark of ours.
    pub fn marked(&self, refund: i64) -> impl Iterator<Item = &ProvedRefund> {
        let refunds = self.refunds.values();
        refunds.filter(move |proved| proved.ours == Some(refund))
    }
}

impl<'a> OrderFile<'a> {
    /// What the sums of some money must be, by its proofs and our refunds. Nothing while it is not known how much it is.
    pub fn sums(&self, capture: &str) -> Option<(Sums, String)> {
        let proved = self.proofs.captures.get(capture)?;
        let came = proved.amount.as_ref()?;
        let mut sums = Sums {
            captured: if proved.reversed { 0 } else { came.minor },
            refunded: 0,
            reserved: 0,
            disputed: 0,
        };
        let same = |currency: &str| currency == came.currency;
        for refund in self.proofs.refunds.values() {
            if refund.capture == capture && same(&refund.amount.currency) {
                match refund.step {
                    0 => sums.reserved = sums.reserved.saturating_add(refund.amount.minor),
                    1 => sums.refunded = sums.refunded.saturating_add(refund.amount.minor),
                    _ => {}
                }
            }
        }
        for refund in &self.refunds {
            if refund.capture != capture || !same(&refund.currency) {
                continue;
            }
            let counts_by_itself = self.proofs.marked(refund.id).next().is_none();
            match refund.status.as_str() {
                "requested" | "unknown" | "manual" => {
                    sums.reserved = sums.reserved.saturating_add(refund.amount_minor);
                }
                "sent" if counts_by_itself => {
                    sums.reserved = sums.reserved.saturating_add(refund.amount_minor);
                }
                "succeeded" if by_hand(refund) => {
                    sums.refunded = sums.refunded.saturating_add(refund.amount_minor);
                }
                _ => {}
            }
        }
        for dispute in self.proofs.disputes.values() {
            if dispute.capture == capture && same(&dispute.held.currency) {
                sums.disputed = sums.disputed.saturating_add(dispute.held.minor);
            }
        }
        Some((sums, came.currency.clone()))
    }

    /// The capture that holds the order's only slot.
    pub fn primary(&self) -> Option<&'a PrimaryRow> {
        let mut open = self
            .primaries
            .iter()
            .filter(|row| row.released_at.is_none());
        open.next().copied()
    }

    /// The primary capture, while its money is with us or was given back by us.
    pub fn paying(&self) -> Option<(&'a PrimaryRow, &Proved)> {
        let primary = self.primary()?;
        let proved = self.proofs.captures.get(&primary.capture)?;
        (!proved.reversed && proved.amount.is_some()).then_some((primary, proved))
    }

    pub fn payment(&self, id: i64) -> Option<&PaymentFile<'a>> {
        self.payments.iter().find(|payment| payment.row.id == id)
    }

    pub fn number(&self) -> &'a str {
        &self.order.order_number
    }
}

/// Whether an operator stated the transfer of a refund.
pub(crate) fn by_hand(refund: &RefundRow) -> bool {
    let state: Option<Value> = serde_json::from_str(&refund.state).ok();
    state.is_some_and(|state| state.get("transfer").is_some_and(|it| !it.is_null()))
}

/// Puts the rows of each order together. Rows of no order are left out: see `checks::strays`.
pub(crate) fn files(ledger: &Ledger) -> Vec<OrderFile<'_>> {
    let mut events = by(&ledger.events, |row| row.payment_id);
    let mut invoices = by(&ledger.invoices, |row| row.payment_id);
    let mut taxes = by(&ledger.taxes, |row| row.payment_id);
    let mut keys = by(&ledger.keys, |row| row.payment_id);
    let mut payments = by(&ledger.payments, |row| row.order_id);
    let mut attempts = by(&ledger.attempts, |row| row.order_id);
    let mut calls = by(&ledger.calls, |row| row.order_id);
    let mut facts = by(&ledger.facts, |row| row.order_id);
    let mut captures = by(&ledger.captures, |row| row.order_id);
    let mut primaries = by(&ledger.primaries, |row| row.order_id);
    let mut refunds = by(&ledger.refunds, |row| row.order_id);
    let mut decisions = by(&ledger.decisions, |row| row.order_id);
    let returns = ledger.returns.as_ref();
    let mut notes = by(returns.map_or(&[][..], |it| it.notes.as_slice()), |row| {
        row.payment_id
    });
    let mut external = by(
        returns.map_or(&[][..], |it| it.external.as_slice()),
        |row| row.order_id,
    );
    let mut alerts = by(returns.map_or(&[][..], |it| it.alerts.as_slice()), |row| {
        row.order_id
    });
    let mut refund_events = by(
        returns.map_or(&[][..], |it| it.refund_events.as_slice()),
        |row| row.refund_id,
    );
    let mut entries: BTreeMap<i64, Vec<&CreditEntryRow>> = BTreeMap::new();
    for entry in returns.map_or(&[][..], |it| it.entries.as_slice()) {
        if let Some(order) = entry.order_id {
            entries.entry(order).or_default().push(entry);
        }
    }
    ledger
        .orders
        .iter()
        .map(|order| {
            let id = order.id;
            let mut own: Vec<_> = payments.remove(&id).unwrap_or_default();
            own.sort_by_key(|row| row.id);
            let payments = own.into_iter().map(|row| {
                let mut events = events.remove(&row.id).unwrap_or_default();
                events.sort_by_key(|event| event.version);
                PaymentFile {
                    row,
                    events,
                    invoices: invoices.remove(&row.id).unwrap_or_default(),
                    taxes: taxes.remove(&row.id).unwrap_or_default(),
                    keys: keys.remove(&row.id).unwrap_or_default(),
                    notes: notes.remove(&row.id).unwrap_or_default(),
                }
            });
            let payments = payments.collect();
            let facts: Vec<_> = facts.remove(&id).unwrap_or_default();
            let facts = facts.into_iter().map(|row| ReadFact {
                row,
                says: serde_json::from_str(&row.fact).ok(),
            });
            let facts: Vec<_> = facts.collect();
            let mut calls = calls.remove(&id).unwrap_or_default();
            calls.sort_by_key(|call| call.position);
            let refunds = refunds.remove(&id).unwrap_or_default();
            let own = refunds.iter().filter_map(|refund| {
                let mut events = refund_events.remove(&refund.id)?;
                events.sort_by_key(|event| event.version);
                Some((refund.id, events))
            });
            let refund_events = own.collect();
            OrderFile {
                order,
                payments,
                attempts: attempts.remove(&id).unwrap_or_default(),
                calls,
                proofs: Proofs::of(&facts),
                facts,
                captures: captures.remove(&id).unwrap_or_default(),
                primaries: primaries.remove(&id).unwrap_or_default(),
                refunds,
                decisions: decisions.remove(&id).unwrap_or_default(),
                external: external.remove(&id).unwrap_or_default(),
                entries: entries.remove(&id).unwrap_or_default(),
                alerts: alerts.remove(&id).unwrap_or_default(),
                refund_events,
            }
        })
        .collect()
}

fn by<T>(rows: &[T], key: impl Fn(&T) -> i64) -> BTreeMap<i64, Vec<&T>> {
    let mut grouped: BTreeMap<i64, Vec<&T>> = BTreeMap::new();
    for row in rows {
        grouped.entry(key(row)).or_default().push(row);
    }
    grouped
}
