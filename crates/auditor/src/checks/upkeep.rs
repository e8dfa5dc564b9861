//! What came from gateways is worked on, and what has its hour is done.

use chrono::{DateTime, Utc};

use super::Case;
use crate::finding::{Check, Findings};
use crate::options::older;

pub(super) fn check(case: &Case<'_>, found: &mut Findings) {
    let options = case.options;
    let is_late = |time: DateTime<Utc>| older(options.at, time, options.stuck_after);
    let hours = |time: DateTime<Utc>| options.at.signed_duration_since(time).num_hours();
    for row in &case.ledger.inbox {
        let Some(due) = row.next_try_at.filter(|due| is_late(*due)) else {
            continue;
        };
        let order = row.order_id.and_then(|order| case.file_of_id(order));
        let what = format!(
            "webhook {} of {} ({}) is {}, and nobody has worked on it for {} hours",
            row.id,
            row.gateway,
            row.event_type,
            row.status,
            hours(due)
        );
        found.add(Check::WebhooksHeard, order.map(|file| file.number()), what);
    }
    for row in case
        .ledger
        .schedule
        .iter()
        .filter(|row| is_late(row.due_at))
    {
        let (name, hours) = (&row.name, hours(row.due_at));
        let what = format!("{name} was due {hours} hours ago, and nobody does it");
        found.add(Check::ScheduleKept, None, what);
    }
    for job in case.jobs_of(None).filter(|job| is_late(job.due_at)) {
        let (kind, subject) = (&job.kind, job.subject_id);
        let what = format!("the job {kind} {subject} is due, and about nothing that is there");
        found.add(Check::NothingStuck, None, what);
    }
}

/// What waits for a person, and is no fault of ours: a webhook of a stranger would else be found for ever.
pub(crate) fn for_people(case: &Case<'_>) -> Vec<String> {
    let told = |status: &str, why: &str| {
        let mut those = case.ledger.inbox.iter().filter(|row| row.status == status);
        let first = those.next()?;
        let (many, since) = those.fold((1_usize, first.received_at), |(many, since), row| {
            (many.saturating_add(1), since.min(row.received_at))
        });
        let since = since.to_rfc3339();
        Some(format!(
            "webhooks that are {status}: {many}, the oldest since {since} ({why})"
        ))
    };
    let parked = told("parked", "what they tell could not be followed");
    let foreign = told("quarantined", "they are not for our accounts");
    parked.into_iter().chain(foreign).collect()
}
