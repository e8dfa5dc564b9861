use bayar_domain::gateway::Mode;
use secrecy::ExposeSecret;

use super::{KEY, LONG, faults_of, load, warnings_of, with};

const STRIPE: &[(&str, &str)] = &[
    ("STRIPE_SECRET_KEY", "sk_test_1"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
];
const LIVE_STRIPE: &[(&str, &str)] = &[
    ("STRIPE_SECRET_KEY", "rk_live_1"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
    ("PUBLIC_URL", "https://pay.example.com"),
    ("DATABASE_URL", "postgres://localhost/bayar"),
    ("APP_KEY", KEY),
    ("JWT_SECRET", LONG),
];
const LIVE_MIDTRANS: &[(&str, &str)] = &[
    ("MIDTRANS_SERVER_KEY", "Mid-server-1"),
    ("PUBLIC_URL", "https://pay.example.com"),
    ("DATABASE_URL", "postgres://localhost/bayar"),
    ("APP_KEY", KEY),
    ("JWT_SECRET", LONG),
];

#[test]
fn stripe_is_used_when_it_has_a_key() {
    let config = load(&with(
        STRIPE,
        &[
            ("STRIPE_SECRET_KEY", " sk_test_1\n"),
            ("STRIPE_PUBLIC_KEY", "pk_test_1"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_1, whsec_2"),
        ],
    ));
    let stripe = config.gateways.stripe.unwrap();
    assert_eq!(stripe.secret_key.expose_secret(), "sk_test_1");
    assert_eq!(stripe.public_key.as_deref(), Some("pk_test_1"));
    let secrets: Vec<_> = stripe
        .webhook_secrets
        .iter()
        .map(|secret| secret.expose_secret())
        .collect();
    assert_eq!(secrets, ["whsec_1", "whsec_2"]);
    assert_eq!(stripe.api_base.to_string(), "https://api.stripe.com");
    assert_eq!(stripe.mode, Mode::Test);
    assert!(config.gateways.midtrans.is_none());
}

#[test]
fn stripe_may_be_elsewhere() {
    let config = load(&with(
        STRIPE,
        &[("STRIPE_API_BASE", "http://127.0.0.1:9000/")],
    ));
    let stripe = config.gateways.stripe.unwrap();
    assert_eq!(stripe.api_base.to_string(), "http://127.0.0.1:9000");
}

#[test]
fn the_accounts_at_gateways_may_be_told() {
    let config = load(&with(
        STRIPE,
        &[
            ("STRIPE_ACCOUNT_ID", "acct_1A"),
            ("MIDTRANS_SERVER_KEY", "SB-Mid-server-1"),
            ("MIDTRANS_MERCHANT_ID", "G141532850"),
        ],
    ));
    let account = config.gateways.stripe.unwrap().account.unwrap();
    assert_eq!(account.as_str(), "acct_1A");
    let merchant = config.gateways.midtrans.unwrap().merchant.unwrap();
    assert_eq!(merchant.as_str(), "G141532850");
    assert!(load(STRIPE).gateways.stripe.unwrap().account.is_none());
}

#[test]
fn asking_a_gateway_longer_than_a_request_may_take_is_warned_of() {
    let short = [("REQUEST_TIMEOUT", "10s")];
    assert_eq!(
        warnings_of(&with(STRIPE, &short)),
        ["GATEWAY_TIMEOUT: is 10s, and REQUEST_TIMEOUT ends the request after 10s"]
    );
}

#[test]
fn the_mode_of_stripe_is_that_of_its_key() {
    let config = load(LIVE_STRIPE);
    assert_eq!(config.gateways.stripe.unwrap().mode, Mode::Live);
    assert_eq!(
        faults_of(&with(LIVE_STRIPE, &[("STRIPE_PUBLIC_KEY", "pk_test_1")])),
        ["STRIPE_PUBLIC_KEY: is a test key, and STRIPE_SECRET_KEY is a live key"]
    );
}

#[test]
fn a_live_stripe_key_needs_https() {
    let fault = "PUBLIC_URL: must begin with https:// because STRIPE_SECRET_KEY is a live key";
    for key in ["sk_live_1", "rk_live_1"] {
        for url in ["http://pay.example.com", "http://localhost", ""] {
            let more = [("STRIPE_SECRET_KEY", key), ("PUBLIC_URL", url)];
            assert_eq!(faults_of(&with(LIVE_STRIPE, &more)), [fault], "{key} {url}");
        }
    }
    assert_eq!(
        faults_of(&with(
            LIVE_STRIPE,
            &[("STRIPE_API_BASE", "http://127.0.0.1:9000")]
        )),
        ["STRIPE_API_BASE: must begin with https:// because STRIPE_SECRET_KEY is a live key"]
    );
}

#[test]
fn a_wrong_address_is_one_fault() {
    let faults = faults_of(&with(LIVE_STRIPE, &[("PUBLIC_URL", "pay.example.com")]));
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn a_live_key_is_seen_beside_other_faults() {
    let more = [
        ("PUBLIC_URL", "http://pay.example.com"),
        ("STRIPE_API_BASE", "nowhere"),
        ("HTTP_WORKERS", "none"),
    ];
    let faults = faults_of(&with(LIVE_STRIPE, &more));
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().any(|fault| fault.ends_with("is a live key")));
}

#[test]
fn live_money_in_one_file_is_warned_of_loudly() {
    for live in [LIVE_STRIPE, LIVE_MIDTRANS] {
        let warnings = warnings_of(&with(live, &[("DATABASE_URL", "")]));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with(live[0].0), "{warnings:?}");
        assert!(warnings[0].contains("REAL MONEY IS RECORDED IN ONE SQLITE FILE"));
    }
}

#[test]
fn stripe_without_a_webhook_secret_is_warned_of() {
    assert_eq!(
        warnings_of(&[("STRIPE_SECRET_KEY", "sk_test_1")]),
        [
            "STRIPE_WEBHOOK_SECRET: is not set, so every webhook of Stripe is turned away, and payments are only found by asking"
        ]
    );
}

#[test]
fn what_is_set_for_a_gateway_without_a_key_has_no_effect() {
    assert_eq!(
        warnings_of(&[
            ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
            ("MIDTRANS_CLIENT_KEY", "Mid-client-1")
        ]),
        [
            "STRIPE_WEBHOOK_SECRET: has no effect without STRIPE_SECRET_KEY",
            "MIDTRANS_CLIENT_KEY: has no effect without MIDTRANS_SERVER_KEY"
        ]
    );
}

#[test]
fn a_payment_shorter_than_a_checkout_of_stripe_is_warned_of() {
    assert_eq!(
        warnings_of(&with(STRIPE, &[("PAYMENT_TTL", "29m")])),
        ["PAYMENT_TTL: is shorter than the 30 minutes that Stripe keeps a checkout open at least"]
    );
    load(&with(STRIPE, &[("PAYMENT_TTL", "30m")]));
    load(&[("PAYMENT_TTL", "29m")]);
}

#[test]
fn a_sandbox_key_of_midtrans_goes_to_the_sandbox() {
    let config = load(&[("MIDTRANS_SERVER_KEY", "SB-Mid-server-1")]);
    let midtrans = config.gateways.midtrans.unwrap();
    assert_eq!(midtrans.mode, Mode::Test);
    assert_eq!(
        midtrans.api_base.to_string(),
        "https://api.sandbox.midtrans.com"
    );
    assert_eq!(
        midtrans.snap_base.to_string(),
        "https://app.sandbox.midtrans.com"
    );
    let keys: Vec<_> = midtrans
        .notification_keys
        .iter()
        .map(|key| key.expose_secret())
        .collect();
    assert_eq!(keys, ["SB-Mid-server-1"]);
}

#[test]
fn a_live_key_of_midtrans_goes_to_midtrans() {
    let more = [
        ("MIDTRANS_NOTIFICATION_KEYS", "one,two"),
        ("MIDTRANS_CLIENT_KEY", "Mid-client-1"),
    ];
    let config = load(&with(LIVE_MIDTRANS, &more));
    let midtrans = config.gateways.midtrans.unwrap();
    assert_eq!(midtrans.mode, Mode::Live);
    assert_eq!(midtrans.api_base.to_string(), "https://api.midtrans.com");
    assert_eq!(midtrans.snap_base.to_string(), "https://app.midtrans.com");
    assert_eq!(midtrans.client_key.as_deref(), Some("Mid-client-1"));
    let keys: Vec<_> = midtrans
        .notification_keys
        .iter()
        .map(|key| key.expose_secret())
        .collect();
    assert_eq!(keys, ["one", "two"]);
}

#[test]
fn the_address_of_the_sandbox_makes_any_key_a_test_key() {
    let config = load(&[
        ("MIDTRANS_SERVER_KEY", "Mid-server-1"),
        ("MIDTRANS_API_BASE", "https://api.sandbox.midtrans.com/"),
    ]);
    let midtrans = config.gateways.midtrans.unwrap();
    assert_eq!(midtrans.mode, Mode::Test);
    assert_eq!(
        midtrans.snap_base.to_string(),
        "https://app.sandbox.midtrans.com"
    );
}

#[test]
fn a_live_midtrans_key_needs_https() {
    let base = "http://127.0.0.1:9000";
    let more = [
        ("PUBLIC_URL", "http://pay.example.com"),
        ("MIDTRANS_API_BASE", base),
        ("MIDTRANS_SNAP_BASE", base),
    ];
    let because = "must begin with https:// because MIDTRANS_SERVER_KEY is a live key";
    assert_eq!(
        faults_of(&with(LIVE_MIDTRANS, &more)),
        ["PUBLIC_URL", "MIDTRANS_API_BASE", "MIDTRANS_SNAP_BASE"]
            .map(|name| format!("{name}: {because}"))
    );
}

#[test]
fn the_two_worlds_of_midtrans_do_not_mix() {
    let real = "is where money really moves, and the key or the other address is of the sandbox";
    assert_eq!(
        faults_of(&[
            ("MIDTRANS_SERVER_KEY", "SB-Mid-server-1"),
            ("MIDTRANS_API_BASE", "https://api.midtrans.com"),
            ("MIDTRANS_SNAP_BASE", "https://app.midtrans.com"),
        ]),
        [
            format!("MIDTRANS_API_BASE: {real}"),
            format!("MIDTRANS_SNAP_BASE: {real}")
        ]
    );
    let sandbox = [("MIDTRANS_SNAP_BASE", "https://app.sandbox.midtrans.com")];
    assert_eq!(
        faults_of(&with(LIVE_MIDTRANS, &sandbox)),
        ["MIDTRANS_SNAP_BASE: is the sandbox, and the key and the other address are not"]
    );
}

#[test]
fn a_client_key_or_two_words_are_no_server_key() {
    assert_eq!(
        faults_of(&[("MIDTRANS_SERVER_KEY", "SB-Mid-client-1")]),
        ["MIDTRANS_SERVER_KEY: the value is a client key; the server key is needed"]
    );
    assert_eq!(
        faults_of(&[("MIDTRANS_SERVER_KEY", "SB-Mid server-1")]),
        ["MIDTRANS_SERVER_KEY: the value is not a key: it has blanks or strange letters in it"]
    );
}
