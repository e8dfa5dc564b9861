//! The clock of a process is ten minutes off. The clock of the store judges. (A SQLite file has the clock of its process.)

use crate::moments::sweep;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_clock_is_ten_minutes_fast_ends_nothing_too_soon() {
    judged_by_the_store("-10 minutes").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_clock_is_ten_minutes_slow_ends_what_is_overdue() {
    judged_by_the_store("10 minutes").await;
}

async fn judged_by_the_store(ahead: &str) {
    let mut stage = Stage::on_postgres().await;
    let (paid, in_time, overdue) = (
        stage.order().await,
        stage.order().await,
        stage.order().await,
    );
    for order in [&paid, &in_time] {
        stage.open(order.payment, "stripe").await;
    }
    stage.pay_stripe(&paid);
    let (soon, over) = (in_time.payment, overdue.payment);
    stage
        .store
        .run(&format!(
            "CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
                AS 'SELECT now() + interval ''{ahead}''';
            UPDATE payments SET created_at = created_at - interval '1 hour';
            UPDATE payments SET deadline = bayar_now() + interval '5 minutes' WHERE id = {soon};
            UPDATE payments SET deadline = bayar_now() - interval '1 minute' WHERE id = {over};
            UPDATE jobs SET due_at = deadline FROM payments
                WHERE kind = 'expire_payment' AND subject_id = payments.id"
        ))
        .await;
    let told = sweep(&stage).await;
    assert!(told.contains("0 jobs were missing"), "{told}");
    let ran = stage.command(&["payments", "cleanup-expired"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    for (order, status) in [
        (&paid, "completed"),
        (&in_time, "processing"),
        (&overdue, "expired"),
    ] {
        assert_eq!(stage.stored_status(order.payment).await, status, "{ahead}");
    }
    stage.must_have_kept(&paid, 1);
}
