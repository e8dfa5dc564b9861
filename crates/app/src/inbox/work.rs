//! Works off what came.

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::Gateway;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::hands::Hands;
use super::heed::Verdict;
use super::pause::{self, MOST_TRIES, MOST_TRIES_OF_DAYS};
use super::tally::count;
use crate::App;
use crate::failpoint;
use crate::port::Random;
use crate::port::store::{Answer, LeasedWebhook, WebhookEntry, WebhookOutcome, WebhookStatus};

/// How long a webhook is one worker's. What takes longer still is begun by another one as well, and does nothing
/// twice: both go by what is written down about the order.
const LEASE: Duration = Duration::from_secs(120);

/// How often it is looked for what nobody was woken for: what another process received, and what is due again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// While some are worked on, others are taken together after so much time: taking each by itself, as it comes, would
/// cost the store more than the work does, and those who are answered would wait for it.
const TOGETHER: Duration = Duration::from_millis(5);

/// How long what runs may go on after it was told to stop. Whoever comes later does the rest.
const FAREWELL: Duration = Duration::from_secs(10);

impl App {
    /// Works off what came, so many at once, until `stop`.
    pub async fn work_inbox(self: Arc<Self>, at_once: u32, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut hands = Hands::new(at_once);
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            if let Err(error) = self.begin_webhooks(&mut hands, &mut running).await {
                tracing::warn!(%error, "webhooks wait for the store");
            }
            tokio::select! {
                () = &mut stop => break,
                _ = running.join_next(), if !running.is_empty() => {}
                () = self.inbox_bell.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if !running.is_empty() {
                tokio::time::sleep(TOGETHER).await;
            }
        }
        let farewell = async { while running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }

    /// Takes as many webhooks as there are free hands, and begins them.
    async fn begin_webhooks(
        self: &Arc<Self>,
        hands: &mut Hands,
        running: &mut JoinSet<()>,
    ) -> Answer<()> {
        for gateway in hands.in_turn() {
            let free = hands.free(gateway);
            if free == 0 {
                continue;
            }
            for leased in self.store.lease_webhooks(gateway, free, LEASE).await? {
                let app = Arc::clone(self);
                let hand = hands.take(gateway);
                let span = tracing::info_span!("webhook", webhook = %leased.webhook.entry.id);
                let working = async move {
                    app.work_webhook(leased).await;
                    drop(hand);
                };
                running.spawn(working.instrument(span));
            }
        }
        Ok(())
    }

    /// Does what is to be done about one webhook, and writes down what came of it.
    async fn work_webhook(&self, leased: LeasedWebhook) {
        let _ = failpoint::hit("inbox.taken");
        let entry = &leased.webhook.entry;
        // Whoever took it last came to no end: what kills its worker must not do so for ever.
        let verdict = if is_hopeless(entry) {
            Verdict::Hopeless("never_finished")
        } else {
            self.heed(&leased.webhook).await
        };
        let _ = failpoint::hit("inbox.heeded");
        let outcome = outcome(&leased, verdict, &*self.random);
        match self.store.settle_webhook(&outcome).await {
            Ok(true) => self.tell_end(entry, &outcome),
            Ok(false) => tracing::warn!("a webhook passed into other hands meanwhile"),
            // It is done again when its lease has ended, and finds nothing more to do.
            Err(error) => tracing::warn!(%error, "what became of a webhook is not written down"),
        }
    }

    fn tell_end(&self, entry: &WebhookEntry, outcome: &WebhookOutcome) {
        let (gateway, status): (Gateway, _) = (entry.gateway, outcome.status);
        self.inbox_tally.count(gateway, status);
        let (event_id, event_type) = (&entry.key, &entry.kind);
        let fault = outcome.fault.as_deref();
        match (status, outcome.again_in) {
            (WebhookStatus::Received, _) | (WebhookStatus::Unmatched, Some(_)) => {
                count(gateway, "retried");
                tracing::info!(%gateway, event_id, event_type, fault, tries = entry.tries, "a webhook is tried again later");
            }
            (WebhookStatus::Parked, _) => {
                count(gateway, status.as_str());
                tracing::error!(%gateway, event_id, event_type, fault, "a webhook is parked: an operator has to look");
            }
            (WebhookStatus::Quarantined, _) => {
                count(gateway, status.as_str());
                tracing::error!(%gateway, event_id, event_type, fault, "a webhook is not for this account: an operator has to look");
            }
            (WebhookStatus::Unmatched, None) => {
                count(gateway, status.as_str());
                tracing::warn!(%gateway, event_id, event_type, "a webhook is about nothing of ours");
            }
            (WebhookStatus::Processed | WebhookStatus::Ignored, _) => {
                count(gateway, status.as_str());
                tracing::info!(%gateway, event_id, event_type, fault, %status, "a webhook is done");
            }
        }
    }
}

/// Whether it was taken more often than anything that comes to an end.
const fn is_hopeless(entry: &WebhookEntry) -> bool {
    match entry.status {
        WebhookStatus::Unmatched => entry.tries > MOST_TRIES_OF_DAYS,
        _ => entry.tries > MOST_TRIES,
    }
}

/// What is written down about a webhook.
fn outcome(leased: &LeasedWebhook, verdict: Verdict, random: &dyn Random) -> WebhookOutcome {
    let entry = &leased.webhook.entry;
    let outcome = |status, fault: Option<String>| WebhookOutcome {
        id: entry.id,
        epoch: leased.epoch,
        status,
        again_in: None,
        fault,
        about: None,
    };
    let pause = |at_least: Option<Duration>| {
        let pause = pause::after(entry.tries, random);
        Some(pause.max(at_least.unwrap_or_default()).min(LONGEST_WISH))
    };
    match verdict {
        Verdict::Processed(place) => WebhookOutcome {
            about: Some(place),
            ..outcome(WebhookStatus::Processed, None)
        },
        Verdict::Ignored(why) => outcome(WebhookStatus::Ignored, Some(why.to_owned())),
        Verdict::Hopeless(why) => outcome(WebhookStatus::Parked, Some(why.to_owned())),
        Verdict::Quarantined(why, about) => WebhookOutcome {
            about,
            ..outcome(WebhookStatus::Quarantined, Some(why.to_owned()))
        },
        Verdict::Unmatched { is_marked } => {
            let over = pause::is_over(entry.received_at, leased.now);
            let fault = Some("unmatched".to_owned());
            match (over, is_marked) {
                (false, _) => WebhookOutcome {
                    again_in: pause(None),
                    ..outcome(WebhookStatus::Unmatched, fault)
                },
                // It says that it is ours, and it is not.
                (true, true) => outcome(WebhookStatus::Parked, fault),
                (true, false) => outcome(WebhookStatus::Unmatched, fault),
            }
        }
        Verdict::Again(fault, at_least, about) => {
            let waits_for_days = entry.status == WebhookStatus::Unmatched
                && !pause::is_over(entry.received_at, leased.now);
            let outcome = if waits_for_days {
                WebhookOutcome {
                    again_in: pause(at_least),
                    ..outcome(WebhookStatus::Unmatched, Some(fault))
                }
            } else if entry.tries >= MOST_TRIES {
                outcome(WebhookStatus::Parked, Some(fault))
            } else {
                WebhookOutcome {
                    again_in: pause(at_least),
                    ..outcome(WebhookStatus::Received, Some(fault))
                }
            };
            WebhookOutcome { about, ..outcome }
        }
    }
}

/// The longest time that a gateway may wish to be left alone for.
const LONGEST_WISH: Duration = Duration::from_secs(12 * 3600);

#[cfg(test)]
mod tests {
    use bayar_domain::{AttemptId, Mode, OrderId};
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::port::store::{AttemptPlace, StoredWebhook, WebhookId};

