//! One order with its payments, attempts, refunds, facts and decisions.
//!
//! The states in it are a function of the facts and the decisions: any order and repetition of the same facts,
//! under the same decisions, ends in the same states. So a webhook, a return page, a scheduler and an operator
//! may all bring what they know, at any time, and [`Settlement::apply`] is the only thing they call.
//!
//! Nothing here changes in place: a [`Step`] holds the settlement after it, what is to be stored with it, and the
//! effects that the application carries out. A refused command leaves the settlement it was given to as it was.

mod commands;
mod effects;
mod proofs;
mod refunding;
mod restoring;
mod retries;
mod settle;
mod standing;
mod sums;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use thiserror::Error;

pub use commands::{Part, Refused};
pub use effects::{Alert, DueBack, Effect, ExternalRefund, RefundRef, Standing};
pub use refunding::RefundRequest;
pub use sums::Sums;

use crate::attempt::{Attempt, AttemptStatus};
use crate::decision::Decision;
use crate::fact::{Fact, FactKey};
use crate::gateway::CaptureId;
use crate::order::{Order, OrderStatus};
use crate::payment::{Payment, PaymentStatus};
use crate::refund::{Refund, RefundOrigin, RefundState};
use crate::{AttemptId, IllegalTransition, PaymentId, RefundId};
use proofs::{Proofs, ProvedCapture};

/// One order with everything that settles it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    order: Order,
    payments: BTreeMap<PaymentId, Payment>,
    attempts: BTreeMap<AttemptId, Attempt>,
    refunds: BTreeMap<RefundId, Refund>,
    facts: BTreeMap<FactKey, Fact>,
    decisions: Vec<Decision>,
}

/// What a settlement is stored as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The order.
    pub order: Order,
    /// Its payments.
    pub payments: Vec<Payment>,
    /// Their attempts.
    pub attempts: Vec<Attempt>,
    /// The refunds of their money that are our doing.
    pub refunds: Vec<Refund>,
    /// What the gateways proved.
    pub facts: Vec<Fact>,
    /// What we decided, in the order of deciding.
    pub decisions: Vec<Decision>,
}

/// A settlement that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a step holds the settlement after it"]
pub struct Step {
    /// The settlement after it.
    pub settlement: Settlement,
    /// The facts that were new.
    pub facts: Vec<Fact>,
    /// The decisions that were made.
    pub decisions: Vec<Decision>,
    /// The parts that are new or otherwise than before.
    pub changes: Changes,
    /// What the application has to carry out.
    pub effects: Vec<Effect>,
}

/// The parts of a settlement that are to be stored again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The order, where it moved.
    pub order: Option<Order>,
    /// The payments that are new or moved.
    pub payments: Vec<Payment>,
    /// The attempts that are new or moved.
    pub attempts: Vec<Attempt>,
    /// The refunds that are new or moved.
    pub refunds: Vec<Refund>,
}

/// A settlement that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a settlement that has drifted must be stored again"]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub enum Restored {
    /// Its states are those that its facts and decisions make.
    Sound(Settlement),
    /// Its states were made by other rules, or changed by other hands. The step stores and announces what they
    /// should be. Somebody has to know why: without a change of the rules it is a fault.
    Drifted(Step),
}

/// Facts that cannot be applied here. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// A fact about an attempt of another order.
    #[error("attempt {0} is not one of this order")]
    UnknownAttempt(AttemptId),
    /// A fact from another account or mode than the attempt was made in.
    #[error("the fact comes from another account than attempt {0}")]
    OtherSource(AttemptId),
    /// A fact about money that is known to have come through another attempt.
    #[error("the money of the fact did not come through attempt {0}")]
    OtherAttempt(AttemptId),
    /// The settlement contradicts itself.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Money that came in, or that a gateway holds back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The gateway's name for it.
    pub id: CaptureId,
    /// The payment it came with.
    pub payment: PaymentId,
    /// The attempt it came through, which knows the gateway and its account.
    pub attempt: AttemptId,
    /// Its sums, once it is known how much it is.
    pub sums: Option<Sums>,
}

