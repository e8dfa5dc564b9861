use bayar_app::port::Source;
use bayar_app::port::store::{Answer, StoredDecision};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use crate::error::Unreadable;
use crate::schema::decisions;

/// A row of `decisions`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = decisions, check_for_backend(Pg))]
pub(crate) struct DecisionRow {
    order_id: i64,
    decision: String,
    actor: String,
    at: DateTime<Utc>,
    note: Option<String>,
}

impl DecisionRow {
    /// The decision it stands for.
    pub(crate) fn decision(self) -> Answer<StoredDecision> {
        let restore = || -> Result<_, Source> {
            Ok(StoredDecision {
                decision: serde_json::from_str(&self.decision)?,
                by: self.actor.parse()?,
                at: self.at,
                note: self.note,
            })
        };
        let order = self.order_id;
        restore().map_err(Unreadable::of("a decision about order", order))
    }
}
