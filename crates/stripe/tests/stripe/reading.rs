//! What is read of Stripe's book.

use bayar_app::port::gateway::{Door, FaultKind, PaymentGateway as _, Reading};
use bayar_domain::fact::Proof;
use bayar_domain::gateway::{CaptureId, Reason, TryId};
use bayar_domain::{Currency, Money};
use serde_json::{Value, json};

use crate::fixtures::{
    NOW, Proves, Where, at, charge, error, gateway, intent, list, paid_session, patched, php,
    proves, session,
};
use crate::server::{Server, answer};

async fn read(place: &Where, script: &[Value]) -> Reading {
    let server = Server::start(script.iter().map(|body| answer(200, body))).await;
    let reading = gateway(&server).read(&place.place()).await.unwrap();
    assert!(server.is_over());
    assert!(server.seen().iter().all(|seen| seen.method == "GET"));
    reading
}

async fn read_known(script: &[Value]) -> Reading {
    read(&Where::known(), script).await
}

async fn refused(script: &[Value]) -> (Proves, FaultKind, String) {
    let server = Server::start(script.iter().map(|body| answer(200, body))).await;
    let failed = gateway(&server)
        .read(&Where::known().place())
        .await
        .unwrap_err();
    let code = failed.fault().code.clone().unwrap();
    let (proves, kind) = proves::<()>(Err(failed));
    (proves, kind, code)
}

fn capture() -> CaptureId {
    CaptureId::new("pi_1").unwrap()
}

fn captured(minor: i64) -> Proof {
    Proof::Captured {
        capture: capture(),
        amount: php(minor),
    }
}

fn nothing() -> Value {
    list(vec![], false)
}

fn with_intent(status: &str, payment_status: &str, intent: Value) -> Value {
    let url = if status == "open" {
        json!("https://checkout.example/cs_test_1")
    } else {
        json!(null)
    };
    patched(
        session(),
        json!({
            "status": status, "payment_status": payment_status, "payment_intent": intent, "url": url,
        }),
    )
}

#[tokio::test]
async fn an_open_session_can_be_paid() {
    let reading = read_known(&[session()]).await;
    assert_eq!(reading.door, Door::Open);
    assert_eq!(reading.proofs, []);
    assert_eq!(reading.names, ["cs_test_1"]);
    assert!(reading.is_ours);
    assert_eq!(reading.status, "open, unpaid");
    assert_eq!(reading.receipt_url, None);
    let told = reading.session.unwrap();
    assert_eq!(told.url, "https://checkout.example/cs_test_1");
    assert_eq!(told.expires_at, at(3_600));
}

#[tokio::test]
async fn a_paid_session_proves_the_money_by_its_intent() {
    let server = Server::start([answer(200, &paid_session()), answer(200, &nothing())]).await;
    let reading = gateway(&server)
        .read(&Where::known().place())
        .await
        .unwrap();
    assert_eq!(reading.door, Door::Paid);
    assert_eq!(reading.proofs, [(captured(560_000), at(20))]);
    assert_eq!(reading.names, ["cs_test_1", "pi_1", "ch_1"]);
    assert_eq!(reading.status, "complete, paid, succeeded");
    assert_eq!(
        reading.receipt_url.as_deref(),
        Some("https://pay.example/receipts/1")
    );
    // Where to pay is not told any more: what was known is.
    assert_eq!(reading.session, Where::known().session);

    let seen = server.seen();
    let targets: Vec<_> = seen
        .iter()
        .map(|seen| seen.target.replace("%5B", "[").replace("%5D", "]"))
        .collect();
    assert_eq!(
        targets,
        [
            "/v1/checkout/sessions/cs_test_1?expand[0]=payment_intent.latest_charge",
            "/v1/refunds?limit=100&payment_intent=pi_1",
        ]
    );
}

#[tokio::test]
async fn what_is_named_and_not_shown_is_asked_for() {
    let bare = with_intent("complete", "paid", json!("pi_1"));
    let paid = intent(
        "succeeded",
        json!({"amount_received": 560_000, "latest_charge": "ch_1"}),
    );
    let reading = read_known(&[bare, paid, charge(), nothing()]).await;
    assert_eq!(reading.proofs, [(captured(560_000), at(20))]);
    assert_eq!(reading.names, ["cs_test_1", "pi_1", "ch_1"]);
}

#[tokio::test]
async fn money_that_is_in_counts_whatever_the_session_says() {
    for status in ["open", "expired"] {
        let paid = intent(
            "succeeded",
            json!({"amount_received": 559_999, "latest_charge": charge()}),
        );
        let reading = read_known(&[with_intent(status, "unpaid", paid), nothing()]).await;
        assert_eq!(reading.door, Door::Paid, "{status}");
        assert_eq!(reading.proofs, [(captured(559_999), at(20))], "{status}");
    }
}

