//! Everything a buyer, a bank or somebody at a dashboard can do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use super::lookup;
use crate::sim::midtrans::moves::{self, Move};
use crate::sim::midtrans::{self, buyer as snap, model::Transaction};
use crate::sim::state::Put;
use crate::sim::stripe::buyer::{self as checkout, Seen};
use crate::sim::stripe::model::RefundStatus;
use crate::sim::stripe::{Cause, disputes, refunds, sessions};
use crate::sim::webhooks::forge::{Forgery, forge};
use crate::sim::webhooks::resend;
use crate::sim::world::World;

/// Something that happens at a gateway without a request of the merchant.
///
/// A `session` is its id, or an order, which means the newest session of that order.
/// A `payment_intent` is its id, a session or an order. A `page` is its token, a Midtrans
/// `order_id` or an order; a `transaction` is its id, a Midtrans `order_id` or an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are explained above, once for all")]
pub enum Action {
    /// The buyer types a test card at a checkout page.
    StripePayCard { session: String, card: String },
    /// The buyer passes 3-D Secure, or does not.
    StripeAuthenticate { session: String, passed: bool },
    /// The buyer chooses a bank that takes its time.
    StripePayBank { session: String },
    /// The bank is done: the money came, or did not.
    StripeBankEnds { session: String, came: bool },
    /// The buyer goes back without paying.
    StripeAbandon { session: String },
    /// The time of a session is up, now.
    StripeExpire { session: String },
    /// Somebody refunds at the dashboard; without an amount, all that is left.
    StripeRefund {
        payment_intent: String,
        #[serde(default)]
        amount: Option<i64>,
    },
    /// A refund moves on.
    StripeRefundMoves { refund: String, to: RefundMove },
    /// A bank disputes a payment. The reason `inquiry` moves no money.
    StripeDispute {
        payment_intent: String,
        reason: String,
        #[serde(default)]
        amount: Option<i64>,
    },
    /// A dispute is decided.
    StripeDisputeEnds { dispute: String, won: bool },
    /// The buyer chooses a method other than a card, such as `bca_va` or `gopay`.
    MidtransChoose { page: String, method: String },
    /// The buyer types a card.
    MidtransCard { page: String, card: String },
    /// The buyer gives the one-time password.
    MidtransPassword { transaction: String, right: bool },
    /// The money comes in. `late`: even though it was over.
    MidtransPay {
        transaction: String,
        #[serde(default)]
        late: bool,
    },
    /// A capture settles before its time.
    MidtransSettle { transaction: String },
    /// A settlement turns out not to be there: `settlement` becomes `deny`.
    MidtransReverse { transaction: String },
    /// Pending, or challenged: denied.
    MidtransDeny { transaction: String },
    /// Pending: failed.
    MidtransFail { transaction: String },
    /// Pending: expired before its time.
    MidtransExpire { transaction: String },
    /// Cancelled at the dashboard.
    MidtransCancel { transaction: String },
    /// Pending: captured, and to be looked at.
    MidtransChallenge { transaction: String },
    /// Challenged: accepted at the dashboard.
    MidtransApprove { transaction: String },
    /// The issuer takes the money back; without an amount, all that is left.
    MidtransChargeback {
        transaction: String,
        #[serde(default)]
        amount: Option<i64>,
    },
    /// From now on the issuer declines refunds of it.
    MidtransRefuseRefunds { transaction: String },
    /// Somebody refunds at the dashboard; without an amount, all that is left.
    MidtransRefund {
        transaction: String,
        #[serde(default)]
        amount: Option<i64>,
    },
    /// Whether the merchant's balance is too low for refunds.
    MidtransBalance { too_low: bool },
    /// A webhook is sent once more.
    ResendWebhook { delivery: String },
    /// A webhook is sent that no gateway would send.
    ForgeWebhook { forgery: Forgery },
}

/// Where a refund goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundMove {
    /// It waits for the buyer.
    RequiresAction,
    /// It arrives.
    Succeeded,
    /// It fails, even if it had succeeded.
    Failed,
}

