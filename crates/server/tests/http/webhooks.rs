//! What gateways post: only what they signed is kept, and whatever is kept is answered with a success.

use std::time::{SystemTime, UNIX_EPOCH};

use bayar_app::port::store::{Page, StoredWebhook, WebhookFilter, WebhookId, WebhookStatus};
use serde_json::{Value, json};

use crate::support::{Answer, Request, Server, eventually, exchange, get, post};

const SECRET: &str = "whsec_of_the_tests";
const MIDTRANS_KEY: &str = "SB-Mid-server-x";

/// Both addresses that Stripe may post to.
const STRIPE: [&str; 2] = ["/stripe/webhook", "/payment/webhook"];

fn server() -> Server {
    Server::with(&[("STRIPE_WEBHOOK_SECRET", SECRET)])
}

fn event(id: &str) -> Value {
    json!({
        "id": id, "object": "event", "type": "payment_intent.created", "livemode": false,
        "created": 1, "pending_webhooks": 1, "request": null,
        "data": { "object": { "id": "pi_1", "object": "payment_intent", "client_secret": "pi_1_secret_1" } },
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a gateway signs with the time of its own machine"
)]
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn v1(secret: &str, at: i64, body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let mut content = format!("{at}.").into_bytes();
    content.extend_from_slice(body);
    hex::encode(ring::hmac::sign(&key, &content))
}

/// An event as Stripe would sign it now.
fn signed(path: &str, body: impl Into<Vec<u8>>) -> Request {
    let body = body.into();
    let signature = format!("t={},v1={}", now(), v1(SECRET, now(), &body));
    post(path)
        .header("Stripe-Signature", signature)
        .header("User-Agent", "Stripe/1.0")
        .body("application/json", body)
}

/// A notification as Midtrans would sign it.
fn note(status: &str, key: &str) -> Value {
    let (order, code, gross) = ("order-of-nobody", "200", "10000.00");
    let content = format!("{order}{code}{gross}{key}");
    let digest = ring::digest::digest(&ring::digest::SHA512, content.as_bytes());
    json!({
        "order_id": order, "status_code": code, "gross_amount": gross, "signature_key": hex::encode(digest),
        "transaction_id": "57d5293c", "transaction_status": status, "payment_type": "gopay",
        "masked_card": "48111111-1114", "merchant_id": "G141532850",
    })
}

fn must_be_kept(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({ "received": true }));
}

/// All webhooks that are kept, oldest first.
fn kept(server: &Server) -> Vec<StoredWebhook> {
    let store = server.app().store();
    let page = Page {
        number: 1,
        size: 100,
    };
    let filter = WebhookFilter::default();
    let found = server.wait(store.webhooks(&filter, page)).unwrap();
    let ids = found.entries.iter().rev().map(|entry| entry.id);
    ids.map(|id| server.wait(store.webhook(id)).unwrap().unwrap())
        .collect()
}

/// Where a webhook stands once somebody has worked on it.
fn end_of(server: &Server, id: WebhookId) -> (WebhookStatus, Option<String>) {
    eventually("it is worked on", || {
        let store = server.app().store();
        let entry = server.wait(store.webhook(id)).unwrap().unwrap().entry;
        let is_worked_on = entry.status != WebhookStatus::Received || entry.fault.is_some();
        is_worked_on.then_some((entry.status, entry.fault))
    })
}

#[test]
fn what_stripe_signed_is_kept_to_the_last_byte() {
    let server = server();
    for (number, path) in STRIPE.into_iter().enumerate() {
        // Blanks and all: nothing is written anew.
        let body = format!("  {}\n", event(&format!("evt_{number}")));
        let request = signed(path, body.clone());
        must_be_kept(&request.send(&server));
        let kept = kept(&server);
        let webhook = &kept[number];
        assert_eq!(webhook.body, body.as_bytes());
        assert_eq!(webhook.entry.key, format!("evt_{number}"));
        assert_eq!(webhook.entry.kind, "payment_intent.created");
        let headers: Value = serde_json::from_str(&webhook.headers).unwrap();
        assert_eq!(headers["user-agent"], "Stripe/1.0");
        assert!(headers["stripe-signature"].is_string());
    }
}

#[test]
fn what_midtrans_signed_is_kept() {
    let server = server();
    let body = note("settlement", MIDTRANS_KEY);
    let request = post("/midtrans/notification").json(&body);
    must_be_kept(&request.send(&server));
    let kept = kept(&server);
    assert_eq!(kept[0].body, body.to_string().into_bytes());
    assert_eq!(kept[0].entry.kind, "settlement");
    // Nobody knows of the order, and it waits.
    let end = end_of(&server, kept[0].entry.id);
    assert_eq!(
        end,
        (WebhookStatus::Unmatched, Some("unmatched".to_owned()))
    );
}

