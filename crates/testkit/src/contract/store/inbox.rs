//! A webhook is kept once, worked on by one at a time, and never lost.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{
    AttemptPlace, CallKey, CallPurpose, Kept, LeasedWebhook, NewWebhook, Page, Store, WebhookCount,
    WebhookEntry, WebhookFilter, WebhookId, WebhookOutcome, WebhookStatus,
};
use bayar_domain::{Gateway, Mode};
use chrono::TimeDelta;
use futures_util::future::join_all;

use super::checkouts::{Checkout, write_calls};
use super::steps::patiently;
use crate::builders::{a_call, a_capture};
use crate::contract::{StoreFixture, every_byte};

#[doc(hidden)]
#[macro_export]
macro_rules! inbox_cases {
    ($fresh:ident) => {
        mod inbox {
            use $crate::contract::store::inbox as cases;
            $crate::contract_tests! { $fresh:
                a_webhook_is_kept_to_the_last_byte,
                the_same_webhook_is_kept_once,
                of_many_that_keep_a_webhook_at_once_one_is_new,
                webhooks_that_are_kept_together_are_kept_one_by_one,
                those_who_keep_the_same_webhooks_in_any_order_all_come_to_an_end,
                a_webhook_is_taken_by_one_at_a_time,
                of_many_workers_no_two_take_one_webhook,
                webhooks_of_one_gateway_are_taken_apart_from_those_of_another,
                a_worker_that_was_overtaken_writes_nothing,
                a_webhook_is_given_back_once,
                what_became_of_a_webhook_is_written_down,
                a_webhook_is_tried_again_when_it_is_due,
                those_that_wait_longest_are_taken_first,
                a_webhook_that_is_replayed_is_due_at_once,
                only_those_that_are_parked_are_replayed_together,
                webhooks_at_no_good_end_are_counted,
                webhooks_are_listed_newest_first,
                an_attempt_is_found_by_its_money_and_by_its_call,
            }
        }
    };
}

const LASTING: Duration = Duration::from_secs(60);

pub async fn a_webhook_is_kept_to_the_last_byte(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for account in [None, Some("acct_1")] {
        let webhook = NewWebhook {
            account: account.map(str::to_owned),
            headers: r#"{"user-agent":"Télé \"1\""}"#.to_owned(),
            body: every_byte(),
            ..a_webhook("evt_1")
        };
        let before = store.now().await.unwrap();
        let id = kept(&*store, &webhook).await;
        let after = store.now().await.unwrap();
        let found = beside.webhook(id).await.unwrap().unwrap();
        assert_eq!(found.body, webhook.body);
        assert_eq!(found.headers, webhook.headers);
        let entry = found.entry;
        assert_eq!(entry.account, webhook.account);
        assert_eq!((entry.id, entry.gateway), (id, Gateway::Stripe));
        assert_eq!((entry.key, entry.kind), (webhook.key, webhook.kind));
        assert_eq!((entry.mode, entry.tries), (Mode::Test, 0));
        assert_eq!(entry.status, WebhookStatus::Received);
        assert!((before..=after).contains(&entry.received_at));
        assert_eq!(entry.next_try_at, Some(entry.received_at));
        assert_eq!((entry.finished_at, entry.fault), (None, None));
        assert_eq!((entry.order, entry.attempt), (None, None));
    }
    let nobody = WebhookId::new(1_000_000).unwrap();
    assert_eq!(store.webhook(nobody).await.unwrap(), None);
}

