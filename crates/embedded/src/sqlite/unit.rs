//! Units of work: a transaction that has the writer, and with it the whole file.

mod load;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bayar_app::port::store::{
    Actor, Answer, Counted, Loaded, OrderUnit, PaperSet, RefundDay, Save, Units,
};
use bayar_domain::settlement::Sums;
use bayar_domain::{
    AttemptId, AttemptStatus, Bill, CaptureId, CreditNote, CreditNoteId, Money, OrderId, PaymentId,
    PaymentStatus, RefundId, RefundStatus,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::SqliteStore;
use super::error::{Failure, broken, unreadable};
use super::ids::draw;
use super::opening::insert_bill;
use super::payments::{invoice_of, taxes_of};
use super::pool::{Transaction, blocking};
use super::refunds::notes_of;
use super::rows::time_text;
use super::save::{Moves, count, write};
use super::schema::orders;
pub(super) use load::load;

#[async_trait]
impl Units for SqliteStore {
    async fn begin(&self, order: OrderId) -> Answer<Option<(Box<dyn OrderUnit>, Loaded)>> {
        // Whoever writes has the whole file: that locks the order, too.
        let begun = self
            .writer
            .begin(move |connection, now| load(connection, order, now));
        let (transaction, loaded) = begun.await?;
        let Some((seen, loaded)) = loaded else {
            return Ok(None);
        };
        let open = Some(Open { transaction, seen });
        let unit: Box<dyn OrderUnit> = Box::new(SqliteUnit { open });
        Ok(Some((unit, loaded)))
    }
}

/// Holds the writer from its beginning to its end.
struct SqliteUnit {
    /// Nothing after a failure: what is half done is rolled back at once and cannot be committed.
    open: Option<Open>,
}

struct Open {
    transaction: Transaction,
    seen: Seen,
}

/// The rows as they were loaded, and as they were written since.
pub(super) struct Seen {
    pub(super) order: OrderId,
    pub(super) order_version: i64,
    pub(super) live_payment: Option<PaymentId>,
    pub(super) payments: BTreeMap<PaymentId, SeenRow<PaymentStatus>>,
    pub(super) attempts: BTreeMap<AttemptId, SeenRow<AttemptStatus>>,
    pub(super) refunds: BTreeMap<RefundId, SeenRow<RefundStatus>>,
    pub(super) captures: BTreeMap<CaptureId, Option<Sums>>,
    pub(super) primary: Option<CaptureId>,
    pub(super) decisions: i64,
    pub(super) calls: i64,
}

/// A payment, an attempt or a refund as it is in its table.
pub(super) struct SeenRow<S> {
    pub(super) version: i64,
    pub(super) status: S,
}

impl SqliteUnit {
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection, &mut Seen, DateTime<Utc>) -> Result<T, Failure>
        + Send
        + 'static,
    ) -> Result<T, Failure> {
        let mut open = self.take()?;
        let (open, answer) = blocking(move || {
            let Open { transaction, seen } = &mut open;
            let answer = transaction.run(|connection, now| work(connection, seen, now))?;
            Ok::<_, Failure>((open, answer))
        })
        .await?;
        self.open = Some(open);
        Ok(answer)
    }

    fn take(&mut self) -> Result<Open, Failure> {
        let open = self.open.take();
        open.ok_or_else(|| broken("the unit of work was given up after a failure"))
    }
}

#[async_trait]
impl OrderUnit for SqliteUnit {
    async fn papers(&mut self, payment: PaymentId) -> Answer<PaperSet> {
        let papers = self.run(move |connection, seen, _| {
            if !seen.payments.contains_key(&payment) {
                return Err(broken(format!("payment {payment} is not of the order")));
            }
            let missing = || unreadable("payment", payment, "its invoice is missing");
            Ok(PaperSet {
                invoice: invoice_of(connection, payment)?.ok_or_else(missing)?,
                taxes: taxes_of(connection, payment)?,
            })
        });
        Ok(papers.await?)
    }

    async fn credit_notes(&mut self, payment: PaymentId) -> Answer<Vec<CreditNote>> {
        let notes = self.run(move |connection, seen, _| {
            if !seen.payments.contains_key(&payment) {
                return Err(broken(format!("payment {payment} is not of the order")));
            }
            notes_of(connection, payment)
        });
        Ok(notes.await?)
    }

    async fn credit_note_id(&mut self) -> Answer<CreditNoteId> {
        let id = self.run(|connection, _, _| draw(connection, "credit_notes"));
        Ok(CreditNoteId::new(id.await?).map_err(broken)?)
    }

    async fn count_refund(
        &mut self,
        day: &RefundDay,
        amount: Money,
        limit: Money,
    ) -> Answer<Counted> {
        let day = *day;
        let counted = self.run(move |connection, _, _| count(connection, &day, amount, limit));
        Ok(counted.await?)
    }

    async fn restore_bill(&mut self, bill: &Bill, by: Actor) -> Answer<()> {
        let bill = bill.clone();
        let restored = self.run(move |connection, seen, now| {
            let terms = bill.payment.terms();
            if terms.order != seen.order {
                return Err(broken("the payment is of another order"));
            }
            let consultation: Option<i64> = orders::table
                .find(seen.order.get())
                .select(orders::consultation_id)
                .get_result(connection)?;
            insert_bill(connection, &bill, consultation, by, &time_text(now)?)?;
            // Every payment begins so. That it had ended is the next that is written of it.
            let row = SeenRow {
                version: 1,
                status: PaymentStatus::Pending,
            };
            seen.payments.insert(terms.id, row);
            Ok(())
        });
        Ok(restored.await?)
    }

    async fn save(&mut self, save: &Save<'_>) -> Answer<()> {
        let moves = Moves::of(save);
        let saved = self.run(move |connection, seen, now| write(connection, seen, &moves, now));
        Ok(saved.await?)
    }

    async fn commit(mut self: Box<Self>) -> Answer<()> {
        let open = self.take()?;
        Ok(blocking(move || open.transaction.commit()).await?)
    }

    async fn rollback(self: Box<Self>) {
        // It takes its time on a thread that may block.
        let dropped = blocking(move || {
            drop(self);
            Ok::<_, Failure>(())
        });
        if let Err(error) = dropped.await {
            tracing::debug!(%error, "a unit of work was given up with its runtime");
        }
    }
}
