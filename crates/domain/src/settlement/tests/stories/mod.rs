//! What happens to an order, told one story at a time.

mod commands;
mod credits;
mod paying;
mod paying_late_or_twice;
mod refunds;
mod refunds_asked_for_anew;
mod refunds_at_the_gateway;
mod refunds_by_hand;
mod restoring;
mod reversals;
mod reviews;
mod storing;
mod strangers;
mod sums;

use super::world::*;
use crate::fact::RefundStep;
use crate::gateway::{AccountRef, Reason, TransferReference};
use crate::payment::{Cancellation, PaymentFailure, ReviewReason};
use crate::refund::{RefundFailure, RefundOrigin};
use crate::settlement::{
    Alert, ApplyError, Broken, DueBack, Part, Parts, RefundRef, RefundRequest, Refused, Restored,
    Settlement, Step,
};
use crate::{
    AttemptStatus, Decision, Effect, Fact, Gateway, IllegalTransition, Mode, Money, OrderId,
    OrderKind, OrderStatus, Papers, PaymentState, PaymentStatus, PaymentTerms, RefundState,
    RefundStatus, Source, Verdict,
};

/// A settlement that is told what happens, and the effects of what happened last.
struct Story {
    now: Settlement,
    effects: Vec<Effect>,
}

impl Story {
    fn of(kind: OrderKind) -> Self {
        Self {
            now: Settlement::new(order(kind)),
            effects: Vec::new(),
        }
    }

    /// Payment 1 with attempt 1, whose checkout is open.
    fn open() -> Self {
        let mut story = Self::of(OrderKind::Checkout);
        story.pay(1);
        story.attempt(1, 1);
        story
    }

    /// Payment 1 is paid by `cap-1`.
    fn paid() -> Self {
        let mut story = Self::open();
        story.facts([captured(1, "cap-1", PRICE)]);
        story
    }

    /// Payment 1 ran out, payment 2 has an open checkout: attempt 2.
    fn second_try() -> Self {
        let mut story = Self::open();
        story.facts([expired(1)]);
        story.command(|now| now.expire_payment(payment_id(1), deadline()));
        story.pay(2);
        story.attempt(2, 2);
        story
    }

    fn take(&mut self, step: Step) {
        self.now = step.settlement;
        self.effects = step.effects;
    }

    fn facts(&mut self, facts: impl IntoIterator<Item = Fact>) {
        let step = self.now.apply(facts).unwrap();
        self.take(step);
    }

    fn command(&mut self, command: impl FnOnce(&Settlement) -> Result<Step, Refused>) {
        let step = command(&self.now).unwrap();
        self.take(step);
    }

    fn refused(&self, command: impl FnOnce(&Settlement) -> Result<Step, Refused>) -> Refused {
        command(&self.now).unwrap_err()
    }

    fn pay(&mut self, payment: i64) {
        self.command(|now| now.open_payment(payment_terms(payment), Gateway::Stripe));
    }

    fn attempt(&mut self, attempt: i64, payment: i64) {
        self.command(|now| now.start_attempt(attempt_terms(attempt, payment)));
        self.command(|now| now.attempt_opened(attempt_id(attempt), session(attempt)));
    }

    fn refund(&mut self, id: i64, minor: i64) {
        self.command(|now| now.request_refund(request(id, Some(minor))));
    }

    fn give_back(&mut self, id: i64, capture: &str) {
        self.command(|now| now.refund_surplus(refund_id(id), &capture_id(capture)));
    }

    fn payment(&self, id: i64) -> &PaymentState {
        self.now.payment(payment_id(id)).unwrap().state()
    }

    fn attempt_status(&self, id: i64) -> AttemptStatus {
        self.now.attempt(attempt_id(id)).unwrap().status()
    }

    fn refund_state(&self, id: i64) -> &RefundState {
        self.now.refund(refund_id(id)).unwrap().state()
    }

    fn order(&self) -> OrderStatus {
        self.now.order().status()
    }

    fn due_back(&self, capture: &str) -> Option<i64> {
        self.now
            .standing()
            .due_back
            .get(&capture_id(capture))
            .map(|due| due.amount.minor())
    }

    fn alerts(&self) -> Vec<Alert> {
        self.now.standing().alerts.into_iter().collect()
    }

    /// Captured, refunded, reserved, disputed and lost.
    fn sums(&self, capture: &str) -> [i64; 5] {
        let sums = self.now.sums();
        let sums = sums.get(&capture_id(capture)).unwrap();
        [
            sums.captured,
            sums.refunded,
            sums.reserved,
            sums.disputed,
            sums.loss(),
        ]
        .map(Money::minor)
    }
}

fn request(id: i64, minor: Option<i64>) -> RefundRequest {
    RefundRequest {
        id: refund_id(id),
        payment: payment_id(1),
        capture: None,
        amount: minor.map(idr),
        reason: Reason::new("asked for").unwrap(),
        credit_balance: 0,
    }
}

fn completed(capture: &str) -> PaymentState {
    PaymentState::Completed {
        capture: capture_id(capture),
        captured: idr(PRICE),
    }
}

fn superseded() -> PaymentState {
    PaymentState::Cancelled {
        reason: Cancellation::Superseded,
    }
}

fn reversed_failure() -> PaymentState {
    PaymentState::Failed {
        reason: PaymentFailure::Reversed,
    }
}

fn surplus(capture: &str) -> Alert {
    Alert::Surplus {
        capture: capture_id(capture),
    }
}

fn partly(refunded: i64) -> PaymentState {
    PaymentState::PartiallyRefunded {
        capture: capture_id("cap-1"),
        captured: idr(PRICE),
        refunded: idr(refunded),
    }
}

fn fully() -> PaymentState {
    PaymentState::Refunded {
        capture: capture_id("cap-1"),
        captured: idr(PRICE),
    }
}
