//! What every older version of the tables can hold comes up to the newest ones, says the same, and goes on.
//!
//! The rows are made by the program as it is, and put into the tables of each step as far as these have columns for
//! them. So every column of an older step has to be there still: a step may add, and takes nothing away.

use std::fs;
use std::path::Path;

use bayar_sandbox::sim::{Action, WebhookUrls};
use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{Installation, Store, wait_until};
use bayar_tests::stage::{MIDTRANS_KEY, Ordered, STRIPE_KEY, Stage, on_both_stores};
use serde_json::{Value, json};

on_both_stores! {
    rows_of_every_step_come_up_and_say_the_same,
}

/// The statements of each step, in their order, with its version.
fn steps(store: &str) -> Vec<(String, String)> {
    let all = bayar_tests::repository_root()
        .join("migrations")
        .join(store);
    let mut steps: Vec<_> = fs::read_dir(all)
        .unwrap()
        .map(|step| step.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    steps.sort();
    let step = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (version, _) = name.split_once('_').unwrap();
        let text = fs::read_to_string(path.join("up.sql")).unwrap();
        (version.to_owned(), text)
    };
    steps.iter().map(|path| step(path)).collect()
}

async fn rows_of_every_step_come_up_and_say_the_same(stage: Stage) {
    let is_shared = stage.is_shared();
    let steps = steps(if is_shared { "postgres" } else { "sqlite" });
    assert!(steps.len() >= 5, "{}", steps.len());
    // The first one is only there to say on which store.
    drop(stage);
    for taken in 1..=steps.len() {
        let mut stage = if is_shared {
            Stage::on_postgres().await
        } else {
            Stage::on_sqlite().await
        };
        // What is paid in the end is written down in the copy only.
        stage.news_may_come();
        let orders = live(&mut stage, taken).await;
        let told: Vec<_> = orders
            .iter()
            .map(|order| explain(&stage.installation, order))
            .collect();
        let (old, _database) = Old::with_rows_of(&stage, &steps[..taken]).await;
        let before = old.counts().await;
        assert!(
            before.iter().any(|count| count.starts_with("payments ")),
            "{before:?}"
        );
        old.installation.migrate();
        assert_eq!(old.counts().await, before, "step {taken}: rows are gone");
        for (order, told) in orders.iter().zip(&told) {
            assert_eq!(
                &explain(&old.installation, order),
                told,
                "step {taken}: {order:?}"
            );
        }
        // And it goes on from there.
        let server = old.installation.serve().await;
        let customer = stage.customer().at(server.address);
        let first = &orders[0];
        let path = format!("/api/v1/payments/{}/process", first.payment);
        wait_until("a checkout opens", async || {
            let wish = json!({ "gateway": "midtrans" });
            let answer = customer.post(&path, &[], &wish).await.unwrap();
            assert!(matches!(answer.status, 200 | 202), "{}", answer.text);
            answer.status == 200
        })
        .await;
        stage.pay_midtrans(first);
        let refresh = format!("/api/v1/payments/{}/refresh", first.payment);
        let answer = customer.post(&refresh, &[], &json!({})).await.unwrap();
        let status = answer.json()["data"]["payment"]["status"].clone();
        assert_eq!(status, "completed", "step {taken}: {}", answer.text);
        assert_eq!(server.stop().await.status.code(), Some(0));
    }
}

/// Orders in every state that a program with so many steps of tables knew. The first one can still be paid.
async fn live(stage: &mut Stage, steps: usize) -> Vec<Ordered> {
    if steps >= 4 {
        let url = format!("http://{}/midtrans/notification", stage.server.address);
        let urls = WebhookUrls {
            stripe: None,
            midtrans: Some(url),
        };
        stage.gateways.send_webhooks_to(urls).unwrap();
    }
    let (pending, cancelled) = (stage.order().await, stage.order().await);
    let done = stage.post(cancelled.payment, "cancel", &json!({})).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let mut orders = vec![pending, cancelled];
    if steps >= 2 {
        for gateway in ["stripe", "midtrans"] {
            let (open, paid) = (stage.order().await, stage.order().await);
            stage.open(open.payment, gateway).await;
            stage.open(paid.payment, gateway).await;
            match gateway {
                "stripe" => stage.pay_stripe(&paid),
                _ => stage.pay_midtrans(&paid),
            }
            stage.must_become(paid.payment, "completed").await;
            orders.extend([open, paid]);
        }
    }
    if steps >= 3 {
        for (amount, status) in [(Some("50000"), "partially_refunded"), (None, "refunded")] {
            let paid = stage.order().await;
            stage.open(paid.payment, "stripe").await;
            stage.pay_stripe(&paid);
            stage.must_become(paid.payment, "completed").await;
            give_back(stage, &paid, amount).await;
            stage.must_become(paid.payment, status).await;
            orders.push(paid);
        }
        orders.push(paid_twice(stage).await);
    }
    if steps >= 4 {
        stage.gateways.settle().await.unwrap();
        wait_until("webhooks are worked off", async || {
            let all = "SELECT status AS json FROM inbox";
            let open = format!("{all} WHERE next_try_at IS NOT NULL");
            !stage.store.texts(all).await.is_empty() && stage.store.texts(&open).await.is_empty()
        })
        .await;
    }
    if steps >= 5 {
        let odd = stage.order().await;
        stage.open(odd.payment, "midtrans").await;
        stage
            .gateways
            .pay_midtrans_card(&odd.number, "4511111111111117")
            .unwrap();
        stage.must_become(odd.payment, "under_review").await;
        orders.push(odd);
    }
    orders
}

