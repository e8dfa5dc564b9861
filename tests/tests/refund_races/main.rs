//! Paying and giving back at the same time: two tabs and two gateways for each order, requests that nobody answers,
//! operators who press the same buttons, and somebody at the gateways' dashboards. By the gateways' own book nobody
//! is charged twice, nothing is given back twice, and the auditor finds nothing.
//!
//! A race in which nothing met anything shows nothing: the cases fail when too little went wrong.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod desk;
mod race;
mod rest;
mod tabs;
mod tally;

use bayar_tests::stage::Stage;

use race::Race;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_orders_are_paid_and_given_back_at_once_on_two_servers() {
    let stage = Stage::on_postgres().await;
    let second = stage.installation.serve().await;
    run(Race::new(stage, Some(second), 200).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_orders_are_paid_and_given_back_at_once_on_a_file() {
    let stage = Stage::on_sqlite().await;
    run(Race::new(stage, None, 40).await).await;
}

async fn run(race: Race) {
    let wishes = race.run().await;
    race.come_to_rest().await;
    race.must_be_sound().await;
    race.wishes_again(&wishes).await;
    race.leave(&wishes).await;
}
