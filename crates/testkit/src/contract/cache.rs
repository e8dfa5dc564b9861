//! What every [`IdempotencyCache`] MUST do.
//!
//! A cache may forget at any time. One that nobody presses does not, or it is none: the cases ask for that too.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{
    IdempotencyKey, Installation, KeyOwner, KeyScope, RequestHash, Route, StoredAnswer,
};
use bayar_app::port::{CacheKey, IdempotencyCache};
use bayar_domain::PaymentId;
use futures_util::future::join_all;

use super::{Fixture, every_byte};

/// One test for each case of the suite of [`IdempotencyCache`].
///
/// Takes the name of an `async fn` beside it that answers something that implements
/// [`Fixture<dyn IdempotencyCache>`](crate::contract::Fixture).
#[macro_export]
macro_rules! cache_contract {
    ($fresh:ident) => {
        mod cache {
            use $crate::contract::cache as cases;
            $crate::contract_tests! { $fresh:
                what_was_never_put_is_not_there,
                an_answer_comes_back_byte_for_byte,
                the_answer_that_was_put_last_comes_back,
                an_answer_is_forgotten_when_its_time_is_over,
                putting_again_begins_a_new_time,
                an_answer_without_any_time_is_not_kept,
                forgotten_answers_are_not_there_and_the_others_are,
                answers_to_different_keys_are_different,
                an_answer_comes_back_whole_while_others_are_put,
            }
        }
    };
}

const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_millis(150);
const LONGER_THAN_SHORT: Duration = Duration::from_millis(200);

type Case<'a> = &'a dyn Fixture<dyn IdempotencyCache>;

pub async fn what_was_never_put_is_not_there(fixture: Case<'_>) {
    let cache = fixture.port();
    assert_eq!(cache.get(&key("never")).await.unwrap(), None);
    cache.forget(&[key("never")]).await.unwrap();
    cache.forget(&[]).await.unwrap();
}

pub async fn an_answer_comes_back_byte_for_byte(fixture: Case<'_>) {
    let cache = fixture.port();
    let bodies = [
        br#"{"data":{"type":"new"}}"#.to_vec(),
        every_byte(),
        Vec::new(),
        every_byte().repeat(1_000),
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let key = key(&format!("body {number}"));
        let answer = StoredAnswer {
            request: RequestHash::from_bytes([0xA5; 32]),
            payment: PaymentId::new(i64::MAX).unwrap(),
            body,
        };
        cache.put(&key, &answer, LONG).await.unwrap();
        for _ in 0..2 {
            assert_eq!(cache.get(&key).await.unwrap().as_ref(), Some(&answer));
        }
    }
}

pub async fn the_answer_that_was_put_last_comes_back(fixture: Case<'_>) {
    let cache = fixture.port();
    let key = key("twice");
    cache.put(&key, &answer(1), LONG).await.unwrap();
    cache.put(&key, &answer(2), LONG).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap(), Some(answer(2)));
}

pub async fn an_answer_is_forgotten_when_its_time_is_over(fixture: Case<'_>) {
    let cache = fixture.port();
    let (short, long) = (key("short"), key("long"));
    cache.put(&short, &answer(1), SHORT).await.unwrap();
    cache.put(&long, &answer(2), LONG).await.unwrap();
    fixture.pass(LONGER_THAN_SHORT).await;
    assert_eq!(cache.get(&short).await.unwrap(), None);
    assert_eq!(cache.get(&long).await.unwrap(), Some(answer(2)));
}

pub async fn putting_again_begins_a_new_time(fixture: Case<'_>) {
    let cache = fixture.port();
    let (longer, shorter) = (key("longer"), key("shorter"));
    cache.put(&longer, &answer(1), SHORT).await.unwrap();
    cache.put(&longer, &answer(1), LONG).await.unwrap();
    cache.put(&shorter, &answer(2), LONG).await.unwrap();
    cache.put(&shorter, &answer(2), SHORT).await.unwrap();
    fixture.pass(LONGER_THAN_SHORT).await;
    assert_eq!(cache.get(&longer).await.unwrap(), Some(answer(1)));
    assert_eq!(cache.get(&shorter).await.unwrap(), None);
}

