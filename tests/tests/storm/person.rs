//! Somebody who asks, and asks again when nobody answers, at whichever server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bayar_testkit::random::SeededRandom;
use bayar_tests::program::{Answer, Client};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::scene::Scene;

/// Longer than a request may take.
const ANSWERED_BY: Duration = Duration::from_secs(40);

/// How long somebody tries again.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// One of the people, at one of their purchases.
pub struct Person<'a> {
    pub scene: &'a Scene,
    pub number: usize,
    pub id: i64,
    client: &'a Client,
    dice: SeededRandom,
    turn: AtomicUsize,
}

impl<'a> Person<'a> {
    pub fn of(scene: &'a Scene, number: usize) -> Self {
        let (id, client) = &scene.people[number % scene.people.len()];
        let own = u64::try_from(number).unwrap();
        Self {
            scene,
            number,
            id: *id,
            client,
            // What somebody does hangs on the seed and on who they are, and not on what others do meanwhile.
            dice: SeededRandom::new(scene.size.seed ^ own.wrapping_mul(0x9E37_79B9)),
            turn: AtomicUsize::new(number),
        }
    }

    pub fn below(&self, many: u64) -> u64 {
        self.dice.next() % many
    }

    /// A little while.
    pub async fn pause(&self, at_most: u64) {
        sleep(Duration::from_millis(30 + self.below(at_most))).await;
    }

    fn at_a_server(&self, who: &Client) -> Client {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        who.at(self.scene.posts[turn % self.scene.posts.len()].address)
    }

    /// Sends something once, as somebody. Nothing when no answer came.
    pub async fn post_as(
        &self,
        who: &Client,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Option<Answer> {
        let client = self.at_a_server(who);
        let answer = timeout(ANSWERED_BY, client.post(path, headers, body)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{path}: nothing, for {ANSWERED_BY:?}"));
        answer.ok().map(|answer| decent(path, answer))
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Option<Answer> {
        self.post_as(self.client, path, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Option<Answer> {
        let client = self.at_a_server(self.client);
        let answer = timeout(ANSWERED_BY, client.get(path)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{path}: nothing, for {ANSWERED_BY:?}"));
        answer.ok().map(|answer| decent(path, answer))
    }

    /// Asks until there is an answer that tells, or loses patience: what a server had in its hands when it died is
    /// nobody's for a minute, and nobody waits in front of a page for so long.
    pub async fn until<T>(&self, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(told) = ask().await {
                return Some(told);
            }
            self.pause(300).await;
        }
        None
    }

    /// Where a payment stands, without asking anybody but the database.
    pub async fn status(&self, payment: i64) -> Option<String> {
        let answer = self.get(&format!("/api/v1/payments/{payment}")).await?;
        let told = (answer.status == 200).then(|| answer.json())?;
        told["data"]["status"].as_str().map(str::to_owned)
    }

    /// Presses the button that asks the gateway, and does not mind what comes of it.
    pub async fn refresh(&self, payment: i64) {
        let path = format!("/api/v1/payments/{payment}/refresh");
        self.post(&path, &[], &json!({})).await;
    }

    /// Loads a page of ours.
    pub async fn visit(&self, url: &str) {
        if let Some(at) = url.find("/checkout/") {
            self.get(&url[at..]).await;
        }
    }
}

/// Whatever goes wrong around it, the service never says that it is broken.
fn decent(path: &str, answer: Answer) -> Answer {
    let is_decent = matches!(answer.status, 200..=409 | 422 | 502 | 503);
    assert!(is_decent, "{path}: {}: {}", answer.status, answer.text);
    answer
}
