use super::{LONG, faults_of, load};
use crate::config::{Config, Environment};

#[test]
fn all_faults_are_reported_at_once_with_what_would_be_right() {
    let environment = Environment::from_pairs([
        ("DATABASE_URL", "mysql://root:hunter2@localhost/bayar"),
        ("DATABASE_POOL_SIZE", "many"),
        ("DATABASE_LOCK_TIMEOUT_MS", "15001"),
        ("REDIS_URL", "localhost:6379?password=hunter2"),
        ("REDIS_HOST", "tls://cache"),
        ("REDIS_PORT", "0"),
        ("REDIS_CACHE_DB", "256"),
        ("REDIS_TIMEOUT_MS", "1.5"),
        ("APP_KEY", "hunter2"),
        ("JWT_TTL", "8"),
        ("BIND_ADDRESS", "localhost:8080"),
        ("PUBLIC_URL", "https://me:hunter2@pay.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.1/8, ::1"),
        (
            "CORS_ORIGINS",
            "*,https://shop.example.com,shop.example.com",
        ),
        ("REQUEST_TIMEOUT", "1d"),
        ("HTTP_WORKERS", "0"),
        ("RATE_LIMIT_API", "100"),
        ("PAYMENT_TTL", "24 hours"),
        ("CHECKOUT_TTL", "29m"),
        ("GATEWAY_TIMEOUT", "1m"),
        ("AMOUNT_LIMITS", "PHP=1:5,USD,PHP=2:6"),
        ("LOCK_TTL_MS", "abc"),
        ("LOCK_TRIES", "-1"),
        ("IDEMPOTENCY_CACHE_SECONDS", "1e3"),
        ("REFUND_ROLES", "operator,customer"),
        ("REFUND_DAILY_LIMITS", "PHP=50000"),
        ("STRIPE_SECRET_KEY", "pk_live_hunter2"),
        ("STRIPE_PUBLIC_KEY", "sk_live_hunter2"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_right, hunter2, whsec_"),
        ("STRIPE_ACCOUNT_ID", "cus_1"),
        ("STRIPE_API_BASE", "api.stripe.com"),
        ("MIDTRANS_MERCHANT_ID", "G 1"),
        ("MIDTRANS_SNAP_BASE", "https://app.midtrans.com/snap/v1"),
        ("TAX_MODE", "Added"),
        ("TAX_RULES_FILE", "/no/such/file.json"),
        ("TAX_TZ", "Asia/Jakarta"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "verbose"),
    ])
    .with_dotenv("\nhunter2\n");
    let faults = Config::load(&environment).unwrap_err();
    let expected = [
        r".env: line 2 is not NAME=value; a value with blanks, quotes, #, $ or \ stands in single quotes",
        "DATABASE_URL: the value is not the address of a Postgres database, which begins with postgres:// or postgresql:// (for SQLite, leave it out and set DATA_DIR)",
        r#"DATABASE_POOL_SIZE: "many" is not a whole number from 1 to 1000"#,
        "DATABASE_LOCK_TIMEOUT_MS: is above DATABASE_STATEMENT_TIMEOUT_MS, which would always come first",
        "REDIS_URL: the value is not the address of a Redis server, such as redis://localhost:6379/0 (rediss:// for TLS)",
        r#"REDIS_HOST: "tls://cache" is not the name or the IP address of a host (port, password and TLS stand elsewhere: see REDIS_URL)"#,
        r#"REDIS_PORT: "0" is not a whole number from 1 to 65535"#,
        r#"REDIS_CACHE_DB: "256" is not a whole number from 0 to 255"#,
        r#"REDIS_TIMEOUT_MS: "1.5" is not a whole number from 1 to 60000"#,
        "REDIS_HOST: is set, and so is REDIS_URL; keep one of the two",
        "APP_KEY: entry 1 is not 64 hexadecimal digits",
        r#"JWT_TTL: "8" is not a time from 1m to 30d: a number and d, h, m, s or ms"#,
        r#"JWT_SECRET: is not set, and with DATABASE_URL it must be: at least 32 bytes, such as "openssl rand -hex 32" prints, the same for every server of this installation"#,
        "PUBLIC_URL: the value is not the scheme, the host and perhaps the port of a web site, such as https://shop.example.com",
        r#"BIND_ADDRESS: "localhost:8080" is not an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080"#,
        r#"TRUSTED_PROXIES: "10.0.0.1/8" is not a network: bits are set after the first 8"#,
        r#"CORS_ORIGINS: "*" would let the pages of every web site call the API for their visitors; list the sites that may, such as https://shop.example.com"#,
        r#"CORS_ORIGINS: "shop.example.com" is not the scheme, the host and perhaps the port of a web site, such as https://shop.example.com"#,
        r#"REQUEST_TIMEOUT: "1d" is not a time from 100ms to 10m: a number and d, h, m, s or ms"#,
        r#"HTTP_WORKERS: "0" is not a whole number from 1 to 1024"#,
        r#"RATE_LIMIT_API: "100" is not a number from 1 to 1000000 per sec, min or hour, such as 100/min, and not off"#,
        r#"PAYMENT_TTL: "24 hours" is not a time from 1s to 30d: a number and d, h, m, s or ms"#,
        r#"CHECKOUT_TTL: "29m" is not a time from 30m to 1d: a number and d, h, m, s or ms"#,
        r#"AMOUNT_LIMITS: "USD" is not a currency with its smallest and its largest amount, such as PHP=1000:10000000"#,
        r#"LOCK_TTL_MS: "abc" is not a whole number from 1 to 600000"#,
        r#"LOCK_TRIES: "-1" is not a whole number from 1 to 10000"#,
        r#"IDEMPOTENCY_CACHE_SECONDS: "1e3" is not a whole number from 1 to 86400"#,
        r#"REFUND_ROLES: "customer" is not one of operator, service"#,
        r#"REFUND_DAILY_LIMITS: "PHP=50000" is not a currency with an amount, such as PHP:50000"#,
        "STRIPE_SECRET_KEY: the value is not a secret key, which begins with sk_test_, sk_live_, rk_test_ or rk_live_",
        "STRIPE_PUBLIC_KEY: the value is not a publishable key, which begins with pk_test_ or pk_live_",
        "STRIPE_WEBHOOK_SECRET: entry 2 is not the secret of a webhook, which begins with whsec_",
        "STRIPE_WEBHOOK_SECRET: entry 3 is not the secret of a webhook, which begins with whsec_",
        r#"STRIPE_ACCOUNT_ID: "cus_1" is not the id of an account, which begins with acct_"#,
        r#"STRIPE_API_BASE: "api.stripe.com" is not the scheme, the host and perhaps the port of a web site, such as https://shop.example.com"#,
        r#"MIDTRANS_MERCHANT_ID: "G 1" is not the number of a merchant, such as G141532850"#,
        r#"MIDTRANS_SNAP_BASE: "https://app.midtrans.com/snap/v1" is not the scheme, the host and perhaps the port of a web site, such as https://shop.example.com"#,
        r#"GATEWAY_TIMEOUT: "1m" is not a time from 1s to 15s: a number and d, h, m, s or ms"#,
        r#"TAX_MODE: "Added" is not one of recorded, added, included"#,
        r#"TAX_RULES_FILE: "/no/such/file.json" cannot be read: No such file or directory (os error 2)"#,
        r#"TAX_TZ: "Asia/Jakarta" is not an offset from -14:00 to +14:00, such as +07:00"#,
        r#"LOG_FORMAT: "xml" is not one of auto, human, json"#,
        r#"LOG_LEVEL: "verbose" is not one of error, warn, info, debug, trace"#,
    ];
    let text = faults.to_string();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert!(!text.contains("hunter"), "{text}");
    assert!(!format!("{faults:?}").contains("hunter"));
}

#[test]
fn warnings_come_with_the_faults() {
    let environment = Environment::from_pairs([
        ("LOCK_TTL_MS", "abc"),
        ("DATABASE_URI", "postgres://localhost/bayar"),
    ]);
    let faults = Config::load(&environment).unwrap_err();
    assert_eq!(faults.faults().len(), 1);
    let warnings: Vec<_> = faults.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["DATABASE_URI: is not a setting; DATABASE_URL is"]
    );
}

