use std::path::Path;
use std::time::Duration;

use bayar_domain::{AmountRange, Currency, Money, TaxPolicy};

use super::load;
use crate::config::setting;
use crate::config::{
    Config, Database, Environment, LogFormat, LogLevel, Logging, Origin, RateLimit,
};

#[test]
fn nothing_has_to_be_set() {
    let config = load(&[]);
    assert_eq!(config.data_dir, Path::new("data"));
    assert!(matches!(config.database, Database::Embedded));
    assert!(config.redis.is_none());
    assert!(config.keys.app.is_none());
    assert!(config.keys.jwt.is_none());
    assert_eq!(config.keys.jwt_ttl, Duration::from_hours(8));
    assert!(config.identity.is_none());
    assert!(config.gateways.stripe.is_none());
    assert!(config.gateways.midtrans.is_none());
    assert_eq!(config.gateway_timeout, Duration::from_secs(10));
}

#[test]
fn the_http_server_listens_on_this_machine() {
    let http = load(&[]).http;
    assert_eq!(http.bind, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(http.public_url, None);
    assert_eq!(http.public_url(8080).as_str(), "http://localhost:8080");
    assert_eq!(http.trusted_proxies, []);
    assert_eq!(http.cors_origins, []);
    assert_eq!(http.request_timeout, Duration::from_secs(30));
    assert_eq!(http.shutdown_timeout, Duration::from_secs(30));
}

#[test]
fn callers_are_limited() {
    let limits = load(&[]).limits;
    let per_minute = |requests| {
        let period = Duration::from_mins(1);
        Some(RateLimit { requests, period })
    };
    assert_eq!(limits.api, per_minute(100));
    assert_eq!(limits.payments, per_minute(10));
    assert_eq!(limits.login, per_minute(5));
}

#[test]
fn payments_have_a_day_a_lock_and_limits() {
    let payments = load(&[]).payments;
    assert_eq!(payments.ttl, Duration::from_hours(24));
    assert_eq!(payments.checkout_ttl, Duration::from_mins(60));
    assert_eq!(payments.lock_ttl, Duration::from_secs(5));
    assert_eq!(payments.lock_tries, 50);
    assert_eq!(payments.lock_delay, Duration::from_millis(100));
    assert_eq!(payments.idempotency_cache, Duration::from_secs(300));
    let limits: Vec<_> = payments.amounts.iter().collect();
    let range = |currency| {
        let [least, most] = [100_000, 1_000_000_000].map(|minor| Money::new(minor, currency));
        AmountRange::new(least, most).unwrap()
    };
    assert_eq!(limits, [range(Currency::Idr), range(Currency::Php)]);
}

#[test]
fn work_goes_on_at_a_measured_pace_by_the_clock_of_jakarta() {
    let schedule = load(&[]).schedule;
    assert_eq!(schedule.zone.name(), "Asia/Jakarta");
    assert_eq!(schedule.at_once.get(), 8);
    let rate = RateLimit {
        requests: 10,
        period: Duration::from_secs(1),
    };
    assert_eq!(schedule.gateway_rate, Some(rate));
}

#[test]
fn taxes_are_recorded_by_the_standard_rules_in_jakarta() {
    let taxes = load(&[]).taxes;
    assert_eq!(taxes.policy, TaxPolicy::standard());
    assert_eq!(taxes.zone.local_minus_utc(), 7 * 3_600);
}

#[test]
fn logs_tell_what_happens() {
    let format = LogFormat::Auto;
    let level = LogLevel::Info;
    assert_eq!(load(&[]).logging, Logging { format, level });
}

#[test]
fn every_setting_of_the_table_is_read_once_and_no_other() {
    let names: Vec<_> = setting::all().map(|setting| setting.name).collect();
    let config = load(&[]);
    let read: Vec<_> = config
        .settings()
        .iter()
        .map(|setting| setting.name)
        .collect();
    assert_eq!(read, names);
}

#[test]
fn settings_say_what_they_are_and_where_that_comes_from() {
    let (config, _) = Config::load(
        &Environment::from_pairs([
            ("BIND_ADDRESS", "127.0.0.1:9000"),
            ("JWT_SECRET", super::LONG),
            ("HTTP_WORKERS", "3"),
        ])
        .with_dotenv("LOCK_TRIES=7\nBIND_ADDRESS=ignored\n"),
    )
    .unwrap();
    let shown = |name: &str| {
        let setting = config
            .settings()
            .iter()
            .find(|setting| setting.name == name);
        let setting = setting.unwrap();
        (setting.value.clone(), setting.from)
    };
    let expect = |value: &str, from| (value.to_owned(), from);
    assert_eq!(
        shown("BIND_ADDRESS"),
        expect("127.0.0.1:9000", Origin::Environment)
    );
    assert_eq!(
        shown("PUBLIC_URL"),
        expect("http://localhost:9000", Origin::Default)
    );
    assert_eq!(shown("HTTP_WORKERS"), expect("3", Origin::Environment));
    assert_eq!(
        shown("JWT_SECRET"),
        expect("(secret, set)", Origin::Environment)
    );
    assert_eq!(shown("APP_KEY"), expect("(not set)", Origin::Default));
    assert_eq!(shown("LOCK_TRIES"), expect("7", Origin::DotEnv));
    assert_eq!(shown("LOCK_TTL_MS"), expect("5000", Origin::Default));
}

#[test]
fn an_address_that_is_set_is_shown_and_not_the_default() {
    let config = load(&[("PUBLIC_URL", "https://pay.example.com")]);
    let mut settings = config.settings().iter();
    let shown = settings
        .find(|setting| setting.name == "PUBLIC_URL")
        .unwrap();
    assert_eq!(shown.value, "https://pay.example.com");
    assert_eq!(shown.from, Origin::Environment);
}

#[test]
fn settings_are_json_objects() {
    let config = load(&[]);
    let data_dir = serde_json::to_value(&config.settings()[0]).unwrap();
    assert_eq!(
        data_dir,
        serde_json::json!({"name": "DATA_DIR", "value": "data", "from": "default"})
    );
}
