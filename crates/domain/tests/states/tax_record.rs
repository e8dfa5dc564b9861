//! The section on tax records.

use bayar_domain::invoice::Takings;
use bayar_domain::tax::TaxLine;
use bayar_domain::{Currency, Money, Papers, TaxPolicy, TaxRecord, TaxState, TaxStatus, TaxTerms};

use crate::machine::{Machine, always, command, sample};
use crate::samples::*;

pub fn tax_records() -> Machine<TaxRecord, TaxStatus> {
    let line: TaxLine = TaxPolicy::standard()
        .assess(pesos(100), at(0).date_naive())
        .unwrap()
        .into_lines()
        .swap_remove(0);
    let reversed = Money::new(line.amount.minor() / 10, Currency::Php);
    let terms = TaxTerms {
        id: 1.try_into().unwrap(),
        payment: 1.try_into().unwrap(),
        line,
    };
    let states = [
        TaxState::Pending,
        TaxState::Collected,
        TaxState::PartiallyReversed { reversed },
        TaxState::Reversed,
        TaxState::Void,
    ];
    let reverse = |refunded| {
        let takings = Takings::new(pesos(100), pesos(refunded)).unwrap();
        move |record: TaxRecord| record.reverse(takings)
    };
    let settle = |papers| move |record: TaxRecord| record.settle(papers);
    Machine {
        title: "Tax record",
        about: "\
One tax on a payment.
It follows its payment by `settle`, as the invoice does, and reverses the share of what went back.",
        all: TaxStatus::ALL,
        meaning: |status| match status {
            TaxStatus::Pending => "its payment is not paid",
            TaxStatus::Collected => "its payment is paid",
            TaxStatus::PartiallyReversed => {
                "a part of the payment went back, and the same share of the tax"
            }
            TaxStatus::Reversed => "all of the payment went back, and all of the tax",
            TaxStatus::Void => "its payment is none",
        },
        live: None,
        status: TaxRecord::status,
        samples: states
            .into_iter()
            .map(|state| sample(TaxRecord::restore(terms.clone(), state).unwrap()))
            .collect(),
        commands: vec![
            always("collect", "its payment is paid", TaxRecord::collect),
            command(
                "reverse(nothing)",
                "nothing of the payment went back",
                reverse(0),
            ),
            command(
                "reverse(part)",
                "some more of the payment went back",
                reverse(20),
            ),
            command("reverse(all)", "all of the payment went back", reverse(100)),
            always("void", "its payment is none", TaxRecord::void),
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
                "the payment gave some more back",
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
