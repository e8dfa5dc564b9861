//! What an application stores, and loads again.

use super::*;

/// The rows of an order, as an application keeps them: by storing what each step says.
pub struct Rows {
    order: Order,
    payments: BTreeMap<PaymentId, Payment>,
    attempts: BTreeMap<AttemptId, Attempt>,
    refunds: BTreeMap<RefundId, Refund>,
    facts: Vec<Fact>,
    decisions: Vec<Decision>,
}

impl Rows {
    pub fn new(settlement: &Settlement) -> Self {
        Self {
            order: settlement.order().clone(),
            payments: BTreeMap::new(),
            attempts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            facts: Vec::new(),
            decisions: Vec::new(),
        }
    }

    pub fn store(&mut self, step: &Step) {
        let changes = step.changes.clone();
        self.order = changes.order.unwrap_or_else(|| self.order.clone());
        let payments = changes.payments.into_iter();
        self.payments
            .extend(payments.map(|payment| (payment.terms().id, payment)));
        let attempts = changes.attempts.into_iter();
        self.attempts
            .extend(attempts.map(|attempt| (attempt.terms().id, attempt)));
        let refunds = changes.refunds.into_iter();
        self.refunds
            .extend(refunds.map(|refund| (refund.terms().id, refund)));
        self.facts.extend(step.facts.iter().cloned());
        self.decisions.extend(step.decisions.iter().cloned());
    }

    /// Every state that is reached can be stored and loaded, in whichever order its rows come.
    pub fn check(&self, settlement: &Settlement) {
        let backwards = Parts {
            order: self.order.clone(),
            payments: self.payments.values().rev().cloned().collect(),
            attempts: self.attempts.values().rev().cloned().collect(),
            refunds: self.refunds.values().rev().cloned().collect(),
            facts: self.facts.iter().rev().cloned().collect(),
            decisions: self.decisions.clone(),
        };
        let restored = Settlement::restore(through_json(backwards));
        assert!(
            restored == Ok(Restored::Sound(settlement.clone())),
            "{}\nis restored as {restored:#?}",
            summary(settlement)
        );
    }
}

/// What facts and decisions made can be made again from them.
pub fn check_rebuilt(settlement: &Settlement) {
    let mut bare = settlement.clone();
    bare.order = order(settlement.order().terms().kind);
    let proofs = settlement.proofs();
    for payment in bare.payments.values_mut() {
        let (terms, method) = (payment.terms().clone(), payment.payment_method());
        *payment = Payment::open(terms, method).unwrap();
    }
    for attempt in bare.attempts.values_mut() {
        let session = attempt.state().session().cloned();
        *attempt = Attempt::restore(attempt.terms().clone(), AttemptState::Unknown { session });
    }
    for (id, refund) in &mut bare.refunds {
        if proofs.of_refund(*id).next().is_some() && is_told_by_gateway(refund.state()) {
            let (terms, amount) = (refund.terms().clone(), refund.amount());
            *refund = Refund::restore(terms, amount, RefundState::Unknown).unwrap();
        }
    }
    let rebuilt = bare.settle().expect("what was made can be made again");
    // Our own progress with a live attempt is no fact.
    for (id, attempt) in settlement
        .attempts
        .iter()
        .filter(|(_, attempt)| attempt.status().is_live())
    {
        assert!(rebuilt.attempts[id].status().is_live());
        assert_eq!(rebuilt.attempts[id].terms(), attempt.terms());
    }
    let ended = |of: &Settlement| -> Vec<_> {
        let ended = of.attempts().filter(|attempt| !attempt.status().is_live());
        ended.cloned().collect()
    };
    assert_eq!(ended(&rebuilt), ended(settlement));
    assert_eq!(
        rebuilt.payments,
        settlement.payments,
        "{}",
        summary(settlement)
    );
    assert_eq!(
        rebuilt.refunds,
        settlement.refunds,
        "{}",
        summary(settlement)
    );
    assert_eq!(rebuilt.order, settlement.order);
    assert_eq!(rebuilt.decisions, settlement.decisions);
}

fn is_told_by_gateway(refund: &RefundState) -> bool {
    match refund {
        RefundState::Sent | RefundState::Succeeded { transfer: None } => true,
        RefundState::Failed { reason } => *reason == RefundFailure::Failed,
        RefundState::Requested
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Succeeded { transfer: Some(_) } => false,
    }
}

#[cfg(not(feature = "serde"))]
fn through_json(parts: Parts) -> Parts {
    parts
}

#[cfg(feature = "serde")]
fn through_json(parts: Parts) -> Parts {
    fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
        serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
    }
    Parts {
        order: again(&parts.order),
        payments: again(&parts.payments),
        attempts: again(&parts.attempts),
        refunds: again(&parts.refunds),
        facts: again(&parts.facts),
        decisions: again(&parts.decisions),
    }
}
