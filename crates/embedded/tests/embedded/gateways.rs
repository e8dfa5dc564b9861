//! What stands in the tables about gateways, and what never may, whoever writes into them.

use bayar_app::port::StoreError;
use bayar_app::port::store::{
    Answer, CallPurpose, GatewayCalls, NewCall, OrderUnit, Save, Units, Upkeep,
};
use bayar_domain::settlement::Restored;
use bayar_domain::{AttemptId, OrderId, PaymentId, Settlement, Step};
use bayar_embedded::{FileRole, SqliteStore};
use bayar_testkit::builders::{AnOpening, AnOrder, a_call, a_save_of, an_attempt, captured, php};
use diesel::connection::SimpleConnection;

use crate::common::Database;
use crate::looking::{assert_sound, connect, number, texts};

async fn begin(store: &SqliteStore, order: OrderId) -> (Box<dyn OrderUnit>, Settlement) {
    let (unit, loaded) = store.begin(order).await.unwrap().unwrap();
    match Settlement::restore(loaded.parts).unwrap() {
        Restored::Sound(settlement) => (unit, settlement),
        Restored::Drifted(step) => panic!("it drifted: {:?}", step.changes),
    }
}

async fn save(unit: &mut dyn OrderUnit, step: &Step, calls: &[NewCall]) -> Answer<()> {
    unit.save(&Save {
        calls,
        ..a_save_of(step)
    })
    .await
}

async fn a_checkout(store: &SqliteStore) -> (OrderId, PaymentId, AttemptId) {
    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).open(store).await;
    let (order, payment) = (order.terms().id, opening.bill.payment.terms().id);
    let attempt = store.reserve_attempt_id().await.unwrap();
    let (mut unit, settlement) = begin(store, order).await;
    let step = settlement.start_attempt(an_attempt(attempt, payment));
    let call = a_call(CallPurpose::Open(attempt));
    save(&mut *unit, &step.unwrap(), &[call]).await.unwrap();
    unit.commit().await.unwrap();
    (order, payment, attempt)
}

/// Order 1 with payment 1 and attempt 1 is paid; somebody is paying order 2 with payment 2 through attempt 2.
async fn two_checkouts() -> (Database, SqliteStore) {
    let database = Database::new();
    let store = database.with_tables().await;
    let (order, _, attempt) = a_checkout(&store).await;
    let (mut unit, settlement) = begin(&store, order).await;
    let step = settlement.apply([captured(attempt, "pi_1", php(500_000))]);
    save(&mut *unit, &step.unwrap(), &[]).await.unwrap();
    unit.commit().await.unwrap();
    a_checkout(&store).await;
    (database, store)
}

fn run(database: &Database, statement: &str) -> Result<(), String> {
    let mut somebody = connect(&database.path());
    somebody.batch_execute("PRAGMA foreign_keys = ON").unwrap();
    let done = somebody.batch_execute(statement);
    done.map_err(|refused| refused.to_string())
}

#[track_caller]
fn assert_refused(database: &Database, statement: &str, reason: &str) {
    let refused = run(database, statement).expect_err(statement);
    assert!(refused.contains(reason), "{statement}: {refused}");
}

#[tokio::test]
async fn an_order_has_one_attempt_that_might_still_be_paid() {
    let (database, _store) = two_checkouts().await;
    let another = |payment, status: &str| {
        format!(
            "INSERT INTO attempts SELECT 99, {payment}, order_id, gateway, account, mode, '{status}', state, 1, \
             created_at, updated_at FROM attempts WHERE id = 2"
        )
    };
    for status in ["creating", "open", "unknown", "closing"] {
        let same = another(2, status);
        assert_refused(&database, &same, "UNIQUE constraint failed: attempts.");
        let other = another(1, status);
        assert_refused(
            &database,
            &other,
            "UNIQUE constraint failed: attempts.order_id",
        );
        // An order by itself would take it: it is the payment that does not.
        let elsewhere = same.replace("order_id, gateway", "1, gateway");
        assert_refused(
            &database,
            &elsewhere,
            "UNIQUE constraint failed: attempts.payment_id",
        );
    }
    assert_refused(
        &database,
        &another(2, "nonsense"),
        "CHECK constraint failed",
    );
    for status in ["paid", "failed", "expired", "closed"] {
        run(&database, &another(2, status)).unwrap();
        run(&database, "DELETE FROM attempts WHERE id = 99").unwrap();
    }
}

