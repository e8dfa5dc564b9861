//! The section on invoices.

use bayar_domain::{Invoice, InvoiceNumber, InvoiceStatus, InvoiceTerms, Papers};

use crate::machine::{Machine, always, command, sample};
use crate::samples::*;

pub fn invoices() -> Machine<Invoice, InvoiceStatus> {
    let payment = 1.try_into().unwrap();
    let terms = InvoiceTerms {
        id: 1.try_into().unwrap(),
        payment,
        number: InvoiceNumber::new(at(0), payment).unwrap(),
        amount: pesos(100),
        issued_at: at(0),
    };
    let settle = |papers| move |invoice: Invoice| invoice.settle(papers);
    Machine {
        title: "Invoice",
        about: "\
The paper of a payment.
It follows its payment by `settle`; the other commands are its single steps.",
        all: InvoiceStatus::ALL,
        meaning: |status| match status {
            InvoiceStatus::Pending => "to be paid",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::PartiallyRefunded => "paid, and a part went back",
            InvoiceStatus::Refunded => "paid, and all of it went back",
            InvoiceStatus::Void => "nothing is asked for it any more",
        },
        live: None,
        status: Invoice::status,
        samples: InvoiceStatus::ALL
            .iter()
            .map(|&status| sample(Invoice::restore(terms.clone(), status).unwrap()))
            .collect(),
        commands: vec![
            always("pay", "its money is in", Invoice::pay),
            command(
                "refund_part",
                "a part of its money went back",
                Invoice::refund_part,
            ),
            command("refund", "all of its money went back", Invoice::refund),
            always("void", "nothing is asked for it any more", Invoice::void),
            command(
                "settle(due)",
                "the payment waits for its money",
                settle(Papers::Due),
            ),
            command(
                "settle(all kept)",
                "the payment has its money",
                settle(papers(0)),
            ),
            command(
                "settle(part returned)",
                "the payment gave a part back",
                settle(papers(20)),
            ),
            command(
                "settle(all returned)",
                "the payment gave all back",
                settle(papers(100)),
            ),
            command("settle(void)", "the payment is none", settle(Papers::Void)),
        ],
    }
}
