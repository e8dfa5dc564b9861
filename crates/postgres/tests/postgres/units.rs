//! Units of work on Postgres: what is left of one that is dropped, that fails, or whose commit is not answered.

use std::time::Duration;

use crate::support::{Fixture, SOON, connect, wait_until};
use bayar_app::port::store::{Announcement, OrderUnit, Payments, Save, Store, StoreError, Units};
use bayar_domain::settlement::Restored;
use bayar_domain::{OrderId, PaymentId, PaymentStatus, Settlement, Step};
use bayar_testkit::builders::{AnOpening, AnOrder, a_save_of, php};
use bayar_testkit::servers::Proxy;

async fn begin(store: &dyn Store, order: OrderId) -> (Box<dyn OrderUnit>, Settlement) {
    let (unit, loaded) = store.begin(order).await.unwrap().unwrap();
    match Settlement::restore(loaded.parts).unwrap() {
        Restored::Sound(settlement) => (unit, settlement),
        Restored::Drifted(step) => panic!("it drifted: {:?}", step.changes),
    }
}

async fn an_open_payment(store: &dyn Store) -> (OrderId, PaymentId) {
    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).open(store).await;
    (order.terms().id, opening.bill.payment.terms().id)
}

/// The step is at hand, and nothing of it is saved.
async fn about_to_cancel(
    store: &dyn Store,
    order: OrderId,
    payment: PaymentId,
) -> (Box<dyn OrderUnit>, Step) {
    let (unit, settlement) = begin(store, order).await;
    (unit, settlement.cancel_payment(payment).unwrap())
}

