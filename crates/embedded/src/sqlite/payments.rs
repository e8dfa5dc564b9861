use async_trait::async_trait;
use bayar_app::port::store::{
    Answer, BillIds, KeyScope, Opened, Opening, Page, PageOf, PaymentEvent, PaymentFilter,
    Payments, StoredPayment, Survey, Surveyed,
};
use bayar_domain::{Invoice, InvoiceId, OrderNumber, PaymentId, TaxRecord, TaxRecordId};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::error::{Failure, broken};
use super::rows::{EventRow, InvoiceRow, PaymentRow, TaxRow, stored_payment, time_text};
use super::schema::{invoices, orders, payment_events, payments, tax_records};
use super::{SqliteStore, keys, opening, survey};

/// How many ids one statement asks for. SQLite takes no more than 32,766.
pub(super) const MOST_IDS: usize = 1_000;

#[async_trait]
impl Payments for SqliteStore {
    async fn reserve_bill_ids(&self, taxes: usize) -> Answer<BillIds> {
        let payment = self.ids.payments.one(&self.writer).await?;
        let invoice = self.ids.invoices.one(&self.writer).await?;
        let taxes = self.ids.tax_records.take(&self.writer, taxes).await?;
        let taxes = taxes.into_iter().map(TaxRecordId::new);
        Ok(BillIds {
            payment: PaymentId::new(payment).map_err(broken)?,
            invoice: InvoiceId::new(invoice).map_err(broken)?,
            taxes: taxes.collect::<Result<_, _>>().map_err(broken)?,
        })
    }

    async fn survey(&self, wanted: &Survey) -> Answer<Surveyed> {
        let wanted = wanted.clone();
        let surveyed = self
            .readers
            .run(move |connection, now| survey::survey(connection, &wanted, now));
        Ok(surveyed.await?)
    }

    async fn open_payment(&self, opening: &Opening) -> Answer<Opened> {
        let opening = opening.clone();
        let opened = self
            .writer
            .run(move |connection, now| opening::open(connection, &opening, now));
        match opened.await {
            // The key is bound, or an id is taken. What was written before that is rolled back.
            Err(failure) if failure.is_clash() => Ok(Opened::No),
            opened => Ok(opened?),
        }
    }

    async fn payment(&self, id: PaymentId) -> Answer<Option<StoredPayment>> {
        let payment = self.readers.run(move |connection, _| {
            let row: Option<(PaymentRow, String)> = payments::table
                .inner_join(orders::table)
                .filter(payments::id.eq(id.get()))
                .select((PaymentRow::as_select(), orders::order_number))
                .get_result(connection)
                .optional()?;
            row.map(stored_payment).transpose()
        });
        Ok(payment.await?)
    }

    async fn payments(&self, filter: &PaymentFilter, page: Page) -> Answer<PageOf<StoredPayment>> {
        let filter = *filter;
        let found = self
            .readers
            .run(move |connection, _| list(connection, &filter, page));
        Ok(found.await?)
    }

    async fn payments_of(&self, order: &OrderNumber) -> Answer<Vec<StoredPayment>> {
        let order = order.clone();
        let found = self.readers.run(move |connection, _| {
            let rows: Vec<(PaymentRow, String)> = payments::table
                .inner_join(orders::table)
                .filter(orders::order_number.eq(order.as_str()))
                .order((payments::created_at, payments::id))
                .select((PaymentRow::as_select(), orders::order_number))
                .load(connection)?;
            rows.into_iter().map(stored_payment).collect()
        });
        Ok(found.await?)
    }

    async fn events(&self, payment: PaymentId) -> Answer<Vec<PaymentEvent>> {
        let events = self.readers.run(move |connection, _| {
            let rows: Vec<EventRow> = payment_events::table
                .filter(payment_events::payment_id.eq(payment.get()))
                .order(payment_events::version)
                .select(EventRow::as_select())
                .load(connection)?;
            rows.iter().map(EventRow::event).collect()
        });
        Ok(events.await?)
    }