    struct Zero;

    impl Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn leased(status: WebhookStatus, tries: u32, age: TimeDelta) -> LeasedWebhook {
        let received_at = DateTime::UNIX_EPOCH;
        let entry = WebhookEntry {
            id: WebhookId::new(7).unwrap(),
            gateway: Gateway::Stripe,
            account: None,
            mode: Mode::Test,
            key: "evt_1".to_owned(),
            kind: "refund.created".to_owned(),
            received_at,
            status,
            tries,
            next_try_at: Some(received_at),
            finished_at: None,
            fault: None,
            order: None,
            attempt: None,
        };
        LeasedWebhook {
            webhook: StoredWebhook {
                entry,
                headers: "{}".to_owned(),
                body: Vec::new(),
            },
            epoch: 3,
            now: received_at + age,
        }
    }

    fn ends(leased: &LeasedWebhook, verdict: Verdict) -> (WebhookStatus, Option<Duration>) {
        let outcome = outcome(leased, verdict, &Zero);
        assert_eq!((outcome.id.get(), outcome.epoch), (7, 3));
        (outcome.status, outcome.again_in)
    }

    fn again(at_least: Option<Duration>) -> Verdict {
        Verdict::Again("timeout".to_owned(), at_least, None)
    }

    #[test]
    fn what_fails_is_tried_eight_times_and_then_parked() {
        let now = TimeDelta::zero();
        for tries in 1..8 {
            let leased = leased(WebhookStatus::Received, tries, now);
            let (status, pause) = ends(&leased, again(None));
            assert_eq!(status, WebhookStatus::Received);
            assert_eq!(pause, Some(pause::after(tries, &Zero)));
        }
        let last = leased(WebhookStatus::Received, 8, now);
        assert_eq!(ends(&last, again(None)), (WebhookStatus::Parked, None));
    }

