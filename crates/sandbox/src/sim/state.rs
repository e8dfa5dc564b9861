//! The state of the simulated gateways: a fold over what the book says was put.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::clock::{DAY, Millis, SECOND};
use super::midtrans::model::{Merchant, Page, PageStatus, Status, Transaction};
use super::midtrans::{self};
use super::stripe::model::{
    Charge, Dispute, Endpoint, Event, Intent, IntentStatus, KeyEntry, Refund, Session,
    SessionStatus,
};
use super::table::Table;
use super::webhooks::{Delivery, DeliveryState, Moved};

/// An object as it stands after a change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Put {
    Offset(Millis),
    Session(Box<Session>),
    Intent(Box<Intent>),
    Charge(Box<Charge>),
    Refund(Box<Refund>),
    Dispute(Box<Dispute>),
    Event(Box<Event>),
    StripeKey(Box<KeyEntry>),
    Endpoint(Box<Endpoint>),
    Page(Box<Page>),
    Transaction(Box<Transaction>),
    MidtransKey(Box<midtrans::model::KeyEntry>),
    Poor(bool),
    Delivery(Box<Delivery>),
    DeliveryMoved(Box<Moved>),
}

/// Everything of the Stripe account.
#[derive(Debug, Default)]
pub struct Account {
    pub sessions: Table<Session>,
    pub intents: Table<Intent>,
    pub charges: Table<Charge>,
    pub refunds: Table<Refund>,
    /// By charge: its refunds.
    pub refunds_of: BTreeMap<String, Vec<String>>,
    pub disputes: Table<Dispute>,
    pub events: Table<Event>,
    pub endpoints: Table<Endpoint>,
    pub keys: BTreeMap<(bool, String), KeyEntry>,
    pub in_flight: BTreeSet<(bool, String)>,
    /// The second that is counted for the rate limit, and how many came in it.
    pub rate: (i64, u32),
}

/// Something that happens by itself when its time comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    SessionExpires(String),
    HoldExpires(String),
    RefundMoves(String),
    PageExpires(String),
    TransactionExpires(String),
    TransactionSettles(String),
    RefundConfirms(String, String),
}

/// The state of both gateways.
#[derive(Debug, Default)]
pub struct State {
    pub offset: Millis,
    pub stripe: Account,
    pub midtrans: Merchant,
    pub deliveries: Table<Delivery>,
    /// Entries may be out of date: whoever takes one looks again.
    pub agenda: BTreeSet<(Millis, Due)>,
    pub outgoing: BTreeSet<(Millis, String)>,
    /// Deliveries that wait to be overtaken.
    pub held: BTreeSet<String>,
}

impl State {
    /// Takes over one change. The whole state is made of these.
    pub fn apply(&mut self, put: &Put) {
        match put {
            Put::Offset(offset) => self.offset = *offset,
            Put::Session(session) => {
                if session.status == SessionStatus::Open {
                    let due = Due::SessionExpires(session.id.clone());
                    self.agenda.insert((session.expires_at * SECOND, due));
                }
                self.stripe
                    .sessions
                    .put(&session.id, session.as_ref().clone());
            }
            Put::Intent(intent) => {
                if intent.status == IntentStatus::RequiresCapture {
                    let until = intent.created * SECOND + 7 * DAY;
                    self.agenda
                        .insert((until, Due::HoldExpires(intent.id.clone())));
                }
                self.stripe.intents.put(&intent.id, intent.as_ref().clone());
            }
            Put::Charge(charge) => self.stripe.charges.put(&charge.id, charge.as_ref().clone()),
            Put::Refund(refund) => {
                if let Some((at, _)) = refund.next {
                    self.agenda
                        .insert((at, Due::RefundMoves(refund.id.clone())));
                }
                let of = self.stripe.refunds_of.entry(refund.charge.clone());
                let of = of.or_default();
                if !of.contains(&refund.id) {
                    of.push(refund.id.clone());
                }
                self.stripe.refunds.put(&refund.id, refund.as_ref().clone());
            }
            Put::Dispute(dispute) => {
                self.stripe
                    .disputes
                    .put(&dispute.id, dispute.as_ref().clone());
            }
            Put::Event(event) => self.stripe.events.put(&event.id, event.as_ref().clone()),
            Put::StripeKey(entry) => {
                let key = (entry.livemode, entry.key.clone());
                self.stripe.keys.insert(key, entry.as_ref().clone());
            }
            Put::Endpoint(endpoint) => {
                self.stripe
                    .endpoints
                    .put(&endpoint.id, endpoint.as_ref().clone());
            }
            Put::Page(page) => self.put_page(page),
            Put::Transaction(transaction) => self.put_transaction(transaction),
            Put::MidtransKey(entry) => {
                let entry = entry.as_ref().clone();
                self.midtrans.keys.insert(entry.key.clone(), entry);
            }
            Put::Poor(poor) => self.midtrans.poor = *poor,
            Put::Delivery(delivery) => self.put_delivery(delivery.as_ref().clone()),
            Put::DeliveryMoved(moved) => {
                if let Some(mut delivery) = self.deliveries.get(&moved.id).cloned() {
                    moved.apply(&mut delivery);
                    self.put_delivery(delivery);
                }
            }
        }
    }

    fn put_delivery(&mut self, delivery: Delivery) {
        if delivery.state == DeliveryState::Waiting {
            self.outgoing.insert((delivery.due, delivery.id.clone()));
        }
        if delivery.held {
            self.held.insert(delivery.id.clone());
        } else {
            self.held.remove(&delivery.id);
        }
        let id = delivery.id.clone();
        self.deliveries.put(&id, delivery);
    }

    fn put_page(&mut self, page: &Page) {
        if page.status == PageStatus::Open {
            let due = Due::PageExpires(page.token.clone());
            self.agenda.insert((page.page_expires, due));
        }
        let tokens = &mut self.midtrans.tokens;
        tokens.insert(page.order_id.clone(), page.token.clone());
        self.midtrans.pages.insert(page.token.clone(), page.clone());
    }

    fn put_transaction(&mut self, transaction: &Transaction) {
        let id = &transaction.id;
        if let (Status::Pending | Status::Authorize, Some(expires)) =
            (transaction.status, transaction.expires)
        {
            let due = Due::TransactionExpires(id.clone());
            self.agenda.insert((expires, due));
        }
        if let (Status::Pending | Status::Capture, Some(settles)) =
            (transaction.status, transaction.settles)
        {
            let due = Due::TransactionSettles(id.clone());
            self.agenda.insert((settles, due));
        }
        for refund in &transaction.refunds {
            if let (None, Some(confirms)) = (refund.confirmed, refund.confirms) {
                let due = Due::RefundConfirms(id.clone(), refund.key.clone());
                self.agenda.insert((confirms, due));
            }
        }
        let order = &transaction.order_id;
        let known = self.midtrans.by_order.entry(order.clone()).or_default();
        if !known.contains(id) {
            known.push(id.clone());
        }
        self.midtrans
            .transactions
            .insert(id.clone(), transaction.clone());
    }
}
