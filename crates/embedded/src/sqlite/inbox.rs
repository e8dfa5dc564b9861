//! Webhooks that came, and what became of them.

use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, AttemptPlace, CallKey, Inbox, Kept, LeasedWebhook, NewWebhook, Operation, Page, PageOf,
    StoredWebhook, WebhookCount, WebhookEntry, WebhookFilter, WebhookId, WebhookOutcome,
    WebhookStatus,
};
use bayar_domain::{AttemptId, CaptureId, Gateway, Mode, OrderId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::SqliteStore;
use super::error::{Failure, broken, unreadable};
use super::rows::{WebhookRow, nameless, time_text};
use super::schema::{captures, gateway_calls, inbox, orders};

#[async_trait]
impl Inbox for SqliteStore {
    async fn keep_webhook(&self, webhook: &NewWebhook) -> Answer<Kept> {
        let webhook = webhook.clone();
        let kept = self
            .writer
            .run(move |connection, now| keep(connection, &webhook, &time_text(now)?));
        Ok(kept.await?)
    }

    async fn keep_webhooks(&self, webhooks: &[NewWebhook]) -> Answer<Vec<Kept>> {
        let webhooks = webhooks.to_vec();
        let kept = self.writer.run(move |connection, now| {
            let now = time_text(now)?;
            let kept = webhooks.iter().map(|it| keep(connection, it, &now));
            kept.collect::<Result<Vec<_>, _>>()
        });
        Ok(kept.await?)
    }

    async fn lease_webhooks(
        &self,
        gateway: Gateway,
        at_most: u32,
        lasting: Duration,
    ) -> Answer<Vec<LeasedWebhook>> {
        // Looking is for readers: whoever finds nothing to do keeps no writer waiting.
        let due = self
            .readers
            .run(move |connection, now| due(connection, gateway, 1, &time_text(now)?));
        if due.await?.is_empty() {
            return Ok(Vec::new());
        }
        let leased = self
            .writer
            .run(move |connection, now| lease(connection, gateway, at_most, lasting, now));
        Ok(leased.await?)
    }

    async fn settle_webhook(&self, outcome: &WebhookOutcome) -> Answer<bool> {
        let outcome = outcome.clone();
        let settled = self
            .writer
            .run(move |connection, now| settle(connection, &outcome, now));
        Ok(settled.await?)
    }

    async fn webhook(&self, id: WebhookId) -> Answer<Option<StoredWebhook>> {
        let webhook = self
            .readers
            .run(move |connection, _| Ok(load(connection, id.get())?.map(|(_, webhook)| webhook)));
        Ok(webhook.await?)
    }

    async fn webhooks(&self, filter: &WebhookFilter, page: Page) -> Answer<PageOf<WebhookEntry>> {
        let filter = *filter;
        let found = self
            .readers
            .run(move |connection, _| list(connection, filter, page));
        Ok(found.await?)
    }

    async fn replay_webhook(&self, id: WebhookId) -> Answer<bool> {
        let replayed = self.writer.run(move |connection, now| {
            let one = inbox::table.into_boxed().filter(inbox::id.eq(id.get()));
            replay(connection, one, &time_text(now)?)
        });
        Ok(replayed.await? > 0)
    }

    async fn replay_parked_webhooks(&self) -> Answer<u64> {
        let replayed = self.writer.run(move |connection, now| {
            let parked = inbox::status.eq(WebhookStatus::Parked.as_str());
            let parked = inbox::table.into_boxed().filter(parked);
            replay(connection, parked, &time_text(now)?)
        });
        Ok(u64::try_from(replayed.await?).map_err(broken)?)
    }

    async fn open_webhooks(&self) -> Answer<Vec<WebhookCount>> {
        let counts = self.readers.run(|connection, _| {
            let open = WebhookStatus::ALL.into_iter();
            let open = open.filter(|status| !status.is_good_end());
            let open: Vec<_> = open.map(WebhookStatus::as_str).collect();
            let counts: Vec<(String, String, i64)> = inbox::table
                .filter(inbox::status.eq_any(open))
                .group_by((inbox::gateway, inbox::status))
                .order((inbox::gateway, inbox::status))
                .select((inbox::gateway, inbox::status, count_star()))
                .load(connection)?;
            counts.into_iter().map(count).collect()
        });
        Ok(counts.await?)
    }

    async fn attempt_of_capture(
        &self,
        gateway: Gateway,
        mode: Mode,
        capture: &CaptureId,
    ) -> Answer<Option<AttemptPlace>> {
        let capture = capture.clone();
        let place = self.readers.run(move |connection, _| {
            let found: Option<(i64, i64)> = captures::table
                .filter(captures::capture.eq(capture.as_str()))
                .filter(captures::gateway.eq(gateway.as_str()))
                .filter(captures::mode.eq(mode.as_str()))
                .select((captures::order_id, captures::attempt_id))
                .first(connection)
                .optional()?;
            found.map(place_of).transpose()
        });
        Ok(place.await?)
    }

    async fn attempt_of_call(&self, key: &CallKey) -> Answer<Option<AttemptPlace>> {
        let key = key.clone();
        let place = self.readers.run(move |connection, _| {
            let found: Option<(i64, i64)> = gateway_calls::table
                .find(key.as_str())
                .filter(gateway_calls::operation.eq(Operation::Open.as_str()))
                .select((gateway_calls::order_id, gateway_calls::subject_id))
                .first(connection)
                .optional()?;
            found.map(place_of).transpose()
        });
        Ok(place.await?)
    }
}

fn keep(
    connection: &mut SqliteConnection,
    webhook: &NewWebhook,
    now: &str,
) -> Result<Kept, Failure> {
    let account = webhook.account.as_deref().unwrap_or(nameless());
    let known: Option<i64> = inbox::table
        .filter(inbox::gateway.eq(webhook.gateway.as_str()))
        .filter(inbox::account.eq(account))
        .filter(inbox::mode.eq(webhook.mode.as_str()))
        .filter(inbox::event_key.eq(&webhook.key))
        .select(inbox::id)
        .first(connection)
        .optional()?;
    if let Some(id) = known {
        return Ok(Kept::Known(WebhookId::new(id).map_err(broken)?));
    }
    let id: i64 = diesel::insert_into(inbox::table)
        .values((
            inbox::gateway.eq(webhook.gateway.as_str()),
            inbox::account.eq(account),
            inbox::mode.eq(webhook.mode.as_str()),
            inbox::event_key.eq(&webhook.key),
            inbox::event_type.eq(&webhook.kind),
            inbox::headers.eq(&webhook.headers),
            inbox::body.eq(&webhook.body),
            inbox::received_at.eq(now),
            inbox::status.eq(WebhookStatus::Received.as_str()),
            inbox::next_try_at.eq(now),
        ))
        .returning(inbox::id)
        .get_result(connection)?;
    Ok(Kept::New(WebhookId::new(id).map_err(broken)?))
}

/// The webhooks that are due and that nobody has.
fn due(
    connection: &mut SqliteConnection,
    gateway: Gateway,
    at_most: u32,
    now: &str,
) -> Result<Vec<i64>, Failure> {
    let ids = inbox::table
        .filter(inbox::gateway.eq(gateway.as_str()))
        .filter(inbox::next_try_at.le(now))
        .filter(
            inbox::leased_until
                .is_null()
                .or(inbox::leased_until.le(now)),
        )
        .order((inbox::next_try_at, inbox::id))
        .limit(at_most.into())
        .select(inbox::id)
        .load(connection)?;
    Ok(ids)
}

fn lease(
    connection: &mut SqliteConnection,
    gateway: Gateway,
    at_most: u32,
    lasting: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<LeasedWebhook>, Failure> {
    let until = time_text(later(now, lasting)?)?;
    let ids = due(connection, gateway, at_most, &time_text(now)?)?;
    let mut leased = Vec::with_capacity(ids.len());
    for id in ids {
        diesel::update(inbox::table.find(id))
            .set((
                inbox::epoch.eq(inbox::epoch + 1),
                inbox::tries.eq(inbox::tries + 1),
                inbox::leased_until.eq(&until),
            ))
            .execute(connection)?;
        let taken = load(connection, id)?;
        let (epoch, webhook) = taken.ok_or_else(|| broken("a webhook that was taken is gone"))?;
        leased.push(LeasedWebhook {
            webhook,
            epoch,
            now,
        });
    }
    Ok(leased)
}

fn settle(
    connection: &mut SqliteConnection,
    outcome: &WebhookOutcome,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let again = outcome
        .again_in
        .map(|pause| later(now, pause))
        .transpose()?;
    let finished = match again {
        Some(_) => None,
        None => Some(time_text(now)?),
    };
    let taken = inbox::table
        .find(outcome.id.get())
        .filter(inbox::epoch.eq(outcome.epoch))
        .filter(inbox::leased_until.is_not_null());
    let written = diesel::update(taken)
        .set((
            inbox::status.eq(outcome.status.as_str()),
            inbox::fault.eq(&outcome.fault),
            inbox::leased_until.eq(None::<String>),
            inbox::next_try_at.eq(again.map(time_text).transpose()?),
            inbox::finished_at.eq(finished),
        ))
        .execute(connection)?;
    if let (1.., Some(about)) = (written, outcome.about) {
        diesel::update(inbox::table.find(outcome.id.get()))
            .set((
                inbox::order_id.eq(about.order.get()),
                inbox::attempt_id.eq(about.attempt.get()),
            ))
            .execute(connection)?;
    }
    Ok(written > 0)
}

/// A webhook, and how often it was taken.
fn load(
    connection: &mut SqliteConnection,
    id: i64,
) -> Result<Option<(i64, StoredWebhook)>, Failure> {
    let found: Option<(WebhookRow, Option<String>, String, Vec<u8>)> = inbox::table
        .left_join(orders::table)
        .filter(inbox::id.eq(id))
        .select((
            WebhookRow::as_select(),
            orders::order_number.nullable(),
            inbox::headers,
            inbox::body,
        ))
        .first(connection)
        .optional()?;
    let found = found.map(|(row, order, headers, body)| {
        let epoch = row.epoch;
        Ok((epoch, row.stored(order, headers, body)?))
    });
    found.transpose()
}

fn list(
    connection: &mut SqliteConnection,
    filter: WebhookFilter,
    page: Page,
) -> Result<PageOf<WebhookEntry>, Failure> {
    let total: i64 = filtered(filter)
        .select(count_star())
        .get_result(connection)?;
    let size = i64::from(page.size);
    let before = i64::from(page.number.saturating_sub(1)).saturating_mul(size);
    let newest = (inbox::received_at.desc(), inbox::id.desc());
    let ids = filtered(filter)
        .select(inbox::id)
        .order(newest)
        .limit(size)
        .offset(before);
    let ids: Vec<i64> = ids.load(connection)?;
    let mut entries = Vec::with_capacity(ids.len());
    for ids in ids.chunks(MOST_IDS) {
        let rows: Vec<(WebhookRow, Option<String>)> = inbox::table
            .left_join(orders::table)
            .filter(inbox::id.eq_any(ids))
            .order(newest)
            .select((WebhookRow::as_select(), orders::order_number.nullable()))
            .load(connection)?;
        for (row, order) in rows {
            entries.push(row.entry(order)?);
        }
    }
    Ok(PageOf {
        entries,
        total: total.try_into().map_err(broken)?,
    })
}

/// How many ids one statement asks for. SQLite takes no more than 32,766.
const MOST_IDS: usize = 1_000;

fn filtered(filter: WebhookFilter) -> inbox::BoxedQuery<'static, Sqlite> {
    let mut webhooks = inbox::table.into_boxed();
    if let Some(gateway) = filter.gateway {
        webhooks = webhooks.filter(inbox::gateway.eq(gateway.as_str()));
    }
    if let Some(status) = filter.status {
        webhooks = webhooks.filter(inbox::status.eq(status.as_str()));
    }
    webhooks
}

/// Makes webhooks due as if they had just come.
fn replay(
    connection: &mut SqliteConnection,
    which: inbox::BoxedQuery<'static, Sqlite>,
    now: &str,
) -> Result<usize, Failure> {
    let again = diesel::update(inbox::table.filter(inbox::id.eq_any(which.select(inbox::id))))
        .set((
            inbox::status.eq(WebhookStatus::Received.as_str()),
            inbox::tries.eq(0),
            inbox::next_try_at.eq(now),
            inbox::finished_at.eq(None::<String>),
        ))
        .execute(connection)?;
    Ok(again)
}

fn place_of((order, attempt): (i64, i64)) -> Result<AttemptPlace, Failure> {
    let place = || -> Result<_, Source> {
        Ok(AttemptPlace {
            order: OrderId::new(order)?,
            attempt: AttemptId::new(attempt)?,
        })
    };
    place().map_err(|why| unreadable("attempt", attempt, why))
}

fn count((gateway, status, count): (String, String, i64)) -> Result<WebhookCount, Failure> {
    let read = || -> Result<_, Source> {
        Ok(WebhookCount {
            gateway: gateway.parse()?,
            status: status.parse()?,
            count: count.try_into()?,
        })
    };
    read().map_err(|why| unreadable("the webhooks of", &gateway, why))
}

fn later(now: DateTime<Utc>, by: Duration) -> Result<DateTime<Utc>, Failure> {
    let at = TimeDelta::from_std(by).ok();
    let at = at.and_then(|by| now.checked_add_signed(by));
    at.ok_or_else(|| broken("a webhook waits for longer than time can tell"))
}