#[test]
fn the_same_webhook_is_kept_once() {
    let server = server();
    for _ in 0..3 {
        for path in STRIPE {
            must_be_kept(&signed(path, event("evt_1").to_string()).send(&server));
        }
        let body = note("settlement", MIDTRANS_KEY);
        must_be_kept(&post("/midtrans/notification").json(&body).send(&server));
    }
    assert_eq!(kept(&server).len(), 2);
}

#[test]
fn what_stripe_did_not_sign_is_turned_away() {
    let server = server();
    let body = event("evt_1").to_string();
    let right = v1(SECRET, now(), body.as_bytes());
    let at = now();
    let (past, future) = (at - 400, at + 400);
    for header in [
        String::new(),
        "t=1".to_owned(),
        format!("v1={right}"),
        format!("t={at},v0={right}"),
        format!("t={at},v1={}", v1("whsec_of_somebody", at, body.as_bytes())),
        format!("t={at},v1={}", v1("", at, body.as_bytes())),
        format!("t={past},v1={}", v1(SECRET, past, body.as_bytes())),
        format!("t={future},v1={}", v1(SECRET, future, body.as_bytes())),
        format!("t={past},v1={right}"),
    ] {
        let request = post(STRIPE[0]).header("Stripe-Signature", &header);
        let answer = request.body("application/json", body.clone()).send(&server);
        let problem = answer.problem(400, "invalid_request");
        // Whoever sent it learns nothing about why.
        assert_eq!(problem["detail"], "The request cannot be read", "{header}");
    }
    let bare = post(STRIPE[0]).body("application/json", body.clone());
    bare.send(&server).problem(400, "invalid_request");
    // One byte less than was signed.
    let signature = format!("t={},v1={}", now(), v1(SECRET, now(), body.as_bytes()));
    let short = &body[..body.len() - 1];
    let truncated = post(STRIPE[0])
        .header("Stripe-Signature", signature)
        .body("application/json", short);
    truncated.send(&server).problem(400, "invalid_request");
    assert!(kept(&server).is_empty());
}

#[test]
fn what_midtrans_did_not_sign_is_turned_away() {
    let server = server();
    let mut edited = note("settlement", MIDTRANS_KEY);
    edited["gross_amount"] = json!("1.00");
    let mut unsigned = note("settlement", MIDTRANS_KEY);
    unsigned.as_object_mut().unwrap().remove("signature_key");
    for body in [
        note("settlement", "SB-Mid-server-of-somebody"),
        note("settlement", ""),
        edited,
        unsigned,
        json!({}),
        json!([]),
    ] {
        let answer = post("/midtrans/notification").json(&body).send(&server);
        answer.problem(400, "invalid_request");
    }
    let garbage = post("/midtrans/notification").body("application/json", "{\"order_id\":");
    garbage.send(&server).problem(400, "invalid_request");
    assert!(kept(&server).is_empty());
}

#[test]
fn any_of_several_secrets_and_any_of_several_signatures_will_do() {
    let server = Server::with(&[
        ("STRIPE_WEBHOOK_SECRET", "whsec_old,whsec_new"),
        ("MIDTRANS_NOTIFICATION_KEYS", "first-key,second-key"),
    ]);
    for (number, secret) in ["whsec_old", "whsec_new"].into_iter().enumerate() {
        let body = event(&format!("evt_{number}")).to_string();
        let at = now();
        let (theirs, ours) = (
            v1("whsec_third", at, body.as_bytes()),
            v1(secret, at, body.as_bytes()),
        );
        let header = format!("t={at},v1={theirs},v1={ours}");
        let request = post(STRIPE[0]).header("Stripe-Signature", header);
        must_be_kept(&request.body("application/json", body).send(&server));
    }
    for (status, key) in [("pending", "first-key"), ("settlement", "second-key")] {
        let request = post("/midtrans/notification").json(&note(status, key));
        must_be_kept(&request.send(&server));
    }
    // The key of the API signs nothing where others are named.
    let request = post("/midtrans/notification").json(&note("expire", MIDTRANS_KEY));
    request.send(&server).problem(400, "invalid_request");
    assert_eq!(kept(&server).len(), 4);
}