    async fn invoice(&self, payment: PaymentId) -> Answer<Option<Invoice>> {
        let invoice = self
            .readers
            .run(move |connection, _| invoice_of(connection, payment));
        Ok(invoice.await?)
    }

    async fn taxes(&self, payment: PaymentId) -> Answer<Vec<TaxRecord>> {
        let taxes = self
            .readers
            .run(move |connection, _| taxes_of(connection, payment));
        Ok(taxes.await?)
    }

    async fn forget_key(&self, scope: &KeyScope) -> Answer<()> {
        let scope = scope.clone();
        let forgotten = self
            .writer
            .run(move |connection, now| keys::forget(connection, &scope, &time_text(now)?));
        Ok(forgotten.await?)
    }

    async fn keys_of(&self, payment: PaymentId) -> Answer<Vec<KeyScope>> {
        let keys = self
            .readers
            .run(move |connection, _| keys::of_payment(connection, payment));
        Ok(keys.await?)
    }
}

/// The invoice of a payment.
pub(super) fn invoice_of(
    connection: &mut SqliteConnection,
    payment: PaymentId,
) -> Result<Option<Invoice>, Failure> {
    let row: Option<InvoiceRow> = invoices::table
        .filter(invoices::payment_id.eq(payment.get()))
        .select(InvoiceRow::as_select())
        .get_result(connection)
        .optional()?;
    row.map(|row| row.invoice()).transpose()
}

/// The taxes on a payment, in the order they were computed.
pub(super) fn taxes_of(
    connection: &mut SqliteConnection,
    payment: PaymentId,
) -> Result<Vec<TaxRecord>, Failure> {
    let rows: Vec<TaxRow> = tax_records::table
        .filter(tax_records::payment_id.eq(payment.get()))
        .order(tax_records::position)
        .select(TaxRow::as_select())
        .load(connection)?;
    rows.iter().map(TaxRow::tax).collect()
}

fn list(
    connection: &mut SqliteConnection,
    filter: &PaymentFilter,
    page: Page,
) -> Result<PageOf<StoredPayment>, Failure> {
    let total: i64 = passing(filter)?
        .select(count_star())
        .get_result(connection)?;
    let size = i64::from(page.size);
    let before = i64::from(page.number.saturating_sub(1)).saturating_mul(size);
    // The ids come from an index; only the rows of the page are read.
    let newest = (payments::created_at.desc(), payments::id.desc());
    let ids = passing(filter)?
        .select(payments::id)
        .order(newest)
        .limit(size)
        .offset(before);
    let ids: Vec<i64> = ids.load(connection)?;
    let mut entries = Vec::with_capacity(ids.len());
    for ids in ids.chunks(MOST_IDS) {
        let rows: Vec<(PaymentRow, String)> = payments::table
            .inner_join(orders::table)
            .filter(payments::id.eq_any(ids))
            .order(newest)
            .select((PaymentRow::as_select(), orders::order_number))
            .load(connection)?;
        for row in rows {
            entries.push(stored_payment(row)?);
        }
    }
    Ok(PageOf {
        entries,
        total: total.try_into().map_err(broken)?,
    })
}

/// The payments that pass `filter`.
fn passing(filter: &PaymentFilter) -> Result<payments::BoxedQuery<'static, Sqlite>, Failure> {
    let mut passing = payments::table.into_boxed();
    if let Some(user) = filter.user {
        passing = passing.filter(payments::user_id.eq(user.get()));
    }
    if let Some(status) = filter.status {
        passing = passing.filter(payments::status.eq(status.as_str()));
    }
    if let Some(from) = filter.from {
        passing = passing.filter(payments::created_at.ge(time_text(from)?));
    }
    if let Some(to) = filter.to {
        passing = passing.filter(payments::created_at.lt(time_text(to)?));
    }
    Ok(passing)
}