pub async fn the_same_webhook_is_kept_once(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let first = a_webhook("evt_1");
    let id = kept(&*store, &first).await;
    // Whatever else it says, and whatever became of the first one.
    let again = NewWebhook {
        kind: "other".to_owned(),
        body: b"other".to_vec(),
        headers: "{\"a\":\"b\"}".to_owned(),
        ..first.clone()
    };
    let known = Ok(Kept::Known(id));
    assert_eq!(beside.keep_webhook(&again).await.map_err(|_| ()), known);
    let leased = take(&*store).await;
    settle(&*store, &leased, WebhookStatus::Processed, None).await;
    assert_eq!(store.keep_webhook(&again).await.map_err(|_| ()), known);
    let found = store.webhook(id).await.unwrap().unwrap();
    assert_eq!((&found.body, &found.entry.kind), (&first.body, &first.kind));
    assert_eq!(found.entry.status, WebhookStatus::Processed);

    let others = [
        NewWebhook {
            gateway: Gateway::Midtrans,
            ..first.clone()
        },
        NewWebhook {
            account: Some("acct_1".to_owned()),
            ..first.clone()
        },
        NewWebhook {
            account: Some("acct_2".to_owned()),
            ..first.clone()
        },
        NewWebhook {
            mode: Mode::Live,
            ..first.clone()
        },
        a_webhook("evt_2"),
        a_webhook("EVT_1"),
    ];
    let mut ids = BTreeSet::from([id]);
    for other in &others {
        assert!(ids.insert(kept(&*store, other).await), "{other:?}");
    }
}

pub async fn of_many_that_keep_a_webhook_at_once_one_is_new(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 0..4 {
        let webhook = a_webhook(&format!("evt_{round}"));
        let keeping = (0..24).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            let webhook = webhook.clone();
            tokio::spawn(async move { patiently(|| store.keep_webhook(&webhook)).await.unwrap() })
        });
        let (mut new, mut ids) = (0, BTreeSet::new());
        for kept in join_all(keeping).await {
            match kept.unwrap() {
                Kept::New(id) => {
                    new += 1;
                    ids.insert(id);
                }
                Kept::Known(id) => {
                    ids.insert(id);
                }
            }
        }
        assert_eq!((new, ids.len()), (1, 1), "round {round}");
    }
}

pub async fn webhooks_that_are_kept_together_are_kept_one_by_one(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    assert_eq!(store.keep_webhooks(&[]).await.unwrap(), []);
    let known = kept(&*store, &a_webhook("evt_1")).await;
    let whole = NewWebhook {
        account: Some("acct_1".to_owned()),
        mode: Mode::Live,
        headers: r#"{"user-agent":"Télé \"1\""}"#.to_owned(),
        body: every_byte(),
        ..a_webhook("evt_2")
    };
    let other = NewWebhook {
        gateway: Gateway::Midtrans,
        ..a_webhook("evt_1")
    };
    let again = NewWebhook {
        body: b"other".to_vec(),
        ..whole.clone()
    };
    let together = [a_webhook("evt_1"), whole.clone(), other.clone(), again];
    let told = beside.keep_webhooks(&together).await.unwrap();
    let [
        Kept::Known(first),
        Kept::New(second),
        Kept::New(third),
        Kept::Known(fourth),
    ] = told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!((first, second), (known, fourth));
    for (id, webhook) in [(second, &whole), (third, &other)] {
        let found = store.webhook(id).await.unwrap().unwrap();
        assert_eq!(
            (&found.headers, &found.body),
            (&webhook.headers, &webhook.body)
        );
        let WebhookEntry {
            gateway,
            account,
            mode,
            key,
            kind,
            status,
            tries,
            ..
        } = &found.entry;
        assert_eq!((*gateway, *mode), (webhook.gateway, webhook.mode));
        assert_eq!(
            (account, key, kind),
            (&webhook.account, &webhook.key, &webhook.kind)
        );
        assert_eq!((*status, *tries), (WebhookStatus::Received, 0));
    }
    // They are due at once.
    let due = store.lease_webhooks(Gateway::Midtrans, 9, LASTING).await;
    assert_eq!(due.unwrap().len(), 1);
}