#[test]
fn without_a_secret_nothing_is_believed_and_it_is_to_be_sent_again() {
    let server = Server::start();
    for path in STRIPE {
        for request in [
            signed(path, event("evt_1").to_string()),
            post(path).json(&json!({})),
        ] {
            let answer = request.send(&server);
            answer.problem(503, "service_unavailable");
            assert!(answer.header("retry-after").is_some());
        }
    }
    let server = Server::with(&[("MIDTRANS_SERVER_KEY", "")]);
    let request = post("/midtrans/notification").json(&note("settlement", MIDTRANS_KEY));
    request.send(&server).problem(503, "service_unavailable");
    let empty = post("/midtrans/notification").json(&note("settlement", ""));
    empty.send(&server).problem(503, "service_unavailable");
    assert!(kept(&server).is_empty());
}

#[test]
fn a_webhook_may_hold_512_kib_and_no_more() {
    let server = server();
    let sized = |id: &str, bytes: usize| {
        let mut event = event(id);
        event["padding"] = json!("");
        let rest = bytes - event.to_string().len();
        event["padding"] = json!("x".repeat(rest));
        let body = event.to_string();
        assert_eq!(body.len(), bytes);
        body
    };
    must_be_kept(&signed(STRIPE[0], sized("evt_1", 512 * 1024)).send(&server));
    let answer = signed(STRIPE[0], sized("evt_2", 512 * 1024 + 1)).send(&server);
    answer.problem(413, "payload_too_large");
    assert_eq!(kept(&server).len(), 1);
}

#[test]
fn a_webhook_that_breaks_off_is_not_kept() {
    let server = server();
    let bytes = signed(STRIPE[0], event("evt_1").to_string()).bytes();
    let short = &bytes[..bytes.len() - 10];
    let address = server.address();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut stream, short).unwrap();
    drop(stream);
    // Nothing of it is there by the time another one is.
    must_be_kept(&signed(STRIPE[0], event("evt_2").to_string()).send(&server));
    let keys: Vec<_> = kept(&server).into_iter().map(|it| it.entry.key).collect();
    assert_eq!(keys, ["evt_2"]);
}

#[test]
fn what_cannot_be_read_is_kept_and_parked() {
    let server = server();
    for body in [
        &b"no json"[..],
        b"",
        b"{}",
        b"\xff\xfe\x00",
        b"[1]",
        b"null",
    ] {
        let request = signed(STRIPE[0], body);
        must_be_kept(&request.send(&server));
        must_be_kept(&request.send(&server));
    }
    let kept = kept(&server);
    assert_eq!(kept.len(), 6);
    for webhook in kept {
        assert_eq!(webhook.entry.kind, "unreadable");
        let end = end_of(&server, webhook.entry.id);
        let unreadable = Some("unreadable".to_owned());
        assert_eq!(end, (WebhookStatus::Parked, unreadable));
    }
}

#[test]
fn a_type_that_we_do_not_act_on_is_ignored_and_never_processed() {
    let server = server();
    for (number, kind) in ["payment_intent.created", "customer.created", "brand.new"]
        .into_iter()
        .enumerate()
    {
        let mut event = event(&format!("evt_{number}"));
        event["type"] = json!(kind);
        must_be_kept(&signed(STRIPE[0], event.to_string()).send(&server));
    }
    for webhook in kept(&server) {
        let end = end_of(&server, webhook.entry.id);
        let unknown = Some("unknown_type".to_owned());
        assert_eq!(end, (WebhookStatus::Ignored, unknown));
    }
}

#[test]
fn what_is_about_another_account_or_another_world_is_put_aside() {
    let server = Server::with(&[
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_ACCOUNT_ID", "acct_1"),
        ("MIDTRANS_MERCHANT_ID", "G000000001"),
    ]);
    let mut live = event("evt_1");
    live["livemode"] = json!(true);
    let mut other = event("evt_1");
    other["account"] = json!("acct_2");
    let mut ours = event("evt_1");
    ours["account"] = json!("acct_1");
    for event in [&live, &other, &ours] {
        must_be_kept(&signed(STRIPE[0], event.to_string()).send(&server));
    }
    let note = note("settlement", MIDTRANS_KEY);
    must_be_kept(&post("/midtrans/notification").json(&note).send(&server));
    let ends: Vec<_> = kept(&server)
        .iter()
        .map(|webhook| end_of(&server, webhook.entry.id))
        .map(|(status, fault)| (status, fault.unwrap()))
        .collect();
    let end = |status, fault: &str| (status, fault.to_owned());
    assert_eq!(
        ends,
        [
            end(WebhookStatus::Quarantined, "other_mode"),
            end(WebhookStatus::Quarantined, "other_account"),
            end(WebhookStatus::Ignored, "unknown_type"),
            end(WebhookStatus::Quarantined, "other_account"),
        ]
    );
}

