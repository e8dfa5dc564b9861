//! Ids, taken in blocks before the rows are written. What is left of a block when the program ends is never used.

use std::ops::Range;
use std::sync::Arc;

use bayar_app::port::store::SeenIds;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use tokio::sync::Mutex;

use super::error::{Failure, broken};
use super::pool::Pool;
use super::schema::sequences;

/// How many ids are taken at once.
const BLOCK: usize = 64;

/// Where the ids of each table come from.
pub(super) struct Ids {
    pub(super) orders: Sequence,
    pub(super) payments: Sequence,
    pub(super) invoices: Sequence,
    pub(super) tax_records: Sequence,
    pub(super) attempts: Sequence,
    pub(super) refunds: Sequence,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            orders: Sequence::new("orders"),
            payments: Sequence::new("payments"),
            invoices: Sequence::new("invoices"),
            tax_records: Sequence::new("tax_records"),
            attempts: Sequence::new("attempts"),
            refunds: Sequence::new("refunds"),
        }
    }
}

impl Ids {
    /// From now on, no id is given out that may have been given out before.
    pub(super) async fn skip(
        &self,
        writer: &Arc<Pool>,
        seen: SeenIds,
        at_least: u32,
    ) -> Result<(), Failure> {
        let at_least = i64::from(at_least);
        let all = [
            ("orders", seen.orders),
            ("payments", seen.payments),
            ("invoices", seen.invoices),
            ("tax_records", seen.tax_records),
            ("attempts", seen.attempts),
            ("refunds", seen.refunds),
            ("credit_notes", 0),
        ];
        writer
            .run(move |connection, _| {
                for (name, seen) in all {
                    let next: i64 = sequences::table
                        .find(name)
                        .select(sequences::next_id)
                        .get_result(connection)?;
                    let next = next.max(seen.saturating_add(1)).saturating_add(at_least);
                    diesel::update(sequences::table.find(name))
                        .set(sequences::next_id.eq(next))
                        .execute(connection)?;
                }
                // Where nobody ever was, no row is there to be raised.
                for table in ["users", "api_keys"] {
                    sql_query(format!(
                        "INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', 0
                        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
                    ))
                    .execute(connection)?;
                    sql_query(format!(
                        "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = '{table}'"
                    ))
                    .bind::<BigInt, _>(at_least)
                    .execute(connection)?;
                }
                Ok(())
            })
            .await?;
        for sequence in [
            &self.orders,
            &self.payments,
            &self.invoices,
            &self.tax_records,
            &self.attempts,
            &self.refunds,
        ] {
            *sequence.block.lock().await = 0..0;
        }
        Ok(())
    }
}

/// One id of a sequence that is only ever used inside transactions of the writer.
pub(super) fn draw(
    connection: &mut SqliteConnection,
    sequence: &'static str,
) -> Result<i64, Failure> {
    let next: i64 = diesel::update(sequences::table.find(sequence))
        .set(sequences::next_id.eq(sequences::next_id + 1))
        .returning(sequences::next_id)
        .get_result(connection)?;
    let id = next.checked_sub(1).filter(|id| *id > 0);
    id.ok_or_else(|| broken(format!("no {sequence} id is left")))
}

/// A row of `sequences`, and the block that was taken of it.
pub(super) struct Sequence {
    name: &'static str,
    block: Mutex<Range<i64>>,
}

impl Sequence {
    fn new(name: &'static str) -> Self {
        let block = Mutex::new(0..0);
        Self { name, block }
    }

    /// One id that nobody has.
    pub(super) async fn one(&self, writer: &Arc<Pool>) -> Result<i64, Failure> {
        let ids = self.take(writer, 1).await?;
        let id = ids.first().copied();
        id.ok_or_else(|| broken("a block of ids has none"))
    }

    /// Ids that nobody has.
    pub(super) async fn take(&self, writer: &Arc<Pool>, count: usize) -> Result<Vec<i64>, Failure> {
        // Bounded: whoever holds it may have to wait for the writer.
        let mut block = writer.patiently(self.block.lock()).await?;
        let mut ids: Vec<_> = block.by_ref().take(count).collect();
        let missing = count.saturating_sub(ids.len());
        if missing > 0 {
            *block = self.reserve(writer, missing.max(BLOCK)).await?;
            ids.extend(block.by_ref().take(missing));
        }
        Ok(ids)
    }

    async fn reserve(&self, writer: &Arc<Pool>, count: usize) -> Result<Range<i64>, Failure> {
        let count = i64::try_from(count).map_err(broken)?;
        let name = self.name;
        writer
            .run(move |connection, _| {
                let end: i64 = diesel::update(sequences::table.find(name))
                    .set(sequences::next_id.eq(sequences::next_id + count))
                    .returning(sequences::next_id)
                    .get_result(connection)?;
                let start = end.checked_sub(count).filter(|start| *start > 0);
                let start = start.ok_or_else(|| broken(format!("no {name} id is left")))?;
                Ok(start..end)
            })
            .await
    }
}