async fn give_back(stage: &Stage, order: &Ordered, amount: Option<&str>) {
    let path = format!("/api/v1/payments/{}/refund", order.payment);
    let key = format!("back-{}", order.payment);
    let mut wish = json!({ "reason": "the doctor was ill" });
    if let Some(amount) = amount {
        wish["amount"] = json!(amount);
    }
    let headers = [("Idempotency-Key", key.as_str())];
    let answer = stage.operator().post(&path, &headers, &wish).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn paid_twice(stage: &mut Stage) -> Ordered {
    let order = stage.order().await;
    stage.open(order.payment, "midtrans").await;
    let chosen = stage.act(Action::MidtransChoose {
        page: order.number.clone(),
        method: "gopay".to_owned(),
    });
    stage.open_in_the_end(order.payment, "stripe").await;
    stage.pay_stripe(&order);
    stage.must_become(order.payment, "completed").await;
    stage.act(Action::MidtransPay {
        transaction: chosen["transaction_id"].as_str().unwrap().to_owned(),
        late: true,
    });
    wait_until("the surplus went back", async || {
        stage.refresh(order.payment).await;
        stage.book().kept_captures(&order.number).len() == 1
    })
    .await;
    order
}

fn explain(installation: &Installation, order: &Ordered) -> Value {
    installation.explain(&order.number)
}

/// An installation as an older program left it.
struct Old {
    installation: Installation,
    store: Store,
    tables: Vec<String>,
}

impl Old {
    /// With the tables of these steps, and in them what a stage has stored.
    async fn with_rows_of(
        stage: &Stage,
        steps: &[(String, String)],
    ) -> (Self, Option<FreshDatabase>) {
        let (installation, database) = match &stage.store {
            Store::Postgres(_) => {
                let database = FreshDatabase::new("nothing at all", async |_| {}).await;
                (Installation::on_postgres(&database.url), Some(database))
            }
            Store::Sqlite(_) => {
                let installation = Installation::on_sqlite();
                fs::create_dir_all(installation.data_dir()).unwrap();
                fs::write(installation.data_dir().join("bayar.sqlite"), "").unwrap();
                (installation, None)
            }
        };
        let installation = installation
            .with("STRIPE_SECRET_KEY", STRIPE_KEY)
            .with("STRIPE_API_BASE", &stage.simulator.stripe_base())
            .with("MIDTRANS_SERVER_KEY", MIDTRANS_KEY)
            .with("MIDTRANS_SNAP_BASE", &stage.simulator.url())
            .with("MIDTRANS_API_BASE", &stage.simulator.core_base());
        let store = installation.store().await;
        for (version, statements) in steps {
            store.run(statements).await;
            store
                .run(&format!(
                    "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL,
                        run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
                    INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"
                ))
                .await;
        }
        let tables = match &store {
            Store::Postgres(_) => {
                "SELECT tablename::text AS json FROM pg_tables
                    WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%' ORDER BY 1"
            }
            Store::Sqlite(_) => {
                "SELECT name AS json FROM sqlite_master
                    WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            }
        };
        let tables = store.texts(tables).await;
        let old = Self {
            installation,
            store,
            tables,
        };
        match &stage.store {
            Store::Postgres(_) => old.copy_on_postgres(&stage.store).await,
            Store::Sqlite(newest) => old.copy_on_sqlite(newest).await,
        }
        (old, database)
    }

    async fn copy_on_postgres(&self, newest: &Store) {
        let mut copy =
            "SET session_replication_role = replica; DELETE FROM installation;".to_owned();
        for table in &self.tables {
            let rows = format!("SELECT row_to_json(t)::text AS json FROM {table} t");
            for row in newest.texts(&rows).await {
                let row = row.replace('\'', "''");
                copy.push_str(&format!(
                    "INSERT INTO {table} OVERRIDING SYSTEM VALUE
                        SELECT * FROM json_populate_record(NULL::{table}, '{row}');"
                ));
            }
        }
        let counted = "SELECT format('SELECT setval(%L, %s) WHERE to_regclass(%L) IS NOT NULL;',
            sequencename, last_value, sequencename) AS json FROM pg_sequences WHERE last_value IS NOT NULL";
        let known = self
            .store
            .texts("SELECT sequencename::text AS json FROM pg_sequences")
            .await;
        for set in newest.texts(counted).await {
            if known.iter().any(|name| set.contains(&format!("'{name}'"))) {
                copy.push_str(&set);
            }
        }
        copy.push_str("SET session_replication_role = origin;");
        self.store.run(&copy).await;
    }

    async fn copy_on_sqlite(&self, newest: &Path) {
        let mut copy = format!(
            "PRAGMA foreign_keys = OFF; ATTACH DATABASE '{}' AS newest;",
            newest.display()
        );
        for table in &self.tables {
            let columns = format!("SELECT name AS json FROM pragma_table_info('{table}')");
            let columns = self.store.texts(&columns).await.join(", ");
            let known = match table.as_str() {
                "sequences" => "WHERE name IN (SELECT name FROM main.sequences)",
                _ => "",
            };
            copy.push_str(&format!(
                "INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM newest.{table} {known};"
            ));
        }
        copy.push_str("DETACH DATABASE newest;");
        self.store.run(&copy).await;
    }

    /// How many rows each of the older tables has. To the names of the sequences each step adds its own.
    async fn counts(&self) -> Vec<String> {
        let count = |table: &String| format!("SELECT '{table} ' || count(*) AS json FROM {table}");
        let tables = self.tables.iter().filter(|table| *table != "sequences");
        let counts: Vec<_> = tables.map(count).collect();
        let mut counts = self.store.texts(&counts.join(" UNION ALL ")).await;
        counts.retain(|count| !count.ends_with(" 0"));
        counts
    }
}
