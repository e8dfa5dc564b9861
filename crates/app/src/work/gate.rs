//! How much the work of this process asks a gateway.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bayar_domain::Gateway;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::port::Quota;
use crate::port::pace::Turns;

/// After so many troubles in a row a gateway is asked by one job at a time only: those that wait for it
/// would take the place of those that do not.
const TROUBLES: u32 = 3;

/// How long that one has.
const PROBE_EVERY: TimeDelta = TimeDelta::seconds(10);

/// What timers are late by is made good, so that it does not slow down the whole. More than that would be a burst.
const MADE_GOOD: Duration = Duration::from_millis(20);

/// The gateways, as the work of this process sees them.
pub(super) struct Gates(BTreeMap<Gateway, OneGate>);

struct OneGate {
    pace: Option<Pace>,
    health: Mutex<Health>,
    hands: Arc<Semaphore>,
    /// How many found no hand at most, and wait in the store until one is free. Some may have come back by themselves.
    crowd: AtomicU32,
}

/// A hand that works for one gateway, until it is dropped.
pub(super) struct Hand(#[expect(dead_code, reason = "it is held")] Option<OwnedSemaphorePermit>);

#[derive(Default)]
struct Health {
    troubles: u32,
    probed_at: Option<DateTime<Utc>>,
}

impl Gates {
    /// Gates for a process with so many hands.
    pub(super) fn new(
        gateways: impl Iterator<Item = Gateway>,
        quota: Option<Quota>,
        hands: usize,
    ) -> Self {
        let gateways: Vec<_> = gateways.collect();
        let share = match gateways.as_slice() {
            [_, _, ..] => hands.saturating_sub(1).max(1),
            _ => hands,
        };
        let gate = |gateway| {
            let gate = OneGate {
                pace: quota.and_then(period).map(Pace::new),
                health: Mutex::default(),
                hands: Arc::new(Semaphore::new(share)),
                crowd: AtomicU32::new(0),
            };
            (gateway, gate)
        };
        Self(gateways.into_iter().map(gate).collect())
    }

    /// A hand for the gateway. Where there are others it never has all of them: a gateway that is slow, or that has
    /// much to tell after it was away, keeps nobody waiting but those who wait for it.
    pub(super) fn hand(&self, gateway: Gateway) -> Option<Hand> {
        let Some(gate) = self.0.get(&gateway) else {
            return Some(Hand(None));
        };
        let hand = Arc::clone(&gate.hands).try_acquire_owned().ok();
        hand.map(|hand| Hand(Some(hand)))
    }

    /// Whether somebody would find a hand now.
    pub(super) fn has_free_hand(&self, gateway: Gateway) -> bool {
        let gate = self.0.get(&gateway);
        gate.is_none_or(|gate| gate.hands.available_permits() > 0)
    }

    /// Somebody who found no hand waits in the store now.
    pub(super) fn join_crowd(&self, gateway: Gateway) {
        if let Some(gate) = self.0.get(&gateway) {
            gate.crowd.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How many wait for a hand at most.
    pub(super) fn crowd(&self, gateway: Gateway) -> u32 {
        let gate = self.0.get(&gateway);
        gate.map_or(0, |gate| gate.crowd.load(Ordering::Acquire))
    }

    /// Of those that wait for a hand, so many at most leave the crowd, to be woken by whoever asks. Answers how many.
    pub(super) fn leave_crowd(&self, gateway: Gateway, at_most: u32) -> u32 {
        let Some(gate) = self.0.get(&gateway) else {
            return 0;
        };
        let less = |crowd: u32| Some(crowd.saturating_sub(at_most));
        let crowd = (gate.crowd).fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        crowd.unwrap_or_else(|crowd| crowd).min(at_most)
    }

    /// Whether it is worth while to ask the gateway now.
    pub(super) fn is_worth_asking(&self, gateway: Gateway, now: DateTime<Utc>) -> bool {
        let Some(mut health) = self.health(gateway) else {
            return true;
        };
        if health.troubles < TROUBLES {
            return true;
        }
        let next = health
            .probed_at
            .and_then(|at| at.checked_add_signed(PROBE_EVERY));
        if next.is_some_and(|next| now < next && health.probed_at <= Some(now)) {
            return false;
        }
        health.probed_at = Some(now);
        true
    }

    /// The gateway answered, or was in trouble.
    pub(super) fn note(&self, gateway: Gateway, answered: bool) {
        if let Some(mut health) = self.health(gateway) {
            health.troubles = match answered {
                true => 0,
                false => health.troubles.saturating_add(1),
            };
        }
    }

    fn health(&self, gateway: Gateway) -> Option<std::sync::MutexGuard<'_, Health>> {
        let gate = self.0.get(&gateway)?;
        Some(gate.health.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Turns for Gates {
    async fn next(&self, gateway: Gateway) {
        let pace = self.0.get(&gateway).and_then(|gate| gate.pace.as_ref());
        if let Some(pace) = pace {
            tokio::time::sleep_until(pace.next_turn(Instant::now())).await;
        }
    }
}

/// Turns that are so far apart, on the whole.
struct Pace {
    period: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn new(period: Duration) -> Self {
        let next = Mutex::new(Instant::now());
        Self { period, next }
    }

    /// The moment of the next turn, which is its caller's.
    fn next_turn(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(now.checked_sub(MADE_GOOD).unwrap_or(now));
        *next = turn + self.period;
        turn
    }
}

/// How far two questions are apart.
fn period(quota: Quota) -> Option<Duration> {
    let period = quota.window.checked_div(quota.limit)?;
    (!period.is_zero()).then_some(period)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_752_811_620 + seconds, 0).unwrap()
    }

    fn gates() -> Gates {
        Gates::new([Gateway::Stripe, Gateway::Midtrans].into_iter(), None, 4)
    }

    #[test]
    fn a_gateway_in_trouble_is_asked_now_and_then() {
        let gates = gates();
        for _ in 0..TROUBLES {
            assert!(gates.is_worth_asking(Gateway::Stripe, at(0)));
            gates.note(Gateway::Stripe, false);
        }
        let asked = |seconds| gates.is_worth_asking(Gateway::Stripe, at(seconds));
        let asked: Vec<_> = [0, 1, 9, 10, 11, 20].map(asked).into();
        assert_eq!(asked, [true, false, false, true, false, true]);
        assert!(gates.is_worth_asking(Gateway::Midtrans, at(0)));
    }

    #[test]
    fn a_gateway_that_answers_again_is_asked_as_before() {
        let gates = gates();
        for _ in 0..TROUBLES {
            gates.note(Gateway::Stripe, false);
        }
        assert!(gates.is_worth_asking(Gateway::Stripe, at(0)));
        assert!(!gates.is_worth_asking(Gateway::Stripe, at(1)));
        gates.note(Gateway::Stripe, true);
        assert!(gates.is_worth_asking(Gateway::Stripe, at(1)));
    }

    #[test]
    fn one_gateway_never_has_all_hands_where_there_are_others() {
        let gates = gates();
        let taken: Vec<_> = (0..3).filter_map(|_| gates.hand(Gateway::Stripe)).collect();
        assert_eq!(taken.len(), 3);
        assert!(gates.hand(Gateway::Stripe).is_none());
        assert!(!gates.has_free_hand(Gateway::Stripe));
        assert!(gates.hand(Gateway::Midtrans).is_some());
        drop(taken);
        assert!(gates.has_free_hand(Gateway::Stripe));
        assert!(gates.hand(Gateway::Stripe).is_some());
    }

    #[test]
    fn each_of_a_crowd_is_woken_once() {
        let gates = gates();
        for _ in 0..3 {
            gates.join_crowd(Gateway::Stripe);
        }
        assert_eq!(gates.leave_crowd(Gateway::Midtrans, 2), 0);
        let woken = [(); 3].map(|()| gates.leave_crowd(Gateway::Stripe, 2));
        assert_eq!(woken, [2, 1, 0]);
    }

    #[test]
    fn a_gateway_that_is_alone_has_all_hands() {
        let gates = Gates::new([Gateway::Stripe].into_iter(), None, 2);
        let taken: Vec<_> = (0..3).filter_map(|_| gates.hand(Gateway::Stripe)).collect();
        assert_eq!(taken.len(), 2);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_it() {
        let gates = gates();
        for _ in 0..TROUBLES {
            gates.note(Gateway::Stripe, false);
        }
        assert!(gates.is_worth_asking(Gateway::Stripe, at(0)));
        assert!(gates.is_worth_asking(Gateway::Stripe, at(-600)));
    }

    const PERIOD: Duration = Duration::from_millis(50);

    /// Twenty in a second.
    fn pace(begin: Instant) -> Pace {
        let (limit, window) = (20, Duration::from_secs(1));
        assert_eq!(period(Quota { limit, window }), Some(PERIOD));
        Pace {
            period: PERIOD,
            next: Mutex::new(begin),
        }
    }

    #[test]
    fn questions_are_as_far_apart_as_they_must_be() {
        let begin = Instant::now();
        let pace = pace(begin);
        for number in 0..11 {
            assert_eq!(pace.next_turn(begin), begin + PERIOD * number);
        }
    }

    #[test]
    fn what_a_timer_is_late_by_is_made_good() {
        let begin = Instant::now();
        let pace = pace(begin);
        for number in 0..100 {
            let planned = begin + PERIOD * number;
            assert_eq!(pace.next_turn(planned + MADE_GOOD), planned);
        }
    }

    #[test]
    fn whoever_comes_late_brings_no_burst() {
        let begin = Instant::now();
        let pace = pace(begin);
        let late = begin + PERIOD * 1000;
        let turns: [Instant; 4] = std::array::from_fn(|_| pace.next_turn(late));
        let [first, rest @ ..] = turns;
        assert_eq!(first, late - MADE_GOOD);
        assert_eq!(rest, [1, 2, 3].map(|number| first + PERIOD * number));
    }

    #[tokio::test]
    async fn a_gateway_is_asked_when_it_is_its_turn() {
        let quota = Quota {
            limit: 1,
            window: Duration::from_secs(60 * 60),
        };
        let both = [Gateway::Stripe, Gateway::Midtrans].into_iter();
        let gates = Gates::new(both, Some(quota), 4);
        gates.next(Gateway::Stripe).await;
        assert_eq!(gates.next(Gateway::Stripe).now_or_never(), None);
        gates.next(Gateway::Midtrans).await;
    }

    #[tokio::test]
    async fn nobody_waits_where_there_is_no_limit() {
        gates().next(Gateway::Stripe).await;
    }
}