#[tokio::test]
async fn a_fact_counts_once_and_is_never_changed() {
    let (database, _store) = two_checkouts().await;
    let with = |column: &str, value: &str| {
        let columns = ["gateway", "account", "mode", "kind", "object", "step"];
        let columns: Vec<_> = columns
            .iter()
            .map(|known| if *known == column { value } else { known })
            .collect();
        format!(
            "INSERT INTO facts SELECT {}, 2, 2, fact, at, recorded_at FROM facts",
            columns.join(", ")
        )
    };
    assert_refused(&database, &with("", ""), "UNIQUE constraint failed: facts.");
    for column in ["gateway", "account", "mode", "kind", "object", "step"] {
        let reason = format!("NOT NULL constraint failed: facts.{column}");
        assert_refused(&database, &with(column, "NULL"), &reason);
    }
    for statement in ["UPDATE facts SET step = 'other'", "DELETE FROM facts"] {
        assert_refused(&database, statement, "facts is only ever added to");
    }
    run(&database, &with("step", "'other'")).unwrap();
}

#[tokio::test]
async fn one_capture_pays_an_order_at_a_time() {
    let (database, _store) = two_checkouts().await;
    let again = "INSERT INTO primary_captures (order_id, gateway, account, mode, capture, decided_at) \
        SELECT order_id, gateway, account, mode, capture, decided_at FROM primary_captures";
    let reason = "UNIQUE constraint failed: primary_captures.order_id";
    assert_refused(&database, again, reason);
    run(
        &database,
        "UPDATE primary_captures SET released_at = decided_at",
    )
    .unwrap();
    let unknown = again.replace(
        "mode, capture, decided_at FROM",
        "mode, 'pi_0', decided_at FROM",
    );
    assert_refused(&database, &unknown, "FOREIGN KEY constraint failed");
    run(&database, again).unwrap();
}

#[tokio::test]
async fn no_more_goes_out_than_came_in_unless_it_is_a_loss() {
    let (database, _store) = two_checkouts().await;
    for part in ["refunded_minor", "reserved_minor", "disputed_minor"] {
        let more = format!("UPDATE captures SET {part} = captured_minor + 1");
        assert_refused(&database, &more, "captures_covered");
        run(&database, &format!("{more}, loss_minor = 1")).unwrap();
        run(
            &database,
            &format!("UPDATE captures SET {part} = 0, loss_minor = 0"),
        )
        .unwrap();
        let less = format!("UPDATE captures SET {part} = -1");
        assert_refused(&database, &less, &format!("{part} >= 0"));
    }
    let half =
        "UPDATE captures SET refunded_minor = 250000, reserved_minor = 250000, disputed_minor = 1";
    assert_refused(&database, half, "captures_covered");
    let nothing = "UPDATE captures SET currency = NULL";
    assert_refused(&database, nothing, "CHECK constraint failed: currency");
}

#[tokio::test]
async fn one_call_at_a_time_serves_one_purpose_and_always_says_the_same() {
    let (database, _store) = two_checkouts().await;
    run(&database, "DELETE FROM gateway_calls WHERE order_id = 1").unwrap();
    let again = |generation: u32| {
        format!(
            "INSERT INTO gateway_calls (key, order_id, position, operation, subject_id, generation, path, body, \
             good_until, dead_at, status, created_at) SELECT 'by-again', order_id, 9, operation, subject_id, \
             {generation}, path, body, good_until, dead_at, 'planned', created_at FROM gateway_calls"
        )
    };
    let twice = "UNIQUE constraint failed: gateway_calls.operation, gateway_calls.subject_id";
    for status in ["planned", "sent"] {
        let moved = format!("UPDATE gateway_calls SET status = '{status}'");
        run(&database, &moved).unwrap();
        assert_refused(&database, &again(2), twice);
    }
    let over = "UPDATE gateway_calls SET status = 'done'";
    assert_refused(&database, over, "CHECK constraint failed");
    for (column, value) in [
        ("key", "'by-other'"),
        ("operation", "'close'"),
        ("subject_id", "7"),
        ("generation", "7"),
        ("path", "'/v2'"),
        ("body", "'{}'"),
        ("good_until", "''"),
        ("dead_at", "''"),
    ] {
        let change = format!("UPDATE gateway_calls SET {column} = {value}");
        assert_refused(&database, &change, "what a call says never changes");
    }
    let refused = "UPDATE gateway_calls SET status = 'refused', finished_at = created_at";
    run(&database, refused).unwrap();
    let leased = "UPDATE gateway_calls SET leased_until = created_at";
    assert_refused(&database, leased, "CHECK constraint failed");
    let same = "gateway_calls.subject_id, gateway_calls.generation";
    assert_refused(&database, &again(1), same);
    run(&database, &again(2)).unwrap();
    assert_refused(
        &database,
        "INSERT INTO gateway_calls SELECT 'a_b', order_id, 10, operation, 8, generation, path, body, good_until, \
         dead_at, status, epoch, leased_until, unclear, fault, created_at, finished_at FROM gateway_calls LIMIT 1",
        "CHECK constraint failed: key",
    );
}

