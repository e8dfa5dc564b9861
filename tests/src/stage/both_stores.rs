/// A test on each store, for each of these cases: functions beside it that take the `Stage` of the module.
#[macro_export]
macro_rules! on_both_stores {
    ($($case:ident,)+) => {
        mod on_postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let stage = super::Stage::on_postgres().await;
                super::$case(stage).await;
            }
        )+ }
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let stage = super::Stage::on_sqlite().await;
                super::$case(stage).await;
            }
        )+ }
    };
}
