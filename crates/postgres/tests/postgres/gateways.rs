//! What stands in the tables about gateways, and what never may, whoever writes into them.

use crate::support::{Fixture, client, connect, reasons, wait_until};
use bayar_app::port::store::{
    Announcement, Answer, CallPurpose, GatewayCalls, NewCall, OrderUnit, Payments, Save,
    SchemaState, Store, StoreError, Upkeep,
};
use bayar_domain::settlement::Restored;
use bayar_domain::{AttemptId, OrderId, PaymentId, PaymentStatus, Settlement, Step};
use bayar_testkit::builders::{AnOpening, AnOrder, a_call, a_save_of, an_attempt, captured, php};
use bayar_testkit::servers::FreshDatabase;

async fn begin(store: &dyn Store, order: OrderId) -> (Box<dyn OrderUnit>, Settlement) {
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

/// An order with a payment, and an attempt to settle it whose call is written down.
async fn a_checkout(store: &dyn Store) -> (OrderId, PaymentId, AttemptId) {
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

/// The same, paid, with a refund on its way.
async fn paid(store: &dyn Store) -> (OrderId, PaymentId, AttemptId) {
    let (order, payment, attempt) = a_checkout(store).await;
    let (mut unit, settlement) = begin(store, order).await;
    let step = settlement.apply([captured(attempt, &format!("pi_{attempt}"), php(500_000))]);
    save(&mut *unit, &step.unwrap(), &[]).await.unwrap();
    unit.commit().await.unwrap();
    (order, payment, attempt)
}

/// The constraint that refuses a statement, or the reason that a trigger gives.
async fn refusal(fixture: &Fixture, statement: &str) -> String {
    let refused = fixture.client().await.batch_execute(statement).await;
    let refused = refused.expect_err(statement);
    let refused = refused.as_db_error().unwrap();
    let constraint = refused.constraint().map(str::to_owned);
    let column = refused.column().map(|column| format!("no {column}"));
    constraint
        .or(column)
        .unwrap_or_else(|| refused.message().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_has_one_attempt_that_might_still_be_paid() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let (order, _, attempt) = a_checkout(store).await;
    let (_, elsewhere, _) = paid(store).await;
    let another = |payment: &str, status| {
        format!(
            "INSERT INTO attempts SELECT 99, {payment}, order_id, gateway, account, mode, '{status}', state, 1, \
             created_at, updated_at FROM attempts WHERE id = {attempt}"
        )
    };
    for status in ["creating", "open", "unknown", "closing"] {
        let same = refusal(&fixture, &another("payment_id", status)).await;
        assert_eq!(same, "attempts_one_live_per_payment");
        let other = another(&elsewhere.to_string(), status);
        assert_eq!(
            refusal(&fixture, &other).await,
            "attempts_one_live_per_order"
        );
    }
    let nonsense = another("payment_id", "nonsense");
    assert_eq!(refusal(&fixture, &nonsense).await, "attempts_status_check");
    for status in ["paid", "failed", "expired", "closed"] {
        fixture.run(&another("payment_id", status)).await;
        fixture.run("DELETE FROM attempts WHERE id = 99").await;
    }
    assert_eq!(
        refusal(
            &fixture,
            &format!("UPDATE attempts SET mode = 'play' WHERE order_id = {order}")
        )
        .await,
        "attempts_mode_check"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_counts_once_and_is_never_changed() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    paid(store).await;
    let (order, _, attempt) = a_checkout(store).await;
    let with = |column: &str, value: &str| {
        let columns = ["gateway", "account", "mode", "kind", "object", "step"];
        let columns: Vec<_> = columns
            .iter()
            .map(|known| if *known == column { value } else { known })
            .collect();
        format!(
            "INSERT INTO facts SELECT {}, {order}, {attempt}, fact, at, recorded_at FROM facts",
            columns.join(", ")
        )
    };
    assert_eq!(refusal(&fixture, &with("", "")).await, "facts_pkey");
    for column in ["gateway", "account", "mode", "kind", "object", "step"] {
        let nothing = refusal(&fixture, &with(column, "NULL")).await;
        assert_eq!(nothing, format!("no {column}"));
    }
    for statement in [
        "UPDATE facts SET step = 'other'",
        "DELETE FROM facts",
        "TRUNCATE facts",
    ] {
        let refused = refusal(&fixture, statement).await;
        assert_eq!(refused, "facts is only ever added to");
    }
    fixture.run(&with("step", "'other'")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_capture_pays_an_order_at_a_time() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    paid(store).await;
    let again = "INSERT INTO primary_captures (order_id, gateway, account, mode, capture, decided_at) \
        SELECT order_id, gateway, account, mode, capture, decided_at FROM primary_captures";
    let refused = refusal(&fixture, again).await;
    assert_eq!(refused, "primary_captures_one_per_order");
    let unknown = again.replace(
        "mode, capture, decided_at FROM",
        "mode, 'pi_0', decided_at FROM",
    );
    fixture
        .run("UPDATE primary_captures SET released_at = now()")
        .await;
    assert_eq!(
        refusal(&fixture, &unknown).await,
        "primary_captures_gateway_account_mode_capture_fkey"
    );
    fixture.run(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_goes_out_than_came_in_unless_it_is_a_loss() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    paid(store).await;
    for part in ["refunded_minor", "reserved_minor", "disputed_minor"] {
        let more = format!("UPDATE captures SET {part} = captured_minor + 1");
        assert_eq!(refusal(&fixture, &more).await, "captures_covered");
        let told = format!("UPDATE captures SET {part} = captured_minor + 1, loss_minor = 1");
        fixture.run(&told).await;
        let back = format!("UPDATE captures SET {part} = 0, loss_minor = 0");
        fixture.run(&back).await;
        let less = format!("UPDATE captures SET {part} = -1");
        let expected = format!("captures_{part}_check");
        assert_eq!(refusal(&fixture, &less).await, expected);
    }
    let half =
        "UPDATE captures SET refunded_minor = 250000, reserved_minor = 250000, disputed_minor = 1";
    assert_eq!(refusal(&fixture, half).await, "captures_covered");
    let nothing = "UPDATE captures SET currency = NULL";
    assert_eq!(refusal(&fixture, nothing).await, "captures_check");
    let again = "INSERT INTO captures SELECT * FROM captures";
    assert_eq!(refusal(&fixture, again).await, "captures_pkey");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_at_a_time_serves_one_purpose_and_always_says_the_same() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    a_checkout(store).await;
    let again = |generation: u32| {
        format!(
            "INSERT INTO gateway_calls (key, order_id, position, operation, subject_id, generation, path, body, \
             good_until, dead_at, status, created_at) SELECT 'by-again', order_id, 9, operation, subject_id, \
             {generation}, path, body, good_until, dead_at, 'planned', created_at FROM gateway_calls"
        )
    };
    for status in ["planned", "sent"] {
        fixture
            .run(&format!("UPDATE gateway_calls SET status = '{status}'"))
            .await;
        let refused = refusal(&fixture, &again(2)).await;
        assert_eq!(refused, "gateway_calls_one_at_a_time");
    }
    let over = "UPDATE gateway_calls SET status = 'done'";
    assert!(
        refusal(&fixture, over)
            .await
            .starts_with("gateway_calls_check")
    );
    for (column, value) in [
        ("key", "'by-other'"),
        ("operation", "'close'"),
        ("subject_id", "7"),
        ("generation", "7"),
        ("path", "'/v2'"),
        ("body", "'{}'"),
        ("good_until", "now()"),
        ("dead_at", "now()"),
    ] {
        let change = format!("UPDATE gateway_calls SET {column} = {value}");
        let refused = refusal(&fixture, &change).await;
        assert_eq!(refused, "what a call says never changes");
    }
    fixture
        .run("UPDATE gateway_calls SET status = 'refused', finished_at = now()")
        .await;
    let leased = "UPDATE gateway_calls SET leased_until = now()";
    assert!(
        refusal(&fixture, leased)
            .await
            .starts_with("gateway_calls_check")
    );
    let same = refusal(&fixture, &again(1)).await;
    assert_eq!(same, "gateway_calls_generation_key");
    fixture.run(&again(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_first_looked_at_ten_seconds_after_it_began() {
    let fixture = Fixture::new().await;
    a_checkout(fixture.port()).await;
    let query = "SELECT extract(epoch FROM jobs.due_at - attempts.created_at)::text \
        FROM jobs JOIN attempts ON attempts.id = jobs.subject_id WHERE jobs.kind = 'watch_attempt'";
    let after: Vec<String> = fixture.column(query, &[]).await;
    assert_eq!(after, ["10.000000"]);
    let nonsense = "UPDATE jobs SET kind = 'nonsense'";
    assert_eq!(refusal(&fixture, nonsense).await, "jobs_kind_check");
}

/// An aborted transaction, too, leaves a connection that is good for the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_is_rolled_back_gives_its_connection_back() {
    let fixture = Fixture::new().await;
    let (order, payment, _) = a_checkout(fixture.port()).await;
    let store = fixture.store_with(|config| {
        config.pool_size = 1;
        config.url = format!("{}?application_name=one", fixture.database.url);
    });
    let session = async || -> i32 {
        let query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'one'";
        let sessions: Vec<i32> = fixture.column(query, &[]).await;
        assert_eq!(sessions.len(), 1);
        sessions.into_iter().next().unwrap()
    };
    let (unit, _) = begin(&store, order).await;
    let first = session().await;
    unit.rollback().await;
    for round in 0..3 {
        let (mut unit, settlement) = begin(&store, order).await;
        let nothing = settlement.apply([]).unwrap();
        match round {
            0 => save(&mut *unit, &nothing, &[]).await.unwrap(),
            1 => {
                // The second one clashes with the first.
                let announced = Announcement::Payment(payment, PaymentStatus::Processing);
                let told = unit
                    .save(&Save {
                        announcements: &[announced, announced],
                        ..a_save_of(&nothing)
                    })
                    .await;
                assert!(matches!(told, Err(StoreError::Broken(_))));
            }
            _ => {}
        }
        unit.rollback().await;
        assert_eq!(session().await, first);
        let state = "SELECT state FROM pg_stat_activity WHERE application_name = 'one'";
        let state: Vec<String> = fixture.column(state, &[]).await;
        assert_eq!(state, ["idle"]);
    }
    // What is dropped takes its connection with it.
    let (unit, _) = begin(&store, order).await;
    drop(unit);
    wait_until("the session has ended", async || {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1";
        fixture.column::<i64>(query, &[&first]).await == [0]
    })
    .await;
    let (unit, _) = begin(&store, order).await;
    unit.rollback().await;
    assert_ne!(session().await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_about_gateways_that_contradict_themselves_are_named() {
    for (change, named, reason) in [
        (
            "UPDATE attempts SET status = 'closed'",
            "attempt ",
            "its status contradicts the rest of it",
        ),
        (
            "UPDATE attempts SET gateway = 'cash'",
            "attempt ",
            "`cash` is not a known gateway",
        ),
        (
            "UPDATE captures SET loss_minor = 1",
            "capture pi_",
            "its loss_minor contradicts the rest of it",
        ),
        (
            "UPDATE gateway_calls SET unclear = 5000000000",
            "call by-sample-",
            "out of range",
        ),
        (
            "ALTER TABLE facts DISABLE TRIGGER ALL; UPDATE facts SET object = 'pi_x'",
            "fact captured pi_x ",
            "its key contradicts the rest of it",
        ),
    ] {
        let fixture = Fixture::new().await;
        let (order, _, _) = paid(fixture.port()).await;
        fixture.run(change).await;
        let said = match fixture.port().begin(order).await {
            Err(StoreError::Broken(source)) => reasons(&*source),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{change} went unseen"),
        };
        assert!(said.starts_with(named), "{said}");
        assert!(said.contains(" cannot be read: "), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}

/// Somebody may not heed the lock of the order.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_over_money_or_an_attempt_that_is_not_as_it_was_loaded() {
    for (change, reason) in [
        ("UPDATE attempts SET version = version + 1", "attempt "),
        ("UPDATE captures SET refunded_minor = 1", "capture "),
        (
            "UPDATE primary_captures SET released_at = now()",
            "capture ",
        ),
    ] {
        let fixture = Fixture::new().await;
        let store = fixture.port();
        let (order, _, attempt) = paid(store).await;
        let (mut unit, settlement) = begin(store, order).await;
        let capture = format!("pi_{attempt}").parse().unwrap();
        let reversed = bayar_domain::Proof::Reversed { capture };
        let fact = bayar_testkit::builders::a_fact(attempt, reversed);
        let step = settlement.apply([fact]).unwrap();
        fixture.run(change).await;
        let Err(StoreError::Broken(source)) = save(&mut *unit, &step, &[]).await else {
            panic!("{change}: it was saved");
        };
        let said = source.to_string();
        assert!(said.starts_with(reason), "{said}");
        assert!(said.ends_with(" is not as it was loaded"), "{said}");
        unit.rollback().await;
    }
}

/// What an older program left is there for the newer one, with its jobs.
#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_first_step_come_up_to_the_second_with_their_rows() {
    let database = FreshDatabase::new("bayar-postgres, no tables", async |_| {}).await;
    let store = connect(&database.url);
    let old = client(&database.url).await;
    let first = include_str!("../../../../migrations/postgres/0001_orders_and_payments/up.sql");
    old.batch_execute(first).await.unwrap();
    old.batch_execute(
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, \
         run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('0001')",
    )
    .await
    .unwrap();
    let missing = [
        "0002_gateways",
        "0003_refunds",
        "0004_inbox",
        "0005_schedule",
        "0006_found_by_gateway",
    ];
    let missing: Vec<_> = missing.map(str::to_owned).into();
    assert_eq!(
        store.schema().await.unwrap(),
        SchemaState::Behind(missing.clone())
    );
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let payment = opening.bill.payment.terms().id;
    let word = store.installation().await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), missing);
    assert_eq!(store.schema().await.unwrap(), SchemaState::Current);
    assert_eq!(store.installation().await.unwrap(), word);
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment, opening.bill.payment);
    let jobs = "SELECT kind, subject_id, due_at, done_at IS NULL FROM jobs";
    let job = old.query_one(jobs, &[]).await.unwrap();
    assert_eq!(job.get::<_, String>(0), "expire_payment");
    assert_eq!(job.get::<_, i64>(1), payment.get());
    assert!(job.get::<_, bool>(3));
    let attempt = store.reserve_attempt_id().await.unwrap();
    let (mut unit, settlement) = begin(&store, order.terms().id).await;
    let step = settlement.start_attempt(an_attempt(attempt, payment));
    save(&mut *unit, &step.unwrap(), &[]).await.unwrap();
    unit.commit().await.unwrap();
}