    #[test]
    fn what_never_comes_to_an_end_is_nobodys_work_for_ever() {
        let is_hopeless = |status, tries| {
            let leased = leased(status, tries, TimeDelta::zero());
            is_hopeless(&leased.webhook.entry)
        };
        let received = [8, 9].map(|tries| is_hopeless(WebhookStatus::Received, tries));
        let unmatched = [9, 100, 101].map(|tries| is_hopeless(WebhookStatus::Unmatched, tries));
        assert_eq!((received, unmatched), ([false, true], [false, false, true]));
    }

    #[test]
    fn a_gateway_that_wants_to_be_left_alone_is_but_not_for_ever() {
        let leased = leased(WebhookStatus::Received, 1, TimeDelta::zero());
        let hour = Duration::from_secs(3600);
        assert_eq!(ends(&leased, again(Some(hour))).1, Some(hour));
        assert_eq!(ends(&leased, again(Some(hour * 1000))).1, Some(hour * 12));
    }

    #[test]
    fn what_is_unmatched_waits_seven_days_and_is_an_operators_when_it_is_marked() {
        for (days, is_marked, status, waits) in [
            (0, false, WebhookStatus::Unmatched, true),
            (6, true, WebhookStatus::Unmatched, true),
            (7, false, WebhookStatus::Unmatched, false),
            (7, true, WebhookStatus::Parked, false),
        ] {
            let leased = leased(WebhookStatus::Unmatched, 40, TimeDelta::days(days));
            let (ended, pause) = ends(&leased, Verdict::Unmatched { is_marked });
            assert_eq!(
                (ended, pause.is_some()),
                (status, waits),
                "{days} {is_marked}"
            );
        }
    }

    #[test]
    fn what_waited_for_days_is_not_parked_by_the_first_trouble_after_that() {
        let waiting = leased(WebhookStatus::Unmatched, 40, TimeDelta::days(6));
        let (status, pause) = ends(&waiting, again(None));
        assert_eq!((status, pause.is_some()), (WebhookStatus::Unmatched, true));
        let late = leased(WebhookStatus::Unmatched, 40, TimeDelta::days(7));
        assert_eq!(ends(&late, again(None)), (WebhookStatus::Parked, None));
    }

    #[test]
    fn what_is_known_is_kept_whatever_comes_of_it() {
        let about = AttemptPlace {
            order: OrderId::new(1).unwrap(),
            attempt: AttemptId::new(2).unwrap(),
        };
        let leased = leased(WebhookStatus::Received, 1, TimeDelta::zero());
        for verdict in [
            Verdict::Processed(about),
            Verdict::Quarantined("other_account", Some(about)),
            Verdict::Again("timeout".to_owned(), None, Some(about)),
        ] {
            assert_eq!(outcome(&leased, verdict, &Zero).about, Some(about));
        }
    }
}