pub async fn those_who_keep_the_same_webhooks_in_any_order_all_come_to_an_end(
    fixture: &dyn StoreFixture,
) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for round in 0..4 {
        let webhooks: Vec<_> = (0..40)
            .map(|number| a_webhook(&format!("evt_{round}_{number}")))
            .collect();
        let keeping = (0..12).map(|task| {
            let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
            let mut webhooks = webhooks.clone();
            if task % 3 == 0 {
                webhooks.reverse();
            }
            tokio::spawn(async move { patiently(|| store.keep_webhooks(&webhooks)).await.unwrap() })
        });
        let (mut new, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for kept in join_all(keeping).await {
            for kept in kept.unwrap() {
                match kept {
                    Kept::New(id) => assert!(new.insert(id), "{id:?} was new twice"),
                    Kept::Known(id) => {
                        ids.insert(id);
                    }
                }
            }
        }
        assert_eq!(new.len(), webhooks.len(), "round {round}");
        assert!(ids.is_subset(&new), "round {round}");
    }
}

pub async fn a_webhook_is_taken_by_one_at_a_time(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let id = kept(&*store, &a_webhook("evt_1")).await;
    let leased = take(&*store).await;
    assert_eq!((leased.webhook.entry.id, leased.epoch), (id, 1));
    assert_eq!(leased.webhook.entry.tries, 1);
    assert_eq!(leased.webhook.body, a_webhook("evt_1").body);
    let now = store.now().await.unwrap();
    assert!((leased.webhook.entry.received_at..=now).contains(&leased.now));
    for store in [&store, &beside] {
        assert_eq!(lease(&**store, 9).await, []);
    }
    fixture.shift_clock(TimeDelta::seconds(30)).await;
    assert_eq!(lease(&*beside, 9).await, []);
    // Whoever had it is dead.
    fixture.shift_clock(TimeDelta::seconds(31)).await;
    let next = take(&*beside).await;
    assert_eq!((next.webhook.entry.id, next.epoch), (id, 2));
    assert_eq!(next.webhook.entry.tries, 2);
    assert_eq!(lease(&*store, 9).await, []);
}

pub async fn webhooks_of_one_gateway_are_taken_apart_from_those_of_another(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let of_stripe = kept(&*store, &a_webhook("evt_1")).await;
    let of_midtrans = NewWebhook {
        gateway: Gateway::Midtrans,
        ..a_webhook("evt_2")
    };
    let of_midtrans = kept(&*store, &of_midtrans).await;
    for (gateway, id) in [
        (Gateway::Midtrans, of_midtrans),
        (Gateway::Stripe, of_stripe),
    ] {
        let taken = lease_of(&*store, gateway, 9).await;
        let taken: Vec<_> = taken.iter().map(|taken| taken.webhook.entry.id).collect();
        assert_eq!(taken, [id]);
    }
}

pub async fn of_many_workers_no_two_take_one_webhook(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for number in 0..40 {
        kept(&*store, &a_webhook(&format!("evt_{number}"))).await;
    }
    let taking = (0..16).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let leased = patiently(|| store.lease_webhooks(Gateway::Stripe, 3, LASTING))
                    .await
                    .unwrap();
                assert!(leased.len() <= 3);
                if leased.is_empty() {
                    return taken;
                }
                taken.extend(leased.into_iter().map(|leased| leased.webhook.entry.id));
            }
        })
    });
    let mut ids = BTreeSet::new();
    for taken in join_all(taking).await {
        for id in taken.unwrap() {
            assert!(ids.insert(id), "{id} was taken twice");
        }
    }
    // Some may have found nothing while others were at all of them; nothing is lost by that.
    ids.extend(
        lease(&*store, 50)
            .await
            .iter()
            .map(|it| it.webhook.entry.id),
    );
    assert_eq!(ids.len(), 40);
}

pub async fn a_worker_that_was_overtaken_writes_nothing(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    kept(&*store, &a_webhook("evt_1")).await;
    let slow = take(&*store).await;
    fixture.shift_clock(TimeDelta::seconds(61)).await;
    let quick = take(&*beside).await;
    let late = outcome(&slow, WebhookStatus::Parked, None);
    assert!(!store.settle_webhook(&late).await.unwrap());
    let done = outcome(&quick, WebhookStatus::Processed, None);
    assert!(beside.settle_webhook(&done).await.unwrap());
    assert!(!store.settle_webhook(&late).await.unwrap());
    let entry = entry(&*store, &slow).await;
    assert_eq!(
        (entry.status, entry.fault),
        (WebhookStatus::Processed, None)
    );
}

