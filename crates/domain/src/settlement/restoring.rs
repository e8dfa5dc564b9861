//! Takes in what a gateway remembers and a restored copy of the tables has forgotten.
//!
//! It comes after its time, so it is not refused because nothing may begin any more: whatever it says about money,
//! reading tells, and the rules for late money do the rest.

use super::{Part, Refused, Settlement, Step};
use crate::attempt::{Attempt, AttemptTerms};
use crate::decision::Decision;
use crate::gateway::Gateway;
use crate::order::OrderStatus;
use crate::payment::{Cancellation, Payment, PaymentTerms};

impl Settlement {
    /// Takes in a payment that was forgotten. Where the order has no place for it any more, it is called off.
    ///
    /// # Errors
    /// When it is of another order or buyer, its id is taken, or its terms do not fit together.
    pub fn restore_payment(&self, terms: PaymentTerms, method: Gateway) -> Result<Step, Refused> {
        let payment = terms.id;
        if self.payments.contains_key(&payment) {
            return Err(Refused::Taken(Part::Payment));
        }
        let reason = match self.open_payment(terms.clone(), method) {
            Err(
                Refused::LivePayment(_)
                | Refused::OtherPrice(_)
                | Refused::NotPayable(OrderStatus::Cancelled),
            ) => Cancellation::Requested,
            Err(Refused::NotPayable(_)) => Cancellation::Superseded,
            answer => return answer,
        };
        let mut next = self.clone();
        next.payments.insert(payment, Payment::open(terms, method)?);
        next.decisions
            .push(Decision::CancelPayment { payment, reason });
        Ok(self.step(next)?)
    }

    /// Takes in an attempt that was forgotten, whatever became of its payment since. Nobody knows yet how it stands.
    ///
    /// # Errors
    /// When there is no such payment, the id is taken, or somebody might still pay through another attempt.
    pub fn restore_attempt(&self, terms: AttemptTerms) -> Result<Step, Refused> {
        let payment = self.known_payment(terms.payment)?.clone();
        if self.attempts.contains_key(&terms.id) {
            return Err(Refused::Taken(Part::Attempt));
        }
        if let Some(live) = self.live_attempt() {
            return Err(Refused::LiveAttempt(live.terms().id));
        }
        let mut next = self.clone();
        // One that does not wait for money stays as it is, and the checkout has to go.
        if let Ok(started) = payment.start_checkout(terms.id, terms.source.gateway) {
            next.payments.insert(terms.payment, started.into_inner());
        }
        let attempt = Attempt::begin(terms).lose_track().into_inner();
        next.attempts.insert(attempt.terms().id, attempt);
        Ok(self.step(next)?)
    }
}
