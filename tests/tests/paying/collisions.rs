//! Postgres breaks a deadlock, or finds that two changes do not go together: it gives one of them up.
//! Nobody is told that something is broken, nothing is half done, and the next one finds it done or does it.

use bayar_tests::program::wait_until;
use bayar_tests::stage::Stage;
use serde_json::json;

/// How many changes are given up, one after the other.
const GIVEN_UP: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_given_up_for_a_deadlock_is_made_by_the_next_one() {
    given_up("40P01", "deadlock detected").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_does_not_go_with_another_is_made_by_the_next_one() {
    given_up(
        "40001",
        "could not serialize access due to concurrent update",
    )
    .await;
}

async fn given_up(code: &str, words: &str) {
    let mut stage = Stage::on_postgres().await;
    stage
        .store
        .run(&format!(
            "CREATE SEQUENCE collisions;
            CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                -- What is drawn from a sequence stays drawn, whatever is rolled back.
                IF nextval('collisions') <= {GIVEN_UP} THEN
                    RAISE EXCEPTION '{words}' USING ERRCODE = '{code}';
                END IF;
                RETURN NULL;
            END $$"
        ))
        .await;
    for (gateway, table) in [
        ("stripe", "payments"),
        ("midtrans", "payments"),
        ("stripe", "attempts"),
        ("midtrans", "gateway_calls"),
        ("stripe", "facts"),
    ] {
        let order = stage.order().await;
        let collide = format!(
            "SELECT setval('collisions', 1, false);
            CREATE TRIGGER collide AFTER INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION collide()"
        );
        stage.store.run(&collide).await;
        wait_until("a checkout is open", async || {
            let answer = stage.process(order.payment, gateway).await;
            must_be_decent(answer.status, &answer.text);
            answer.status == 200
        })
        .await;
        if gateway == "stripe" {
            stage.pay_stripe(&order);
        } else {
            stage.pay_midtrans(&order);
        }
        wait_until("the payment is complete", async || {
            stage.store.run("DELETE FROM payment_reads").await;
            let answer = stage.post(order.payment, "refresh", &json!({})).await;
            must_be_decent(answer.status, &answer.text);
            stage.stored_status(order.payment).await == "completed"
        })
        .await;
        let drawn = "SELECT last_value::text AS json FROM collisions";
        let drawn: usize = stage.store.texts(drawn).await[0].parse().unwrap();
        assert!(drawn >= GIVEN_UP, "{table}: only {drawn} collisions");
        stage
            .store
            .run(&format!("DROP TRIGGER collide ON {table}"))
            .await;
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        assert_eq!(stage.opened(&order), 1, "{table}");
        stage.must_have_kept(&order, 1);
    }
}

fn must_be_decent(status: u16, told: &str) {
    assert!(matches!(status, 200 | 202 | 409 | 503), "{status}: {told}");
}
