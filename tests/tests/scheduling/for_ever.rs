//! There is no last try: a gateway that was asked in vain a thousand times is asked again, and operators see it.

use bayar_sandbox::sim::Fault;
use bayar_tests::stage::{Stage, on_both_stores};

use crate::moments::{let_jobs_be_due, sweep};

on_both_stores! {
    after_a_thousand_tries_in_vain_the_next_one_still_completes_it,
}

const DAY: i64 = 24 * 60 * 60;

async fn after_a_thousand_tries_in_vain_the_next_one_still_completes_it(mut stage: Stage) {
    for (gateway, operation) in [
        ("stripe", "checkout_session.retrieve"),
        ("midtrans", "core.status"),
    ] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        match gateway {
            "stripe" => stage.pay_stripe(&order),
            _ => stage.pay_midtrans(&order),
        }
        stage.all(operation, Fault::Error500Before { stored: false });
        stage
            .store
            .run("UPDATE jobs SET tries = 1000, faults = 1000 WHERE kind = 'watch_attempt'")
            .await;
        for _ in 0..3 {
            let told = sweep(&stage).await;
            assert!(told.contains("0 updated"), "{told}");
            // Somebody comes back to it within a day, and it is called what it is.
            let seconds = if stage.is_shared() {
                "extract(epoch FROM due_at - bayar_now())::bigint"
            } else {
                "CAST(strftime('%s', due_at) - strftime('%s', 'now') AS integer)"
            };
            let next = format!(
                "SELECT CAST({seconds} AS text) AS json FROM jobs WHERE kind = 'watch_attempt' AND done_at IS NULL"
            );
            let next = stage.store.texts(&next).await;
            assert_eq!(next.len(), 1, "nobody comes back to it: {next:?}");
            let next: i64 = next[0].parse().unwrap();
            assert!((0..=DAY).contains(&next), "{next}");
            assert_eq!(stage.stored_status(order.payment).await, "processing");
            assert_eq!(stage.times(order.payment, "failed").await, 0);
        }
        let seen = stage
            .operator()
            .get("/api/v1/ops/unresolved")
            .await
            .unwrap();
        let seen = seen.json();
        let seen = seen["data"].as_array().unwrap();
        let row = seen.iter().find(|row| row["payment_id"] == order.payment);
        assert!(row.unwrap()["age_seconds"].is_i64(), "{row:?}");

        stage.calm();
        let_jobs_be_due(&stage).await;
        sweep(&stage).await;
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        stage.must_have_kept(&order, 1);
    }
}