/// Why something cannot happen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActionError {
    /// There is nothing of this name.
    #[error("there is no {0}")]
    Unknown(String),
    /// It cannot happen as things stand.
    #[error("{0}")]
    State(String),
    /// The buyer was declined; the page stays open.
    #[error("declined: {0}")]
    Declined(String),
    /// The simulator is broken.
    #[error("the book cannot be written")]
    Broken,
}

impl From<checkout::Refusal> for ActionError {
    fn from(refusal: checkout::Refusal) -> Self {
        match refusal {
            checkout::Refusal::Unknown => Self::Unknown("session".to_owned()),
            checkout::Refusal::State(why) => Self::State(why),
            checkout::Refusal::Declined(why) => Self::Declined(why),
        }
    }
}

impl From<snap::Refusal> for ActionError {
    fn from(refusal: snap::Refusal) -> Self {
        match refusal {
            snap::Refusal::Unknown => Self::Unknown("page or transaction".to_owned()),
            snap::Refusal::State(why) => Self::State(why),
            snap::Refusal::Denied(why) => Self::Declined(why),
        }
    }
}

fn seen(seen: Seen) -> Value {
    match seen {
        Seen::Done(to) => json!({ "redirect": to }),
        Seen::Secure => json!({ "next": "authenticate" }),
    }
}

fn told(transaction: &Transaction) -> Value {
    json!({
        "transaction_id": transaction.id,
        "order_id": transaction.order_id,
        "transaction_status": transaction.status.name(),
        "numbers": transaction.extra,
    })
}

/// Makes something happen.
pub fn perform(world: &mut World, action: Action) -> Result<Value, ActionError> {
    match action {
        Action::StripePayCard { session, card } => {
            let id = lookup::session(world, &session)?;
            Ok(seen(checkout::pay_card(world, &id, &card)?))
        }
        Action::StripeAuthenticate { session, passed } => {
            let id = lookup::session(world, &session)?;
            Ok(seen(checkout::authenticate(world, &id, passed)?))
        }
        Action::StripePayBank { session } => {
            let id = lookup::session(world, &session)?;
            Ok(seen(checkout::pay_bank(world, &id)?))
        }
        Action::StripeBankEnds { session, came } => {
            let id = lookup::session(world, &session)?;
            checkout::bank_ends(world, &id, came)?;
            Ok(json!({}))
        }
        Action::StripeAbandon { session } => {
            let id = lookup::session(world, &session)?;
            Ok(json!({ "redirect": checkout::abandon(world, &id)? }))
        }
        Action::StripeExpire { session } => {
            let id = lookup::session(world, &session)?;
            if sessions::expire_now(world, &id) {
                Ok(json!({}))
            } else {
                Err(ActionError::State("the session is not open".to_owned()))
            }
        }
        Action::StripeRefund {
            payment_intent,
            amount,
        } => {
            let id = lookup::intent(world, &payment_intent)?;
            let refund = refunds::from_dashboard(world, &id, amount);
            let refund = refund.map_err(|error| ActionError::State(error.message))?;
            Ok(json!({ "refund": refund.id, "status": refund.status.name() }))
        }
        Action::StripeRefundMoves { refund, to } => refund_moves(world, &refund, to),
        Action::StripeDispute {
            payment_intent,
            reason,
            amount,
        } => dispute(world, &payment_intent, &reason, amount),
        Action::StripeDisputeEnds { dispute, won } => dispute_ends(world, &dispute, won),
        Action::MidtransChoose { page, method } => {
            let token = lookup::page(world, &page)?;
            Ok(told(&snap::choose(world, &token, &method)?))
        }
        Action::MidtransCard { page, card } => {
            let token = lookup::page(world, &page)?;
            Ok(told(&snap::card(world, &token, &card)?))
        }
        Action::MidtransPassword { transaction, right } => {
            let id = lookup::transaction(world, &transaction)?;
            Ok(told(&snap::password(world, &id, right)?))
        }
        Action::MidtransPay { transaction, late } => {
            let id = lookup::transaction(world, &transaction)?;
            Ok(told(&snap::pay(world, &id, late)?))
        }
        Action::MidtransSettle { transaction } => go(world, &transaction, Move::Settle),
        Action::MidtransReverse { transaction } => go(world, &transaction, Move::Reverse),
        Action::MidtransDeny { transaction } => go(world, &transaction, Move::Deny),
        Action::MidtransFail { transaction } => go(world, &transaction, Move::Fail),
        Action::MidtransExpire { transaction } => go(world, &transaction, Move::Expire),
        Action::MidtransCancel { transaction } => go(world, &transaction, Move::Cancel),
        Action::MidtransChallenge { transaction } => go(world, &transaction, Move::Challenge),
        Action::MidtransApprove { transaction } => go(world, &transaction, Move::Approve),
        Action::MidtransChargeback {
            transaction,
            amount,
        } => go(world, &transaction, Move::Chargeback(amount)),
        Action::MidtransRefuseRefunds { transaction } => {
            go(world, &transaction, Move::RefuseRefunds)
        }
        Action::MidtransRefund {
            transaction,
            amount,
        } => midtrans_refund(world, &transaction, amount),
        Action::MidtransBalance { too_low } => {
            world.put(Put::Poor(too_low));
            Ok(json!({}))
        }
        Action::ResendWebhook { delivery } => {
            if resend(world, &delivery) {
                Ok(json!({}))
            } else {
                Err(ActionError::Unknown("delivery".to_owned()))
            }
        }
        Action::ForgeWebhook { forgery } => {
            let made = forge(world, &forgery);
            let made = made.ok_or_else(|| ActionError::Unknown("subject".to_owned()))?;
            Ok(json!({ "deliveries": made }))
        }
    }
}

