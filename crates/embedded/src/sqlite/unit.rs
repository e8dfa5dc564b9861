use std::collections::BTreeMap;

use async_trait::async_trait;
use bayar_app::port::store::{Answer, Loaded, OrderKey, OrderUnit, PaperSet, Save, Units};
use bayar_domain::settlement::Parts;
use bayar_domain::{Decision, OrderId, PaymentId, PaymentStatus};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::SqliteStore;
use super::error::{Failure, broken, unreadable};
use super::orders::find;
use super::payments::{invoice_of, taxes_of};
use super::pool::{Transaction, blocking};
use super::rows::PaymentRow;
use super::save::{Moves, write};
use super::schema::{decisions, payments};

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
    pub(super) payments: BTreeMap<PaymentId, SeenPayment>,
    pub(super) decisions: i64,
}

pub(super) struct SeenPayment {
    pub(super) version: i64,
    pub(super) status: PaymentStatus,
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

    async fn save(&mut self, save: &Save<'_>) -> Answer<()> {
        let moves = Moves::of(save);
        let saved = self.run(move |connection, seen, now| write(connection, seen, &moves?, now));
        Ok(saved.await?)
    }

    async fn commit(mut self: Box<Self>) -> Answer<()> {
        let open = self.take()?;
        Ok(blocking(move || open.transaction.commit()).await?)
    }
}

/// Reads what a unit begins with.
pub(super) fn load(
    connection: &mut SqliteConnection,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<Option<(Seen, Loaded)>, Failure> {
    let Some(row) = find(connection, &OrderKey::Id(order))? else {
        return Ok(None);
    };
    let rows: Vec<PaymentRow> = payments::table
        .filter(payments::order_id.eq(order.get()))
        .order(payments::id)
        .select(PaymentRow::as_select())
        .load(connection)?;
    let decided: Vec<String> = decisions::table
        .filter(decisions::order_id.eq(order.get()))
        .order(decisions::position)
        .select(decisions::decision)
        .load(connection)?;

    let decision = |text: &String| {
        serde_json::from_str::<Decision>(text)
            .map_err(|why| unreadable("a decision of order", order, why))
    };
    let mut seen = Seen {
        order,
        order_version: row.version,
        live_payment: row.live_payment()?,
        payments: BTreeMap::new(),
        decisions: i64::try_from(decided.len()).map_err(broken)?,
    };
    let mut loaded = Vec::with_capacity(rows.len());
    for row in rows {
        let payment = row.payment()?;
        let (version, status) = (row.version, payment.status());
        let id = payment.terms().id;
        seen.payments.insert(id, SeenPayment { version, status });
        loaded.push(payment);
    }
    let parts = Parts {
        order: row.order()?,
        payments: loaded,
        attempts: Vec::new(),
        refunds: Vec::new(),
        facts: Vec::new(),
        decisions: decided.iter().map(decision).collect::<Result<_, _>>()?,
    };
    Ok(Some((seen, Loaded { parts, now })))
}
