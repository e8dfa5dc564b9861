//! Where in the program each point is.

use std::collections::BTreeSet;

use bayar_tests::program::named_steps;

use crate::cells::{Cell, Fault, Gateway, Operation, Point, all};

/// What a process comes to at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A step that is named in its sources, at this turn of it.
    Step { name: &'static str, turn: u32 },
    /// It waits for the answer to this request, as the simulated gateways call it.
    Request(&'static str),
}

const fn step(name: &'static str, turn: u32) -> Place {
    Place::Step { name, turn }
}

impl Cell {
    pub fn place(self) -> Place {
        use Operation::{Cancel, Checkout, Confirm, Refund, Surplus};
        // At Stripe surplus is found when the checkout is to be closed that was paid as well: the money of the other
        // gateway is written down first, then what became of closing it.
        let (third, second) = match (self.operation, self.gateway) {
            (Surplus, Gateway::Stripe) => (3, 2),
            _ => (1, 1),
        };
        match (self.point, self.operation) {
            // Reading changes nothing at a gateway: what is written down before is whose turn it is to ask.
            (Point::BeforeIntent, Confirm) => step("turn.before", 1),
            (Point::AfterIntent, Confirm) => step("read.before", 1),
            (Point::BeforeIntent, Refund) if self.fault == Fault::Error => {
                step("refund.before_intent", 1)
            }
            (Point::AfterIntent, Refund) if self.fault == Fault::Error => {
                step("refund.after_intent", 1)
            }
            (Point::BeforeIntent, Checkout | Cancel | Refund | Surplus) => {
                step("settle.before_commit", third)
            }
            (Point::AfterIntent, Checkout | Cancel | Refund | Surplus) => {
                step("call.taken", second)
            }
            (Point::CallLeft, _) => Place::Request(self.request()),
            (Point::Replied, Confirm) => step("read.after", 1),
            (Point::Replied, Checkout | Cancel | Refund | Surplus) => {
                step("call.after_send", second)
            }
            (Point::OutcomeCommitted, Confirm) => step("settle.after_commit", 1),
            (Point::OutcomeCommitted, Checkout | Cancel | Refund | Surplus) => {
                step("call.recorded", second)
            }
            (Point::BeforeAnswer, Checkout) => step("checkout.before_answer", 1),
            (Point::BeforeAnswer, Confirm) => step("confirm.before_answer", 1),
            (Point::BeforeAnswer, Cancel) => step("cancel.before_answer", 1),
            (Point::BeforeAnswer, Refund) => step("refund.before_answer", 1),
            (Point::BeforeAnswer, Surplus) => step("refresh.before_answer", 1),
        }
    }

    /// What the gateway is asked for.
    pub const fn request(self) -> &'static str {
        match (self.operation, self.gateway) {
            (Operation::Checkout, Gateway::Stripe) => "checkout_session.create",
            (Operation::Checkout, Gateway::Midtrans) => "snap.create",
            (Operation::Confirm, Gateway::Stripe) => "checkout_session.retrieve",
            (Operation::Confirm, Gateway::Midtrans) => "core.status",
            (Operation::Cancel, Gateway::Stripe) => "checkout_session.expire",
            (Operation::Cancel, Gateway::Midtrans) => "snap.cancel",
            (Operation::Refund | Operation::Surplus, Gateway::Stripe) => "refund.create",
            (Operation::Refund | Operation::Surplus, Gateway::Midtrans) => "core.refund",
        }
    }

    /// What is written down for it, where anything is: the operation of the call.
    pub const fn call(self) -> Option<&'static str> {
        match self.operation {
            Operation::Checkout => Some("open"),
            Operation::Confirm => None,
            Operation::Cancel => Some("close"),
            Operation::Refund | Operation::Surplus => Some("refund"),
        }
    }

    /// What happens at a step, as the program calls it.
    pub fn happens(self) -> &'static str {
        match self.fault {
            Fault::Kill => "kill",
            Fault::Pause => "pause",
            // The commit is made, and nobody hears of it.
            Fault::Error if self.place() == step("settle.after_commit", 1) => "unsure",
            Fault::Error => "error",
        }
    }
}

#[test]
fn every_step_that_only_the_matrix_tries_is_in_it() {
    let mut tried = BTreeSet::new();
    for cell in all() {
        if let Place::Step { name, .. } = cell.place() {
            tried.insert(name.to_owned());
        }
    }
    let named = named_steps();
    for step in &tried {
        assert!(named.contains(step), "{step} is not named in the sources");
    }
    // Those of creating, opening, reading, closing, webhooks and due work are tried on both stores elsewhere.
    let elsewhere = [
        "create.",
        "settle.",
        "checkout.",
        "call.",
        "read.",
        "inbox.",
        "job.",
        "schedule.",
        "events.",
        "sweep.",
        "rebuild.",
    ];
    let ours = |step: &&String| !elsewhere.iter().any(|part| step.starts_with(part));
    for step in named.iter().filter(ours) {
        assert!(tried.contains(step), "{step} is in no cell");
    }
}