/// `IDEMPOTENCY_CACHE_SECONDS=0` is how an installation does without.
pub async fn an_answer_without_any_time_is_not_kept(fixture: Case<'_>) {
    let cache = fixture.port();
    let key = key("no time");
    cache.put(&key, &answer(1), Duration::ZERO).await.unwrap();
    assert_eq!(cache.get(&key).await.unwrap(), None);
}

pub async fn forgotten_answers_are_not_there_and_the_others_are(fixture: Case<'_>) {
    let cache = fixture.port();
    let keys: Vec<_> = (0..5).map(|number| key(&format!("{number}"))).collect();
    for key in &keys {
        cache.put(key, &answer(1), LONG).await.unwrap();
    }
    cache.forget(&keys[1..4]).await.unwrap();
    for (number, key) in keys.iter().enumerate() {
        let expected = (![1, 2, 3].contains(&number)).then(|| answer(1));
        assert_eq!(cache.get(key).await.unwrap(), expected, "{number}");
    }
    cache.put(&keys[1], &answer(2), LONG).await.unwrap();
    assert_eq!(cache.get(&keys[1]).await.unwrap(), Some(answer(2)));
}

pub async fn answers_to_different_keys_are_different(fixture: Case<'_>) {
    let cache = fixture.port();
    let user = |id: i64| KeyOwner::User(id.try_into().unwrap());
    let service = |id: i64| KeyOwner::ServiceFor(id.try_into().unwrap());
    let keys = [
        named("installation1", user(7), "wish"),
        named("installation2", user(7), "wish"),
        named("installation1", user(70), "wish"),
        named("installation1", service(7), "wish"),
        named("installation1", user(7), "Wish"),
        named("installation1", user(7), "wish "),
        named("installation1", user(7), "*"),
        named("installation1", user(7), &"k".repeat(255)),
    ];
    for (number, key) in (1..).zip(&keys) {
        cache.put(key, &answer(number), LONG).await.unwrap();
    }
    for (number, key) in (1..).zip(&keys) {
        let found = cache.get(key).await.unwrap();
        assert_eq!(found, Some(answer(number)), "{key}");
    }
    cache.forget(&keys[6..7]).await.unwrap();
    assert_eq!(cache.get(&keys[0]).await.unwrap(), Some(answer(1)));
}

pub async fn an_answer_comes_back_whole_while_others_are_put(fixture: Case<'_>) {
    let cache = fixture.port();
    let key = Arc::new(key("contended"));
    cache.put(&key, &answer(1), LONG).await.unwrap();
    let busy = (1..=50).map(|number| {
        let (cache, key) = (Arc::clone(&cache), Arc::clone(&key));
        tokio::spawn(async move {
            cache.put(&key, &answer(number), LONG).await.unwrap();
            let found = cache.get(&key).await.unwrap().unwrap();
            assert_eq!(found, answer(found.payment.get()));
        })
    });
    for done in join_all(busy).await {
        done.unwrap();
    }
}

fn answer(payment: i64) -> StoredAnswer {
    StoredAnswer {
        request: RequestHash::of(&[&payment.to_string()]),
        payment: PaymentId::new(payment).unwrap(),
        body: format!(r#"{{"payment_id":{payment}}}"#).into_bytes(),
    }
}

fn key(name: &str) -> CacheKey {
    let owner = KeyOwner::User(7.try_into().unwrap());
    named("installation1", owner, name)
}

fn named(installation: &str, owner: KeyOwner, key: &str) -> CacheKey {
    let scope = KeyScope {
        owner,
        route: Route::CreatePayment,
        key: IdempotencyKey::new(key).unwrap(),
    };
    CacheKey::new(&Installation::new(installation).unwrap(), &scope)
}
