//! What went wrong on purpose, and that it was enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bayar_sandbox::sim::book::{Book, Happening, Outcome};
use bayar_tests::program::note;

use crate::buyer::Story;
use crate::plan::Plan;
use crate::scene::Scene;
use crate::sound::Sound;
use crate::weather::Injected;

/// What the gateways did.
#[derive(Debug, Default)]
struct Trouble {
    requests: usize,
    unanswered_before: usize,
    unanswered_after: usize,
    /// Requests whose webhook came before their answer.
    early: usize,
    webhooks: usize,
    attempts: usize,
    dropped: usize,
    doubled: usize,
    reordered: usize,
    /// Nobody took them: a server was dead, or its database.
    untaken: usize,
}

pub fn tell(scene: &Scene, injected: &Injected, stories: &[Story], sound: &Sound) {
    let trouble = trouble(scene);
    let Injected {
        lasted,
        servers,
        schedulers,
        flushes,
        restarts,
    } = injected;
    note(format_args!(
        "injected in {lasted:.1?}: {servers} servers and {schedulers} schedulers killed, Redis flushed {flushes} times, \
         Postgres restarted {restarts} times\n{trouble:#?}"
    ));
    let mut plans: BTreeMap<Plan, usize> = BTreeMap::new();
    for story in stories {
        *plans.entry(story.plan).or_default() += 1;
    }
    let again: usize = stories.iter().map(|story| story.asked_again).sum();
    let gave_up: usize = stories.iter().map(|story| story.gave_up).sum();
    let refunds: BTreeSet<_> = stories.iter().flat_map(|story| &story.refunds).collect();
    let mut waited: Vec<_> = stories.iter().filter_map(|story| story.waited).collect();
    waited.sort();
    let median = waited.get(waited.len() / 2).copied().unwrap_or_default();
    let longest = waited.last().copied().unwrap_or_default();
    note(format_args!(
        "people: {plans:?}; asked again {again} times; gave up {gave_up} times; {} refunds at the desk; whoever came back waited {median:.1?} \
         in the middle, {longest:.1?} at most",
        refunds.len()
    ));
    note(format_args!(
        "found: {} orders, {} captures, {} orders paid twice and given back once, {} answers kept, payments {:?}; \
         charged twice 0, lost 0, stuck 0",
        sound.orders, sound.captures, sound.paid_twice, sound.answers, sound.statuses
    ));

    let least = |what: &str, count: usize, least: usize| {
        assert!(
            count >= least,
            "it was calm. {what}: only {count}, not {least}"
        );
    };
    // Of what has happened before the storm was over, but for what chance may make of it.
    let share = |what: &str, count: usize, per_mille: usize, of: usize| {
        let expected = of * per_mille / 1000;
        let chance = 3 * expected.isqrt();
        least(what, count, expected.saturating_sub(chance).max(1));
    };
    let ticks = |period: Duration| {
        let times = lasted.as_millis() / period.as_millis();
        usize::try_from(times).unwrap()
    };
    // Who dies takes time to come back, and only then does the next time begin.
    least("servers killed", *servers, ticks(scene.size.kill) / 2);
    least("servers killed", *servers, 4);
    least("schedulers killed", *schedulers, servers / 3);
    least("flushes", *flushes, ticks(scene.size.flush) * 3 / 4);
    least("restarts", *restarts, scene.size.restarts);
    let requests = trouble.requests;
    share("time-outs before", trouble.unanswered_before, 25, requests);
    share("time-outs after", trouble.unanswered_after, 25, requests);
    share("lost", trouble.dropped, 50, trouble.webhooks);
    share("doubled", trouble.doubled, 200, trouble.attempts);
    share("reordered", trouble.reordered, 300, trouble.webhooks);
    least("early", trouble.early, (scene.size.payments / 40).max(1));
    least("nobody was there", trouble.untaken, 1);
    least("asked again", again, scene.size.payments / 20);
    least("paid", sound.captures, scene.size.payments / 2);
    least("paid twice", sound.paid_twice, scene.size.payments / 50);
    least("refunds", refunds.len(), scene.size.payments / 20);
}

/// What the gateways did while the storm blew: until their clock was moved.
fn trouble(scene: &Scene) -> Trouble {
    let book = scene.gateways.book();
    let mut trouble = Trouble {
        early: early(&book),
        ..Trouble::default()
    };
    let mut webhooks = BTreeSet::new();
    for (_, happening) in book.happenings() {
        match happening {
            Happening::TimeAdvanced { .. } => break,
            Happening::RequestReceived(_) => trouble.requests += 1,
            Happening::FaultInjected { fault, .. } => match fault.as_str() {
                "timeout_before" => trouble.unanswered_before += 1,
                "timeout_after" => trouble.unanswered_after += 1,
                _ => {}
            },
            Happening::WebhookAttempt(attempt) => {
                webhooks.insert(attempt.delivery.clone());
                trouble.attempts += 1;
                match attempt.tampered.as_deref() {
                    Some("drop") => trouble.dropped += 1,
                    Some("duplicate") => trouble.doubled += 1,
                    _ => {}
                }
                let untaken = match attempt.outcome {
                    Outcome::Answered(status) => status >= 300,
                    Outcome::Failed(_) => true,
                    Outcome::Dropped => false,
                };
                trouble.untaken += usize::from(untaken);
            }
            _ => {}
        }
    }
    trouble.webhooks = webhooks.len();
    let all = scene.gateways.deliveries().unwrap();
    let overtaken = all
        .iter()
        .filter(|delivery| delivery.put_off && webhooks.contains(&delivery.id));
    trouble.reordered = overtaken.count();
    trouble
}

/// Requests of which a webhook told before their answer did.
fn early(book: &Book) -> usize {
    let mut open: BTreeMap<&str, &str> = BTreeMap::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut early = 0;
    for (_, happening) in book.happenings() {
        match happening {
            Happening::RequestReceived(request) => {
                if let Some(order) = &request.order {
                    open.insert(&request.request, order);
                    told.remove(order.as_str());
                }
            }
            Happening::WebhookAttempt(attempt) => {
                if let (Some(order), Outcome::Answered(200)) = (&attempt.order, &attempt.outcome) {
                    told.insert(order);
                }
            }
            Happening::RequestAnswered { request, fault, .. } => {
                let order = open.remove(request.as_str());
                let is_early = fault.as_deref() == Some("webhook_first")
                    && order.is_some_and(|order| told.contains(order));
                early += usize::from(is_early);
            }
            _ => {}
        }
    }
    early
}
