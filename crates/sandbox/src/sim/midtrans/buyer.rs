//! The buyer at a Snap page, and what the bank and the merchant's dashboard do.

use serde_json::{Map, Value};

use super::cards::{self, Behaviour, Card};
use super::methods::{self, Method};
use super::model::{Details, Fraud, Page, PageStatus, Status, Transaction};
use super::{expiry, notify};
use crate::sim::book::{Closed, Happening};
use crate::sim::calendar::next_settlement;
use crate::sim::clock::MINUTE;
use crate::sim::faults::{Fault, Subject};
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such page or transaction.
    #[error("there is no such page or transaction")]
    Unknown,
    /// It cannot be done as things stand.
    #[error("this cannot be done: {0}")]
    State(String),
    /// The card was denied; the page stays open.
    #[error("{0}")]
    Denied(String),
}

/// A transaction that is not yet known to anybody.
pub fn draft(
    world: &mut World,
    method: &Method,
    order_id: &str,
    gross_amount: i64,
    details: Details,
) -> Transaction {
    let now = world.now();
    Transaction {
        id: world.ids.uuid(),
        order_id: order_id.to_owned(),
        token: None,
        created: now,
        gross_amount,
        currency: "IDR".to_owned(),
        method: method.name.to_owned(),
        payment_type: method.payment_type.to_owned(),
        status: Status::Pending,
        fraud: (method.payment_type != "cstore").then_some(Fraud::Accept),
        expires: Some(now + method.lasts),
        settled: None,
        settles: None,
        extra: methods::numbers(world, method),
        refunds: Vec::new(),
        details,
        waiting_card: None,
        refuses_refunds: false,
        captured: false,
        charged_back: 0,
    }
}

/// The transaction exists from now on.
pub fn begin(world: &mut World, transaction: &Transaction, key: Option<String>) {
    world.put(Put::Transaction(Box::new(transaction.clone())));
    world.note(Happening::ObjectCreated {
        gateway: Gateway::Midtrans,
        object: "transaction".to_owned(),
        id: transaction.id.clone(),
        order: Some(transaction.details.order.clone()),
        key,
    });
    notify::send(world, transaction);
}

fn acted(world: &mut World, transaction: &Transaction, action: &str) {
    world.note(Happening::BuyerActed {
        gateway: Gateway::Midtrans,
        subject: transaction.id.clone(),
        order: Some(transaction.details.order.clone()),
        action: action.to_owned(),
    });
}

fn open_page(world: &World, token: &str) -> Result<Page, Refusal> {
    let page = world.state.midtrans.pages.get(token);
    let page = page.ok_or(Refusal::Unknown)?;
    if page.status == PageStatus::Open {
        Ok(page.clone())
    } else {
        let state = format!("the page is {:?}", page.status).to_lowercase();
        Err(Refusal::State(state))
    }
}

/// The newest transaction of a page.
fn newest(world: &World, page: &Page) -> Option<Transaction> {
    let merchant = &world.state.midtrans;
    let all = merchant.by_order.get(&page.order_id)?;
    let newest = merchant.transactions.get(all.last()?)?;
    (newest.token.as_deref() == Some(&page.token)).then(|| newest.clone())
}

/// A fault may be set for the moment of choosing.
fn tampered(world: &mut World, page: &Page) -> (i64, String) {
    let order = &page.details.order;
    let operation = "buyer.pay";
    let picked = world.faults.pick(&Subject {
        gateway: Gateway::Midtrans,
        operation,
        order: Some(order),
    });
    let amount = page.tampered.unwrap_or(page.gross_amount);
    let currency = page.tampered_currency.clone();
    let currency = currency.unwrap_or_else(|| "IDR".to_owned());
    let Some(picked) = picked else {
        return (amount, currency);
    };
    world.note(Happening::FaultInjected {
        rule: picked.rule,
        fault: picked.fault.name().to_owned(),
        operation: operation.to_owned(),
        order: Some(order.clone()),
    });
    match picked.fault {
        Fault::WrongAmount { amount } => (amount, currency),
        Fault::WrongCurrency { currency } => (amount, currency),
        _ => (amount, currency),
    }
}

