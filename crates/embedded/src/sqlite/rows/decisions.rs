use bayar_app::port::Source;
use bayar_app::port::store::StoredDecision;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::decisions;
use super::time;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = decisions, check_for_backend(Sqlite))]
pub(crate) struct DecisionRow {
    order_id: i64,
    decision: String,
    actor: String,
    at: String,
    note: Option<String>,
}

impl DecisionRow {
    pub(crate) fn decision(self) -> Result<StoredDecision, Failure> {
        let order = self.order_id;
        self.read()
            .map_err(|why| unreadable("a decision of order", order, why))
    }

    fn read(self) -> Result<StoredDecision, Source> {
        Ok(StoredDecision {
            decision: serde_json::from_str(&self.decision)?,
            by: self.actor.parse()?,
            at: time(&self.at)?,
            note: self.note,
        })
    }
}
