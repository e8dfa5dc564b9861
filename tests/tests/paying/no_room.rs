//! The store takes no writes: its disk is full, or it may only be read. Nothing is asked of a gateway that is not
//! written down first, nobody is told that something is broken, and afterwards everything goes on.

use bayar_tests::program::{Answer, Store, wait_until};
use bayar_tests::stage::{Ordered, PRICE, Stage, on_both_stores};
use serde_json::json;

on_both_stores! {
    while_the_disk_is_full_no_gateway_is_asked_to_open_a_checkout,
    while_the_disk_is_full_no_gateway_is_asked_to_give_money_back,
}

/// What no gateway may be asked for without a word of it in the store.
const CALLS: [&str; 4] = [
    "checkout_session.create",
    "snap.create",
    "refund.create",
    "core.refund",
];

/// How often a gateway was asked for something that has an effect.
fn calls(stage: &Stage) -> usize {
    let book = stage.book();
    let asked = book.requests();
    asked
        .filter(|(_, request)| CALLS.iter().any(|call| request.operation.starts_with(call)))
        .count()
}

/// No row more fits into these tables, in the words of each store.
async fn fill_the_disk(stage: &Stage, tables: &[&str]) {
    for table in tables {
        let full = match &stage.store {
            Store::Postgres(_) => format!(
                "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE EXCEPTION 'could not extend file \"base/5/16501\": No space left on device'
                        USING ERRCODE = 'disk_full';
                END $$;
                CREATE TRIGGER no_room BEFORE INSERT ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
            ),
            Store::Sqlite(_) => format!(
                "CREATE TRIGGER no_room_{table} BEFORE INSERT ON {table} BEGIN
                    SELECT RAISE(ABORT, 'database or disk is full'); END"
            ),
        };
        stage.store.run(&full).await;
    }
}

async fn make_room(stage: &Stage, tables: &[&str]) {
    for table in tables {
        let gone = match &stage.store {
            Store::Postgres(_) => format!("DROP TRIGGER no_room ON {table}"),
            Store::Sqlite(_) => format!("DROP TRIGGER no_room_{table}"),
        };
        stage.store.run(&gone).await;
    }
}

fn must_be_unavailable(answer: &Answer) {
    let told = (answer.status, answer.code());
    let unavailable = (503, Some("service_unavailable".to_owned()));
    assert_eq!(told, unavailable, "{}", answer.text);
    assert!(answer.header("Retry-After").is_some(), "{answer:?}");
}

async fn while_the_disk_is_full_no_gateway_is_asked_to_open_a_checkout(mut stage: Stage) {
    let tables = ["payments", "attempts", "gateway_calls"];
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        let before = calls(&stage);
        fill_the_disk(&stage, &tables).await;
        must_be_unavailable(&stage.process(order.payment, gateway).await);
        let other = order.consultation + 1000;
        stage.register(other, "IDR", PRICE).await;
        must_be_unavailable(&stage.create(other, PRICE).await);
        assert_eq!(
            calls(&stage),
            before,
            "{gateway}: it is asked, and not written down"
        );
        assert_eq!(stage.stored_status(order.payment).await, "pending");

        make_room(&stage, &tables).await;
        assert_eq!(stage.create(other, PRICE).await.status, 201);
        stage.open_in_the_end(order.payment, gateway).await;
        pay(&stage, &order, gateway);
        stage.must_become(order.payment, "completed").await;
        assert_eq!(stage.opened(&order), 1);
        stage.must_have_kept(&order, 1);
    }
}

fn pay(stage: &Stage, order: &Ordered, gateway: &str) {
    match gateway {
        "stripe" => stage.pay_stripe(order),
        _ => stage.pay_midtrans(order),
    }
}

async fn while_the_disk_is_full_no_gateway_is_asked_to_give_money_back(mut stage: Stage) {
    let tables = ["refunds", "gateway_calls"];
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        pay(&stage, &order, gateway);
        stage.must_become(order.payment, "completed").await;
        let before = calls(&stage);
        fill_the_disk(&stage, &tables).await;
        must_be_unavailable(&give_back(&stage, &order).await);
        assert_eq!(
            calls(&stage),
            before,
            "{gateway}: it is asked, and not written down"
        );

        make_room(&stage, &tables).await;
        wait_until("the money goes back", async || {
            let answer = give_back(&stage, &order).await;
            assert!(matches!(answer.status, 200 | 202 | 409), "{}", answer.text);
            answer.status == 200
        })
        .await;
        stage.must_have_kept(&order, 0);
    }
}

async fn give_back(stage: &Stage, order: &Ordered) -> Answer {
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    let key = format!("back-{}", order.payment);
    let headers = [("Idempotency-Key", key.as_str())];
    let wish = json!({ "reason": "the doctor was ill" });
    stage.operator().post(&path, &headers, &wish).await.unwrap()
}

/// A database after a failover to one that is not yet promoted, or one that an administrator has closed for writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_may_only_be_read_no_gateway_is_asked_and_people_still_look() {
    let mut stage = Stage::on_postgres().await;
    let order = stage.order().await;
    let before = calls(&stage);
    close_for_writing(&stage, "on").await;
    for gateway in ["stripe", "midtrans"] {
        must_be_unavailable(&stage.process(order.payment, gateway).await);
    }
    must_be_unavailable(&stage.post(order.payment, "cancel", &json!({})).await);
    assert_eq!(calls(&stage), before, "it is asked, and not written down");
    assert_eq!(stage.stored_status(order.payment).await, "pending");

    close_for_writing(&stage, "off").await;
    stage.open_in_the_end(order.payment, "midtrans").await;
    stage.pay_midtrans(&order);
    stage.must_become(order.payment, "completed").await;
    stage.must_have_kept(&order, 1);
}

/// Whoever is connected is sent away, and comes back as somebody who may only read, or may write again.
async fn close_for_writing(stage: &Stage, closed: &str) {
    stage
        .store
        .run(&format!(
            "SET default_transaction_read_only = off;
            DO $$ BEGIN EXECUTE format(
                'ALTER DATABASE %I SET default_transaction_read_only = {closed}', current_database());
            END $$;
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ))
        .await;
    // Those who were sent away notice it at their next word.
    let anybody = stage.server.anybody();
    wait_until("the database answers again", async || {
        let ready = anybody.get("/readyz").await;
        ready.is_ok_and(|ready| ready.status == 200)
    })
    .await;
}
