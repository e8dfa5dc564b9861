//! How time goes by in these tests.

use bayar_sandbox::sim::book::Request;
use bayar_tests::stage::{Ordered, Ran, Stage};

/// Everything that is open is due.
pub async fn let_jobs_be_due(stage: &Stage) {
    stage
        .store
        .run("UPDATE jobs SET due_at = '2020-01-01T00:00:00.000000Z' WHERE done_at IS NULL AND kind <> 'expire_payment'")
        .await;
}

/// What is due in five minutes is due now.
pub async fn let_five_minutes_pass(stage: &Stage) {
    let sooner = if stage.is_shared() {
        "due_at - interval '5 minutes'"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%f', due_at, '-300 seconds') || '000Z'"
    };
    let sooner = format!("UPDATE jobs SET due_at = {sooner} WHERE done_at IS NULL");
    stage.store.run(&sooner).await;
}

/// Whoever had a job or a run is dead, and its time with it is over.
pub async fn let_all_leases_end(stage: &Stage) {
    stage.let_leases_end().await;
    stage
        .store
        .run(
            "UPDATE jobs SET leased_until = NULL WHERE leased_until IS NOT NULL; \
            UPDATE schedule SET leased_until = '2020-01-01T00:00:00.000000Z' WHERE leased_until IS NOT NULL",
        )
        .await;
}

/// Has nobody read the gateways' lists: they might be quicker.
pub async fn leave_lists_alone(stage: &Stage) {
    stage.installation.run(&["schedule", "list"], "");
    stage
        .store
        .run("UPDATE schedule SET due_at = '2099-01-01T00:00:00.000000Z' WHERE name IN ('read-events', 'sweep-book')")
        .await;
}

/// The safety net, by the command for it.
pub fn check_unresolved(stage: &Stage) -> Ran {
    stage.command(&["schedule", "run", "check-unresolved"])
}

/// The same, with all that is open due, and done.
pub async fn sweep(stage: &Stage) -> String {
    let_jobs_be_due(stage).await;
    let ran = check_unresolved(stage);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    ran.text
}

/// How often a gateway was asked about each checkout of an order.
pub fn reads(stage: &Stage, order: &Ordered) -> usize {
    let book = stage.book();
    let about = |request: &Request| {
        request.order.as_deref() == Some(order.number.as_str())
            && request.operation == "checkout_session.retrieve"
    };
    book.requests()
        .filter(|(_, request)| about(request))
        .count()
}

/// Lets so much time pass that no payment may be paid any more, those included that nobody has touched.
pub async fn let_all_be_overdue(stage: &Stage) {
    let soon_after = if stage.is_shared() {
        "created_at + interval '1 millisecond'"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%f', created_at, '+0.001 seconds') || '000Z'"
    };
    let overdue = format!("UPDATE payments SET deadline = {soon_after}");
    stage.store.run(&overdue).await;
}
