use bayar_app::port::Source;
use bayar_app::port::store::{StoredWebhook, WebhookEntry, WebhookId};
use bayar_domain::AttemptId;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::inbox;
use super::time;

/// The account of a webhook that names none.
pub(crate) const fn nameless() -> &'static str {
    "-"
}

/// A row of `inbox`, without what came.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = inbox, check_for_backend(Sqlite))]
pub(crate) struct WebhookRow {
    id: i64,
    gateway: String,
    account: String,
    mode: String,
    event_key: String,
    event_type: String,
    received_at: String,
    status: String,
    tries: i64,
    next_try_at: Option<String>,
    pub(crate) epoch: i64,
    fault: Option<String>,
    attempt_id: Option<i64>,
    finished_at: Option<String>,
}

impl WebhookRow {
    /// The webhook, with the number of its order.
    pub(crate) fn entry(self, order: Option<String>) -> Result<WebhookEntry, Failure> {
        let id = self.id;
        self.read(order)
            .map_err(|why| unreadable("webhook", id, why))
    }

    /// The webhook with what came.
    pub(crate) fn stored(
        self,
        order: Option<String>,
        headers: String,
        body: Vec<u8>,
    ) -> Result<StoredWebhook, Failure> {
        Ok(StoredWebhook {
            entry: self.entry(order)?,
            headers,
            body,
        })
    }

    fn read(self, order: Option<String>) -> Result<WebhookEntry, Source> {
        Ok(WebhookEntry {
            id: WebhookId::new(self.id)?,
            gateway: self.gateway.parse()?,
            account: (self.account != nameless()).then_some(self.account),
            mode: self.mode.parse()?,
            key: self.event_key,
            kind: self.event_type,
            received_at: time(&self.received_at)?,
            status: self.status.parse()?,
            tries: self.tries.try_into()?,
            next_try_at: self.next_try_at.as_deref().map(time).transpose()?,
            finished_at: self.finished_at.as_deref().map(time).transpose()?,
            fault: self.fault,
            order: order.map(|order| order.parse()).transpose()?,
            attempt: self.attempt_id.map(AttemptId::new).transpose()?,
        })
    }
}
