use super::InvoiceStatus::{Paid, PartiallyRefunded, Pending, Refunded, Void};
use super::*;
use crate::payment::{Cancellation, PaymentFailure, ReviewReason};
use crate::testing::Told::{Goes, Refused, Stays};
use crate::testing::{Machine, at, attempt_id, capture, each, php};
use crate::{Currency, PaymentStatus};

fn terms() -> InvoiceTerms {
    let payment = PaymentId::new(100).unwrap();
    InvoiceTerms {
        id: InvoiceId::new(3).unwrap(),
        payment,
        number: InvoiceNumber::new(at(0), payment).unwrap(),
        amount: php(500_000),
        issued_at: at(0),
    }
}

fn takings(refunded: i64) -> Takings {
    Takings::new(php(500_000), php(refunded)).unwrap()
}

impl Machine for Invoice {
    type State = InvoiceStatus;
    type Status = InvoiceStatus;

    fn samples() -> Vec<InvoiceStatus> {
        InvoiceStatus::ALL.to_vec()
    }

    fn sample(status: InvoiceStatus) -> Self {
        Self::restore(terms(), status).unwrap()
    }

    fn state_of(&self) -> InvoiceStatus {
        self.status()
    }

    fn status_of(&self) -> InvoiceStatus {
        self.status()
    }
}

#[test]
fn states_have_stable_names() {
    let names: Vec<_> = InvoiceStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["pending", "paid", "partially_refunded", "refunded", "void"]
    );
}

#[test]
fn an_issued_invoice_is_pending_and_keeps_its_terms() {
    let invoice = Invoice::issue(terms()).unwrap();
    assert_eq!(invoice.status(), Pending);
    assert_eq!(*invoice.terms(), terms());
}

#[test]
fn an_amount_above_zero_is_taken_and_no_other() {
    let asking = |minor| InvoiceTerms {
        amount: php(minor),
        ..terms()
    };
    assert!(Invoice::issue(asking(1)).is_ok());
    assert_eq!(Invoice::issue(asking(0)), Err(InvalidInvoice));
    assert_eq!(Invoice::restore(asking(-1), Paid), Err(InvalidInvoice));
    assert_eq!(
        InvalidInvoice.to_string(),
        "an invoice has an amount above zero"
    );
}

#[test]
fn takings_are_a_part_of_a_sum_above_zero() {
    assert!(Takings::new(php(1), php(0)).is_ok());
    assert!(Takings::new(php(1), php(1)).is_ok());
    for (captured, refunded) in [
        (php(0), php(0)),
        (php(-1), php(-1)),
        (php(1), php(2)),
        (php(1), php(-1)),
        (php(1), Money::zero(Currency::Usd)),
    ] {
        assert_eq!(Takings::new(captured, refunded), Err(InvalidTakings));
    }
    assert_eq!(
        InvalidTakings.to_string(),
        "of a sum above zero, a part between nothing and all goes back, in the same currency"
    );
}

#[test]
fn takings_say_which_part_went_back() {
    assert_eq!(takings(0).returned(), Returned::Nothing);
    assert_eq!(takings(1).returned(), Returned::Part);
    assert_eq!(takings(499_999).returned(), Returned::Part);
    assert_eq!(takings(500_000).returned(), Returned::All);
    assert_eq!(takings(1).captured(), php(500_000));
    assert_eq!(takings(1).refunded(), php(1));
}

#[test]
fn papers_say_what_the_payment_says() {
    let (captured, capture) = (php(500_000), capture("pi_1"));
    let all = [
        (PaymentState::Pending, Papers::Due),
        (
            PaymentState::Processing {
                attempt: attempt_id(1),
            },
            Papers::Due,
        ),
        (
            PaymentState::UnderReview {
                capture: capture.clone(),
                reason: ReviewReason::Challenged,
            },
            Papers::Due,
        ),
        (
            PaymentState::Completed {
                capture: capture.clone(),
                captured,
            },
            Papers::Settled(takings(0)),
        ),
        (
            PaymentState::PartiallyRefunded {
                capture: capture.clone(),
                captured,
                refunded: php(200_000),
            },
            Papers::Settled(takings(200_000)),
        ),
        (
            PaymentState::Refunded { capture, captured },
            Papers::Settled(takings(500_000)),
        ),
        (
            PaymentState::Failed {
                reason: PaymentFailure::Reversed,
            },
            Papers::Void,
        ),
        (
            PaymentState::Cancelled {
                reason: Cancellation::Requested,
            },
            Papers::Void,
        ),
        (PaymentState::Expired, Papers::Void),
    ];
    let statuses: Vec<_> = all.iter().map(|(state, _)| state.status()).collect();
    assert_eq!(statuses, PaymentStatus::ALL);
    for (state, papers) in all {
        assert_eq!(Papers::of(&state), papers);
    }
}