#[test]
fn a_currency_is_limited_once() {
    assert_eq!(
        faults_of(&[("AMOUNT_LIMITS", "PHP=1:5,USD=1:5,php=2:6")]),
        ["AMOUNT_LIMITS: PHP stands there more than once"]
    );
}

#[test]
fn an_empty_entry_of_a_list_is_a_fault() {
    assert_eq!(
        faults_of(&[
            ("TRUSTED_PROXIES", "10.0.0.1,"),
            ("JWT_SECRET", &format!("{LONG},,{LONG}")),
        ]),
        [
            "JWT_SECRET: entry 2 is empty",
            "TRUSTED_PROXIES: entry 2 is empty"
        ]
    );
}

#[test]
fn an_empty_value_is_not_set() {
    let empty: Vec<_> = crate::config::setting::all()
        .map(|setting| (setting.name, " "))
        .collect();
    let unset = super::load(&[]);
    assert_eq!(super::load(&empty).settings(), unset.settings());
}

#[test]
fn nobody_waits_so_long_for_a_turn_at_a_gateway_that_others_take_the_work_over() {
    for (rate, at_once) in [("1/sec", "5"), ("10/sec", "50"), ("off", "256")] {
        load(&[("WORK_GATEWAY_RATE", rate), ("WORK_AT_ONCE", at_once)]);
    }
    for (rate, at_once) in [("1/sec", "6"), ("10/sec", "51"), ("10/min", "1")] {
        let expected = format!(
            "WORK_GATEWAY_RATE: keeps each of {at_once} jobs (WORK_AT_ONCE) waiting for more than 5 seconds before each request"
        );
        let settings = [("WORK_GATEWAY_RATE", rate), ("WORK_AT_ONCE", at_once)];
        assert_eq!(faults_of(&settings), [expected]);
    }
}
