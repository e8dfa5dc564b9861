//! The storm is over: everything comes to an end by itself. Nobody presses a button.

use std::time::Duration;

use bayar_tests::program::{SOON, Store, note};
use tokio::time::{Instant, sleep};

use crate::scene::Scene;

/// How the time goes by, at the gateways and here: two and a half days.
const STEPS: [Duration; 6] = [
    minutes(6),
    minutes(50),
    minutes(8 * 60),
    minutes(20 * 60),
    minutes(20 * 60),
    minutes(12 * 60),
];

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// What is being done, or is due.
const AT_WORK: &str = "
    SELECT 'job ' || kind || ' ' || subject_id AS json FROM jobs
        WHERE done_at IS NULL AND (due_at <= bayar_now() OR leased_until > bayar_now())
    UNION ALL SELECT 'webhook ' || id FROM inbox
        WHERE next_try_at <= bayar_now() OR leased_until > bayar_now()
    UNION ALL SELECT 'call ' || key FROM gateway_calls WHERE leased_until > bayar_now()
    UNION ALL SELECT 'run ' || name FROM schedule WHERE due_at <= bayar_now() OR leased_until > bayar_now()";

/// What the safety net says when it found no job missing.
const NONE_MISSING: &str = " 0 jobs were missing";

/// Lets two and a half days go by, and waits after each part of them until nothing is left to do for now.
pub async fn come_to_rest(scene: &Scene) {
    scene.gateways.clear_faults().unwrap();
    scene.gateways.clear_webhook_rules().unwrap();
    assert!(
        scene.scheduler.lock().await.is_running(),
        "it ended by itself"
    );
    let store = scene.installation.store().await;
    let mut gone = Duration::ZERO;
    for step in STEPS {
        gone += step;
        // Ours first: a gateway must not forget a key before we know that it will have.
        store
            .run(&format!(
                "CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
                    AS 'SELECT now() + interval ''{} seconds''';",
                gone.as_secs()
            ))
            .await;
        scene.gateways.advance(step).await.unwrap();
        be_idle(scene, &store, gone).await;
    }
}

/// Waits until nothing is due.
async fn be_idle(scene: &Scene, store: &Store, gone: Duration) {
    let begun = Instant::now();
    let left = loop {
        scene.gateways.settle().await.unwrap();
        let left = store.texts(AT_WORK).await;
        if left.is_empty() {
            break left;
        }
        // A machine that works off thousands of payments takes its time, and makes progress.
        let patience = SOON + scene.size.apart * u32::try_from(scene.size.payments).unwrap();
        if begun.elapsed() > patience {
            break left;
        }
        sleep(Duration::from_millis(100)).await;
    };
    assert!(
        left.is_empty(),
        "after {gone:?} this is still at work: {left:#?}"
    );
    let runs = "SELECT result AS json FROM schedule WHERE name = 'check-unresolved' AND result IS NOT NULL";
    let runs = store.texts(runs).await;
    assert!(
        !runs.is_empty() && runs.iter().all(|run| run.ends_with(NONE_MISSING)),
        "after {gone:?}: {runs:?}"
    );
    let unresolved = store
        .texts(
            "SELECT status || ' ' || count(*) AS json FROM payments
                WHERE status IN ('pending', 'processing', 'under_review') GROUP BY status",
        )
        .await;
    note(format_args!(
        "{} hours later nothing is due, after {:.1?}; not at their end: {unresolved:?}",
        gone.as_secs() / 3600,
        begun.elapsed()
    ));
}
