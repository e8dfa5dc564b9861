use bayar_app::port::Source as Fault;
use bayar_app::port::store::Answer;
use bayar_domain::gateway::AccountRef;
use bayar_domain::{Attempt, AttemptId, AttemptState, AttemptTerms, PaymentId, Source};
use diesel::pg::Pg;
use diesel::{Queryable, Selectable};

use super::agree;
use crate::error::Unreadable;
use crate::schema::attempts;

/// A row of `attempts`.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = attempts, check_for_backend(Pg))]
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

impl AttemptRow {
    /// The attempt.
    pub(crate) fn attempt(&self) -> Answer<Attempt> {
        self.restore().map_err(Unreadable::of("attempt", self.id))
    }

    fn restore(&self) -> Result<Attempt, Fault> {
        let terms = AttemptTerms {
            id: AttemptId::new(self.id)?,
            payment: PaymentId::new(self.payment_id)?,
            source: Source {
                gateway: self.gateway.parse()?,
                account: AccountRef::new(self.account.as_str())?,
                mode: self.mode.parse()?,
            },
        };
        let state: AttemptState = serde_json::from_str(&self.state)?;
        agree("status", state.status().as_str() == self.status)?;
        Ok(Attempt::restore(terms, state))
    }
}
