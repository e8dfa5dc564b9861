use bayar_app::port::Source;
use bayar_app::port::store::Answer;
use bayar_domain::{Fact, FactKey};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::agree;
use crate::error::Unreadable;
use crate::schema::facts;

/// A row of `facts`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = facts, check_for_backend(Pg))]
pub(crate) struct FactRow {
    gateway: String,
    account: String,
    mode: String,
    kind: String,
    object: String,
    step: String,
    attempt_id: i64,
    fact: String,
}

impl FactRow {
    /// The fact.
    pub(crate) fn fact(&self) -> Answer<Fact> {
        let name = format!("{} {} {}", self.kind, self.object, self.step);
        self.restore().map_err(Unreadable::of("fact", name))
    }

    fn restore(&self) -> Result<Fact, Source> {
        let fact: Fact = serde_json::from_str(&self.fact)?;
        let FactKey {
            source,
            kind,
            object,
            step,
        } = fact.key();
        let same = source.gateway.as_str() == self.gateway
            && source.account.as_str() == self.account
            && source.mode.as_str() == self.mode
            && kind.as_str() == self.kind
            && (object, step) == (self.object.clone(), self.step.clone());
        agree("key", same)?;
        agree("attempt_id", fact.attempt().get() == self.attempt_id)?;
        Ok(fact)
    }
}
