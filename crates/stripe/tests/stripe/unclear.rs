//! What is known when there is no answer, or only a part of one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bayar_app::port::gateway::{FaultKind, Sent};
use bayar_stripe::{Retries, StripeConfig, StripeGateway};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fixtures::{Middle, Proves, config, error, gateway, hasty, proves, send_open, session};
use crate::server::{Act, Server, answer};

async fn nobody_listens() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn what_reached_nobody_was_not_sent() {
    let config = config(&nobody_listens().await);
    let gateway = StripeGateway::new(config, Arc::new(Middle)).unwrap();
    let failed = send_open(&gateway).await;
    assert_eq!(proves(failed), (Proves::NotSent, FaultKind::Connection));
}

#[tokio::test]
async fn a_host_that_does_not_exist_was_not_sent_to() {
    let config = config("http://stripe.invalid");
    let gateway = StripeGateway::new(config, Arc::new(Middle)).unwrap();
    let failed = send_open(&gateway).await;
    assert_eq!(proves(failed), (Proves::NotSent, FaultKind::Connection));
}

#[tokio::test]
async fn a_line_that_cannot_be_secured_carries_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let gateway = StripeGateway::new(config(&base), Arc::new(Middle)).unwrap();
    let heard = tokio::spawn(async move {
        let mut heard = vec![0; 65_536];
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = stream.read(&mut heard).await.unwrap();
        heard.truncate(length);
        // No TLS answers like this.
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            .await
            .unwrap();
        heard
    });
    let failed = send_open(&gateway).await;
    assert_eq!(proves(failed), (Proves::NotSent, FaultKind::Connection));
    let heard = heard.await.unwrap();
    assert_eq!(heard[0], 0x16, "a handshake");
    let said = String::from_utf8_lossy(&heard);
    assert!(
        !said.contains("sk_test") && !said.contains("POST"),
        "{said}"
    );
}

#[tokio::test]
async fn nobody_knows_what_became_of_silence() {
    let server = Server::start((0..3).map(|_| Act::Silence)).await;
    let failed = send_open(&hasty(&server)).await;
    assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Timeout));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|request| *request == seen[0]));
}

#[tokio::test]
async fn nobody_knows_what_became_of_a_lost_or_cut_off_answer() {
    let cut = || Act::CutOff(session().to_string());
    for script in [
        [Act::HangUp, Act::HangUp, Act::HangUp],
        [cut(), cut(), cut()],
    ] {
        let server = Server::start(script).await;
        let failed = send_open(&gateway(&server)).await;
        assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Connection));
        assert!(server.is_over());
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_given_again() {
    let server = Server::start([Act::HangUp, answer(200, &session())]).await;
    assert!(matches!(
        send_open(&gateway(&server)).await,
        Ok(Sent::Opened(_))
    ));
    let seen = server.seen();
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn after_an_unclear_try_nothing_is_proof() {
    let refusal = |code| error("invalid_request_error", code);
    for (status, code, expected) in [
        (401, "x", (Proves::Nothing, FaultKind::Authentication)),
        (403, "x", (Proves::Nothing, FaultKind::Authentication)),
        (429, "rate_limit", (Proves::Nothing, FaultKind::RateLimit)),
        (
            400,
            "parameter_missing",
            (Proves::Nothing, FaultKind::InvalidRequest),
        ),
    ] {
        let mut script = vec![Act::HangUp];
        script.extend((0..2).map(|_| answer(status, &refusal(code))));
        let server = Server::start(script).await;
        let failed = send_open(&gateway(&server)).await;
        assert_eq!(proves(failed), expected, "{status} {code}");
    }
}

#[tokio::test]
async fn all_tries_together_take_no_longer_than_they_may() {
    let server = Server::start((0..9).map(|_| Act::Silence)).await;
    let config = StripeConfig {
        retries: Retries {
            at_most: 9,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(1),
            budget: Duration::from_millis(400),
        },
        ..config(&server.base)
    };
    let gateway = StripeGateway::new(config, Arc::new(Middle)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "it is real time that is spent")]
    let begun = Instant::now();
    let failed = send_open(&gateway).await;
    assert_eq!(proves(failed), (Proves::Nothing, FaultKind::Timeout));
    // One try alone may take five seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
}