pub async fn a_webhook_is_given_back_once(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    kept(&*store, &a_webhook("evt_1")).await;
    let leased = take(&*store).await;
    settle(&*store, &leased, WebhookStatus::Processed, None).await;
    let again = outcome(&leased, WebhookStatus::Parked, None);
    assert!(!store.settle_webhook(&again).await.unwrap());
    assert_eq!(
        entry(&*store, &leased).await.status,
        WebhookStatus::Processed
    );
    fixture.shift_clock(TimeDelta::days(30)).await;
    assert_eq!(lease(&*store, 9).await, []);
}

pub async fn what_became_of_a_webhook_is_written_down(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout {
        order,
        attempt,
        opening,
        ..
    } = Checkout::begun(&*store).await;
    let number = opening.order.terms().number.clone();
    for status in WebhookStatus::ALL {
        if status == WebhookStatus::Received {
            continue;
        }
        kept(&*store, &a_webhook(status.as_str())).await;
        let leased = take(&*store).await;
        let outcome = WebhookOutcome {
            fault: Some("why".to_owned()),
            about: Some(AttemptPlace { order, attempt }),
            ..outcome(&leased, status, None)
        };
        let before = store.now().await.unwrap();
        assert!(store.settle_webhook(&outcome).await.unwrap());
        let after = store.now().await.unwrap();
        let entry = entry(&*store, &leased).await;
        assert_eq!((entry.status, entry.tries), (status, 1));
        assert_eq!(entry.fault.as_deref(), Some("why"));
        assert_eq!(entry.order.as_ref(), Some(&number));
        assert_eq!(entry.attempt, Some(attempt));
        assert_eq!(entry.next_try_at, None);
        assert!((before..=after).contains(&entry.finished_at.unwrap()));
    }
    assert_eq!(lease(&*store, 9).await, []);
}

pub async fn a_webhook_is_tried_again_when_it_is_due(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for (number, status) in [WebhookStatus::Received, WebhookStatus::Unmatched]
        .into_iter()
        .enumerate()
    {
        kept(&*store, &a_webhook(&format!("evt_{number}"))).await;
        let leased = take(&*store).await;
        settle(&*store, &leased, status, Some(LASTING)).await;
        let waiting = entry(&*store, &leased).await;
        assert_eq!((waiting.status, waiting.finished_at), (status, None));
        assert_eq!(lease(&*store, 9).await, []);
        fixture.shift_clock(TimeDelta::seconds(59)).await;
        assert_eq!(lease(&*store, 9).await, []);
        fixture.shift_clock(TimeDelta::seconds(2)).await;
        let again = take(&*store).await;
        assert_eq!((again.epoch, again.webhook.entry.tries), (2, 2));
        assert_eq!(again.webhook.entry.status, status);
        settle(&*store, &again, WebhookStatus::Processed, None).await;
        let done = entry(&*store, &leased).await;
        assert_eq!((done.fault, done.next_try_at), (None, None));
    }
}

pub async fn those_that_wait_longest_are_taken_first(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(kept(&*store, &a_webhook(&format!("evt_{number}"))).await);
        fixture.shift_clock(TimeDelta::seconds(1)).await;
    }
    // The first one waits behind the others from now on.
    let first = take(&*store).await;
    assert_eq!(first.webhook.entry.id, ids[0]);
    settle(
        &*store,
        &first,
        WebhookStatus::Received,
        Some(Duration::from_secs(1)),
    )
    .await;
    fixture.shift_clock(TimeDelta::seconds(5)).await;
    let taken = lease(&*store, 2).await;
    let taken: Vec<_> = taken.iter().map(|it| it.webhook.entry.id).collect();
    assert_eq!(taken, ids[1..]);
    assert_eq!(take(&*store).await.webhook.entry.id, ids[0]);
}

