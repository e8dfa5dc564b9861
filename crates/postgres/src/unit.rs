//! Units of work: a transaction about one order, with its row locked.

mod attempts;
mod calls;
mod facts;
mod jobs;
mod load;
mod records;
mod refunds;
mod restore;
mod save;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bayar_app::port::StoreError;
use bayar_app::port::store::{
    Actor, Answer, Counted, Loaded, OrderUnit, PaperSet, RefundDay, Save, Units,
};
use bayar_domain::settlement::{Parts, Sums};
use bayar_domain::{
    AttemptId, AttemptStatus, Bill, CaptureId, CreditNote, CreditNoteId, Money, OrderId, PaymentId,
    PaymentStatus, RefundId, RefundStatus,
};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};

use crate::PgStore;
use crate::error::{Wrong, broken};
use crate::rows::{InvoiceRow, OrderRow, TaxRow};
use crate::schema::{bayar_now, invoices, orders, tax_records};
use crate::transaction::Transaction;

#[async_trait]
impl Units for PgStore {
    async fn begin(&self, order: OrderId) -> Answer<Option<(Box<dyn OrderUnit>, Loaded)>> {
        let begun = self.begin_unit(order).await?;
        Ok(
            begun
                .map(|(unit, loaded)| -> (Box<dyn OrderUnit>, Loaded) { (Box::new(unit), loaded) }),
        )
    }
}

impl PgStore {
    async fn begin_unit(&self, order: OrderId) -> Answer<Option<(Unit, Loaded)>> {
        let mut transaction = Transaction::begin(&self.pool).await?;
        let locked = orders::table
            .filter(orders::id.eq(order.get()))
            .select((OrderRow::as_select(), bayar_now()))
            .for_update();
        let found: Vec<(OrderRow, DateTime<Utc>)> = transaction.load(locked).await?;
        let Some((row, now)) = found.into_iter().next() else {
            transaction.rollback().await;
            return Ok(None);
        };
        let mut unit = Unit {
            transaction,
            order,
            now,
            order_version: row.version,
            live_payment: row.live_payment_id,
            payments: BTreeMap::new(),
            attempts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            captures: BTreeMap::new(),
            primary: None,
            papers: BTreeMap::new(),
            last_decision: 0,
            last_call: 0,
            half_done: false,
        };
        let mut parts = Parts {
            order: row.order()?,
            payments: unit.load_payments().await?,
            attempts: unit.load_attempts().await?,
            refunds: Vec::new(),
            facts: Vec::new(),
            decisions: unit.load_decisions().await?,
        };
        let mut calls = Vec::new();
        let mut claims = Vec::new();
        // Everything else comes of an attempt.
        if !parts.attempts.is_empty() {
            (parts.refunds, claims) = unit.load_refunds().await?;
            parts.facts = unit.load_facts().await?;
            calls = unit.load_calls().await?;
            unit.load_captures().await?;
        }
        let credits = unit.load_credits(&parts.order).await?;
        let loaded = Loaded {
            parts,
            calls,
            claims,
            credits,
            now,
        };
        Ok(Some((unit, loaded)))
    }
}

/// A unit of work, with what it has to find again when it writes.
struct Unit {
    transaction: Transaction,
    order: OrderId,
    now: DateTime<Utc>,
    order_version: i64,
    live_payment: Option<i64>,
    payments: BTreeMap<PaymentId, Seen<PaymentStatus>>,
    attempts: BTreeMap<AttemptId, Seen<AttemptStatus>>,
    refunds: BTreeMap<RefundId, Seen<RefundStatus>>,
    captures: BTreeMap<CaptureId, Option<Sums>>,
    primary: Option<CaptureId>,
    papers: BTreeMap<PaymentId, PaperSet>,
    last_decision: i32,
    last_call: i32,
    /// A step failed, or nobody waited for its end. The server would undo everything at a commit, and not say so.
    half_done: bool,
}

/// A payment, an attempt or a refund as it is in its table.
#[derive(Debug, Clone, Copy)]
struct Seen<S> {
    version: i64,
    status: S,
}

#[async_trait]
impl OrderUnit for Unit {
    async fn papers(&mut self, payment: PaymentId) -> Answer<PaperSet> {
        self.begin_step()?;
        let papers = self.load_papers(payment).await?;
        self.papers.insert(payment, papers.clone());
        self.half_done = false;
        Ok(papers)
    }

    async fn credit_notes(&mut self, payment: PaymentId) -> Answer<Vec<CreditNote>> {
        self.begin_step()?;
        let notes = self.load_notes(payment).await?;
        self.half_done = false;
        Ok(notes)
    }

    async fn credit_note_id(&mut self) -> Answer<CreditNoteId> {
        self.begin_step()?;
        let id = self.next_note().await?;
        self.half_done = false;
        Ok(id)
    }

    async fn count_refund(
        &mut self,
        day: &RefundDay,
        amount: Money,
        limit: Money,
    ) -> Answer<Counted> {
        self.begin_step()?;
        let counted = self.count(day, amount, limit).await?;
        self.half_done = false;
        Ok(counted)
    }

    async fn restore_bill(&mut self, bill: &Bill, by: Actor) -> Answer<()> {
        self.begin_step()?;
        self.write_bill(bill, by).await?;
        self.half_done = false;
        Ok(())
    }

    async fn save(&mut self, save: &Save<'_>) -> Answer<()> {
        self.begin_step()?;
        self.write(save).await?;
        self.half_done = false;
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Answer<()> {
        self.begin_step()?;
        self.transaction.commit().await
    }

    async fn rollback(self: Box<Self>) {
        self.transaction.rollback().await;
    }
}

impl Unit {
    fn begin_step(&mut self) -> Answer<()> {
        if self.half_done {
            return Err(self.wrong("has a unit of work that is half done"));
        }
        self.half_done = true;
        Ok(())
    }

    async fn load_papers(&mut self, payment: PaymentId) -> Answer<PaperSet> {
        if !self.payments.contains_key(&payment) {
            let fault = "is none of the order";
            return Err(broken(Wrong::new("payment", payment, fault)));
        }
        let invoice = invoices::table
            .filter(invoices::payment_id.eq(payment.get()))
            .select(InvoiceRow::as_select());
        let invoice: Vec<InvoiceRow> = self.transaction.load(invoice).await?;
        let invoice = invoice.first().ok_or_else(|| {
            let fault = "has no invoice";
            broken(Wrong::new("payment", payment, fault))
        })?;
        let taxes = tax_records::table
            .filter(tax_records::payment_id.eq(payment.get()))
            .order(tax_records::position)
            .select(TaxRow::as_select());
        let taxes: Vec<TaxRow> = self.transaction.load(taxes).await?;
        Ok(PaperSet {
            invoice: invoice.invoice()?,
            taxes: taxes.iter().map(TaxRow::tax).collect::<Answer<_>>()?,
        })
    }

    fn wrong(&self, fault: &'static str) -> StoreError {
        broken(Wrong::new("order", self.order, fault))
    }
}
