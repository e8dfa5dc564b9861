//! Writes rows again that a restored database does not have, out of what a gateway kept of them.

use bayar_domain::settlement::{Part, Refused};
use bayar_domain::{
    AttemptTerms, Bill, OrderId, OrderStatus, Payment, PaymentStatus, Session, Settlement,
};
use chrono::{DateTime, Utc};

use super::{Seen, SettleError, Work, restored};
use crate::App;
use crate::failpoint;
use crate::port::gateway::Request;
use crate::port::store::{Actor, CallKey, CallOutcome, CallPurpose, CallStatus, NewCall};

/// A checkout whose rows are lost.
#[derive(Debug, Clone)]
pub(crate) struct LostCheckout {
    /// The payment with its papers.
    pub bill: Bill,
    /// The attempt.
    pub attempt: AttemptTerms,
    /// The key that it was opened by.
    pub key: CallKey,
    /// When nobody can pay through it any more.
    pub dead_at: DateTime<Utc>,
    /// The checkout, where the gateway tells its name.
    pub session: Option<Session>,
}

impl App {
    /// Writes the rows of a checkout, in one transaction. What of them is there stays as it is.
    pub(crate) async fn restore(
        &self,
        order: OrderId,
        lost: &LostCheckout,
    ) -> Result<(), SettleError> {
        let Some((mut unit, loaded)) = self.store.begin(order).await? else {
            return Err(SettleError::NotFound);
        };
        let (mut seen, drifted) = restored(loaded)?;
        let mut work = Work::new(self, &mut *unit, &[], seen.credits);
        if let Some(step) = drifted {
            seen.settlement = work.take(step, &seen, Actor::System).await?;
        }
        if seen.settlement.attempt(lost.attempt.id).is_none()
            && let Err(error) = work.restore(&seen, lost).await
        {
            drop(work);
            unit.rollback().await;
            return Err(error);
        }
        drop(work);
        failpoint::hit("rebuild.before_commit")?;
        unit.commit().await?;
        failpoint::hit("rebuild.after_commit")?;
        Ok(())
    }
}

impl Work<'_> {
    async fn restore(&mut self, seen: &Seen, lost: &LostCheckout) -> Result<(), SettleError> {
        let by = Actor::Command;
        let mut settlement = seen.settlement.clone();
        let terms = lost.bill.payment.terms();
        if settlement.payment(terms.id).is_none() {
            settlement = self.make_room(settlement, seen, lost).await?;
            settlement = self.restore_payment(settlement, seen, lost).await?;
        }
        let attempt = lost.attempt.id;
        let begun = settlement.restore_attempt(lost.attempt.clone())?;
        settlement = self.take(begun, seen, by).await?;
        let call = NewCall {
            key: lost.key.clone(),
            purpose: CallPurpose::Open(attempt),
            generation: 1,
            // What was sent is not known any more, and must never be sent again.
            request: Request {
                path: String::new(),
                body: String::new(),
                good_until: seen.now,
            },
            dead_at: lost.dead_at,
        };
        self.note(&settlement, &[call], &[], &[], by).await?;
        let carried_out = CallOutcome {
            key: lost.key.clone(),
            epoch: 0,
            status: CallStatus::Done,
            fault: None,
        };
        self.note(&settlement, &[], &[carried_out], &[], by).await?;
        let step = match lost.session.clone() {
            Some(session) => settlement.attempt_opened(attempt, session)?,
            None => settlement.attempt_unknown(attempt)?,
        };
        self.take(step, seen, by).await?;
        Ok(())
    }

    /// The payment with its papers. One that has ended takes nobody's place.
    async fn restore_payment(
        &mut self,
        settlement: Settlement,
        seen: &Seen,
        lost: &LostCheckout,
    ) -> Result<Settlement, SettleError> {
        let by = Actor::Command;
        let Bill { payment, .. } = &lost.bill;
        let id = payment.terms().id;
        let step = settlement.restore_payment(payment.terms().clone(), payment.payment_method())?;
        let payment = step.settlement.payment(id).cloned();
        let bill = Bill {
            payment: payment.ok_or(Refused::Unknown(Part::Payment))?,
            ..lost.bill.clone()
        };
        self.unit.restore_bill(&bill, by).await?;
        if step.decisions.is_empty() {
            // It is as it was written.
            return Ok(step.settlement);
        }
        self.take(step, seen, by).await
    }

    /// An order has one payment at a time, and a payment for another price than the order's is not opened.
    /// That there was a later payment proves that the one before had ended.
    async fn make_room(
        &mut self,
        mut settlement: Settlement,
        seen: &Seen,
        lost: &LostCheckout,
    ) -> Result<Settlement, SettleError> {
        let by = Actor::Command;
        let terms = lost.bill.payment.terms();
        let is_over = |live: &Payment| {
            let waits = matches!(
                live.status(),
                PaymentStatus::Pending | PaymentStatus::Processing
            );
            waits && live.terms().created_at < terms.created_at
        };
        let live = settlement.live_payment();
        if let Some(over) = live.filter(|live| is_over(live)) {
            let step = settlement.cancel_payment(over.terms().id)?;
            settlement = self.take(step, seen, by).await?;
        }
        let is_free = settlement.live_payment().is_none()
            && settlement.order().status() == OrderStatus::Pending;
        if is_free && settlement.order().terms().price != terms.price {
            let step = settlement.reprice(terms.price)?;
            settlement = self.take(step, seen, by).await?;
        }
        Ok(settlement)
    }
}
