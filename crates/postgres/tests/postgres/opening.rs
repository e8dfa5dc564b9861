//! The one statement that opens a payment: what it writes, how it is planned, and what is known when its answer is lost.

use std::time::Duration;

use crate::support::{Fixture, SOON, connect, connect_with, wait_until};
use bayar_app::port::store::{BillIds, Opened, Payments, StoreError, Units, Upkeep};
use bayar_domain::{InvoiceId, PaymentId, PaymentStatus, TaxRecordId};
use bayar_testkit::builders::{AnOpening, AnOrder, survey_of};
use bayar_testkit::servers::Proxy;

#[tokio::test(flavor = "multi_thread")]
async fn what_people_look_up_in_the_tables_is_there() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_consultation(1000).add(store).await;
    let ids = BillIds {
        payment: PaymentId::new(100).unwrap(),
        invoice: InvoiceId::new(50).unwrap(),
        taxes: [1, 2].map(|id| TaxRecordId::new(id).unwrap()).to_vec(),
    };
    AnOpening::of(&order).with_ids(ids).open(store).await;
    let client = fixture.client().await;

    let payment = client
        .query_one(
            "SELECT p.id, p.user_id, p.consultation_id, p.amount::text, p.status, p.created_at \
             FROM payments p WHERE p.id = 100",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(payment.get::<_, i64>("id"), 100);
    assert_eq!(payment.get::<_, i64>("user_id"), 7);
    assert_eq!(payment.get::<_, i64>("consultation_id"), 1000);
    assert_eq!(payment.get::<_, &str>("amount"), "5000.00");
    assert_eq!(payment.get::<_, &str>("status"), "pending");

    let query =
        "SELECT id, payment_id, invoice_number, status FROM invoices WHERE payment_id = 100";
    let invoice = client.query_one(query, &[]).await.unwrap();
    assert_eq!(invoice.get::<_, i64>("id"), 50);
    let number = invoice.get::<_, &str>("invoice_number");
    assert!(number.starts_with("INV-") && number.ends_with("-000100"));
    assert_eq!(invoice.get::<_, &str>("status"), "pending");

    let query =
        "SELECT id, payment_id, tax_type, tax_amount::text FROM tax_records WHERE payment_id = 100";
    let taxes = client.query(query, &[]).await.unwrap();
    let taxes: Vec<(i64, &str, &str)> = taxes
        .iter()
        .map(|tax| (tax.get("id"), tax.get("tax_type"), tax.get("tax_amount")))
        .collect();
    assert_eq!(taxes, [(1, "VAT", "600.00"), (2, "PPh", "750.00")]);

    let doubles = client
        .query(
            "SELECT consultation_id, user_id, COUNT(*) as payment_count FROM payments \
             WHERE status IN ('pending', 'processing', 'completed') \
             GROUP BY consultation_id, user_id HAVING COUNT(*) > 1",
            &[],
        )
        .await
        .unwrap();
    assert!(doubles.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_payment_is_announced_and_has_a_job() {
    let fixture = Fixture::new().await;
    let store = fixture.port();
    let order = AnOrder::of_a_cart().add(store).await;
    let opening = AnOpening::of(&order).open(store).await;
    let terms = opening.bill.payment.terms();

    let outbox: Vec<String> = fixture
        .column(
            "SELECT aggregate || ' ' || sequence || ' ' || kind FROM outbox",
            &[],
        )
        .await;
    assert_eq!(outbox, [format!("payment:{} 1 payment.created", terms.id)]);
    let due: Vec<i64> = fixture
        .column(
            "SELECT (extract(epoch FROM due_at) * 1000000)::bigint FROM jobs \
             WHERE kind = 'expire_payment' AND subject_id = $1 AND done_at IS NULL",
            &[&terms.id.get()],
        )
        .await;
    assert_eq!(due, [terms.deadline.timestamp_micros()]);
}

/// The server plans for the values it is given a few times, and then keeps one plan for all.
#[tokio::test(flavor = "multi_thread")]
async fn opening_and_survey_are_prepared_once_and_then_planned_no_more() {
    const ROUNDS: usize = 20;
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| config.pool_size = 1);
    for round in 0..ROUNDS {
        let order = AnOrder::of_a_cart().add(&store).await;
        let opening = AnOpening::of(&order).build(&store).await;
        store.survey(&survey_of(&opening)).await.unwrap();
        let opened = store.open_payment(&opening).await.unwrap();
        assert_eq!(opened, Opened::Yes, "round {round}");
    }
    // What a session has prepared is seen by nobody else: it tells of itself when it is asked for the time.
    fixture
        .run(
            "CREATE TABLE prepared (statement text, generic_plans bigint, custom_plans bigint);
            CREATE OR REPLACE FUNCTION bayar_now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$ BEGIN
                INSERT INTO prepared SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements;
                RETURN now();
            END $$",
        )
        .await;
    store.now().await.unwrap();
    let client = fixture.client().await;
    for part in [
        "%UPDATE orders%INSERT INTO payments%",
        "%LEFT JOIN orders AS o%",
    ] {
        let rows = client
            .query(
                "SELECT generic_plans, custom_plans FROM prepared WHERE statement LIKE $1",
                &[&part],
            )
            .await
            .unwrap();
        assert_eq!(rows.len(), 1, "{part}");
        let (kept, made): (i64, i64) = (rows[0].get(0), rows[0].get(1));
        assert!(
            kept > made,
            "{part}: {kept} executions of one plan, {made} of others"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_waits_too_long_for_its_order_is_busy_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let store = fixture.store_with(|config| config.lock_timeout = Duration::from_millis(100));
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).build(&store).await;
    let unit = store.begin(order.terms().id).await.unwrap().unwrap();
    for _ in 0..3 {
        let busy = store.open_payment(&opening).await;
        assert!(matches!(busy, Err(StoreError::Busy(_))), "{busy:?}");
    }
    drop(unit);
    let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
    assert_eq!(surveyed.answered, None);
    assert_eq!(surveyed.order.unwrap().live, None);
    let fresh = AnOpening::of(&order).open(fixture.port()).await;
    assert_eq!(fresh.order, order);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_whose_answer_is_lost_is_unsure_and_the_same_again_finds_it() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let store = connect(&proxy.url());
    // The first opening of a connection is prepared and bound in two requests, the next one in one.
    for round in 0..2 {
        let order = AnOrder::of_a_cart().add(&store).await;
        let opening = AnOpening::of(&order).key(&format!("the wish {round}"));
        let opening = opening.build(&store).await;
        proxy.cut_after_request_containing(format!("the wish {round}").as_bytes());
        let lost = store.open_payment(&opening).await;
        assert!(matches!(lost, Err(StoreError::Unsure(_))), "{lost:?}");
        assert!(!proxy.is_armed());

        assert_eq!(store.open_payment(&opening).await.unwrap(), Opened::No);
        let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
        let answered = (opening.claim.answer.clone(), PaymentStatus::Pending);
        assert_eq!(surveyed.answered, Some(answered));
        let live = surveyed.order.unwrap().live.unwrap();
        assert_eq!(live.id, opening.bill.payment.terms().id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_never_arrived_is_unsure_and_the_same_again_opens() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let store = connect(&proxy.url());
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).key("the wish").build(&store).await;
    proxy.cut_before_request_containing(b"the wish");
    let lost = store.open_payment(&opening).await;
    assert!(matches!(lost, Err(StoreError::Unsure(_))), "{lost:?}");
    assert_eq!(store.open_payment(&opening).await.unwrap(), Opened::Yes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_is_not_answered_is_unsure_after_a_bounded_time() {
    let fixture = Fixture::new().await;
    let proxy = Proxy::in_front_of(&fixture.database.url).await;
    let store = connect_with(&proxy.url(), |config| {
        config.statement_timeout = Duration::from_millis(100);
    });
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).build(&store).await;
    proxy.stall().await;
    let opened = tokio::time::timeout(SOON, store.open_payment(&opening));
    let opened = opened.await.expect("it waits for ever");
    assert!(matches!(opened, Err(StoreError::Unsure(_))), "{opened:?}");
    proxy.pass().await;
    // What was held back arrives now, before or after the same opening again. Whoever is first opens it.
    let again = store.open_payment(&opening).await.unwrap();
    let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
    let live = surveyed.order.unwrap().live.unwrap();
    assert_eq!(live.id, opening.bill.payment.terms().id, "{again:?}");
}

/// Unlike a read of a row and a write after it, the statement decides by the row as it is when it gets it.
#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_waited_decides_by_what_it_finds_then() {
    let fixture = Fixture::new().await;
    let order = AnOrder::of_a_cart().add(fixture.port()).await;
    let opening = AnOpening::of(&order).build(fixture.port()).await;
    let mut client = fixture.client().await;
    let id = order.terms().id.get();
    for change in ["price_minor = 1", "status = 'cancelled'", "user_id = 8"] {
        let change = format!("UPDATE orders SET {change} WHERE id = $1");
        let transaction = client.transaction().await.unwrap();
        transaction.execute(&change, &[&id]).await.unwrap();
        let waiting = {
            let (store, opening) = (fixture.store.clone(), opening.clone());
            tokio::spawn(async move { store.open_payment(&opening).await })
        };
        wait_until("the opening waits for the row", async || {
            let waiting: Vec<i64> = fixture
                .column("SELECT count(*) FROM pg_locks WHERE NOT granted", &[])
                .await;
            waiting[0] > 0
        })
        .await;
        transaction.commit().await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), Opened::No, "{change}");
        let as_it_was =
            "UPDATE orders SET price_minor = 500000, status = 'pending', user_id = 7 WHERE id = $1";
        client.execute(as_it_was, &[&id]).await.unwrap();
    }
    let opened = fixture.store.open_payment(&opening).await.unwrap();
    assert_eq!(opened, Opened::Yes);
}
