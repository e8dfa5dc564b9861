//! Clients that go away in the middle.

use crate::support::{Leaving, Server, send_and_leave};

const BOTH: [Leaving; 2] = [Leaving::Properly, Leaving::Abruptly];

#[test]
fn whoever_goes_away_after_asking_finds_one_payment() {
    let server = Server::start();
    let patient = server.customer();
    for (round, leaving) in (1..=30).zip(BOTH.into_iter().cycle()) {
        let (request, body) = server.wish(&patient);
        let key = format!("k-{round}");
        let request = request.header("Idempotency-Key", key).json(&body);
        send_and_leave(&server, &request.bytes(), leaving);
        // The payment is there or it is not: the same key ends with one.
        let answer = request.send(&server);
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(request.send(&server).body, answer.body);
        assert_eq!(server.payments_of(&patient.token), round);
    }
}

#[test]
fn whoever_goes_away_many_times_finds_one_payment() {
    let server = Server::start();
    let patient = server.customer();
    for (round, leaving) in (1..=6).zip(BOTH.into_iter().cycle()) {
        let (request, body) = server.wish(&patient);
        let key = format!("k-{round}");
        let request = request.header("Idempotency-Key", key).json(&body);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| send_and_leave(&server, &request.bytes(), leaving));
            }
        });
        assert_eq!(request.send(&server).status, 201);
        assert_eq!(server.payments_of(&patient.token), round);
    }
}

#[test]
fn whoever_goes_away_leaves_no_lock() {
    // A lock that stayed would hold for ten minutes, and whoever came after it would be refused.
    let server = Server::with(&[("LOCK_TTL_MS", "600000"), ("LOCK_TRIES", "20")]);
    let patient = server.customer();
    for (round, leaving) in (1..=30).zip(BOTH.into_iter().cycle()) {
        let (request, body) = server.wish(&patient);
        let gone = request
            .clone()
            .header("Idempotency-Key", format!("gone-{round}"));
        // Its key is its own, so that what is asked next has to take the lock as well.
        send_and_leave(&server, &gone.json(&body).bytes(), leaving);
        let answer = request.json(&body).send(&server);
        // Either was first.
        assert!([201, 409].contains(&answer.status), "{}", answer.text());
        assert_ne!(answer.json()["code"], "payment_in_progress");
        assert_eq!(server.payments_of(&patient.token), round);
    }
}

#[test]
fn half_a_request_makes_no_payment() {
    let server = Server::start();
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    let request = request.json(&body);
    let bytes = request.bytes();
    let lengths = (0..bytes.len()).step_by(7).chain([bytes.len() - 1]);
    for (length, leaving) in lengths.zip(BOTH.into_iter().cycle()) {
        send_and_leave(&server, &bytes[..length], leaving);
    }
    assert_eq!(request.send(&server).status, 201);
    assert_eq!(server.payments_of(&patient.token), 1);
}
