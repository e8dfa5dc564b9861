//! Who we are to Stripe.

use std::sync::Arc;

use bayar_app::port::gateway::{FaultKind, PaymentGateway as _};
use bayar_domain::gateway::AccountRef;
use bayar_stripe::{StripeConfig, StripeGateway};
use serde_json::{Value, json};

use crate::fixtures::{Middle, Proves, config, error, gateway, proves, source};
use crate::server::{Server, answer};

fn account() -> Value {
    json!({"id": "acct_1", "object": "account", "business_profile": {"name": "Shop"}})
}

fn configured(server: &Server, name: &str) -> StripeGateway {
    let config = StripeConfig {
        account: Some(AccountRef::new(name).unwrap()),
        ..config(&server.base)
    };
    StripeGateway::new(config, Arc::new(Middle)).unwrap()
}

#[tokio::test]
async fn the_account_is_asked_for_once() {
    let server = Server::start([answer(200, &account())]).await;
    let gateway = gateway(&server);
    assert_eq!(gateway.source().await, Ok(source()));
    assert_eq!(gateway.source().await, Ok(source()));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].method.as_str(), seen[0].target.as_str()),
        ("GET", "/v1/account")
    );
    assert_eq!(seen[0].header("idempotency-key"), None);
}

#[tokio::test]
async fn a_failure_is_not_remembered() {
    let denied = error("invalid_request_error", "api_key_expired");
    let server = Server::start([answer(401, &denied), answer(200, &account())]).await;
    let gateway = gateway(&server);
    let failed = gateway.source().await;
    assert_eq!(proves(failed), (Proves::Refused, FaultKind::Authentication));
    assert_eq!(gateway.source().await, Ok(source()));
}

#[tokio::test]
async fn each_check_asks_anew() {
    let shown = json!({"id": "acct_1", "settings": {"dashboard": {"display_name": "Shown"}}});
    let bare = json!({"id": "acct_1", "business_profile": 7, "settings": {"dashboard": null}});
    let script = [account(), shown, bare].map(|body| answer(200, &body));
    let server = Server::start(script).await;
    let gateway = gateway(&server);
    for name in [Some("Shop"), Some("Shown"), None] {
        let report = gateway.check().await.unwrap();
        assert_eq!(report.source, source());
        assert_eq!(report.name.as_deref(), name);
    }
    assert!(server.is_over());
}

#[tokio::test]
async fn a_configured_account_is_not_asked_for_and_is_checked() {
    let server = Server::start([answer(200, &account()), answer(200, &account())]).await;
    assert_eq!(configured(&server, "acct_1").source().await, Ok(source()));
    assert_eq!(server.connections(), 0);

    assert!(configured(&server, "acct_1").check().await.is_ok());
    let failed = configured(&server, "acct_2").check().await.unwrap_err();
    assert_eq!(failed.fault().code.as_deref(), Some("account_mismatch"));
    assert_eq!(
        proves::<()>(Err(failed)),
        (Proves::Refused, FaultKind::Authentication)
    );
}
