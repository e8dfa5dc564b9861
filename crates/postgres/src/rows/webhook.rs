use bayar_app::port::Source;
use bayar_app::port::store::{Answer, StoredWebhook, WebhookEntry, WebhookId};
use bayar_domain::AttemptId;
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{Queryable, QueryableByName, Selectable};

use crate::error::Unreadable;
use crate::schema::inbox;

/// The account of a webhook that names none.
pub(crate) const fn nameless() -> &'static str {
    "-"
}

/// A row of `inbox`, without what came.
#[derive(Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = inbox, check_for_backend(Pg))]
pub(crate) struct WebhookRow {
    pub(crate) id: i64,
    gateway: String,
    account: String,
    mode: String,
    event_key: String,
    event_type: String,
    received_at: DateTime<Utc>,
    status: String,
    tries: i64,
    next_try_at: Option<DateTime<Utc>>,
    pub(crate) epoch: i64,
    fault: Option<String>,
    attempt_id: Option<i64>,
    finished_at: Option<DateTime<Utc>>,
}

impl WebhookRow {
    /// The webhook, with the number of its order.
    pub(crate) fn entry(self, order: Option<String>) -> Answer<WebhookEntry> {
        let id = self.id;
        self.restore(order).map_err(Unreadable::of("webhook", id))
    }

    /// The webhook with what came.
    pub(crate) fn stored(
        self,
        order: Option<String>,
        headers: String,
        body: Vec<u8>,
    ) -> Answer<StoredWebhook> {
        Ok(StoredWebhook {
            entry: self.entry(order)?,
            headers,
            body,
        })
    }

    fn restore(self, order: Option<String>) -> Result<WebhookEntry, Source> {
        Ok(WebhookEntry {
            id: WebhookId::new(self.id)?,
            gateway: self.gateway.parse()?,
            account: (self.account != nameless()).then_some(self.account),
            mode: self.mode.parse()?,
            key: self.event_key,
            kind: self.event_type,
            received_at: self.received_at,
            status: self.status.parse()?,
            tries: self.tries.try_into()?,
            next_try_at: self.next_try_at,
            finished_at: self.finished_at,
            fault: self.fault,
            order: order.map(|order| order.parse()).transpose()?,
            attempt: self.attempt_id.map(AttemptId::new).transpose()?,
        })
    }
}