#[tokio::test]
async fn an_amount_is_told_in_its_own_currency_or_not_at_all() {
    let paid = |received: Value, currency: Value| {
        let with =
            json!({"amount_received": received, "currency": currency, "latest_charge": charge()});
        with_intent("complete", "paid", intent("succeeded", with))
    };
    let reading = read_known(&[paid(json!(50_000), json!("isk")), nothing()]).await;
    let Proof::Captured { amount, .. } = &reading.proofs[0].0 else {
        panic!("{reading:?}")
    };
    assert_eq!(*amount, Money::new(500, Currency::Isk));

    for (received, currency, code) in [
        (json!(50_001), json!("isk"), "inexact_amount"),
        (json!(1), json!("zzz"), "inexact_amount"),
        (json!(null), json!("php"), "no_amount"),
        (json!(1), json!(null), "no_amount"),
        (json!(0), json!("php"), "paid_nothing"),
        (json!(1.5), json!("php"), "unreadable_answer"),
    ] {
        let told = refused(&[paid(received.clone(), currency), nothing()]).await;
        assert_eq!(
            told,
            (Proves::Nothing, FaultKind::Garbage, code.to_owned()),
            "{received}"
        );
    }
}

#[tokio::test]
async fn a_completed_session_waits_until_the_money_is_in_or_will_not_be() {
    for status in [
        "processing",
        "requires_action",
        "requires_capture",
        "brand_new",
    ] {
        let waiting = with_intent("complete", "unpaid", intent(status, json!({})));
        let reading = read_known(&[waiting]).await;
        assert_eq!(reading.door, Door::Waiting, "{status}");
        assert_eq!(reading.proofs, [], "{status}");
    }
    let failed = intent(
        "requires_payment_method",
        json!({
            "latest_charge": charge(),
            "last_payment_error": {"code": "payment_intent_payment_attempt_failed", "charge": "ch_1"},
        }),
    );
    let reading = read_known(&[with_intent("complete", "unpaid", failed)]).await;
    assert_eq!(reading.door, Door::Shut);
    let reason = Reason::new("payment_intent_payment_attempt_failed").unwrap();
    let payment_try = TryId::new("ch_1").unwrap();
    let declined = Proof::Declined {
        payment_try,
        reason: reason.clone(),
    };
    let expected = [(declined, at(20)), (Proof::Failed { reason }, at(20))];
    assert_eq!(reading.proofs, expected);

    let canceled = with_intent("complete", "unpaid", intent("canceled", json!({})));
    let reading = read_known(&[canceled]).await;
    assert_eq!(reading.door, Door::Shut);
    let reason = Reason::new("canceled").unwrap();
    assert_eq!(reading.proofs, [(Proof::Failed { reason }, at(10))]);
}

#[tokio::test]
async fn an_expired_session_is_shut_unless_money_is_on_its_way() {
    let expired = patched(session(), json!({"status": "expired", "url": null}));
    let reading = read_known(&[expired]).await;
    assert_eq!(reading.door, Door::Shut);
    // It was closed before its time, some time before now.
    assert_eq!(reading.proofs, [(Proof::Expired, at(60))]);

    let under_way = with_intent("expired", "unpaid", intent("processing", json!({})));
    let reading = read_known(&[under_way]).await;
    assert_eq!(reading.door, Door::Waiting);
    assert_eq!(reading.proofs, []);
}

#[tokio::test]
async fn a_declined_try_leaves_the_session_open() {
    let method = json!({"id": "pm_1"});
    for (with, name) in [
        (
            json!({"code": "card_declined", "decline_code": "do_not_honor", "charge": "ch_9"}),
            "ch_9",
        ),
        (
            json!({"code": "card_declined", "decline_code": "do_not_honor", "payment_method": method}),
            "pi_1 pm_1",
        ),
        (
            json!({"code": "card_declined", "decline_code": "do_not_honor"}),
            "pi_1 card_declined, do_not_honor",
        ),
    ] {
        let with = patched(with, json!({"message": "Jane's card was declined."}));
        let declined = intent(
            "requires_payment_method",
            json!({"last_payment_error": with}),
        );
        let reading = read_known(&[with_intent("open", "unpaid", declined)]).await;
        assert_eq!(reading.door, Door::Open);
        let expected = Proof::Declined {
            payment_try: TryId::new(name).unwrap(),
            reason: Reason::new("card_declined, do_not_honor").unwrap(),
        };
        assert_eq!(reading.proofs, [(expected, at(10))]);
    }
}

#[tokio::test]
async fn what_is_not_ours_is_told_as_such() {
    for metadata in [
        json!({}),
        json!(null),
        json!({"bayar_installation": "hgfedcba", "bayar_attempt": "7"}),
        json!({"bayar_installation": "abcdefgh", "bayar_attempt": "8"}),
    ] {
        let reading = read_known(&[patched(session(), json!({"metadata": metadata}))]).await;
        assert!(!reading.is_ours, "{metadata}");
    }
}

