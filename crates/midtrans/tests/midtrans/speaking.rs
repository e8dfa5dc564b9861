//! Time-outs, trouble, and trying again.

use bayar_app::port::gateway::{CallError, Fault, FaultKind, PaymentGateway as _};
use bayar_app::port::store::Operation;
use std::time::Duration;
use tokio::net::TcpListener;

use super::support::{Fixture, KEY, Reply, Server, TOKEN, request, transaction};

const CREATE: &str = r#"{"expiry":{"start_time":"2025-07-18 11:07:00 +0700","unit":"minute","duration":60},"page_expiry":{"duration":45,"unit":"minute"},"an":"y"}"#;

fn html(status: u16) -> Reply {
    Reply::Of(status, "<html><body>Bad Gateway</body></html>".to_owned())
}

#[tokio::test]
async fn every_try_carries_the_same_bytes_and_the_same_key() {
    let created = format!(r#"{{"token":"{TOKEN}","redirect_url":"https://snap.example"}}"#);
    let server = Server::of([html(502), Reply::Drop, Reply::Of(201, created)]).await;
    let fixture = Fixture::at(&server);
    let request = request("/snap/v1/transactions", CREATE);
    fixture.send(Operation::Open, &request).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for one in &seen {
        assert_eq!(one.body, CREATE);
        assert_eq!(one.header("idempotency-key"), Some(KEY));
        assert_eq!(one.line, seen[0].line);
    }
}

#[tokio::test]
async fn what_is_no_clear_answer_is_unknown() {
    let five = || Reply::Of(200, r#"{"status_code":"503","id":"x"}"#.to_owned());
    let cut = || Reply::Cut(r#"{"token":"a"#.to_owned());
    let broken = || Reply::Of(201, r#"{"token":"a"#.to_owned());
    for (reply, kind) in [
        (html(502), FaultKind::Api),
        (Reply::Of(500, "{}".to_owned()), FaultKind::Api),
        (five(), FaultKind::Api),
        (html(200), FaultKind::Garbage),
        (html(404), FaultKind::Garbage),
        (broken(), FaultKind::Garbage),
        (cut(), FaultKind::Connection),
        (Reply::Drop, FaultKind::Connection),
        (Reply::Hang, FaultKind::Timeout),
    ] {
        let shown = format!("{reply:?}");
        let server = Server::of(vec![reply; 3]).await;
        let fixture = Fixture::at(&server);
        let request = request("/snap/v1/transactions", CREATE);
        let error = fixture.send(Operation::Open, &request).await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{shown}: {error:?}");
        assert_eq!(error.fault().kind, kind, "{shown}");
        assert_eq!(server.seen().len(), 3, "{shown}");
    }
}

#[tokio::test]
async fn a_refused_connection_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let fixture = Fixture::at_base(&base);
    let request = request("/snap/v1/transactions", CREATE);
    let error = fixture.send(Operation::Open, &request).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    assert_eq!(error.fault().kind, FaultKind::Connection);
    let error = fixture.gateway.read(&fixture.place()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn a_secure_connection_that_is_not_made_was_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let closing = tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    let fixture = Fixture::at_base(&base);
    let request = request("/snap/v1/transactions", CREATE);
    let error = fixture.send(Operation::Open, &request).await.unwrap_err();
    closing.abort();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    assert_eq!(error.fault().kind, FaultKind::Connection);
}

#[tokio::test]
async fn too_many_requests_were_not_looked_at_and_are_not_sent_again_at_once() {
    let limited = Reply::With(429, "retry-after: 30", "slow down".to_owned());
    let in_body = Reply::Of(200, r#"{"status_code":"429"}"#.to_owned());
    for (reply, wait) in [(limited, Some(Duration::from_secs(30))), (in_body, None)] {
        let server = Server::of([reply]).await;
        let fixture = Fixture::at(&server);
        let request = request("/snap/v1/transactions", CREATE);
        let error = fixture.send(Operation::Open, &request).await.unwrap_err();
        assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
        assert_eq!(error.fault().kind, FaultKind::RateLimit);
        assert_eq!(error.fault().retry_after, wait);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn what_was_unclear_once_is_unknown_however_it_ends() {
    let limited = Reply::Of(429, "slow down".to_owned());
    let server = Server::of([Reply::Hang, limited]).await;
    let fixture = Fixture::at(&server);
    let request = request("/snap/v1/transactions", CREATE);
    let error = fixture.send(Operation::Open, &request).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn reading_is_tried_again() {
    let found = Reply::Of(200, transaction("settlement", ""));
    let server = Server::of([Reply::Hang, html(503), found]).await;
    let fixture = Fixture::at(&server);
    let reading = fixture.gateway.read(&fixture.place()).await.unwrap();
    assert_eq!(reading.status, "settlement");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect() {
    let elsewhere = Server::of([]).await;
    let header: &'static str =
        Box::leak(format!("location: {}/v2", elsewhere.base).into_boxed_str());
    let server = Server::of(vec![Reply::With(307, header, String::new()); 3]).await;
    let fixture = Fixture::at(&server);
    let error = fixture.gateway.read(&fixture.place()).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_for_ever() {
    let huge = Reply::Of(200, format!(r#"{{"a":"{}"}}"#, "x".repeat(3 << 20)));
    let server = Server::of(vec![huge; 3]).await;
    let fixture = Fixture::at(&server);
    let error = fixture.gateway.read(&fixture.place()).await.unwrap_err();
    assert_eq!(error.fault().kind, FaultKind::Garbage);
}

#[tokio::test]
async fn all_requests_of_one_call_end_in_time() {
    let found = Reply::Of(200, transaction("pending", ""));
    let server = Server::of([found, Reply::Hang]).await;
    let fixture = Fixture::within(&server.base, Duration::from_millis(200));
    let request = fixture.gateway.to_close(&fixture.place()).unwrap();
    let error = fixture.send(Operation::Close, &request).await.unwrap_err();
    assert_eq!(error, CallError::Unknown(Fault::of(FaultKind::Timeout)));
    assert_eq!(server.seen().len(), 2, "it was not asked again");
}