#[test]
fn money_pays_an_invoice_wherever_it_stands() {
    assert_eq!(
        each(|invoice: Invoice| Ok(invoice.pay())),
        [Goes(Paid), Stays, Goes(Paid), Goes(Paid), Goes(Paid)]
    );
}

#[test]
fn money_goes_back_where_it_came() {
    assert_eq!(
        each(Invoice::refund_part),
        [
            Refused(PartiallyRefunded),
            Goes(PartiallyRefunded),
            Stays,
            Goes(PartiallyRefunded),
            Refused(PartiallyRefunded)
        ]
    );
    assert_eq!(
        each(Invoice::refund),
        [
            Refused(Refunded),
            Goes(Refunded),
            Goes(Refunded),
            Stays,
            Refused(Refunded)
        ]
    );
}

#[test]
fn an_invoice_is_voided_wherever_it_stands() {
    assert_eq!(
        each(|invoice: Invoice| Ok(invoice.void())),
        [Goes(Void), Goes(Void), Goes(Void), Goes(Void), Stays]
    );
}

#[test]
fn an_invoice_follows_its_payment() {
    let settle = |papers| each(move |invoice: Invoice| invoice.settle(papers));
    assert_eq!(
        settle(Papers::Due),
        [
            Stays,
            Refused(Pending),
            Refused(Pending),
            Refused(Pending),
            Refused(Pending)
        ]
    );
    assert_eq!(
        settle(Papers::Settled(takings(0))),
        [Goes(Paid), Stays, Goes(Paid), Goes(Paid), Goes(Paid)]
    );
    let part = || Goes(PartiallyRefunded);
    assert_eq!(
        settle(Papers::Settled(takings(1))),
        [part(), part(), Stays, part(), part()]
    );
    let all = || Goes(Refunded);
    assert_eq!(
        settle(Papers::Settled(takings(500_000))),
        [all(), all(), all(), Stays, all()]
    );
    assert_eq!(
        settle(Papers::Void),
        [Goes(Void), Goes(Void), Goes(Void), Goes(Void), Stays]
    );
}

#[test]
fn a_refusal_says_from_where_and_to_where() {
    let refusal = Invoice::sample(Void).refund_part().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "invoice cannot go from void to partially_refunded"
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    #[test]
    fn an_invoice_is_one_flat_object_in_every_state() {
        for &status in InvoiceStatus::ALL {
            let json = format!(
                r#"{{"id":3,"payment":100,"number":"INV-20250718040700-000100","amount":{{"amount":"5000.00","currency":"PHP"}},"issued_at":"2025-07-18T04:07:00Z","status":"{status}"}}"#
            );
            assert_json(&Invoice::sample(status), &json);
            let free = json.replace("5000.00", "0.00");
            assert_eq!(refusal::<Invoice>(&free), InvalidInvoice.to_string());
        }
    }

    #[test]
    fn papers_are_named_and_checked() {
        assert_json(&Papers::Due, r#"{"papers":"due"}"#);
        assert_json(&Papers::Void, r#"{"papers":"void"}"#);
        let settled = r#"{"papers":"settled","captured":{"amount":"5000.00","currency":"PHP"},"refunded":{"amount":"2000.00","currency":"PHP"}}"#;
        assert_json(&Papers::Settled(takings(200_000)), settled);
        let beyond = settled.replace("2000.00", "5000.01");
        assert_eq!(refusal::<Papers>(&beyond), InvalidTakings.to_string());
    }
}
