//! Webhooks that came, and what became of them.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, AttemptPlace, CallKey, Inbox, Kept, LeasedWebhook, NewWebhook, Operation, Page, PageOf,
    StoredWebhook, WebhookCount, WebhookEntry, WebhookFilter, WebhookId, WebhookOutcome,
    WebhookStatus,
};
use bayar_domain::{AttemptId, CaptureId, Gateway, Mode, OrderId};
use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::pg::Pg;
use diesel::pg::data_types::PgInterval;
use diesel::sql_types::{Array, BigInt, Binary, Interval, Nullable, Text, Timestamptz};
use diesel::{
    ExpressionMethods, NullableExpressionMethods, QueryDsl, QueryableByName, SelectableHelper,
};

use crate::PgStore;
use crate::error::{Unreadable, broken};
use crate::rows::{WebhookRow, nameless};
use crate::schema::{bayar_now, captures, gateway_calls, inbox, orders};
use crate::statement::{interval, statement};

statement! {
    /// In one order, whoever keeps them: two that keep the same ones wait for each other one after the other.
    struct KeepWebhooks {
        gateways: Vec<String> as Array<Text>,
        accounts: Vec<String> as Array<Text>,
        modes: Vec<String> as Array<Text>,
        keys: Vec<String> as Array<Text>,
        kinds: Vec<String> as Array<Text>,
        headers: Vec<String> as Array<Text>,
        bodies: Vec<Vec<u8>> as Array<Binary>,
    }
    "INSERT INTO inbox (gateway, account, mode, event_key, event_type, headers, body, received_at, status, next_try_at)
    SELECT came.*, bayar_now(), 'received', bayar_now()
    FROM unnest(" gateways ", " accounts ", " modes ", " keys ", " kinds ", " headers ", " bodies ")
        AS came (gateway, account, mode, event_key, event_type, headers, body)
    ORDER BY gateway, account, mode, event_key
    ON CONFLICT DO NOTHING
    RETURNING id, gateway, account, mode, event_key"
}

/// A webhook that was not there before.
#[derive(QueryableByName)]
struct KeptRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    gateway: String,
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Text)]
    mode: String,
    #[diesel(sql_type = Text)]
    event_key: String,
}

statement! {
    /// Rows that somebody else takes at this moment are passed over.
    struct LeaseWebhooks {
        gateway: String as Text,
        at_most: i64 as BigInt,
        lasting: PgInterval as Interval,
    }
    "WITH due AS (
        SELECT id FROM inbox
        WHERE gateway = " gateway " AND next_try_at <= bayar_now()
            AND (leased_until IS NULL OR leased_until <= bayar_now())
        ORDER BY next_try_at, id LIMIT " at_most " FOR UPDATE SKIP LOCKED
    )
    UPDATE inbox SET epoch = epoch + 1, tries = tries + 1, leased_until = bayar_now() + " lasting "
    FROM due WHERE inbox.id = due.id
    RETURNING inbox.id, gateway, account, mode, event_key, event_type, received_at, status, tries, next_try_at,
        epoch, fault, attempt_id, finished_at, headers, body,
        (SELECT order_number FROM orders WHERE orders.id = inbox.order_id) AS order_number, bayar_now() AS now"
}