#[test]
fn what_another_installation_began_is_ignored() {
    let server = server();
    let mut theirs = event("evt_1");
    theirs["type"] = json!("checkout.session.completed");
    theirs["data"]["object"] = json!({
        "object": "checkout.session", "payment_status": "paid",
        "metadata": {
            "bayar_installation": "somebody1", "bayar_attempt": "1", "bayar_call": "by-somebody1-00",
        },
    });
    must_be_kept(&signed(STRIPE[0], theirs.to_string()).send(&server));
    // What carries no mark at all may be ours one day.
    let mut unmarked = event("evt_2");
    unmarked["type"] = json!("payment_intent.succeeded");
    must_be_kept(&signed(STRIPE[0], unmarked.to_string()).send(&server));
    let ends: Vec<_> = kept(&server)
        .iter()
        .map(|webhook| end_of(&server, webhook.entry.id).0)
        .collect();
    assert_eq!(ends, [WebhookStatus::Ignored, WebhookStatus::Unmatched]);
}

#[test]
fn webhooks_meet_no_limit() {
    let server = Server::with(&[
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("RATE_LIMIT_API", "1/min"),
    ]);
    for number in 0..20 {
        let answer = signed(STRIPE[0], event(&format!("evt_{number}")).to_string()).send(&server);
        must_be_kept(&answer);
        assert_eq!(answer.header("x-ratelimit-limit"), None);
    }
}

#[test]
fn a_webhook_is_posted_and_nothing_else() {
    let server = server();
    for path in [STRIPE[0], STRIPE[1], "/midtrans/notification"] {
        let answer = get(path).send(&server);
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("POST"));
        let nothing = exchange(&server, &post(path).bytes());
        nothing.problem(400, "invalid_request");
    }
}

#[test]
fn operators_see_webhooks_without_what_they_say() {
    let server = server();
    must_be_kept(&signed(STRIPE[0], event("evt_1").to_string()).send(&server));
    must_be_kept(&signed(STRIPE[0], "no json").send(&server));
    for webhook in kept(&server) {
        end_of(&server, webhook.entry.id);
    }
    let operator = server.operator();
    let path = "/api/v1/ops/webhooks";
    let list = |query: &str| {
        let request = get(&format!("{path}{query}")).bearer(&operator.token);
        request.send(&server)
    };
    let all = list("");
    assert_eq!(all.status, 200, "{}", all.text());
    assert_eq!(all.header("cache-control"), Some("no-store"));
    assert!(!all.text().contains("secret"), "{}", all.text());
    let told = all.json();
    assert_eq!(
        told["meta"],
        json!({ "page": 1, "per_page": 15, "total": 2 })
    );
    assert_eq!(told["data"][0]["status"], "parked");
    assert_eq!(told["data"][1]["event_id"], "evt_1");
    assert_eq!(told["data"][1]["gateway"], "stripe");
    let parked = list("?status=parked&gateway=stripe&per_page=1").json();
    assert_eq!(parked["meta"]["total"], 1);
    assert_eq!(parked["data"][0]["fault"], "unreadable");
    assert_eq!(list("?gateway=midtrans").json()["meta"]["total"], 0);
    assert_eq!(
        list("?status=lost&gateway=x&page=0").wrong_fields().len(),
        3
    );
    assert_eq!(list("?what=ever").wrong_fields(), ["what"]);

    for token in [&server.customer().token, server.service()] {
        let request = get(path).bearer(token);
        request.send(&server).problem(403, "forbidden");
    }
    get(path).send(&server).problem(401, "unauthorized");
}

#[test]
fn webhooks_are_counted() {
    let server = server();
    let request = signed(STRIPE[0], event("evt_counted").to_string());
    must_be_kept(&request.send(&server));
    must_be_kept(&request.send(&server));
    let forged = post(STRIPE[0]).json(&event("evt_forged"));
    forged.send(&server).problem(400, "invalid_request");
    end_of(&server, kept(&server)[0].entry.id);
    for line in [
        r#"bayar_webhooks_total{gateway="stripe",outcome="received"}"#,
        r#"bayar_webhooks_total{gateway="stripe",outcome="duplicate"}"#,
        r#"bayar_webhooks_total{gateway="stripe",outcome="refused"}"#,
        r#"bayar_webhooks_total{gateway="stripe",outcome="ignored"}"#,
        r#"bayar_webhooks_refused_total{gateway="stripe",reason="unsigned"}"#,
    ] {
        eventually(line, || {
            let figures = get("/metrics").send(&server);
            figures.text().contains(line).then_some(())
        });
    }
}