#[tokio::test]
async fn an_attempt_is_first_looked_at_ten_seconds_after_it_began() {
    let (database, _store) = two_checkouts().await;
    let due = "SELECT due_at FROM jobs WHERE kind = 'watch_attempt' AND done_at IS NULL";
    assert_eq!(
        texts(&database.path(), due),
        ["2025-07-18T04:07:10.000000Z"]
    );
    let nonsense = "UPDATE jobs SET kind = 'nonsense'";
    assert_refused(&database, nonsense, "CHECK constraint failed: kind");
}

#[tokio::test]
async fn rows_about_gateways_that_contradict_themselves_are_named() {
    for (change, named) in [
        (
            "UPDATE attempts SET status = 'closed'",
            "attempt 1 cannot be read",
        ),
        (
            "UPDATE attempts SET gateway = 'cash'",
            "attempt 1 cannot be read",
        ),
        (
            "UPDATE captures SET loss_minor = 1",
            "capture pi_1 cannot be read",
        ),
        (
            "UPDATE gateway_calls SET leased_until = 'soon', status = 'sent'",
            "call by-sample-",
        ),
        (
            "DROP TRIGGER facts_no_update; UPDATE facts SET object = 'pi_x'",
            "fact captured pi_x ",
        ),
    ] {
        let (database, store) = two_checkouts().await;
        run(&database, change).unwrap();
        match store.begin(OrderId::new(1).unwrap()).await {
            Err(StoreError::Broken(why)) => {
                let said = why.to_string();
                assert!(said.starts_with(named), "{said}");
                assert!(said.ends_with(" cannot be read"), "{said}");
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{change} went unseen"),
        }
    }
}

/// What an older program left is there for the newer one, with its jobs.
#[tokio::test]
async fn a_file_of_the_first_step_comes_up_to_the_second_with_its_rows() {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    let first = include_str!("../../../../migrations/sqlite/0001_orders_and_payments/up.sql");
    run(&database, first).unwrap();
    run(
        &database,
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
         run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('0001')",
    )
    .unwrap();
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let ended = AnOrder::of_a_cart().add(&store).await;
    let ended = AnOpening::of(&ended).open(&store).await;
    let ended = ended.bill.payment.terms().id;
    let done = format!("UPDATE jobs SET done_at = due_at WHERE subject_id = {ended}");
    run(&database, &done).unwrap();
    let jobs = "SELECT kind || ' ' || subject_id || ' ' || due_at || ' ' || coalesce(done_at, 'open') \
        FROM jobs ORDER BY subject_id";
    let before = texts(&database.path(), jobs);
    let word = store.installation().await.unwrap();
    assert_eq!(
        store.migrate().await.unwrap(),
        [
            "0002_gateways",
            "0003_refunds",
            "0004_inbox",
            "0005_schedule",
            "0006_found_by_gateway"
        ]
    );
    assert_eq!(store.installation().await.unwrap(), word);
    assert_eq!(texts(&database.path(), jobs), before);
    assert_eq!(before.len(), 2);
    let index = "SELECT count(*) FROM sqlite_master WHERE name = 'jobs_due' AND tbl_name = 'jobs'";
    assert_eq!(number(&database.path(), index), 1);
    assert_sound(&database.path());
    let payment = opening.bill.payment.terms().id;
    let attempt = store.reserve_attempt_id().await.unwrap();
    let (mut unit, settlement) = begin(&store, order.terms().id).await;
    assert_eq!(
        settlement.payments().collect::<Vec<_>>(),
        [&opening.bill.payment]
    );
    let step = settlement.start_attempt(an_attempt(attempt, payment));
    save(&mut *unit, &step.unwrap(), &[]).await.unwrap();
    unit.commit().await.unwrap();
    assert_sound(&database.path());
}