fn start(world: &mut World, page: &Page, method: &Method) -> Result<Transaction, Refusal> {
    match newest(world, page) {
        Some(earlier) if earlier.status == Status::Pending => {
            // Who chooses again gives up what was chosen before.
            let mut earlier = earlier;
            earlier.status = Status::Cancel;
            earlier.waiting_card = None;
            world.put(Put::Transaction(Box::new(earlier.clone())));
            notify::send(world, &earlier);
        }
        Some(earlier) if earlier.status.paid() => {
            return Err(Refusal::State("it is paid".to_owned()));
        }
        _ => {}
    }
    let (amount, currency) = tampered(world, page);
    let details = page.details.clone();
    let draft = draft(world, method, &page.order_id, amount, details);
    let now = world.now();
    let expires = match &page.expiry {
        Some(expiry) => expiry.start.unwrap_or(now) + expiry.lasts,
        None => now + method.lasts,
    };
    Ok(Transaction {
        token: Some(page.token.clone()),
        currency,
        expires: Some(expires),
        ..draft
    })
}

/// The buyer chooses a method and is told a number, a code or an app.
pub fn choose(world: &mut World, token: &str, name: &str) -> Result<Transaction, Refusal> {
    let page = open_page(world, token)?;
    let offered = methods::offered(&page.enabled, page.gross_amount);
    let method = offered.into_iter().find(|method| method.name == name);
    let method = method.filter(|method| method.name != "credit_card");
    let refused = || Refusal::State(format!("{name} is not offered here"));
    let method = method.ok_or_else(refused)?;
    let transaction = start(world, &page, method)?;
    begin(world, &transaction, None);
    acted(world, &transaction, "chose a method");
    Ok(transaction)
}

/// The buyer types a card. The transaction waits for the one-time password, or is through.
pub fn card(world: &mut World, token: &str, number: &str) -> Result<Transaction, Refusal> {
    let page = open_page(world, token)?;
    let offered = methods::offered(&page.enabled, page.gross_amount);
    let method = offered
        .into_iter()
        .find(|method| method.name == "credit_card");
    let refused = || Refusal::State("cards are not offered here".to_owned());
    let method = method.ok_or_else(refused)?;
    let Some(card) = cards::find(number) else {
        return Err(Refusal::Denied(
            "This is no card of the sandbox.".to_owned(),
        ));
    };
    let draft = start(world, &page, method)?;
    let transaction = Transaction {
        extra: card_fields(world, &card),
        waiting_card: Some(card.number.to_owned()),
        ..draft
    };
    begin(world, &transaction, None);
    acted(world, &transaction, "typed a card");
    if card.frictionless {
        return password(world, &transaction.id, true);
    }
    Ok(transaction)
}

fn card_fields(world: &mut World, card: &Card) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: String| {
        fields.insert(name.to_owned(), value.into());
    };
    set("masked_card", card.masked());
    set("bank", card.bank.to_owned());
    set("card_type", "credit".to_owned());
    set("approval_code", world.ids.digits(13));
    set(
        "eci",
        if card.number.starts_with('5') {
            "02"
        } else {
            "05"
        }
        .to_owned(),
    );
    set("three_ds_version", "2".to_owned());
    fields
}

/// The buyer gives the one-time password, a right one or a wrong one.
pub fn password(world: &mut World, id: &str, right: bool) -> Result<Transaction, Refusal> {
    let transaction = world.state.midtrans.transactions.get(id).cloned();
    let mut transaction = transaction.ok_or(Refusal::Unknown)?;
    let card = transaction.waiting_card.take();
    let card = card.as_deref().and_then(cards::find);
    let waiting = transaction.status == Status::Pending;
    let Some(card) = card.filter(|_| waiting) else {
        return Err(Refusal::State("no card waits for a password".to_owned()));
    };
    acted(
        world,
        &transaction,
        if right {
            "gave the password"
        } else {
            "gave a wrong password"
        },
    );
    let denied = |code: &str, message: &str, transaction: &mut Transaction| {
        let fields = &mut transaction.extra;
        fields.insert("channel_response_code".to_owned(), code.into());
        fields.insert("channel_response_message".to_owned(), message.into());
        Err(Refusal::Denied(message.to_owned()))
    };
    if !right {
        let answer = denied("", "Card is not authenticated.", &mut transaction);
        refuse(world, transaction, Fraud::Accept);
        return answer;
    }
    match card.behaviour {
        Behaviour::Accept => {
            let fields = &mut transaction.extra;
            fields.insert("channel_response_code".to_owned(), "00".into());
            fields.insert("channel_response_message".to_owned(), "Approved".into());
            Ok(accept(world, transaction))
        }
        Behaviour::Deny => {
            let answer = denied("05", "Do not honour", &mut transaction);
            refuse(world, transaction, Fraud::Accept);
            answer
        }
        Behaviour::NoFunds => {
            let answer = denied("51", "Insufficient funds", &mut transaction);
            refuse(world, transaction, Fraud::Accept);
            answer
        }
        Behaviour::DenyFraud => {
            let answer = denied("", "Denied by FDS", &mut transaction);
            refuse(world, transaction, Fraud::Deny);
            answer
        }
        Behaviour::Challenge => Ok(challenge(world, transaction)),
        Behaviour::Slow => {
            // It stays pending, and is through in a minute.
            transaction.settles = Some(world.now() + MINUTE);
            world.put(Put::Transaction(Box::new(transaction.clone())));
            Ok(transaction)
        }
    }
}

