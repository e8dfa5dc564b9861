//! The section on orders.

use bayar_domain::{Order, OrderKind, OrderNumber, OrderStatus, OrderTerms};

use crate::machine::{Machine, command, sample};
use crate::samples::*;

pub fn orders() -> Machine<Order, OrderStatus> {
    let terms = OrderTerms {
        id: 1.try_into().unwrap(),
        number: OrderNumber::new(at(0), 0x3C2A).unwrap(),
        owner: 1.try_into().unwrap(),
        kind: OrderKind::Checkout,
        price: pesos(100),
        created_at: at(0),
    };
    Machine {
        title: "Order",
        about: "\
What is paid for.
Facts pay it, refund it and reopen it; that it was served or called off are decisions.
A failed payment leaves its order `pending`.",
        all: OrderStatus::ALL,
        meaning: |status| match status {
            OrderStatus::Pending => "waiting for its money",
            OrderStatus::Processing => "paid, being served",
            OrderStatus::Completed => "served",
            OrderStatus::Cancelled => "called off before it was paid",
            OrderStatus::Refunded => "all of its money went back",
        },
        live: None,
        status: Order::status,
        samples: OrderStatus::ALL
            .iter()
            .map(|&status| sample(Order::restore(terms.clone(), status).unwrap()))
            .collect(),
        commands: vec![
            command(
                "pay",
                "its money is in, or did not go back after all",
                Order::pay,
            ),
            command("complete", "it was served", Order::complete),
            command("cancel", "it is called off", Order::cancel),
            command("refund", "all of its money went back", Order::refund),
            command(
                "reopen",
                "the gateway took its money back: it may be paid again",
                Order::reopen,
            ),
        ],
    }
}
