use async_trait::async_trait;
use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, BillIds, KeyScope, Opened, Opening, Page, PageOf, PaymentEvent, PaymentFilter,
    Payments, StoredPayment, Survey, Surveyed,
};
use bayar_domain::{Invoice, InvoiceId, OrderNumber, PaymentId, TaxRecord, TaxRecordId};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};

use crate::PgStore;
use crate::error::{Unreadable, broken};
use crate::ids::Sequence;
use crate::rows::{InvoiceRow, PaymentRow, TaxRow};
use crate::schema::{invoices, orders, payment_events, payments, tax_records};

#[async_trait]
impl Payments for PgStore {
    async fn reserve_bill_ids(&self, taxes: usize) -> Answer<BillIds> {
        let payment = self.next_id(Sequence::Payments).await?;
        let invoice = self.next_id(Sequence::Invoices).await?;
        let mut records = Vec::with_capacity(taxes);
        for _ in 0..taxes {
            let id = self.next_id(Sequence::TaxRecords).await?;
            records.push(TaxRecordId::new(id).map_err(broken)?);
        }
        Ok(BillIds {
            payment: PaymentId::new(payment).map_err(broken)?,
            invoice: InvoiceId::new(invoice).map_err(broken)?,
            taxes: records,
        })
    }

    async fn survey(&self, survey: &Survey) -> Answer<Surveyed> {
        self.look(survey).await
    }

    async fn open_payment(&self, opening: &Opening) -> Answer<Opened> {
        self.open(opening).await
    }

    async fn payment(&self, id: PaymentId) -> Answer<Option<StoredPayment>> {
        let payment = payments::table
            .inner_join(orders::table)
            .filter(payments::id.eq(id.get()))
            .select((PaymentRow::as_select(), orders::order_number));
        let found: Vec<(PaymentRow, String)> = self.load(payment).await?;
        let mut found = found.into_iter().map(|(row, number)| row.stored(&number));
        found.next().transpose()
    }

    async fn payments(&self, filter: &PaymentFilter, page: Page) -> Answer<PageOf<StoredPayment>> {
        self.list(filter, page).await
    }

    async fn payments_of(&self, order: &OrderNumber) -> Answer<Vec<StoredPayment>> {
        let payments = payments::table
            .inner_join(orders::table)
            .filter(orders::order_number.eq(order.to_string()))
            .order((payments::created_at, payments::id))
            .select((PaymentRow::as_select(), orders::order_number));
        let found: Vec<(PaymentRow, String)> = self.load(payments).await?;
        let found = found.into_iter().map(|(row, number)| row.stored(&number));
        found.collect()
    }

    async fn events(&self, payment: PaymentId) -> Answer<Vec<PaymentEvent>> {
        let events = payment_events::table
            .filter(payment_events::payment_id.eq(payment.get()))
            .order(payment_events::version)
            .select(EventRow::as_select());
        let found: Vec<EventRow> = self.load(events).await?;
        found.into_iter().map(EventRow::event).collect()
    }

    async fn invoice(&self, payment: PaymentId) -> Answer<Option<Invoice>> {
        let invoice = invoices::table
            .filter(invoices::payment_id.eq(payment.get()))
            .select(InvoiceRow::as_select());
        let found: Vec<InvoiceRow> = self.load(invoice).await?;
        found.first().map(InvoiceRow::invoice).transpose()
    }

    async fn taxes(&self, payment: PaymentId) -> Answer<Vec<TaxRecord>> {
        let taxes = tax_records::table
            .filter(tax_records::payment_id.eq(payment.get()))
            .order(tax_records::position)
            .select(TaxRow::as_select());
        let found: Vec<TaxRow> = self.load(taxes).await?;
        found.iter().map(TaxRow::tax).collect()
    }

    async fn forget_key(&self, scope: &KeyScope) -> Answer<()> {
        self.forget(scope).await
    }

    async fn keys_of(&self, payment: PaymentId) -> Answer<Vec<KeyScope>> {
        self.scopes_of(payment).await
    }
}

/// A row of `payment_events`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = payment_events, check_for_backend(Pg))]
struct EventRow {
    payment_id: i64,
    version: i64,
    from_status: Option<String>,
    to_status: String,
    actor: String,
    at: DateTime<Utc>,
}

impl EventRow {
    fn event(self) -> Answer<PaymentEvent> {
        let restore = || -> Result<_, Source> {
            Ok(PaymentEvent {
                payment: PaymentId::new(self.payment_id)?,
                version: self.version,
                from: self.from_status.as_deref().map(str::parse).transpose()?,
                to: self.to_status.parse()?,
                by: self.actor.parse()?,
                at: self.at,
            })
        };
        let name = self.payment_id;
        restore().map_err(Unreadable::of("an event of payment", name))
    }
}