#[derive(QueryableByName)]
struct Leased {
    #[diesel(embed)]
    webhook: WebhookRow,
    #[diesel(sql_type = Text)]
    headers: String,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
    #[diesel(sql_type = Nullable<Text>)]
    order_number: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

statement! {
    /// Whoever was overtaken finds another epoch, and writes nothing.
    struct SettleWebhook {
        id: i64 as BigInt,
        epoch: i64 as BigInt,
        status: String as Text,
        again_in: Option<PgInterval> as Nullable<Interval>,
        fault: Option<String> as Nullable<Text>,
        order: Option<i64> as Nullable<BigInt>,
        attempt: Option<i64> as Nullable<BigInt>,
    }
    "UPDATE inbox SET status = " status ", fault = " fault ", leased_until = NULL,
        next_try_at = bayar_now() + " again_in ",
        finished_at = CASE WHEN " again_in " IS NULL THEN bayar_now() END,
        order_id = coalesce(" order ", order_id), attempt_id = coalesce(" attempt ", attempt_id)
    WHERE id = " id " AND epoch = " epoch " AND leased_until IS NOT NULL"
}

statement! {
    struct ReplayWebhook {
        id: i64 as BigInt,
    }
    "UPDATE inbox SET status = 'received', tries = 0, next_try_at = bayar_now(), finished_at = NULL WHERE id = " id
}

statement! {
    struct ReplayParked {}
    "UPDATE inbox SET status = 'received', tries = 0, next_try_at = bayar_now(), finished_at = NULL
    WHERE status = 'parked'"
}

#[async_trait]
impl Inbox for PgStore {
    async fn keep_webhook(&self, webhook: &NewWebhook) -> Answer<Kept> {
        let account = webhook.account.as_deref().unwrap_or(nameless()).to_owned();
        let NewWebhook {
            gateway,
            mode,
            key,
            kind,
            headers,
            body,
            ..
        } = webhook.clone();
        let keep = diesel::insert_into(inbox::table)
            .values((
                inbox::gateway.eq(gateway.as_str()),
                inbox::account.eq(account.clone()),
                inbox::mode.eq(mode.as_str()),
                inbox::event_key.eq(key.clone()),
                inbox::event_type.eq(kind),
                inbox::headers.eq(headers),
                inbox::body.eq(body),
                inbox::received_at.eq(bayar_now()),
                inbox::status.eq(WebhookStatus::Received.as_str()),
                inbox::next_try_at.eq(bayar_now().nullable()),
            ))
            .on_conflict_do_nothing()
            .returning(inbox::id);
        let kept: Vec<i64> = self.write_returning(keep).await?;
        if let Some(id) = kept.first() {
            return Ok(Kept::New(WebhookId::new(*id).map_err(broken)?));
        }
        let known = inbox::table
            .filter(inbox::gateway.eq(gateway.as_str()))
            .filter(inbox::account.eq(account))
            .filter(inbox::mode.eq(mode.as_str()))
            .filter(inbox::event_key.eq(key))
            .select(inbox::id);
        let known: Vec<i64> = self.load(known).await?;
        let id = known
            .first()
            .ok_or_else(|| broken("a webhook is there and is not"))?;
        Ok(Kept::Known(WebhookId::new(*id).map_err(broken)?))
    }

    async fn keep_webhooks(&self, webhooks: &[NewWebhook]) -> Answer<Vec<Kept>> {
        let texts = |of: fn(&NewWebhook) -> &str| webhooks.iter().map(move |it| of(it).to_owned());
        let account = |it: &NewWebhook| it.account.as_deref().unwrap_or(nameless()).to_owned();
        let keep = KeepWebhooks {
            gateways: texts(|it| it.gateway.as_str()).collect(),
            accounts: webhooks.iter().map(account).collect(),
            modes: texts(|it| it.mode.as_str()).collect(),
            keys: texts(|it| &it.key).collect(),
            kinds: texts(|it| &it.kind).collect(),
            headers: texts(|it| &it.headers).collect(),
            bodies: webhooks.iter().map(|it| it.body.clone()).collect(),
        };
        let new: Vec<KeptRow> = self.write_returning(keep).await?;
        let name = |row: KeptRow| ((row.gateway, row.account, row.mode, row.event_key), row.id);
        let mut new: HashMap<_, _> = new.into_iter().map(name).collect();
        let mut kept = Vec::new();
        for webhook in webhooks {
            let (gateway, mode) = (webhook.gateway.as_str(), webhook.mode.as_str());
            let name = (
                gateway.to_owned(),
                account(webhook),
                mode.to_owned(),
                webhook.key.clone(),
            );
            kept.push(match new.remove(&name) {
                Some(id) => Kept::New(WebhookId::new(id).map_err(broken)?),
                // It was there before, or came twice.
                None => self.keep_webhook(webhook).await?,
            });
        }
        Ok(kept)
    }

    async fn lease_webhooks(
        &self,
        gateway: Gateway,
        at_most: u32,
        lasting: Duration,
    ) -> Answer<Vec<LeasedWebhook>> {
        let lease = LeaseWebhooks {
            gateway: gateway.to_string(),
            at_most: at_most.into(),
            lasting: interval(lasting)?,
        };
        let mut leased: Vec<Leased> = self.write_returning(lease).await?;
        leased.sort_by_key(|leased| leased.webhook.id);
        let leased = leased.into_iter().map(|leased| {
            let (epoch, now) = (leased.webhook.epoch, leased.now);
            let webhook =
                leased
                    .webhook
                    .stored(leased.order_number, leased.headers, leased.body)?;
            Ok(LeasedWebhook {
                webhook,
                epoch,
                now,
            })
        });
        leased.collect()
    }

    async fn settle_webhook(&self, outcome: &WebhookOutcome) -> Answer<bool> {
        let settle = SettleWebhook {
            id: outcome.id.get(),
            epoch: outcome.epoch,
            status: outcome.status.as_str().to_owned(),
            again_in: outcome.again_in.map(interval).transpose()?,
            fault: outcome.fault.clone(),
            order: outcome.about.map(|about| about.order.get()),
            attempt: outcome.about.map(|about| about.attempt.get()),
        };
        Ok(self.write(settle).await? > 0)
    }