/// A settlement that contradicts itself. It is a fault in this crate or in what was stored:
/// such an order needs an operator, and no guess.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Broken {
    /// The order cannot go where its facts say.
    #[error("the facts contradict the order")]
    Order(#[from] IllegalTransition<OrderStatus>),
    /// A payment cannot go where its facts say.
    #[error("the facts contradict a payment")]
    Payment(#[from] IllegalTransition<PaymentStatus>),
    /// An attempt cannot go where its facts say.
    #[error("the facts contradict an attempt")]
    Attempt(#[from] IllegalTransition<AttemptStatus>),
    /// Something belongs to another order or to nothing.
    #[error("{0} belongs to another order")]
    Stray(&'static str),
    /// Two of something of which there is one.
    #[error("there is more than one {0}")]
    Double(&'static str),
    /// A state that only a fact can make, without that fact.
    #[error("no fact proves the state of {0}")]
    Unproved(&'static str),
}

impl Settlement {
    /// An order that nobody has tried to pay.
    #[must_use]
    pub const fn new(order: Order) -> Self {
        Self {
            order,
            payments: BTreeMap::new(),
            attempts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            facts: BTreeMap::new(),
            decisions: Vec::new(),
        }
    }

    /// Loads a settlement that was stored, and computes its states again from its facts and decisions.
    ///
    /// Refunds that were made at the gateway without us are not among the parts: the facts tell of them.
    ///
    /// # Errors
    /// When something in it belongs elsewhere, is there twice, or says what no fact proves.
    pub fn restore(parts: Parts) -> Result<Restored, Broken> {
        let order = parts.order.terms().id;
        let payments = index(parts.payments, |payment| payment.terms().id, "payment")?;
        let attempts = index(parts.attempts, |attempt| attempt.terms().id, "attempt")?;
        let refunds = index(parts.refunds, |refund| refund.terms().id, "refund")?;
        let facts = index(parts.facts, Fact::key, "fact")?;
        if payments
            .values()
            .any(|payment| payment.terms().order != order)
        {
            return Err(Broken::Stray("a payment"));
        }
        if attempts
            .values()
            .any(|attempt| !payments.contains_key(&attempt.terms().payment))
        {
            return Err(Broken::Stray("an attempt"));
        }
        if refunds
            .values()
            .any(|refund| !payments.contains_key(&refund.terms().payment))
        {
            return Err(Broken::Stray("a refund"));
        }
        if refunds
            .values()
            .any(|refund| refund.terms().origin == RefundOrigin::External)
        {
            return Err(Broken::Stray("a refund that is not our doing"));
        }
        let stored = Self {
            order: parts.order,
            payments,
            attempts,
            refunds,
            facts,
            decisions: parts.decisions,
        };
        if stored
            .facts
            .values()
            .any(|fact| stored.check(fact).is_err())
        {
            return Err(Broken::Stray("a fact"));
        }
        stored.check_places()?;
        stored.check_proofs()?;
        let step = stored.step(stored.clone())?;
        if step.settlement == stored {
            Ok(Restored::Sound(stored))
        } else {
            Ok(Restored::Drifted(step))
        }
    }

    /// Takes it apart for storing.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        Parts {
            order: self.order,
            payments: self.payments.into_values().collect(),
            attempts: self.attempts.into_values().collect(),
            refunds: self.refunds.into_values().collect(),
            facts: self.facts.into_values().collect(),
            decisions: self.decisions,
        }
    }

    /// Takes in what gateways proved, through whichever door it came. No fact of this order is ever refused.
    ///
    /// # Errors
    /// When a fact is about an attempt of another order, comes from another account, or is about money of another
    /// attempt. Then none of them is taken in: such a fact is put aside, and the others are applied without it.
    pub fn apply(&self, facts: impl IntoIterator<Item = Fact>) -> Result<Step, ApplyError> {
        let mut next = self.clone();
        let mut new = Vec::new();
        for fact in facts {
            next.check(&fact)?;
            if let Entry::Vacant(place) = next.facts.entry(fact.key()) {
                new.push(fact.clone());
                place.insert(fact);
            }
        }
        Ok(Step {
            facts: new,
            ..self.step(next)?
        })
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// A payment of the order.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.get(&id)
    }

    /// Every payment of the order.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// The payment that takes the order's only place.
    #[must_use]
    pub fn live_payment(&self) -> Option<&Payment> {
        self.payments().find(|payment| payment.status().is_live())
    }

    /// An attempt of one of the payments.
    #[must_use]
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.get(&id)
    }

    /// Every attempt of the payments.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.values()
    }

    /// The attempt through which somebody might still pay the order.
    #[must_use]
    pub fn live_attempt(&self) -> Option<&Attempt> {
        self.attempts().find(|attempt| attempt.status().is_live())
    }

    /// A refund that is our doing.
    #[must_use]
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.get(&id)
    }

    /// Every refund that is our doing.
    pub fn refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.values()
    }

    /// Every fact.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    /// Every decision, in the order of deciding.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The money that pays the order, while it is with us.
    #[must_use]
    pub fn primary(&self) -> Option<&CaptureId> {
        let proofs = self.proofs();
        self.slot(&proofs).filter(|capture| {
            proofs
                .captures
                .get(*capture)
                .is_some_and(|proved| proved.kept().is_some())
        })
    }

    /// All money that came in, or that a gateway holds back.
    #[must_use]
    pub fn captures(&self) -> Vec<Capture> {
        let proofs = self.proofs();
        let capture = |(id, proved): (&CaptureId, &ProvedCapture)| Capture {
            id: id.clone(),
            payment: proved.payment,
            attempt: proved.attempt,
            sums: self.sums_of(&proofs, id),
        };
        proofs.captures.iter().map(capture).collect()
    }

    /// What is known of the sums of all money that ever came in.
    #[must_use]
    pub fn sums(&self) -> BTreeMap<CaptureId, Sums> {
        let proofs = self.proofs();
        proofs
            .captures
            .keys()
            .filter_map(|capture| Some((capture.clone(), self.sums_of(&proofs, capture)?)))
            .collect()
    }

    fn proofs(&self) -> Proofs {
        Proofs::read(self.facts.values(), |attempt| {
            self.attempts
                .get(&attempt)
                .map(|attempt| attempt.terms().payment)
        })
    }

    fn check(&self, fact: &Fact) -> Result<(), ApplyError> {
        match self.attempts.get(&fact.attempt()) {
            None => Err(ApplyError::UnknownAttempt(fact.attempt())),
            Some(attempt) if attempt.terms().source != *fact.source() => {
                Err(ApplyError::OtherSource(fact.attempt()))
            }
            Some(_) => {
                let capture = fact.proof().capture();
                let elsewhere = capture.is_some_and(|capture| {
                    self.facts.values().any(|known| {
                        known.proof().capture() == Some(capture)
                            && known.attempt() != fact.attempt()
                    })
                });
                if elsewhere {
                    Err(ApplyError::OtherAttempt(fact.attempt()))
                } else {
                    Ok(())
                }
            }
        }
    }

    fn check_places(&self) -> Result<(), Broken> {
        if self
            .payments()
            .filter(|payment| payment.status().is_live())
            .count()
            > 1
        {
            return Err(Broken::Double("live payment"));
        }
        for payment in self.payments.keys() {
            let mut own = self
                .attempts()
                .filter(|attempt| attempt.terms().payment == *payment);
            if own
                .by_ref()
                .filter(|attempt| attempt.status().is_live())
                .count()
                > 1
            {
                return Err(Broken::Double("live attempt of a payment"));
            }
        }
        Ok(())
    }

    /// What has ended has ended by proof.
    fn check_proofs(&self) -> Result<(), Broken> {
        let proofs = self.proofs();
        for attempt in self.attempts.values() {
            let id = attempt.terms().id;
            let own = || {
                proofs
                    .captures
                    .values()
                    .filter(move |capture| capture.attempt == id)
            };
            let proved = match attempt.status() {
                AttemptStatus::Creating
                | AttemptStatus::Open
                | AttemptStatus::Unknown
                | AttemptStatus::Closing => true,
                AttemptStatus::Paid => own().any(|capture| capture.kept().is_some()),
                AttemptStatus::Failed => {
                    proofs.failed.contains(&id) || own().any(ProvedCapture::taken_back)
                }
                AttemptStatus::Expired | AttemptStatus::Closed => proofs.expired.contains(&id),
            };
            if !proved {
                return Err(Broken::Unproved("an attempt"));
            }
        }
        let unproved = |refund: &Refund| {
            *refund.state() == RefundState::Succeeded { transfer: None }
                && proofs.of_refund(refund.terms().id).next().is_none()
        };
        if self.refunds.values().any(unproved) {
            return Err(Broken::Unproved("a refund"));
        }
        Ok(())
    }

    /// Settles `next`, and tells how it differs from `self`.
    fn step(&self, next: Self) -> Result<Step, Broken> {
        let settlement = next.settle()?;
        let decisions = settlement.decisions.get(self.decisions.len()..);
        Ok(Step {
            facts: Vec::new(),
            decisions: decisions.unwrap_or_default().to_vec(),
            changes: settlement.changes_since(self),
            effects: settlement.standing().since(&self.standing()),
            settlement,
        })
    }

    fn changes_since(&self, before: &Self) -> Changes {
        Changes {
            order: (self.order != before.order).then(|| self.order.clone()),
            payments: changed(&self.payments, &before.payments),
            attempts: changed(&self.attempts, &before.attempts),
            refunds: changed(&self.refunds, &before.refunds),
        }
    }
}

fn changed<K: Ord, V: Clone + PartialEq>(now: &BTreeMap<K, V>, before: &BTreeMap<K, V>) -> Vec<V> {
    now.iter()
        .filter(|(key, value)| before.get(key) != Some(value))
        .map(|(_, value)| value.clone())
        .collect()
}

fn index<K: Ord, V>(
    values: Vec<V>,
    key: impl Fn(&V) -> K,
    what: &'static str,
) -> Result<BTreeMap<K, V>, Broken> {
    let mut indexed = BTreeMap::new();
    for value in values {
        if indexed.insert(key(&value), value).is_some() {
            return Err(Broken::Double(what));
        }
    }
    Ok(indexed)
}

#[cfg(test)]
mod tests;