pub async fn a_webhook_that_is_replayed_is_due_at_once(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    for status in WebhookStatus::ALL {
        let id = kept(&*store, &a_webhook(status.as_str())).await;
        let leased = take(&*store).await;
        let again = (status == WebhookStatus::Received).then_some(LASTING);
        settle(&*store, &leased, status, again).await;
        assert!(beside.replay_webhook(id).await.unwrap());
        let due = take(&*store).await;
        assert_eq!((due.webhook.entry.id, due.epoch), (id, 2));
        let entry = due.webhook.entry.clone();
        assert_eq!((entry.status, entry.tries), (WebhookStatus::Received, 1));
        assert_eq!(entry.finished_at, None);
        settle(&*store, &due, WebhookStatus::Processed, None).await;
    }
    let nobody = WebhookId::new(1_000_000).unwrap();
    assert!(!store.replay_webhook(nobody).await.unwrap());
}

pub async fn only_those_that_are_parked_are_replayed_together(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let mut parked = BTreeSet::new();
    for (number, status) in [
        WebhookStatus::Parked,
        WebhookStatus::Processed,
        WebhookStatus::Quarantined,
        WebhookStatus::Parked,
    ]
    .into_iter()
    .enumerate()
    {
        let id = kept(&*store, &a_webhook(&format!("evt_{number}"))).await;
        settle(&*store, &take(&*store).await, status, None).await;
        if status == WebhookStatus::Parked {
            parked.insert(id);
        }
    }
    assert_eq!(store.replay_parked_webhooks().await.unwrap(), 2);
    let due = lease(&*store, 9).await;
    let due: BTreeSet<_> = due.iter().map(|it| it.webhook.entry.id).collect();
    assert_eq!(due, parked);
    assert_eq!(store.replay_parked_webhooks().await.unwrap(), 0);
}

pub async fn webhooks_at_no_good_end_are_counted(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.open_webhooks().await.unwrap(), []);
    for status in WebhookStatus::ALL {
        if status == WebhookStatus::Received {
            continue;
        }
        for number in 0..2 {
            kept(&*store, &a_webhook(&format!("{status}-{number}"))).await;
            settle(&*store, &take(&*store).await, status, None).await;
        }
    }
    kept(
        &*store,
        &NewWebhook {
            gateway: Gateway::Midtrans,
            ..a_webhook("evt_1")
        },
    )
    .await;
    let mut counts = store.open_webhooks().await.unwrap();
    counts.sort_by_key(|count| (count.gateway, count.status));
    let count = |gateway, status, count| WebhookCount {
        gateway,
        status,
        count,
    };
    let mut expected = [
        count(Gateway::Stripe, WebhookStatus::Unmatched, 2),
        count(Gateway::Stripe, WebhookStatus::Parked, 2),
        count(Gateway::Stripe, WebhookStatus::Quarantined, 2),
        count(Gateway::Midtrans, WebhookStatus::Received, 1),
    ];
    expected.sort_by_key(|count| (count.gateway, count.status));
    assert_eq!(counts, expected);
}

pub async fn webhooks_are_listed_newest_first(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let mut ids = Vec::new();
    for number in 0..5 {
        let webhook = NewWebhook {
            gateway: if number < 2 {
                Gateway::Midtrans
            } else {
                Gateway::Stripe
            },
            ..a_webhook(&format!("evt_{number}"))
        };
        ids.insert(0, kept(&*store, &webhook).await);
        fixture.shift_clock(TimeDelta::seconds(1)).await;
    }
    let first = lease_of(&*store, Gateway::Midtrans, 1).await.remove(0);
    settle(&*store, &first, WebhookStatus::Parked, None).await;
    let list = async |filter: WebhookFilter, number, size| {
        let page = store
            .webhooks(&filter, Page { number, size })
            .await
            .unwrap();
        let entries = page.entries.iter().map(|entry| entry.id);
        (entries.collect::<Vec<_>>(), page.total)
    };
    let all = WebhookFilter::default();
    assert_eq!(list(all, 1, 3).await, (ids[..3].to_vec(), 5));
    assert_eq!(list(all, 2, 3).await, (ids[3..].to_vec(), 5));
    assert_eq!(list(all, 3, 3).await, (vec![], 5));
    let parked = WebhookFilter {
        status: Some(WebhookStatus::Parked),
        ..all
    };
    assert_eq!(list(parked, 1, 9).await, (vec![ids[4]], 1));
    let stripe = WebhookFilter {
        gateway: Some(Gateway::Stripe),
        ..all
    };
    assert_eq!(list(stripe, 1, 9).await, (ids[..3].to_vec(), 3));
    let neither = WebhookFilter {
        gateway: Some(Gateway::Stripe),
        ..parked
    };
    assert_eq!(list(neither, 1, 9).await, (vec![], 0));
}

