use bayar_app::port::Source;
use bayar_app::port::store::Answer;
use bayar_domain::tax::TaxLine;
use bayar_domain::{
    Invoice, InvoiceId, InvoiceTerms, PaymentId, TaxRecord, TaxRecordId, TaxState, TaxStatus,
    TaxTerms,
};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::{agree, money};
use crate::error::Unreadable;
use crate::schema::{invoices, tax_records};

/// A row of `invoices`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = invoices, check_for_backend(Pg))]
pub(crate) struct InvoiceRow {
    id: i64,
    payment_id: i64,
    invoice_number: String,
    amount_minor: i64,
    currency: String,
    status: String,
    issued_at: DateTime<Utc>,
}

impl InvoiceRow {
    /// The invoice.
    pub(crate) fn invoice(&self) -> Answer<Invoice> {
        self.restore().map_err(Unreadable::of("invoice", self.id))
    }

    fn restore(&self) -> Result<Invoice, Source> {
        let terms = InvoiceTerms {
            id: InvoiceId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            number: self.invoice_number.parse()?,
            amount: money(self.amount_minor, &self.currency)?,
            issued_at: self.issued_at,
        };
        Ok(Invoice::restore(terms, self.status.parse()?)?)
    }
}

/// A row of `tax_records`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = tax_records, check_for_backend(Pg))]
pub(crate) struct TaxRow {
    id: i64,
    payment_id: i64,
    tax_amount_minor: i64,
    currency: String,
    status: String,
    reversed_minor: i64,
    line: String,
}

impl TaxRow {
    /// The tax.
    pub(crate) fn tax(&self) -> Answer<TaxRecord> {
        self.restore()
            .map_err(Unreadable::of("tax record", self.id))
    }

    fn restore(&self) -> Result<TaxRecord, Source> {
        let line: TaxLine = serde_json::from_str(&self.line)?;
        let amount = money(self.tax_amount_minor, &self.currency)?;
        agree("tax_amount", line.amount == amount)?;
        let reversed = money(self.reversed_minor, &self.currency)?;
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
        agree("reversed_minor", tax.reversed() == reversed)?;
        Ok(tax)
    }
}
