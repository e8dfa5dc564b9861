//! A payment with its papers, made together so that they agree about the money.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::invoice::InvalidInvoice;
use crate::payment::InvalidPayment;
use crate::tax::{InvalidTaxRecord, TaxError};
use crate::{
    Gateway, InvalidText, Invoice, InvoiceId, InvoiceNumber, InvoiceTerms, Order, OrderStatus,
    Payment, PaymentId, PaymentTerms, TaxPolicy, TaxRecord, TaxRecordId, TaxTerms,
};

/// What a bill cannot know by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRequest {
    /// The id the payment will have.
    pub payment: PaymentId,
    /// The id the invoice will have.
    pub invoice: InvoiceId,
    /// Ids for the taxes, in order. More than there are taxes is no fault.
    pub taxes: Vec<TaxRecordId>,
    /// The gateway the buyer chose.
    pub payment_method: Gateway,
    /// Now.
    pub now: DateTime<Utc>,
    /// When the payment counts as not paid in time.
    pub deadline: DateTime<Utc>,
    /// The day whose tax rules apply: which day it is depends on where the seller is.
    pub tax_day: NaiveDate,
}

/// A bill that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BillError {
    /// The order takes no payment.
    #[error("an order that is {0} takes no payment")]
    NotPayable(OrderStatus),
    /// There are more taxes than ids for them.
    #[error("{0} taxes need an id each")]
    TooFewTaxIds(usize),
    /// The taxes cannot be computed.
    #[error(transparent)]
    Taxes(#[from] TaxError),
    /// A tax cannot be recorded.
    #[error(transparent)]
    TaxRecord(#[from] InvalidTaxRecord),
    /// The invoice cannot be numbered.
    #[error(transparent)]
    Number(#[from] InvalidText),
    /// The payment cannot be.
    #[error(transparent)]
    Payment(#[from] InvalidPayment),
    /// The invoice cannot be.
    #[error(transparent)]
    Invoice(#[from] InvalidInvoice),
}

/// A payment with its invoice and its taxes, all of them `pending`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The payment.
    pub payment: Payment,
    /// Its invoice, over what the buyer pays.
    pub invoice: Invoice,
    /// Its taxes.
    pub taxes: Vec<TaxRecord>,
}

impl Bill {
    /// Writes the bill of an order: its price, and the taxes on it by `policy`.
    /// What the buyer pays, what the invoice asks for and what the taxes say agree.
    ///
    /// # Errors
    /// When the order takes no payment, the taxes cannot be computed, or something in the request does not fit.
    pub fn write(
        order: &Order,
        policy: &TaxPolicy,
        request: BillRequest,
    ) -> Result<Self, BillError> {
        let terms = order.terms();
        if order.status() != OrderStatus::Pending {
            return Err(BillError::NotPayable(order.status()));
        }
        let assessment = policy.assess(terms.price, request.tax_day)?;
        let amount = assessment.charge();
        let lines = assessment.into_lines();
        if request.taxes.len() < lines.len() {
            return Err(BillError::TooFewTaxIds(lines.len()));
        }
        let payment = Payment::open(
            PaymentTerms {
                id: request.payment,
                order: terms.id,
                user: terms.owner,
                price: terms.price,
                amount,
                created_at: request.now,
                deadline: request.deadline,
            },
            request.payment_method,
        )?;
        let invoice = Invoice::issue(InvoiceTerms {
            id: request.invoice,
            payment: request.payment,
            number: InvoiceNumber::new(request.now, request.payment)?,
            amount,
            issued_at: request.now,
        })?;
        let payment_id = request.payment;
        let record = |(id, line)| {
            TaxRecord::record(TaxTerms {
                id,
                payment: payment_id,
                line,
            })
        };
        let taxes = request.taxes.into_iter().zip(lines).map(record);
        Ok(Self {
            payment,
            invoice,
            taxes: taxes.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tax::TaxMode;
    use crate::testing::{at, php};
    use crate::{
        InvoiceStatus, OrderId, OrderKind, OrderNumber, OrderTerms, PaymentStatus, Settlement,
        TaxStatus, UserId,
    };

    fn order(status: OrderStatus) -> Order {
        let terms = OrderTerms {
            id: OrderId::new(1).unwrap(),
            number: OrderNumber::new(at(0), 0x3C2A).unwrap(),
            owner: UserId::new(7).unwrap(),
            kind: OrderKind::Checkout,
            price: php(500_000),
            created_at: at(0),
        };
        Order::restore(terms, status).unwrap()
    }

    fn request(taxes: i64) -> BillRequest {
        BillRequest {
            payment: PaymentId::new(100).unwrap(),
            invoice: InvoiceId::new(50).unwrap(),
            taxes: (1..=taxes)
                .map(|id| TaxRecordId::new(id).unwrap())
                .collect(),
            payment_method: Gateway::Stripe,
            now: at(0),
            deadline: at(86_400),
            tax_day: at(0).date_naive(),
        }
    }

    fn bill(mode: TaxMode, request: BillRequest) -> Result<Bill, BillError> {
        let policy = TaxPolicy::standard().with_mode(mode);
        Bill::write(&order(OrderStatus::Pending), &policy, request)
    }

    #[test]
    fn a_consultation_of_5000_php_has_vat_and_pph_on_its_bill() {
        let bill = bill(TaxMode::Recorded, request(3)).unwrap();
        assert_eq!(bill.payment.status(), PaymentStatus::Pending);
        assert_eq!(bill.payment.payment_method(), Gateway::Stripe);
        assert_eq!(bill.payment.terms().user.get(), 7);
        assert_eq!(bill.payment.terms().deadline, at(86_400));
        assert_eq!(bill.invoice.status(), InvoiceStatus::Pending);
        assert_eq!(bill.invoice.terms().number.payment_id().get(), 100);
        assert_eq!(bill.invoice.terms().id.get(), 50);
        let taxes: Vec<_> = bill
            .taxes
            .iter()
            .map(|tax| {
                let terms = tax.terms();
                assert_eq!(
                    (tax.status(), terms.payment.get()),
                    (TaxStatus::Pending, 100)
                );
                (
                    terms.id.get(),
                    terms.line.tax_type.as_str(),
                    terms.line.amount,
                )
            })
            .collect();
        assert_eq!(taxes, [(1, "VAT", php(60_000)), (2, "PPh", php(75_000))]);
    }

    #[test]
    fn payment_and_invoice_ask_for_the_price_and_the_taxes_that_are_added() {
        let asked = |mode| {
            let bill = bill(mode, request(2)).unwrap();
            let (payment, invoice) = (bill.payment.terms(), bill.invoice.terms());
            assert_eq!(payment.price, php(500_000));
            assert_eq!(payment.amount, invoice.amount);
            payment.amount
        };
        assert_eq!(asked(TaxMode::Recorded), php(500_000));
        assert_eq!(asked(TaxMode::Included), php(500_000));
        assert_eq!(asked(TaxMode::Added), php(560_000));
    }

    #[test]
    fn a_settlement_takes_the_payment_of_a_bill() {
        for &mode in TaxMode::ALL {
            let bill = bill(mode, request(2)).unwrap();
            let opened = Settlement::new(order(OrderStatus::Pending))
                .open_payment(bill.payment.terms().clone(), bill.payment.payment_method())
                .unwrap();
            assert_eq!(opened.settlement.live_payment(), Some(&bill.payment));
        }
    }

    #[test]
    fn only_a_pending_order_gets_a_bill() {
        for &status in OrderStatus::ALL {
            let bill = Bill::write(&order(status), &TaxPolicy::standard(), request(2));
            if status == OrderStatus::Pending {
                assert!(bill.is_ok());
            } else {
                assert_eq!(bill, Err(BillError::NotPayable(status)));
            }
        }
    }

    #[test]
    fn every_tax_needs_an_id() {
        let refused = bill(TaxMode::Recorded, request(1)).unwrap_err();
        assert_eq!(refused, BillError::TooFewTaxIds(2));
        assert_eq!(refused.to_string(), "2 taxes need an id each");
    }

    #[test]
    fn a_payment_that_ends_before_it_begins_gets_no_bill() {
        let late = BillRequest {
            deadline: at(0),
            ..request(2)
        };
        let refused = bill(TaxMode::Recorded, late);
        assert_eq!(refused, Err(InvalidPayment::Deadline.into()));
    }
}