/// The payment is called off. Its papers are left alone here.
async fn save(unit: &mut dyn OrderUnit, step: &Step) -> Result<(), StoreError> {
    let payment = &step.changes.payments[0];
    let announcement = Announcement::Payment(payment.terms().id, payment.status());
    unit.save(&Save {
        announcements: &[announcement],
        ..a_save_of(step)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_unit_lets_go_of_its_order_at_once() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let (unit, _) = begin(store, order.terms().id).await;
    let waiting = {
        let (store, id) = (fixture.store.clone(), order.terms().id);
        tokio::spawn(async move { store.begin(id).await.map(|begun| begun.is_some()) })
    };
    wait_until("the second unit waits", async || {
        let query = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        fixture.column::<i64>(query, &[]).await[0] > 0
    })
    .await;
    drop(unit);
    // Sooner than the lock time-out, after which it would be busy.
    assert!(waiting.await.unwrap().unwrap());
    wait_until("the sessions of both have ended", async || {
        let query = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        fixture.column::<i64>(query, &[]).await[0] == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_begins_for_nobody_leaves_no_lock() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let id = order.terms().id;
    for yields in 0..40 {
        let task = {
            let store = fixture.store.clone();
            tokio::spawn(async move { store.begin(id).await.map(|begun| begun.is_some()) })
        };
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        let next = tokio::time::timeout(SOON, begin(store, id)).await;
        drop(next.expect("the order is locked for good"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_for_nothing_gives_its_connection_back() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| config.pool_size = 1);
    let nobody = OrderId::new(1).unwrap();
    for _ in 0..3 {
        assert!(store.begin(nobody).await.unwrap().is_none());
    }
    let made: Vec<i64> = fixture
        .column(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'bayar'",
            &[],
        )
        .await;
    assert_eq!(made, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_waits_too_long_is_busy() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| config.lock_timeout = Duration::from_millis(100));
    let order = AnOrder::of_a_cart().add(&store).await;
    let (unit, _) = begin(&store, order.terms().id).await;
    let busy = store.begin(order.terms().id).await;
    assert!(matches!(busy, Err(StoreError::Busy(_))));
    drop(unit);
    let soon = async || store.begin(order.terms().id).await.is_ok();
    wait_until("the order is free", soon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_is_announced_and_its_job_ends() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let (order, payment) = an_open_payment(store).await;
    let (mut unit, step) = about_to_cancel(store, order, payment).await;
    save(&mut *unit, &step).await.unwrap();
    unit.commit().await.unwrap();
    let outbox: Vec<String> = fixture
        .column(
            "SELECT aggregate || ' ' || sequence || ' ' || kind FROM outbox ORDER BY sequence",
            &[],
        )
        .await;
    let told = [
        format!("payment:{payment} 1 payment.created"),
        format!("payment:{payment} 2 payment.cancelled"),
    ];
    assert_eq!(outbox, told);
    let query = "SELECT count(*) FROM jobs WHERE subject_id = $1 AND done_at IS NULL";
    let open: Vec<i64> = fixture.column(query, &[&payment.get()]).await;
    assert_eq!(open, [0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_changed_in_a_unit_is_stored() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let (mut unit, settlement) = begin(store, order.terms().id).await;
    let step = settlement.reprice(php(600_000)).unwrap();
    unit.save(&a_save_of(&step)).await.unwrap();
    unit.commit().await.unwrap();
    let (_, settlement) = begin(store, order.terms().id).await;
    assert_eq!(settlement.order().terms().price, php(600_000));
}

/// Its papers would be missing: a payment is opened by the statement for it, and by nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_opens_no_payment() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let payment = AnOpening::of(&order).build(store).await.bill.payment;
    let (mut unit, settlement) = begin(store, order.terms().id).await;
    let terms = payment.terms().clone();
    let step = settlement.open_payment(terms, payment.payment_method());
    let refused = save(&mut *unit, &step.unwrap()).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))));
    assert!(unit.commit().await.is_err());
    assert_eq!(store.payment(payment.terms().id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_unsure_and_was_made() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let store = connect(&proxy.url());
    let (order, payment) = an_open_payment(&store).await;
    let (mut unit, step) = about_to_cancel(&store, order, payment).await;
    save(&mut *unit, &step).await.unwrap();
    proxy.cut_after_request_containing(b"COMMIT");
    let lost = unit.commit().await;
    assert!(matches!(lost, Err(StoreError::Unsure(_))), "{lost:?}");
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment.status(), PaymentStatus::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_whose_connection_breaks_before_the_commit_never_happened_and_says_so() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let store = connect(&proxy.url());
    let (order, payment) = an_open_payment(&store).await;
    let (mut unit, step) = about_to_cancel(&store, order, payment).await;
    proxy.cut_after_request_containing(b"payment.cancelled");
    let lost = save(&mut *unit, &step).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment.status(), PaymentStatus::Pending);
    let (mut unit, step) = about_to_cancel(&store, order, payment).await;
    save(&mut *unit, &step).await.unwrap();
    unit.commit().await.unwrap();
}

/// Somebody may not heed the lock of the order.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_writes_nothing_over_a_row_that_is_not_as_it_was_loaded() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let (order, payment) = an_open_payment(store).await;
    let (mut unit, step) = about_to_cancel(store, order, payment).await;
    fixture
        .run("UPDATE payments SET version = version + 1")
        .await;
    let Err(StoreError::Broken(source)) = save(&mut *unit, &step).await else {
        panic!("it was saved");
    };
    let reason = format!("payment {payment} is not as it was loaded");
    assert_eq!(source.to_string(), reason);
    let half_done = unit.commit().await;
    assert!(matches!(half_done, Err(StoreError::Broken(_))));
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment.status(), PaymentStatus::Pending);
}

/// The server answers COMMIT with success when it undoes a transaction in which something failed.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_in_which_something_failed_is_not_committed() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let (order, payment) = an_open_payment(store).await;
    let (mut unit, step) = about_to_cancel(store, order, payment).await;
    fixture
        .run("ALTER TABLE outbox ADD CHECK (kind <> 'payment.cancelled')")
        .await;
    let refused = save(&mut *unit, &step).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))));
    let refused = unit.commit().await;
    assert!(matches!(refused, Err(StoreError::Broken(_))), "{refused:?}");
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment.status(), PaymentStatus::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_decisions_are_only_ever_added_to() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let (order, payment) = an_open_payment(store).await;
    let (mut unit, step) = about_to_cancel(store, order, payment).await;
    save(&mut *unit, &step).await.unwrap();
    unit.commit().await.unwrap();
    let client = fixture.client().await;
    for table in ["payment_events", "decisions"] {
        for statement in [
            "UPDATE {} SET actor = 'nobody'",
            "DELETE FROM {}",
            "TRUNCATE {}",
        ] {
            let statement = statement.replace("{}", table);
            let refused = client.batch_execute(&statement).await.unwrap_err();
            let refused = refused.as_db_error().unwrap().message();
            assert_eq!(refused, format!("{table} is only ever added to"));
        }
    }
    assert_eq!(store.events(payment).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_is_told_of_once() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let (order, payment) = an_open_payment(store).await;
    let (mut unit, step) = about_to_cancel(store, order, payment).await;
    save(&mut *unit, &step).await.unwrap();
    unit.commit().await.unwrap();
    let decided = format!(
        "INSERT INTO decisions (order_id, position, decision, actor, at) VALUES ({order}, 99, '{{}}', 'system', now())"
    );
    fixture.run(&decided).await;
    let client = fixture.client().await;
    for table in ["payment_events", "decisions", "outbox"] {
        let again = format!("INSERT INTO {table} SELECT * FROM {table}");
        let refused = client.batch_execute(&again).await.unwrap_err();
        let refused = refused.as_db_error().unwrap().constraint();
        assert_eq!(refused, Some(format!("{table}_pkey").as_str()));
    }
}
