//! Who we are.

use bayar_app::port::gateway::{CallError, FaultKind, PaymentGateway as _};
use bayar_domain::gateway::AccountRef;

use super::support::{Fixture, Reply, Server, transaction};

fn reply(http: u16, body: &str) -> Reply {
    Reply::Of(http, body.to_owned())
}

#[tokio::test]
async fn a_key_is_right_when_nobody_is_found_under_a_name_that_cannot_be() {
    let missing = r#"{"status_code":"404","status_message":"Transaction doesn't exist.","id":"a"}"#;
    let server = Server::of([reply(200, missing), reply(404, missing)]).await;
    let fixture = Fixture::at(&server);
    let report = fixture.gateway.check().await.unwrap();
    assert_eq!(report.source, fixture.source);
    assert_eq!(fixture.gateway.source().await.unwrap(), fixture.source);
    fixture.gateway.check().await.unwrap();
    let lines = server.lines();
    assert!(lines[0].starts_with("GET /v2/check-"), "{lines:?}");
    assert!(lines[0].ends_with("/status"), "{lines:?}");
    assert_ne!(lines[0], lines[1], "a new name each time");
}

#[tokio::test]
async fn a_wrong_key_is_told() {
    for (http, body) in [(401, "{}"), (200, r#"{"status_code":"401"}"#)] {
        let server = Server::of([reply(http, body)]).await;
        let error = Fixture::at(&server).gateway.check().await.unwrap_err();
        assert!(matches!(error, CallError::Refused(_)), "{error:?}");
        assert_eq!(error.fault().kind, FaultKind::Authentication);
    }
}

#[tokio::test]
async fn a_page_of_some_other_server_proves_no_key() {
    for reply in [
        reply(404, "{}"),
        reply(200, "{}"),
        reply(200, "<html>"),
        reply(404, "<html>"),
    ] {
        let script = vec![reply; 3];
        let server = Server::of(script).await;
        let error = Fixture::at(&server).gateway.check().await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
    }
}

#[tokio::test]
async fn another_merchant_is_refused() {
    let other = transaction("settlement", r#""merchant_id":"G999""#);
    let server = Server::of([Reply::Of(200, other)]).await;
    let fixture = Fixture::at(&server);
    let error = fixture.gateway.read(&fixture.place()).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(_)), "{error:?}");
    assert_eq!(error.fault().code.as_deref(), Some("other_merchant"));
    assert_eq!(error.fault().kind, FaultKind::Authentication);
}

#[tokio::test]
async fn money_of_another_account_is_not_asked_about() {
    let server = Server::of([]).await;
    let mut fixture = Fixture::at(&server);
    fixture.source.account = AccountRef::new("key-0123456789abcdef").unwrap();
    let error = fixture.gateway.read(&fixture.place()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    assert_eq!(error.fault().code.as_deref(), Some("other_account"));
    assert!(server.seen().is_empty());
}
