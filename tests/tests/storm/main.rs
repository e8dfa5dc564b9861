//! Everything goes wrong at once, for as long as people buy: two servers and a scheduler that are killed and come
//! back, Redis flushed, Postgres restarted, webhooks lost, doubled, reordered and early, calls of the gateways that
//! nobody answers, and people who behave like people. Afterwards nothing is unresolved, by the gateways' own book
//! nobody is charged twice and nothing paid is lost, and the auditor finds nothing.
//!
//! `make storm` is the long form of it. A storm that was calm shows nothing: it fails when too little went wrong.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod buyer;
mod desk;
mod person;
mod plan;
mod rest;
mod scene;
mod sound;
mod tally;
mod unheard;
mod weather;

use bayar_tests::program::note;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use scene::{Scene, Size};
use weather::Weather;

/// How many buyers there are at the same time, at most.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_at_once_nobody_is_charged_twice_and_nothing_is_lost_or_stuck() {
    let size = Size::told();
    note(format_args!(
        "{} payments, seed {}: STORM={} STORM_SEED={} make storm",
        size.payments, size.seed, size.payments, size.seed
    ));
    let scene = Scene::set(size).await;
    let weather = Weather::new(&scene);
    let (stories, ()) = tokio::join!(buy(&scene, &weather), weather.blow());
    let injected = weather.over();
    rest::come_to_rest(&scene).await;
    let sound = sound::must_be(&scene, &stories).await;
    tally::tell(&scene, &injected, &stories, &sound);
}

/// Everybody comes, one after the other, and does what they do.
async fn buy(scene: &Scene, weather: &Weather<'_>) -> Vec<buyer::Story> {
    let begun = Instant::now();
    let stories = stream::iter(0..scene.size.payments)
        .then(|number| async move {
            let turn = u32::try_from(number).unwrap();
            sleep_until(begun + scene.size.apart * turn).await;
            number
        })
        .map(|number| async move {
            let story = buyer::live(scene, number).await;
            weather.one_more_is_done();
            story
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    weather.calm_down();
    stories
}
