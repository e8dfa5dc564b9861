use bayar_app::port::Source;
use bayar_domain::tax::TaxLine;
use bayar_domain::{
    Invoice, InvoiceId, InvoiceTerms, Money, PaymentId, TaxRecord, TaxRecordId, TaxState,
    TaxStatus, TaxTerms,
};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::{invoices, tax_records};
use super::{must_agree, time};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = invoices, check_for_backend(Sqlite))]
pub(crate) struct InvoiceRow {
    id: i64,
    payment_id: i64,
    invoice_number: String,
    amount_minor: i64,
    amount: String,
    currency: String,
    status: String,
    issued_at: String,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = tax_records, check_for_backend(Sqlite))]
pub(crate) struct TaxRow {
    id: i64,
    payment_id: i64,
    tax_type: String,
    rate: String,
    tax_amount_minor: i64,
    tax_amount: String,
    currency: String,
    status: String,
    reversed_minor: i64,
    line: String,
}

impl InvoiceRow {
    pub(crate) fn invoice(&self) -> Result<Invoice, Failure> {
        self.read()
            .map_err(|why| unreadable("invoice", self.id, why))
    }

    fn read(&self) -> Result<Invoice, Source> {
        let amount = Money::new(self.amount_minor, self.currency.parse()?);
        must_agree(amount.to_string() == self.amount, "its two amounts differ")?;
        let terms = InvoiceTerms {
            id: InvoiceId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            number: self.invoice_number.parse()?,
            amount,
            issued_at: time(&self.issued_at)?,
        };
        Ok(Invoice::restore(terms, self.status.parse()?)?)
    }
}

impl TaxRow {
    pub(crate) fn tax(&self) -> Result<TaxRecord, Failure> {
        self.read()
            .map_err(|why| unreadable("tax record", self.id, why))
    }

    fn read(&self) -> Result<TaxRecord, Source> {
        let line: TaxLine = serde_json::from_str(&self.line)?;
        let amount = line.amount;
        must_agree(
            (amount.minor(), amount.to_string())
                == (self.tax_amount_minor, self.tax_amount.clone())
                && amount.currency().code() == self.currency
                && line.tax_type.as_str() == self.tax_type
                && line.rate.to_string() == self.rate,
            "its columns and its line differ",
        )?;
        let reversed = Money::new(self.reversed_minor, amount.currency());
        let state = match self.status.parse()? {
            TaxStatus::Pending => TaxState::Pending,
            TaxStatus::Collected => TaxState::Collected,
            TaxStatus::PartiallyReversed => TaxState::PartiallyReversed { reversed },
            TaxStatus::Reversed => TaxState::Reversed,
            TaxStatus::Void => TaxState::Void,
        };
        let terms = TaxTerms {
            id: TaxRecordId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            line,
        };
        let tax = TaxRecord::restore(terms, state)?;
        must_agree(
            tax.reversed() == reversed,
            "its status and what went back of it differ",
        )?;
        Ok(tax)
    }
}
