//! The lists that gateways keep, asked for through the use cases.

use bayar_app::port::gateway::{CallError, FaultKind};
use bayar_app::port::gateway_book::{Since, Window};
use bayar_domain::Gateway;
use bayar_domain::gateway::GatewayRefundId;
use chrono::{DateTime, Utc};

use crate::stage::Stage;

#[tokio::test]
async fn a_gateway_that_is_not_set_up_has_no_list() {
    let stage = Stage::new().await;
    let now = DateTime::from_timestamp(1_752_811_620, 0).unwrap();
    let (since, window) = asked(now);
    let refund = GatewayRefundId::new("re_1").unwrap();
    let app = &stage.app;
    let events = app.gateway_events(Gateway::Midtrans, &since).await;
    assert_eq!(events, Ok(None));
    let checkouts = app.gateway_checkouts(Gateway::Midtrans, &window).await;
    assert_eq!(checkouts, Ok(None));
    let refund = app.gateway_refund(Gateway::Midtrans, &refund).await;
    assert_eq!(refund, Ok(None));
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_no_empty_list() {
    let stage = Stage::new().await;
    let now = DateTime::from_timestamp(1_752_811_620, 0).unwrap();
    let (since, window) = asked(now);
    let refund = GatewayRefundId::new("re_1").unwrap();
    let app = &stage.app;
    let errors = [
        app.gateway_events(Gateway::Stripe, &since).await.err(),
        app.gateway_checkouts(Gateway::Stripe, &window).await.err(),
        app.gateway_refund(Gateway::Stripe, &refund).await.err(),
    ];
    for error in errors {
        let Some(CallError::NotSent(fault)) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(fault.kind, FaultKind::Connection);
    }
}

fn asked(now: DateTime<Utc>) -> (Since<'static>, Window<'static>) {
    let since = Since {
        cursor: None,
        begin: now,
        now,
    };
    let window = Window {
        from: now,
        to: now,
        after: None,
    };
    (since, window)
}