pub async fn an_attempt_is_found_by_its_money_and_by_its_call(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let Checkout { order, attempt, .. } = Checkout::paid(&*store, "pi_1").await;
    let open = a_call(CallPurpose::Open(attempt));
    let close = a_call(CallPurpose::Close(attempt));
    let (opened_by, closed_by) = (open.key.clone(), close.key.clone());
    write_calls(&*store, order, &[open, close], &[])
        .await
        .unwrap();
    let place = Some(AttemptPlace { order, attempt });
    let by_call = async |key: &CallKey| store.attempt_of_call(key).await.unwrap();
    assert_eq!(by_call(&opened_by).await, place);
    assert_eq!(by_call(&closed_by).await, None);
    assert_eq!(by_call(&CallKey::new("by-nobody").unwrap()).await, None);
    let by_money = async |gateway, mode, name| {
        let capture = a_capture(name);
        let found = store.attempt_of_capture(gateway, mode, &capture).await;
        found.unwrap()
    };
    assert_eq!(by_money(Gateway::Stripe, Mode::Test, "pi_1").await, place);
    assert_eq!(by_money(Gateway::Stripe, Mode::Test, "pi_2").await, None);
    assert_eq!(by_money(Gateway::Stripe, Mode::Live, "pi_1").await, None);
    assert_eq!(by_money(Gateway::Midtrans, Mode::Test, "pi_1").await, None);
}

fn a_webhook(key: &str) -> NewWebhook {
    NewWebhook {
        gateway: Gateway::Stripe,
        account: None,
        mode: Mode::Test,
        key: key.to_owned(),
        kind: "payment_intent.succeeded".to_owned(),
        headers: "{}".to_owned(),
        body: format!("{{\"id\":\"{key}\"}}").into_bytes(),
    }
}

async fn kept(store: &dyn Store, webhook: &NewWebhook) -> WebhookId {
    match store.keep_webhook(webhook).await.unwrap() {
        Kept::New(id) => id,
        Kept::Known(id) => panic!("{webhook:?} was kept before, as {id}"),
    }
}

async fn lease(store: &dyn Store, at_most: u32) -> Vec<LeasedWebhook> {
    lease_of(store, Gateway::Stripe, at_most).await
}

async fn lease_of(store: &dyn Store, gateway: Gateway, at_most: u32) -> Vec<LeasedWebhook> {
    let leased = store.lease_webhooks(gateway, at_most, LASTING).await;
    leased.unwrap()
}

async fn take(store: &dyn Store) -> LeasedWebhook {
    let mut leased = lease(store, 1).await;
    assert_eq!(leased.len(), 1, "{leased:?}");
    leased.remove(0)
}

fn outcome(
    leased: &LeasedWebhook,
    status: WebhookStatus,
    again_in: Option<Duration>,
) -> WebhookOutcome {
    WebhookOutcome {
        id: leased.webhook.entry.id,
        epoch: leased.epoch,
        status,
        again_in,
        fault: None,
        about: None,
    }
}

async fn settle(
    store: &dyn Store,
    leased: &LeasedWebhook,
    status: WebhookStatus,
    again_in: Option<Duration>,
) {
    let outcome = outcome(leased, status, again_in);
    assert!(store.settle_webhook(&outcome).await.unwrap());
}

async fn entry(store: &dyn Store, leased: &LeasedWebhook) -> bayar_app::port::store::WebhookEntry {
    let found = store.webhook(leased.webhook.entry.id).await.unwrap();
    found.unwrap().entry
}