    async fn webhook(&self, id: WebhookId) -> Answer<Option<StoredWebhook>> {
        let webhook = inbox::table
            .left_join(orders::table)
            .filter(inbox::id.eq(id.get()))
            .select((
                WebhookRow::as_select(),
                orders::order_number.nullable(),
                inbox::headers,
                inbox::body,
            ));
        let found: Vec<(WebhookRow, Option<String>, String, Vec<u8>)> = self.load(webhook).await?;
        let found = found.into_iter().next();
        let found = found.map(|(row, order, headers, body)| row.stored(order, headers, body));
        found.transpose()
    }

    async fn webhooks(&self, filter: &WebhookFilter, page: Page) -> Answer<PageOf<WebhookEntry>> {
        let filter = *filter;
        let skipped = i64::from(page.number.saturating_sub(1)).saturating_mul(page.size.into());
        let listed = move || {
            let ids = filtered(filter)
                .select(inbox::id)
                .order((inbox::received_at.desc(), inbox::id.desc()))
                .limit(page.size.into())
                .offset(skipped);
            inbox::table
                .left_join(orders::table)
                .filter(inbox::id.eq_any(ids))
                .order((inbox::received_at.desc(), inbox::id.desc()))
                .select((WebhookRow::as_select(), orders::order_number.nullable()))
        };
        let rows: Vec<(WebhookRow, Option<String>)> = self.load_made(listed).await?;
        let entries = rows.into_iter().map(|(row, order)| row.entry(order));
        let entries = entries.collect::<Answer<_>>()?;
        let counts: Vec<i64> = self.load_made(move || filtered(filter).count()).await?;
        let total = counts.into_iter().sum::<i64>();
        Ok(PageOf {
            entries,
            total: u64::try_from(total).map_err(broken)?,
        })
    }

    async fn replay_webhook(&self, id: WebhookId) -> Answer<bool> {
        let replay = ReplayWebhook { id: id.get() };
        Ok(self.write(replay).await? > 0)
    }

    async fn replay_parked_webhooks(&self) -> Answer<u64> {
        u64::try_from(self.write(ReplayParked {}).await?).map_err(broken)
    }

    async fn open_webhooks(&self) -> Answer<Vec<WebhookCount>> {
        let open = WebhookStatus::ALL.into_iter();
        let open = open.filter(|status| !status.is_good_end());
        let open: Vec<_> = open.map(WebhookStatus::as_str).collect();
        let counts = inbox::table
            .filter(inbox::status.eq_any(open))
            .group_by((inbox::gateway, inbox::status))
            .order((inbox::gateway, inbox::status))
            .select((inbox::gateway, inbox::status, count_star()));
        let counts: Vec<(String, String, i64)> = self.load(counts).await?;
        counts.into_iter().map(count).collect()
    }

    async fn attempt_of_capture(
        &self,
        gateway: Gateway,
        mode: Mode,
        capture: &CaptureId,
    ) -> Answer<Option<AttemptPlace>> {
        let place = captures::table
            .filter(captures::capture.eq(capture.as_str().to_owned()))
            .filter(captures::gateway.eq(gateway.as_str()))
            .filter(captures::mode.eq(mode.as_str()))
            .select((captures::order_id, captures::attempt_id));
        let found: Vec<(i64, i64)> = self.load(place).await?;
        found.first().copied().map(place_of).transpose()
    }

    async fn attempt_of_call(&self, key: &CallKey) -> Answer<Option<AttemptPlace>> {
        let place = gateway_calls::table
            .filter(gateway_calls::key.eq(key.as_str().to_owned()))
            .filter(gateway_calls::operation.eq(Operation::Open.as_str()))
            .select((gateway_calls::order_id, gateway_calls::subject_id));
        let found: Vec<(i64, i64)> = self.load(place).await?;
        found.first().copied().map(place_of).transpose()
    }
}

/// The webhooks that pass a filter.
fn filtered(filter: WebhookFilter) -> inbox::BoxedQuery<'static, Pg> {
    let mut webhooks = inbox::table.into_boxed();
    if let Some(gateway) = filter.gateway {
        webhooks = webhooks.filter(inbox::gateway.eq(gateway.as_str()));
    }
    if let Some(status) = filter.status {
        webhooks = webhooks.filter(inbox::status.eq(status.as_str()));
    }
    webhooks
}

fn place_of((order, attempt): (i64, i64)) -> Answer<AttemptPlace> {
    let place = || -> Result<_, Source> {
        Ok(AttemptPlace {
            order: OrderId::new(order)?,
            attempt: AttemptId::new(attempt)?,
        })
    };
    place().map_err(Unreadable::of("attempt", attempt))
}

fn count((gateway, status, count): (String, String, i64)) -> Answer<WebhookCount> {
    let read = || -> Result<_, Source> {
        Ok(WebhookCount {
            gateway: gateway.parse()?,
            status: status.parse()?,
            count: count.try_into()?,
        })
    };
    read().map_err(Unreadable::of("the webhooks of", gateway.clone()))
}
