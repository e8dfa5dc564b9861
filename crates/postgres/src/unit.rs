//! Units of work: a transaction about one order, with its row locked.

mod save;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bayar_app::port::StoreError;
use bayar_app::port::store::{Answer, Loaded, OrderUnit, PaperSet, Save, Units};
use bayar_domain::decision::Decision;
use bayar_domain::settlement::Parts;
use bayar_domain::{OrderId, PaymentId, PaymentStatus};
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};

use crate::PgStore;
use crate::error::{Unreadable, Wrong, broken};
use crate::rows::{InvoiceRow, OrderRow, PaymentRow, TaxRow};
use crate::schema::{bayar_now, decisions, invoices, orders, payments, tax_records};
use crate::transaction::Transaction;

#[async_trait]
impl Units for PgStore {
    async fn begin(&self, order: OrderId) -> Answer<Option<(Box<dyn OrderUnit>, Loaded)>> {
        let mut transaction = Transaction::begin(&self.pool).await?;
        let locked = orders::table
            .filter(orders::id.eq(order.get()))
            .select((OrderRow::as_select(), bayar_now()))
            .for_update();
        let found: Vec<(OrderRow, DateTime<Utc>)> = transaction.load(locked).await?;
        let Some((row, now)) = found.into_iter().next() else {
            // Nothing is locked: the connection may go back. If it does not, nobody misses it.
            transaction.commit().await.ok();
            return Ok(None);
        };

        let payments = payments::table
            .filter(payments::order_id.eq(order.get()))
            .order(payments::id)
            .select(PaymentRow::as_select());
        let payments: Vec<PaymentRow> = transaction.load(payments).await?;
        let mut known = BTreeMap::new();
        let mut parts = Parts {
            order: row.order()?,
            payments: Vec::with_capacity(payments.len()),
            attempts: Vec::new(),
            refunds: Vec::new(),
            facts: Vec::new(),
            decisions: Vec::new(),
        };
        for row in payments {
            let payment = row.payment()?;
            let seen = Seen {
                version: row.version,
                status: payment.status(),
            };
            known.insert(payment.terms().id, seen);
            parts.payments.push(payment);
        }

        let decided = decisions::table
            .filter(decisions::order_id.eq(order.get()))
            .order(decisions::position)
            .select((decisions::position, decisions::decision));
        let decided: Vec<(i32, String)> = transaction.load(decided).await?;
        let last_decision = decided.last().map_or(0, |(position, _)| *position);
        for (_, text) in decided {
            let decision = serde_json::from_str::<Decision>(&text);
            let decision = decision.map_err(Unreadable::of("a decision about order", order))?;
            parts.decisions.push(decision);
        }

        let unit = Unit {
            transaction,
            order,
            order_version: row.version,
            live_payment: row.live_payment_id,
            payments: known,
            papers: BTreeMap::new(),
            last_decision,
            half_done: false,
        };
        Ok(Some((Box::new(unit), Loaded { parts, now })))
    }
}

/// A unit of work, with what it has to find again when it writes.
struct Unit {
    transaction: Transaction,
    order: OrderId,
    order_version: i64,
    live_payment: Option<i64>,
    payments: BTreeMap<PaymentId, Seen>,
    papers: BTreeMap<PaymentId, PaperSet>,
    last_decision: i32,
    /// A step failed, or nobody waited for its end. The server would undo everything at a commit, and not say so.
    half_done: bool,
}

/// A payment as it is in the table.
#[derive(Debug, Clone, Copy)]
struct Seen {
    version: i64,
    status: PaymentStatus,
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