fn go(world: &mut World, transaction: &str, to: Move) -> Result<Value, ActionError> {
    let id = lookup::transaction(world, transaction)?;
    Ok(told(&moves::go(world, &id, to)?))
}

fn refund_moves(world: &mut World, id: &str, to: RefundMove) -> Result<Value, ActionError> {
    let refund = world.state.stripe.refunds.get(id).cloned();
    let refund = refund.ok_or_else(|| ActionError::Unknown("refund".to_owned()))?;
    if !refund.status.counts() {
        let status = refund.status.name();
        return Err(ActionError::State(format!("the refund is {status}")));
    }
    let to = match to {
        RefundMove::RequiresAction => RefundStatus::RequiresAction,
        RefundMove::Succeeded => RefundStatus::Succeeded,
        RefundMove::Failed => RefundStatus::Failed,
    };
    let refund = refunds::set_status(world, &Cause::default(), refund, to);
    Ok(json!({ "refund": refund.id, "status": refund.status.name() }))
}

fn dispute(
    world: &mut World,
    intent: &str,
    reason: &str,
    amount: Option<i64>,
) -> Result<Value, ActionError> {
    let id = lookup::intent(world, intent)?;
    let intent = world.state.stripe.intents.get(&id).cloned();
    let opened = intent
        .filter(|intent| intent.amount_received > 0)
        .and_then(|intent| disputes::open(world, &Cause::default(), &intent, reason, amount));
    let none = || ActionError::State("nothing was paid that could be disputed".to_owned());
    let opened = opened.ok_or_else(none)?;
    Ok(json!({ "dispute": opened.id, "status": opened.status }))
}

fn dispute_ends(world: &mut World, id: &str, won: bool) -> Result<Value, ActionError> {
    let dispute = world.state.stripe.disputes.get(id).cloned();
    let dispute = dispute.ok_or_else(|| ActionError::Unknown("dispute".to_owned()))?;
    if disputes::is_over(&dispute) {
        let status = dispute.status;
        return Err(ActionError::State(format!("the dispute is {status}")));
    }
    let dispute = disputes::end(world, &Cause::default(), dispute, won);
    Ok(json!({ "dispute": dispute.id, "status": dispute.status }))
}

fn midtrans_refund(
    world: &mut World,
    transaction: &str,
    amount: Option<i64>,
) -> Result<Value, ActionError> {
    let id = lookup::transaction(world, transaction)?;
    let found = midtrans::find(world, &id).cloned();
    let found = found.ok_or_else(|| ActionError::Unknown("transaction".to_owned()))?;
    let done = midtrans::refund::from_dashboard(world, found, amount);
    let why = |trouble: midtrans::errors::Trouble| ActionError::State(trouble.messages.join(", "));
    Ok(told(&done.map_err(why)?))
}
