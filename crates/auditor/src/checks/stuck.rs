//! Nothing waits for ever, and nothing waits without somebody who comes back to it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Case, Desk};
use crate::file::{LIVE_ATTEMPT, OPEN_REFUND, OrderFile};
use crate::finding::{Check, Findings};
use crate::options::{Options, older};

pub(super) fn check(case: &Case<'_>, file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    let options = case.options;
    for payment in &file.payments {
        let row = payment.row;
        match row.status.as_str() {
            "pending" | "processing" => {
                owned(case, "expire_payment", row.id, &mut desk);
                let what = format!("payment {} is {}", row.id, row.status);
                late(options, row.deadline, options.stuck_after, what, &mut desk);
            }
            "under_review" => {
                owned(case, "watch_review", row.id, &mut desk);
                let what = format!("payment {} is under review", row.id);
                late(
                    options,
                    row.updated_at,
                    options.people_have,
                    what,
                    &mut desk,
                );
            }
            _ => {}
        }
    }
    for attempt in &file.attempts {
        if !LIVE_ATTEMPT.contains(&attempt.status.as_str()) {
            continue;
        }
        owned(case, "watch_attempt", attempt.id, &mut desk);
        // No checkout lives longer than a day.
        let end = attempt
            .created_at
            .checked_add_signed(TimeDelta::hours(24))
            .unwrap_or(attempt.created_at);
        let is_held = file
            .payment(attempt.payment_id)
            .is_some_and(|payment| payment.row.status == "under_review");
        let bound = match is_held {
            true => options.people_have,
            false => options.stuck_after,
        };
        let what = format!("attempt {} is {}", attempt.id, attempt.status);
        late(options, end, bound, what, &mut desk);
    }
    for refund in &file.refunds {
        if !OPEN_REFUND.contains(&refund.status.as_str()) {
            continue;
        }
        // A transfer by hand waits for a person, and no job can do it.
        if refund.status != "manual" {
            owned(case, "carry_refund", refund.id, &mut desk);
        }
        let bound = match refund.status.as_str() {
            "sent" => options.banks_have,
            "manual" => options.people_have,
            _ => options.stuck_after,
        };
        let what = format!("refund {} is {}", refund.id, refund.status);
        late(options, refund.updated_at, bound, what, &mut desk);
    }
    for call in &file.calls {
        if matches!(call.status.as_str(), "planned" | "sent") {
            let what = format!(
                "the call to {} {} is {}",
                call.operation, call.subject_id, call.status
            );
            // A page of Midtrans may have to be closed for a week.
            let bound = match call.operation.as_str() {
                "close" => options.people_have,
                _ => options.stuck_after,
            };
            late(options, call.created_at, bound, what, &mut desk);
            // Whatever it is about may be at its end: somebody comes back to the call itself.
            let kind = match call.operation.as_str() {
                "refund" => "carry_refund",
                "answer" => "carry_answer",
                _ => "watch_attempt",
            };
            owned(case, kind, call.subject_id, &mut desk);
        }
    }
    for job in case.jobs_of(Some(file.order.id)) {
        let what = format!("the job {} {} is due", job.kind, job.subject_id);
        late(options, job.due_at, options.stuck_after, what, &mut desk);
    }
}

fn late(
    options: &Options,
    since: DateTime<Utc>,
    bound: TimeDelta,
    what: String,
    desk: &mut Desk<'_>,
) {
    if older(options.at, since, bound) {
        let hours = options.at.signed_duration_since(since).num_hours();
        let what = format!("{what}, {hours} hours after it should have moved");
        desk.add(Check::NothingStuck, what);
    }
}

fn owned(case: &Case<'_>, kind: &str, subject: i64, desk: &mut Desk<'_>) {
    if !case.open_jobs.contains_key(&(kind, subject)) {
        desk.add(
            Check::JobsOwned,
            format!("nothing will come back to {subject}: it has no open job {kind}"),
        );
    }
}
