//! No secret is shown, whatever happens to it.

use super::{KEY, load_with_warnings};
use crate::config::setting::{self, Kind};
use crate::config::{Config, Environment};

const RIGHT: &[(&str, &str)] = &[
    ("DATABASE_URL", "postgres://bayar:hunter2@localhost/bayar"),
    ("REDIS_HOST", "localhost"),
    ("REDIS_PASSWORD", "hunter2"),
    ("APP_KEY", KEY),
    ("JWT_SECRET", "hunter2 and at least thirty-two bytes"),
    ("IDP_ISSUER", "https://id.example"),
    ("IDP_AUDIENCE", "bayar"),
    ("IDP_ALGORITHM", "HS256"),
    ("IDP_SECRET", "hunter2 and at least thirty-two bytes"),
    ("STRIPE_SECRET_KEY", "sk_test_hunter2"),
    ("STRIPE_PUBLIC_KEY", "pk_test_1"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2"),
    ("MIDTRANS_SERVER_KEY", "SB-Mid-server-hunter2"),
    ("MIDTRANS_CLIENT_KEY", "SB-Mid-client-1"),
    ("MIDTRANS_NOTIFICATION_KEYS", "SB-Mid-server-hunter2"),
];

#[test]
fn no_secret_is_shown_when_all_is_right() {
    let (config, warnings) = load_with_warnings(RIGHT);
    assert_eq!(warnings, Vec::<String>::new());
    for setting in config.settings() {
        let shown = match setting::all()
            .find(|other| other.name == setting.name)
            .unwrap()
            .kind
        {
            Kind::Plain => continue,
            Kind::Key => "(set)",
            Kind::Secret => "(secret, set)",
        };
        assert!(
            [shown, "(not set)"].contains(&setting.value.as_str()),
            "{setting:?}"
        );
    }
    let settings = serde_json::to_string(config.settings()).unwrap();
    for shown in [format!("{config:?}"), format!("{config:#?}"), settings] {
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(!shown.contains("00112233"), "{shown}");
        assert!(!shown.contains("[0, 17, 34"), "{shown}");
    }
}

#[test]
fn no_secret_is_shown_when_it_is_wrong_or_its_neighbours_are() {
    let secrets = setting::all().filter(|setting| setting.kind != Kind::Plain);
    for setting in secrets {
        for wrong in [
            "hunter2",
            "hunter2 hunter2",
            "hunter2,hunter2",
            "http://a:hunter2@b",
        ] {
            let pairs = RIGHT
                .iter()
                .copied()
                .filter(|(name, _)| *name != setting.name);
            let pairs = pairs.chain([(setting.name, wrong), ("LOCK_TTL_MS", "abc")]);
            let faults = Config::load(&Environment::from_pairs(pairs)).unwrap_err();
            let shown = format!("{faults} {faults:?}");
            assert!(!shown.contains("hunter"), "{shown}");
        }
    }
}

#[test]
fn an_address_with_a_password_in_a_place_that_is_shown_is_not_shown() {
    for name in [
        "PUBLIC_URL",
        "CORS_ORIGINS",
        "STRIPE_API_BASE",
        "BIND_ADDRESS",
        "LOG_LEVEL",
    ] {
        let environment = Environment::from_pairs([(name, "https://me:hunter2@example.com")]);
        let faults = Config::load(&environment).unwrap_err().to_string();
        assert!(!faults.contains("hunter"), "{faults}");
    }
}
