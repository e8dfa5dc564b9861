//! The database, Redis and the keys.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{KEY, LONG, faults_of, load, warnings_of, with};
use crate::config::Database;

const POSTGRES: &[(&str, &str)] = &[
    ("DATABASE_URL", "postgres://bayar@localhost/bayar"),
    ("APP_KEY", KEY),
    ("JWT_SECRET", LONG),
];

#[test]
fn postgres_is_used_when_it_has_an_address() {
    for url in [
        "postgres://bayar:pw@db:5432/bayar?sslmode=require",
        "postgresql:///bayar?host=/run/postgresql",
    ] {
        let config = load(&with(POSTGRES, &[("DATABASE_URL", url)]));
        let Database::Postgres(postgres) = config.database else {
            panic!("not Postgres");
        };
        assert_eq!(postgres.url.expose_secret(), url);
        assert_eq!(postgres.pool_size, 16);
        assert_eq!(postgres.connect_timeout, Duration::from_secs(2));
        assert_eq!(postgres.statement_timeout, Duration::from_secs(15));
        assert_eq!(postgres.lock_timeout, Duration::from_secs(5));
    }
}

#[test]
fn what_is_set_for_postgres_reaches_it() {
    let config = load(&with(
        POSTGRES,
        &[
            ("DATABASE_POOL_SIZE", "8"),
            ("DATABASE_CONNECT_TIMEOUT_MS", "1"),
            ("DATABASE_STATEMENT_TIMEOUT_MS", "2"),
            ("DATABASE_LOCK_TIMEOUT_MS", "2"),
        ],
    ));
    let Database::Postgres(postgres) = config.database else {
        panic!("not Postgres");
    };
    assert_eq!(postgres.pool_size, 8);
    assert_eq!(postgres.connect_timeout, Duration::from_millis(1));
    assert_eq!(postgres.statement_timeout, Duration::from_millis(2));
    assert_eq!(postgres.lock_timeout, Duration::from_millis(2));
}

#[test]
fn only_postgres_is_a_database_with_an_address() {
    for url in [
        "sqlite://bayar.db",
        "bayar.db",
        "postgres:bayar",
        "postgres://",
        "postgres://a b",
    ] {
        let faults = faults_of(&with(POSTGRES, &[("DATABASE_URL", url)]));
        assert_eq!(faults.len(), 1, "{url}");
        assert!(
            faults[0].starts_with("DATABASE_URL: the value is not the address"),
            "{url}"
        );
    }
}

#[test]
fn postgres_needs_keys_that_are_given() {
    let faults = faults_of(&[("DATABASE_URL", "postgres://localhost/bayar")]);
    let names: Vec<_> = faults
        .iter()
        .map(|fault| fault.split(':').next().unwrap())
        .collect();
    assert_eq!(names, ["APP_KEY", "JWT_SECRET"]);
    for fault in faults {
        assert!(
            fault.contains("is not set, and with DATABASE_URL it must be"),
            "{fault}"
        );
    }
}

#[test]
fn settings_of_postgres_without_postgres_have_no_effect() {
    assert_eq!(
        warnings_of(&[("DATABASE_POOL_SIZE", "8")]),
        ["DATABASE_POOL_SIZE: has no effect without DATABASE_URL"]
    );
}

#[test]
fn redis_is_used_by_its_address() {
    let config = load(&[
        ("REDIS_URL", "rediss://:pw@cache:6380/2"),
        ("REDIS_TIMEOUT_MS", "250"),
    ]);
    let redis = config.redis.unwrap();
    assert_eq!(redis.url.expose_secret(), "rediss://:pw@cache:6380/2");
    assert_eq!(redis.timeout, Duration::from_millis(250));
}

#[test]
fn redis_is_used_by_its_host() {
    let url = |more: &[(&str, &str)]| {
        let config = load(&with(&[("REDIS_HOST", "127.0.0.1")], more));
        config.redis.unwrap().url.expose_secret().to_owned()
    };
    assert_eq!(url(&[]), "redis://127.0.0.1:6379/0");
    assert_eq!(
        url(&[
            ("REDIS_PORT", "6380"),
            ("REDIS_PASSWORD", "null"),
            ("REDIS_CACHE_DB", "1")
        ]),
        "redis://127.0.0.1:6380/1"
    );
    assert_eq!(
        url(&[("REDIS_PASSWORD", "p@ss")]),
        "redis://:p%40ss@127.0.0.1:6379/0"
    );
}

#[test]
fn redis_has_one_address() {
    assert_eq!(
        faults_of(&[("REDIS_URL", "redis://cache"), ("REDIS_HOST", "cache")]),
        ["REDIS_HOST: is set, and so is REDIS_URL; keep one of the two"]
    );
    assert_eq!(
        warnings_of(&[("REDIS_URL", "redis://cache"), ("REDIS_CACHE_DB", "1")]),
        ["REDIS_CACHE_DB: has no effect beside REDIS_URL, which names all of it"]
    );
    assert_eq!(
        warnings_of(&[("REDIS_PASSWORD", "null"), ("REDIS_TIMEOUT_MS", "1")]),
        [
            "REDIS_PASSWORD: has no effect without REDIS_HOST",
            "REDIS_TIMEOUT_MS: has no effect without REDIS_URL or REDIS_HOST"
        ]
    );
}

#[test]
fn the_first_key_of_a_list_is_the_current_one() {
    let other = KEY.replace('0', "F");
    let keys = load(&[
        ("APP_KEY", &format!("{KEY}, {other}")),
        ("JWT_SECRET", &format!("{LONG},{LONG} before")),
        ("JWT_TTL", "15m"),
    ])
    .keys;
    let app = keys.app.unwrap();
    assert_eq!(app.current.expose_bytes()[..3], [0x00, 0x11, 0x22]);
    assert_eq!(app.former.len(), 1);
    assert_eq!(
        app.former[0].clone().expose_bytes()[..3],
        [0xff, 0x11, 0x22]
    );
    assert_eq!(app.all().count(), 2);
    let jwt = keys.jwt.unwrap();
    assert_eq!(jwt.current.expose_secret(), LONG);
    assert_eq!(jwt.former[0].expose_secret(), format!("{LONG} before"));
    assert_eq!(keys.jwt_ttl, Duration::from_mins(15));
}

#[test]
fn keys_have_their_length() {
    let just = "x".repeat(32);
    assert!(load(&[("JWT_SECRET", &just)]).keys.jwt.is_some());
    assert_eq!(
        faults_of(&[
            ("APP_KEY", &format!("{KEY},{KEY}0,{}x", &KEY[1..])),
            ("JWT_SECRET", &format!("{just},{}", &just[1..])),
        ]),
        [
            "APP_KEY: entry 2 is not 64 hexadecimal digits",
            "APP_KEY: entry 3 is not 64 hexadecimal digits",
            "JWT_SECRET: entry 2 has fewer than 32 bytes"
        ]
    );
}
