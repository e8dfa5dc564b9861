use bayar_app::port::Source as Why;
use bayar_domain::gateway::AccountRef;
use bayar_domain::{
    Attempt, AttemptId, AttemptState, AttemptTerms, Fact, FactKey, PaymentId, Source,
};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, broken, unreadable};
use super::super::schema::{attempts, facts};
use super::{must_agree, time};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = attempts, check_for_backend(Sqlite))]
pub(crate) struct AttemptRow {
    id: i64,
    payment_id: i64,
    gateway: String,
    account: String,
    mode: String,
    status: String,
    state: String,
    pub(crate) version: i64,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = facts, check_for_backend(Sqlite))]
pub(crate) struct FactRow {
    gateway: String,
    account: String,
    mode: String,
    kind: String,
    object: String,
    step: String,
    attempt_id: i64,
    fact: String,
    recorded_at: String,
}

/// The state of an attempt as it is stored.
pub(crate) fn attempt_state_text(state: &AttemptState) -> Result<String, Failure> {
    serde_json::to_string(state).map_err(broken)
}

impl AttemptRow {
    pub(crate) fn attempt(&self) -> Result<Attempt, Failure> {
        self.read()
            .map_err(|why| unreadable("attempt", self.id, why))
    }

    fn read(&self) -> Result<Attempt, Why> {
        let state: AttemptState = serde_json::from_str(&self.state)?;
        must_agree(
            state.status().as_str() == self.status,
            "its status and its state differ",
        )?;
        let terms = AttemptTerms {
            id: AttemptId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            source: Source {
                gateway: self.gateway.parse()?,
                account: AccountRef::new(self.account.as_str())?,
                mode: self.mode.parse()?,
            },
        };
        Ok(Attempt::restore(terms, state))
    }
}

impl FactRow {
    pub(crate) fn fact(&self) -> Result<Fact, Failure> {
        let name = format!("{} {} {}", self.kind, self.object, self.step);
        self.read().map_err(|why| unreadable("fact", name, why))
    }

    fn read(&self) -> Result<Fact, Why> {
        let fact: Fact = serde_json::from_str(&self.fact)?;
        let FactKey {
            source,
            kind,
            object,
            step,
        } = fact.key();
        must_agree(
            source.gateway.as_str() == self.gateway
                && source.account.as_str() == self.account
                && source.mode.as_str() == self.mode
                && kind.as_str() == self.kind
                && object == self.object
                && step == self.step
                && fact.attempt().get() == self.attempt_id,
            "its columns and what it says differ",
        )?;
        time(&self.recorded_at)?;
        Ok(fact)
    }
}
