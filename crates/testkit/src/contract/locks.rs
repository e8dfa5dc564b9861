//! What every [`Locks`] MUST do.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::{LockToken, Locks};
use futures_util::future::join_all;
use tokio::time::timeout;

use super::{AT_ONCE, Fixture};
use crate::random::SeededRandom;

/// One test for each case of the suite of [`Locks`].
///
/// Takes the name of an `async fn` beside it that answers something that implements
/// [`Fixture<dyn Locks>`](crate::contract::Fixture).
#[macro_export]
macro_rules! locks_contract {
    ($fresh:ident) => {
        mod locks {
            use $crate::contract::locks as cases;
            $crate::contract_tests! { $fresh:
                a_lock_is_held_by_one_token_at_a_time,
                a_token_does_not_take_its_lock_again,
                of_many_tokens_at_once_one_gets_the_lock,
                a_released_lock_can_be_taken,
                only_the_token_that_holds_a_lock_releases_it,
                a_lock_is_free_when_its_time_is_over,
                taking_again_does_not_make_the_time_longer,
                a_token_whose_time_is_over_does_not_free_the_next_one,
                nobody_waits_for_a_lock,
                locks_of_different_names_are_different,
            }
        }
    };
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(1000);
const LONGER_THAN_SHORT: Duration = Duration::from_millis(1200);

type Case<'a> = &'a dyn Fixture<dyn Locks>;

pub async fn a_lock_is_held_by_one_token_at_a_time(fixture: Case<'_>) {
    let locks = fixture.port();
    let [first, second] = tokens();
    assert!(locks.take("order", &first, LONG).await.unwrap());
    assert!(!locks.take("order", &second, LONG).await.unwrap());
    fixture.pass(SHORT).await;
    assert!(!locks.take("order", &second, LONG).await.unwrap());
}

pub async fn a_token_does_not_take_its_lock_again(fixture: Case<'_>) {
    let locks = fixture.port();
    let [token] = tokens();
    assert!(locks.take("order", &token, LONG).await.unwrap());
    assert!(!locks.take("order", &token, LONG).await.unwrap());
}

pub async fn of_many_tokens_at_once_one_gets_the_lock(fixture: Case<'_>) {
    let locks = fixture.port();
    let random = Arc::new(SeededRandom::new(1));
    for round in 0..5 {
        let taking = (0..100).map(|_| {
            let (locks, token) = (Arc::clone(&locks), LockToken::draw(&*random));
            tokio::spawn(async move {
                locks
                    .take(&format!("order {round}"), &token, LONG)
                    .await
                    .unwrap()
            })
        });
        let taken = join_all(taking).await;
        let taken = taken.into_iter().filter(|taken| *taken.as_ref().unwrap());
        assert_eq!(taken.count(), 1);
    }
}

pub async fn a_released_lock_can_be_taken(fixture: Case<'_>) {
    let locks = fixture.port();
    let [first, second] = tokens();
    assert!(locks.take("order", &first, LONG).await.unwrap());
    assert!(locks.release("order", &first).await.unwrap());
    assert!(!locks.release("order", &first).await.unwrap());
    assert!(locks.take("order", &second, LONG).await.unwrap());
    assert!(locks.release("order", &second).await.unwrap());
    assert!(locks.take("order", &first, LONG).await.unwrap());
}

pub async fn only_the_token_that_holds_a_lock_releases_it(fixture: Case<'_>) {
    let locks = fixture.port();
    let [holder, stranger] = tokens();
    assert!(!locks.release("order", &stranger).await.unwrap());
    assert!(locks.take("order", &holder, LONG).await.unwrap());
    assert!(!locks.release("order", &stranger).await.unwrap());
    assert!(!locks.take("order", &stranger, LONG).await.unwrap());
    assert!(locks.release("order", &holder).await.unwrap());
}

pub async fn a_lock_is_free_when_its_time_is_over(fixture: Case<'_>) {
    let locks = fixture.port();
    let [first, second] = tokens();
    assert!(locks.take("order", &first, SHORT).await.unwrap());
    fixture.pass(LONGER_THAN_SHORT).await;
    assert!(!locks.release("order", &first).await.unwrap());
    assert!(locks.take("order", &second, LONG).await.unwrap());
}

pub async fn taking_again_does_not_make_the_time_longer(fixture: Case<'_>) {
    let locks = fixture.port();
    let [holder, other] = tokens();
    assert!(locks.take("order", &holder, SHORT).await.unwrap());
    assert!(!locks.take("order", &holder, LONG).await.unwrap());
    assert!(!locks.take("order", &other, LONG).await.unwrap());
    fixture.pass(LONGER_THAN_SHORT).await;
    assert!(locks.take("order", &other, LONG).await.unwrap());
}

pub async fn a_token_whose_time_is_over_does_not_free_the_next_one(fixture: Case<'_>) {
    let locks = fixture.port();
    let [late, next, third] = tokens();
    assert!(locks.take("order", &late, SHORT).await.unwrap());
    fixture.pass(LONGER_THAN_SHORT).await;
    assert!(locks.take("order", &next, LONG).await.unwrap());
    assert!(!locks.release("order", &late).await.unwrap());
    assert!(!locks.take("order", &third, LONG).await.unwrap());
    assert!(locks.release("order", &next).await.unwrap());
}

pub async fn nobody_waits_for_a_lock(fixture: Case<'_>) {
    let locks = fixture.port();
    let [holder, other] = tokens();
    assert!(locks.take("order", &holder, LONG).await.unwrap());
    let taken = timeout(AT_ONCE, locks.take("order", &other, LONG)).await;
    assert!(!taken.expect("it waited for the holder").unwrap());
}

pub async fn locks_of_different_names_are_different(fixture: Case<'_>) {
    let locks = fixture.port();
    let [first, second] = tokens();
    let long_name = "n".repeat(300);
    let names = [
        "payment:lock:7:1",
        "payment:lock:7:10",
        "payment:lock:71:0",
        "PAYMENT:LOCK:7:1",
        "payment:lock:7:1 ",
        "payment:*",
        "pesanan nomor satu – 一",
        &long_name,
    ];
    for name in names {
        assert!(locks.take(name, &first, LONG).await.unwrap(), "{name}");
    }
    for name in names {
        assert!(!locks.take(name, &second, LONG).await.unwrap(), "{name}");
    }
    assert!(locks.release(names[0], &first).await.unwrap());
    for name in &names[1..] {
        assert!(!locks.take(name, &second, LONG).await.unwrap(), "{name}");
    }
}

fn tokens<const N: usize>() -> [LockToken; N] {
    let random = SeededRandom::new(7);
    std::array::from_fn(|_| LockToken::draw(&random))
}
