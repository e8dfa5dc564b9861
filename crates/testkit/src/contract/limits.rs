//! What every [`RateLimits`] MUST do.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::{Quota, RateLimits};
use futures_util::future::join_all;

use super::Fixture;

/// One test for each case of the suite of [`RateLimits`].
///
/// Takes the name of an `async fn` beside it that answers something that implements
/// [`Fixture<dyn RateLimits>`](crate::contract::Fixture).
#[macro_export]
macro_rules! limits_contract {
    ($fresh:ident) => {
        mod limits {
            use $crate::contract::limits as cases;
            $crate::contract_tests! { $fresh:
                a_window_holds_as_many_units_as_its_limit,
                never_more_units_than_the_limit_go_through_at_once,
                a_refused_unit_costs_nothing,
                a_window_ends,
                a_window_begins_with_its_first_unit,
                a_refused_unit_does_not_make_the_window_longer,
                a_unit_that_is_given_back_can_be_taken_again,
                nothing_is_given_back_that_was_not_taken,
                a_unit_of_a_window_that_is_over_is_not_given_back,
                giving_back_does_not_make_the_window_longer,
                giving_back_begins_no_window,
                a_limit_of_nothing_lets_nothing_through,
                names_have_windows_of_their_own,
            }
        }
    };
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(150);
const LONGER_THAN_SHORT: Duration = Duration::from_millis(200);

type Case<'a> = &'a dyn Fixture<dyn RateLimits>;

pub async fn a_window_holds_as_many_units_as_its_limit(fixture: Case<'_>) {
    let limits = fixture.port();
    for remaining in [2, 1, 0] {
        let spent = limits.spend("caller", quota(3, LONG)).await.unwrap();
        assert!(spent.allowed);
        assert_eq!(spent.remaining, remaining);
        assert!(!spent.resets_in.is_zero() && spent.resets_in <= LONG);
    }
    let refused = limits.spend("caller", quota(3, LONG)).await.unwrap();
    assert!(!refused.allowed);
    assert_eq!(refused.remaining, 0);
    assert!(!refused.resets_in.is_zero() && refused.resets_in <= LONG);
}

pub async fn never_more_units_than_the_limit_go_through_at_once(fixture: Case<'_>) {
    let limits = fixture.port();
    let spending = (0..200).map(|_| {
        let limits = Arc::clone(&limits);
        tokio::spawn(async move { limits.spend("caller", quota(10, LONG)).await.unwrap() })
    });
    let spent = join_all(spending).await;
    let allowed = spent.into_iter().map(Result::unwrap);
    let mut remaining: Vec<_> = allowed
        .filter(|spent| spent.allowed)
        .map(|spent| spent.remaining)
        .collect();
    remaining.sort_unstable();
    assert_eq!(remaining, (0..10).collect::<Vec<_>>());
}

pub async fn a_refused_unit_costs_nothing(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(2, LONG);
    assert_eq!(allowed(&limits, "caller", quota, 7).await, 2);
    limits.give_back("caller", quota).await.unwrap();
    assert_eq!(allowed(&limits, "caller", quota, 7).await, 1);
}

pub async fn a_window_ends(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(2, SHORT);
    assert!(limits.spend("caller", quota).await.unwrap().allowed);
    for _ in 0..3 {
        fixture.pass(LONGER_THAN_SHORT).await;
        let first = limits.spend("caller", quota).await.unwrap();
        assert!(first.allowed);
        assert_eq!(first.remaining, 1);
    }
}

/// A window that began anew with each unit would never let a busy caller through again.
pub async fn a_window_begins_with_its_first_unit(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(3, LONG);
    limits.spend("caller", quota).await.unwrap();
    fixture.pass(SHORT).await;
    let second = limits.spend("caller", quota).await.unwrap();
    assert_eq!(second.remaining, 1);
    assert!(second.resets_in <= LONG - SHORT, "{:?}", second.resets_in);
}

pub async fn a_refused_unit_does_not_make_the_window_longer(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(1, LONG);
    limits.spend("caller", quota).await.unwrap();
    fixture.pass(SHORT).await;
    let refused = limits.spend("caller", quota).await.unwrap();
    assert!(!refused.allowed);
    assert!(refused.resets_in <= LONG - SHORT, "{:?}", refused.resets_in);
}

pub async fn a_unit_that_is_given_back_can_be_taken_again(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(2, LONG);
    for _ in 0..5 {
        let spent = limits.spend("caller", quota).await.unwrap();
        assert!(spent.allowed);
        assert_eq!(spent.remaining, 1);
        limits.give_back("caller", quota).await.unwrap();
    }
    assert_eq!(allowed(&limits, "caller", quota, 5).await, 2);
}

pub async fn nothing_is_given_back_that_was_not_taken(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(2, LONG);
    limits.give_back("new", quota).await.unwrap();
    assert_eq!(allowed(&limits, "new", quota, 5).await, 2);

    limits.spend("caller", quota).await.unwrap();
    for _ in 0..3 {
        limits.give_back("caller", quota).await.unwrap();
    }
    assert_eq!(allowed(&limits, "caller", quota, 5).await, 2);
}

pub async fn a_unit_of_a_window_that_is_over_is_not_given_back(fixture: Case<'_>) {
    let limits = fixture.port();
    limits.spend("caller", quota(2, SHORT)).await.unwrap();
    fixture.pass(LONGER_THAN_SHORT).await;
    limits.give_back("caller", quota(2, LONG)).await.unwrap();
    assert_eq!(allowed(&limits, "caller", quota(2, LONG), 5).await, 2);
}

pub async fn giving_back_does_not_make_the_window_longer(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(1, LONG);
    limits.spend("caller", quota).await.unwrap();
    fixture.pass(SHORT).await;
    limits.give_back("caller", quota).await.unwrap();
    limits.spend("caller", quota).await.unwrap();
    let refused = limits.spend("caller", quota).await.unwrap();
    assert!(!refused.allowed);
    assert!(refused.resets_in <= LONG - SHORT, "{:?}", refused.resets_in);
}

pub async fn giving_back_begins_no_window(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(1, LONG);
    limits.give_back("caller", quota).await.unwrap();
    fixture.pass(SHORT).await;
    let first = limits.spend("caller", quota).await.unwrap();
    assert!(first.resets_in > LONG - SHORT, "{:?}", first.resets_in);
}

pub async fn a_limit_of_nothing_lets_nothing_through(fixture: Case<'_>) {
    let limits = fixture.port();
    let refused = limits.spend("caller", quota(0, LONG)).await.unwrap();
    assert!(!refused.allowed);
    assert_eq!(refused.remaining, 0);
}

pub async fn names_have_windows_of_their_own(fixture: Case<'_>) {
    let limits = fixture.port();
    let quota = quota(1, LONG);
    let long_name = "n".repeat(300);
    let names = [
        "payments:user-7",
        "payments:user-70",
        "payments:user-7 ",
        "PAYMENTS:user-7",
        "payments:*",
        "login:2001:db8::1",
        &long_name,
    ];
    for name in names {
        assert_eq!(allowed(&limits, name, quota, 2).await, 1, "{name}");
    }
}

const fn quota(limit: u32, window: Duration) -> Quota {
    Quota { limit, window }
}

/// How many of `units` units go through.
async fn allowed(limits: &Arc<dyn RateLimits>, name: &str, quota: Quota, units: u32) -> u32 {
    let mut allowed = 0;
    for _ in 0..units {
        allowed += u32::from(limits.spend(name, quota).await.unwrap().allowed);
    }
    allowed
}