#[tokio::test]
async fn nothing_is_proved_by_not_finding_it() {
    let missing = error("invalid_request_error", "resource_missing");
    let server = Server::start([answer(404, &missing)]).await;
    let reading = gateway(&server)
        .read(&Where::known().place())
        .await
        .unwrap();
    assert_eq!(reading.door, Door::Absent);
    assert_eq!(reading.proofs, []);
    assert!(!reading.is_ours);

    let foreign = patched(session(), json!({"metadata": {"bayar_attempt": "7"}}));
    let reading = read(&Where::unknown(), &[list(vec![foreign], false)]).await;
    assert_eq!(reading.door, Door::Absent);
    assert_eq!(reading.proofs, []);
}

#[tokio::test]
async fn a_session_that_nobody_knows_is_found_among_all_of_its_time() {
    let foreign = |id: &str| json!({"id": id, "metadata": {"bayar_attempt": "7", "a": 1}});
    let script = [
        list(vec![foreign("cs_9"), json!({"id": "cs_8"})], true),
        list(vec![session(), foreign("cs_0")], false),
        paid_session(),
        nothing(),
    ];
    let server = Server::start(script.iter().map(|body| answer(200, body))).await;
    let reading = gateway(&server)
        .read(&Where::unknown().place())
        .await
        .unwrap();
    assert_eq!(reading.door, Door::Paid);
    assert_eq!(reading.proofs, [(captured(560_000), at(20))]);
    assert!(reading.is_ours);
    assert_eq!(reading.session, None);

    let seen = server.seen();
    let target = |index: usize| {
        let target = seen[index].target.replace("%5B", "[").replace("%5D", "]");
        target
            .strip_prefix("/v1/checkout/sessions?")
            .unwrap()
            .to_owned()
    };
    let since = format!("created[gte]={}&limit=100", NOW - 600);
    assert_eq!(target(0), since);
    assert_eq!(target(1), format!("{since}&starting_after=cs_8"));

    // Long after, what is younger than the last try is not looked through.
    let old = Where {
        now: at(10 * 86_400),
        ..Where::unknown()
    };
    let server = Server::start([answer(200, &nothing())]).await;
    gateway(&server).read(&old.place()).await.unwrap();
    let until = NOW + 23 * 3_600 + 600;
    assert!(
        server.seen()[0].target.contains(&format!("lte%5D={until}"))
            || server.seen()[0].target.contains(&format!("lte]={until}"))
    );
}

#[tokio::test]
async fn two_sessions_of_one_attempt_are_told_together() {
    let second = patched(session(), json!({"id": "cs_test_2"}));
    let script = [
        list(vec![second.clone(), session()], false),
        second,
        paid_session(),
        nothing(),
    ];
    let reading = read(&Where::unknown(), &script).await;
    // It can still be paid, so it is to be closed; and what was paid through the other is not lost.
    assert_eq!(reading.door, Door::Open);
    assert_eq!(reading.session.unwrap().reference.as_str(), "cs_test_2");
    assert_eq!(reading.proofs, [(captured(560_000), at(20))]);
    assert_eq!(reading.names, ["cs_test_2", "cs_test_1", "pi_1", "ch_1"]);
}

#[tokio::test]
async fn an_attempt_is_not_over_while_one_of_its_sessions_is_open() {
    let expired = patched(session(), json!({"status": "expired", "url": null}));
    let second = patched(session(), json!({"id": "cs_test_2"}));
    let script = [
        list(vec![second.clone(), session()], false),
        second,
        expired.clone(),
    ];
    let reading = read(&Where::unknown(), &script).await;
    assert_eq!(reading.door, Door::Open);
    assert_eq!(reading.proofs, []);

    let both = patched(expired.clone(), json!({"id": "cs_test_2"}));
    let script = [list(vec![both.clone(), session()], false), both, expired];
    let reading = read(&Where::unknown(), &script).await;
    assert_eq!(reading.door, Door::Shut);
    assert_eq!(reading.proofs, [(Proof::Expired, at(60))]);
}

#[tokio::test]
async fn real_money_and_play_money_are_never_mixed() {
    let live = patched(session(), json!({"livemode": true}));
    let told = refused(&[live]).await;
    let expected = (
        Proves::Refused,
        FaultKind::Authentication,
        "livemode_mismatch".to_owned(),
    );
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_session_in_a_state_that_nobody_knows_is_not_guessed_at() {
    for (with, code) in [
        (json!({"status": "brand_new"}), "unknown_session_status"),
        (json!({"status": null}), "unknown_session_status"),
        (
            json!({"status": "complete", "payment_status": "paid"}),
            "paid_by_nothing",
        ),
        (
            json!({"status": "complete", "payment_status": "no_payment_required"}),
            "paid_by_nothing",
        ),
    ] {
        let told = refused(&[patched(session(), with)]).await;
        assert_eq!(told, (Proves::Nothing, FaultKind::Garbage, code.to_owned()));
    }
}
