use bayar_app::port::Source;
use bayar_app::port::gateway::Request;
use bayar_app::port::store::{CallKey, CallPurpose, CallStatus, NewCall, Operation, StoredCall};
use bayar_domain::{AttemptId, RefundId};
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::gateway_calls;
use super::time;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = gateway_calls, check_for_backend(Sqlite))]
pub(crate) struct CallRow {
    key: String,
    pub(crate) position: i64,
    operation: String,
    subject_id: i64,
    generation: i64,
    path: String,
    body: String,
    good_until: String,
    dead_at: String,
    status: String,
    epoch: i64,
    leased_until: Option<String>,
    unclear: i64,
    fault: Option<String>,
    created_at: String,
}

impl CallRow {
    pub(crate) fn call(self) -> Result<StoredCall, Failure> {
        let key = self.key.clone();
        self.read().map_err(|why| unreadable("call", key, why))
    }

    fn read(self) -> Result<StoredCall, Source> {
        let call = NewCall {
            key: CallKey::new(self.key)?,
            purpose: purpose(&self.operation, self.subject_id)?,
            generation: self.generation.try_into()?,
            request: Request {
                path: self.path,
                body: self.body,
                good_until: time(&self.good_until)?,
            },
            dead_at: time(&self.dead_at)?,
        };
        let known = CallStatus::ALL
            .into_iter()
            .find(|status| status.as_str() == self.status);
        Ok(StoredCall {
            call,
            status: known.ok_or_else(|| format!("`{}` is no status of a call", self.status))?,
            epoch: self.epoch,
            leased_until: self.leased_until.as_deref().map(time).transpose()?,
            unclear: self.unclear.try_into()?,
            fault: self.fault,
            created_at: time(&self.created_at)?,
        })
    }
}

fn purpose(operation: &str, subject: i64) -> Result<CallPurpose, Source> {
    let known = Operation::ALL
        .into_iter()
        .find(|known| known.as_str() == operation);
    let attempt = || AttemptId::new(subject);
    Ok(match known {
        Some(Operation::Open) => CallPurpose::Open(attempt()?),
        Some(Operation::Close) => CallPurpose::Close(attempt()?),
        Some(Operation::Answer) => CallPurpose::Answer(attempt()?),
        Some(Operation::Refund) => CallPurpose::Refund(RefundId::new(subject)?),
        None => return Err(format!("`{operation}` is nothing that a call does").into()),
    })
}
