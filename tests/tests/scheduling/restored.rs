//! The database is put back to what it was some time ago. What gateways took since is found by what looks anyway,
//! as far as the checkout was there by then.

use bayar_sandbox::sim::WebhookUrls;
use bayar_tests::program::{Installation, Store, wait_until};
use bayar_tests::stage::{Stage, on_both_stores};

use crate::moments::sweep;

on_both_stores! {
    what_was_paid_after_the_backup_is_found_after_the_restore,
    a_checkout_that_the_restore_forgot_is_kept_for_an_operator,
}

async fn what_was_paid_after_the_backup_is_found_after_the_restore(mut stage: Stage) {
    let mut orders = Vec::new();
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        stage.open(order.payment, gateway).await;
        orders.push((order, gateway));
    }
    let backup = Backup::make(&stage).await;
    for (order, gateway) in &orders {
        match *gateway {
            "stripe" => stage.pay_stripe(order),
            _ => stage.pay_midtrans(order),
        }
        stage.must_become(order.payment, "completed").await;
    }
    stage = backup.restore(stage).await;
    for (order, _) in &orders {
        assert_eq!(
            stage.stored_status(order.payment).await,
            "processing",
            "forgotten"
        );
    }
    sweep(&stage).await;
    for (order, _) in &orders {
        assert_eq!(stage.stored_status(order.payment).await, "completed");
        assert_eq!(stage.times(order.payment, "completed").await, 1);
        stage.must_have_kept(order, 1);
    }
}

/// Nobody here knows the checkout any more. Its webhook says that it is ours: it is tried for a week, and then an
/// operator's.
async fn a_checkout_that_the_restore_forgot_is_kept_for_an_operator(mut stage: Stage) {
    // `bayar payments rebuild` is what brings it back.
    stage.news_may_come();
    for gateway in ["stripe", "midtrans"] {
        let order = stage.order().await;
        let backup = Backup::make(&stage).await;
        stage.open(order.payment, gateway).await;
        stage
            .installation
            .set("STRIPE_WEBHOOK_SECRET", "whsec_simulated");
        stage = backup.restore(stage).await;
        let address = stage.server.address;
        stage
            .gateways
            .send_webhooks_to(WebhookUrls {
                stripe: Some(format!("http://{address}/stripe/webhook")),
                midtrans: Some(format!("http://{address}/midtrans/notification")),
            })
            .unwrap();
        match gateway {
            "stripe" => stage.pay_stripe(&order),
            _ => stage.pay_midtrans(&order),
        }
        let kind = match gateway {
            "stripe" => "checkout.session.completed",
            _ => "settlement",
        };
        let unmatched = format!(
            "SELECT status AS json FROM inbox WHERE event_type = '{kind}' AND next_try_at IS NOT NULL"
        );
        wait_until("its webhook is kept, and tried again", async || {
            stage.store.texts(&unmatched).await == ["unmatched"]
        })
        .await;
    }
}

/// A copy of all that is stored.
enum Backup {
    /// In a schema beside it.
    Postgres(Vec<String>),
    /// A file that `bayar backup` made.
    Sqlite(std::path::PathBuf),
}

impl Backup {
    async fn make(stage: &Stage) -> Self {
        if let Store::Sqlite(file) = &stage.store {
            let copy = file.with_extension("backup");
            stage
                .installation
                .run(&["backup", copy.to_str().unwrap()], "");
            return Self::Sqlite(copy);
        }
        let tables = "SELECT tablename::text AS json FROM pg_tables WHERE schemaname = 'public'";
        let tables = stage.store.texts(tables).await;
        stage.store.run("CREATE SCHEMA backup").await;
        for table in &tables {
            let copy = format!("CREATE TABLE backup.{table} AS TABLE public.{table}");
            stage.store.run(&copy).await;
        }
        Self::Postgres(tables)
    }

    /// Puts everything back while no server runs.
    async fn restore(self, stage: Stage) -> Stage {
        stage
            .restarted_after(async |installation| match self {
                Self::Postgres(tables) => put_back(installation, &tables).await,
                Self::Sqlite(copy) => {
                    let file = |name: &str| installation.data_dir().join(name);
                    for left in ["bayar.sqlite-wal", "bayar.sqlite-shm"] {
                        let _ = std::fs::remove_file(file(left));
                    }
                    std::fs::rename(copy, file("bayar.sqlite")).unwrap();
                }
            })
            .await
    }
}

/// As a restore does it: without triggers, and with the numbers going on where they were.
async fn put_back(installation: &Installation, tables: &[String]) {
    let mut statements = "SET session_replication_role = replica;".to_owned();
    for table in tables {
        statements.push_str(&format!(
            "DELETE FROM public.{table}; INSERT INTO public.{table} OVERRIDING SYSTEM VALUE TABLE backup.{table};"
        ));
    }
    statements.push_str("DROP SCHEMA backup CASCADE;");
    installation.store().await.run(&statements).await;
}
