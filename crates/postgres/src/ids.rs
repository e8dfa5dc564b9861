//! Ids, taken from the sequences in blocks: most of them cost no look into the database.

use std::collections::VecDeque;

use bayar_app::port::StoreError;
use bayar_app::port::store::{Answer, SeenIds};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use tokio::sync::Mutex;

use crate::PgStore;
use crate::error::broken;
use crate::statement::statement;

/// How many ids are taken at once. Those that are left when the process ends are never used: ids have gaps.
const BLOCK: i64 = 64;

/// What the ids are for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sequence {
    Orders,
    Payments,
    Invoices,
    TaxRecords,
    Attempts,
    Refunds,
}

impl Sequence {
    const fn name(self) -> &'static str {
        match self {
            Self::Orders => "order_ids",
            Self::Payments => "payment_ids",
            Self::Invoices => "invoice_ids",
            Self::TaxRecords => "tax_record_ids",
            Self::Attempts => "attempt_ids",
            Self::Refunds => "refund_ids",
        }
    }
}

/// The ids that are taken and not given out.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    orders: Mutex<VecDeque<i64>>,
    payments: Mutex<VecDeque<i64>>,
    invoices: Mutex<VecDeque<i64>>,
    tax_records: Mutex<VecDeque<i64>>,
    attempts: Mutex<VecDeque<i64>>,
    refunds: Mutex<VecDeque<i64>>,
}

impl Ids {
    const fn of(&self, sequence: Sequence) -> &Mutex<VecDeque<i64>> {
        match sequence {
            Sequence::Orders => &self.orders,
            Sequence::Payments => &self.payments,
            Sequence::Invoices => &self.invoices,
            Sequence::TaxRecords => &self.tax_records,
            Sequence::Attempts => &self.attempts,
            Sequence::Refunds => &self.refunds,
        }
    }
}

statement! {
    struct TakeBlock {
        sequence: &'static str as Text,
        count: i64 as BigInt,
    }
    "SELECT nextval(CAST(CAST(" sequence " AS text) AS regclass)) AS id FROM generate_series(1, " count ")"
}

statement! {
    /// From this sequence on, nothing that was given out before is given again.
    struct Skip {
        sequence: String as Text,
        seen: i64 as BigInt,
        at_least: i64 as BigInt,
    }
    "SELECT setval(named, greatest(nextval(named), " seen ") + " at_least ") AS id
    FROM (SELECT CAST(CAST(" sequence " AS text) AS regclass) AS named) AS sequence"
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl PgStore {
    pub(crate) async fn skip(&self, seen: &SeenIds, at_least: i64) -> Answer<()> {
        let SeenIds {
            orders,
            payments,
            invoices,
            tax_records,
            attempts,
            refunds,
        } = *seen;
        let all = [
            ("order_ids", orders),
            ("payment_ids", payments),
            ("invoice_ids", invoices),
            ("tax_record_ids", tax_records),
            ("attempt_ids", attempts),
            ("refund_ids", refunds),
            ("credit_note_ids", 0),
            ("users_id_seq", 0),
            ("api_keys_id_seq", 0),
        ];
        for (sequence, seen) in all {
            let skip = Skip {
                sequence: sequence.to_owned(),
                seen,
                at_least,
            };
            let _: Vec<Id> = self.load(skip).await?;
        }
        let own = &self.ids;
        for block in [
            &own.orders,
            &own.payments,
            &own.invoices,
            &own.tax_records,
            &own.attempts,
            &own.refunds,
        ] {
            block.lock().await.clear();
        }
        Ok(())
    }

    /// An id that nobody has and nobody else will get.
    pub(crate) async fn next_id(&self, sequence: Sequence) -> Answer<i64> {
        // One takes a block and the others wait for it, but not behind each other's failures for ever.
        let block = self.ids.of(sequence).lock();
        let mut block = tokio::time::timeout(self.pool.wait, block)
            .await
            .map_err(|waited| StoreError::Unavailable(waited.into()))?;
        if let Some(id) = block.pop_front() {
            return Ok(id);
        }
        let taken: Vec<Id> = self
            .load(TakeBlock {
                sequence: sequence.name(),
                count: BLOCK,
            })
            .await?;
        block.extend(taken.into_iter().map(|taken| taken.id));
        block
            .pop_front()
            .ok_or_else(|| broken("a sequence gave no ids"))
    }
}