/// The fraud detection wants somebody to look.
pub fn challenge(world: &mut World, mut transaction: Transaction) -> Transaction {
    transaction.status = Status::Capture;
    transaction.fraud = Some(Fraud::Challenge);
    transaction.settles = None;
    world.put(Put::Transaction(Box::new(transaction.clone())));
    expiry::close_of(world, &transaction, Closed::Completed);
    notify::send(world, &transaction);
    transaction
}

fn note_capture(world: &mut World, transaction: &Transaction) {
    world.note(Happening::Captured {
        gateway: Gateway::Midtrans,
        capture: transaction.id.clone(),
        session: transaction.token.clone(),
        order: transaction.details.order.clone(),
        amount: transaction.gross_amount,
        currency: transaction.currency.clone(),
    });
}

/// A card is through. It settles the next day.
pub fn accept(world: &mut World, mut transaction: Transaction) -> Transaction {
    transaction.status = Status::Capture;
    transaction.fraud = Some(Fraud::Accept);
    transaction.settles = Some(next_settlement(world.now()));
    transaction.captured = true;
    world.put(Put::Transaction(Box::new(transaction.clone())));
    note_capture(world, &transaction);
    expiry::close_of(world, &transaction, Closed::Completed);
    notify::send(world, &transaction);
    transaction
}

/// A card is denied. The buyer may try again.
pub fn refuse(world: &mut World, mut transaction: Transaction, fraud: Fraud) -> Transaction {
    transaction.status = Status::Deny;
    transaction.fraud = Some(fraud);
    transaction.settles = None;
    world.put(Put::Transaction(Box::new(transaction.clone())));
    notify::send(world, &transaction);
    // The time of the page may have run out meanwhile.
    if let Some(token) = transaction.token.as_deref()
        && let Some(page) = world.state.midtrans.pages.get(token)
        && page.status == PageStatus::Expired
    {
        expiry::close(world, token, Closed::Expired);
    }
    transaction
}

/// What the agenda has for cards: a capture that settles, or a slow one that is through.
pub fn card_settles(world: &mut World, id: &str) {
    let Some(transaction) = world.state.midtrans.transactions.get(id).cloned() else {
        return;
    };
    if transaction
        .settles
        .is_none_or(|settles| settles > world.now())
    {
        return;
    }
    match transaction.status {
        Status::Pending => {
            accept(world, transaction);
        }
        Status::Capture if transaction.fraud == Some(Fraud::Accept) => {
            settle(world, transaction);
        }
        _ => {}
    }
}

pub fn settle(world: &mut World, mut transaction: Transaction) -> Transaction {
    transaction.status = Status::Settlement;
    transaction.settled = Some(world.now());
    transaction.settles = None;
    if !transaction.captured {
        transaction.captured = true;
        note_capture(world, &transaction);
    }
    if transaction.extra.contains_key("payment_amounts") {
        let paid: Value = serde_json::json!([{
            "paid_at": crate::sim::calendar::wib(world.now()),
            "amount": super::render::rupiah(transaction.gross_amount),
        }]);
        transaction.extra.insert("payment_amounts".to_owned(), paid);
    }
    world.put(Put::Transaction(Box::new(transaction.clone())));
    expiry::close_of(world, &transaction, Closed::Completed);
    notify::send(world, &transaction);
    transaction
}

/// The money of a transaction comes in. `late`: even though it was over, as it may at a bank.
pub fn pay(world: &mut World, id: &str, late: bool) -> Result<Transaction, Refusal> {
    let transaction = super::find(world, id).cloned();
    let transaction = transaction.ok_or(Refusal::Unknown)?;
    let usual = transaction.status == Status::Pending && transaction.waiting_card.is_none();
    if transaction.captured || (!usual && !late) {
        let state = transaction.status.name();
        return Err(Refusal::State(format!("the transaction is {state}")));
    }
    acted(
        world,
        &transaction,
        if usual { "paid" } else { "paid late" },
    );
    Ok(settle(world, transaction))
}
