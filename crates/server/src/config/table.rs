//! The table of all settings. `.env.example` is made from it, and the defaults are read from it.

use super::setting::{Group, Kind, Setting};

/// Declares each setting once: `NAME: Kind = "default";`, with what it means above it.
macro_rules! settings {
    ($(
        $title:literal {
            $( $( #[doc = $about:literal] )+ $name:ident: $kind:ident $( = $default:literal )?; )+
        }
    )+) => {
        $( $(
            $( #[doc = $about] )+
            pub(super) static $name: Setting = Setting {
                name: stringify!($name),
                kind: Kind::$kind,
                default: settings!(@default $( $default )?),
                about: &[ $( $about, )+ ],
            };
        )+ )+

        /// Every setting, by what it is about.
        pub(super) static GROUPS: &[Group] = &[
            $( Group { title: $title, settings: &[ $( &$name, )+ ] }, )+
        ];
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
}

settings! {
    "Storage" {
        /// The directory of the SQLite file, and of the keys that are made when none are given.
        DATA_DIR: Plain = "data";
        /// A Postgres database, such as postgres://bayar:password@localhost/bayar?sslmode=require.
        /// Without it, everything is stored in a SQLite file in DATA_DIR.
        DATABASE_URL: Secret;
        /// How many connections to Postgres are open at most.
        DATABASE_POOL_SIZE: Plain = "16";
        /// How long a request waits for a connection to Postgres.
        DATABASE_CONNECT_TIMEOUT_MS: Plain = "2000";
        /// How long one statement may take on Postgres.
        DATABASE_STATEMENT_TIMEOUT_MS: Plain = "15000";
        /// How long a statement waits for a row that another one holds, on Postgres.
        /// It is not above DATABASE_STATEMENT_TIMEOUT_MS.
        DATABASE_LOCK_TIMEOUT_MS: Plain = "5000";
    }
    "Redis, which makes things faster; nothing depends on it" {
        /// Such as redis://:password@localhost:6379/0, or rediss:// for TLS.
        /// Without it and without REDIS_HOST, locks, caches and limits are kept in the process.
        REDIS_URL: Secret;
        /// In place of REDIS_URL: the host.
        REDIS_HOST: Plain;
        /// With REDIS_HOST: the port.
        REDIS_PORT: Plain = "6379";
        /// With REDIS_HOST: the password; "null" means none.
        REDIS_PASSWORD: Secret;
        /// With REDIS_HOST: the number of the database.
        REDIS_CACHE_DB: Plain = "0";
        /// How long Redis may take before a request goes on without it.
        REDIS_TIMEOUT_MS: Plain = "100";
    }
    "Keys" {
        /// 64 hexadecimal digits, such as "openssl rand -hex 32" prints.
        /// In a list with commas the first one seals and all of them open.
        /// Needed with Postgres; with SQLite it is made once and kept in DATA_DIR.
        APP_KEY: Secret;
        /// At least 32 bytes that sign the tokens of people who sign in here.
        /// In a list with commas the first one signs and all of them verify.
        /// Needed with Postgres; with SQLite it is made once and kept in DATA_DIR.
        JWT_SECRET: Secret;
        /// How long such a token is good.
        JWT_TTL: Plain = "8h";
    }
    "An identity provider whose tokens are accepted too: all of it or nothing" {
        /// Who issues the tokens: exactly their "iss".
        IDP_ISSUER: Plain;
        /// Whom they are meant for: exactly their "aud", or one of them.
        IDP_AUDIENCE: Plain;
        /// How they are signed: HS256, RS256 or EdDSA.
        IDP_ALGORITHM: Plain;
        /// For HS256: the shared secret, at least 32 bytes.
        IDP_SECRET: Secret;
        /// For RS256 and EdDSA: the public key, as PEM.
        IDP_PUBLIC_KEY: Key;
        /// The claim with the number of the customer, a whole number.
        IDP_USER_CLAIM: Plain = "sub";
        /// The claim with the role. Without it, everybody is a customer.
        IDP_ROLE_CLAIM: Plain;
        /// What the values of that claim mean here, such as staff=operator,member=customer.
        /// Any other value means customer.
        IDP_ROLE_MAP: Plain;
    }
    "HTTP" {
        /// The address and the port to listen on; 0.0.0.0 is every IPv4 address of the machine.
        BIND_ADDRESS: Plain = "127.0.0.1:8080";
        /// How browsers and gateways reach this service: scheme, host and port, such as https://pay.example.com.
        /// By default http://localhost and the port it listens on.
        PUBLIC_URL: Plain;
        /// The reverse proxies whose X-Forwarded-For is believed: IP addresses and networks, such as 10.0.0.0/8,::1.
        TRUSTED_PROXIES: Plain;
        /// The web sites whose pages may call the API, exactly, such as https://shop.example.com.
        CORS_ORIGINS: Plain;
        /// How long a request may take.
        REQUEST_TIMEOUT: Plain = "30s";
        /// How long running requests may take after the program was told to stop.
        SHUTDOWN_TIMEOUT: Plain = "30s";
        /// How many threads serve requests. By default one for each core.
        HTTP_WORKERS: Plain;
    }
    "Limits of each caller: a number per sec, min or hour, or off" {
        /// All requests of a person.
        RATE_LIMIT_API: Plain = "100/min";
        /// All requests of an application, which asks for many people.
        RATE_LIMIT_SERVICE: Plain = "6000/min";
        /// New payments of a person, whoever asks for them.
        RATE_LIMIT_PAYMENTS: Plain = "10/min";
        /// Tries to sign in.
        RATE_LIMIT_LOGIN: Plain = "5/min";
    }
    "Payments" {
        /// How long a payment can be paid.
        PAYMENT_TTL: Plain = "24h";
        /// How long a checkout at a gateway is open, from 30m to 24h; never longer than its payment can be paid.
        CHECKOUT_TTL: Plain = "60m";
        /// How long a gateway may take to answer one try. There are a few tries, in one and a half times that together.
        GATEWAY_TIMEOUT: Plain = "10s";
        /// The smallest and the largest amount of a payment in each currency, in its major units. Other currencies are not taken.
        AMOUNT_LIMITS: Plain = "PHP=1000:10000000,IDR=1000:10000000";
        /// How long the lock around the creation of a payment is held at most.
        LOCK_TTL_MS: Plain = "5000";
        /// How often a request tries to get that lock.
        LOCK_TRIES: Plain = "50";
        /// How long it waits between two tries.
        LOCK_DELAY_MS: Plain = "100";
        /// How long the answer to a new payment is kept in the cache.
        /// It only saves work: the database keeps it for longer.
        IDEMPOTENCY_CACHE_SECONDS: Plain = "300";
    }
    "Refunds" {
        /// Who may give money back: operator, service, or both.
        REFUND_ROLES: Plain = "operator,service";
        /// How much each person and each key may give back in a day and currency, in its major units, such as
        /// PHP:50000,IDR:10000000. What is in another currency has no limit. The day is that of TAX_TZ.
        REFUND_DAILY_LIMITS: Plain;
    }
    "Webhooks" {
        /// How many webhooks are worked on at once.
        WEBHOOK_WORKERS: Plain = "4";
    }
    "Work that is due" {
        /// The clock of the schedule, by the name of its time zone.
        SCHEDULE_TZ: Plain = "Asia/Jakarta";
        /// How many jobs a process does at once: asks gateways, sends what is planned, ends what is overdue.
        /// Where there are several gateways, one never has all of them.
        WORK_AT_ONCE: Plain = "8";
        /// How many requests they may send to one gateway, so that people who wait for it have room:
        /// a number per sec, min or hour, or off. It may keep none of WORK_AT_ONCE waiting for more than five seconds.
        WORK_GATEWAY_RATE: Plain = "10/sec";
    }
    "Stripe, which is used when it has a secret key" {
        /// The key of the API: sk_test_, sk_live_, rk_test_ or rk_live_ and more.
        /// A live key needs a PUBLIC_URL with https.
        STRIPE_SECRET_KEY: Secret;
        /// The key for browsers: pk_test_ or pk_live_ and more.
        STRIPE_PUBLIC_KEY: Key;
        /// What webhooks are signed with: whsec_ and more. In a list with commas all of them verify.
        /// Without it every webhook of Stripe is turned away.
        STRIPE_WEBHOOK_SECRET: Secret;
        /// The account of the key, acct_ and more, for a key that may not ask for it. By default Stripe is asked.
        STRIPE_ACCOUNT_ID: Plain;
        /// Where the API is: scheme and host.
        STRIPE_API_BASE: Plain = "https://api.stripe.com";
    }
    "Midtrans, which is used when it has a server key" {
        /// The key of the API. It is live unless it begins with SB- or MIDTRANS_API_BASE is the sandbox.
        /// A live key needs a PUBLIC_URL with https.
        MIDTRANS_SERVER_KEY: Secret;
        /// The key for browsers.
        MIDTRANS_CLIENT_KEY: Key;
        /// What notifications are signed with, when it is not the server key.
        /// In a list with commas all of them verify, and the server key only if it stands there too.
        MIDTRANS_NOTIFICATION_KEYS: Secret;
        /// The number of the merchant, such as G141532850. Without it the account is named after the key,
        /// and what was begun under one key cannot be looked up under another.
        MIDTRANS_MERCHANT_ID: Plain;
        /// Where Snap is: scheme and host. By default that of Midtrans, its sandbox with a key that begins with SB-.
        MIDTRANS_SNAP_BASE: Plain;
        /// Where the Core API is: scheme and host. By default that of Midtrans, its sandbox with a key that begins with SB-.
        MIDTRANS_API_BASE: Plain;
    }
    "Taxes" {
        /// recorded: they are only written down; added: they come on top of the price; included: they are inside it.
        TAX_MODE: Plain = "recorded";
        /// A JSON file with the list of the tax rules. By default those of PHP and IDR that come with the program.
        TAX_RULES_FILE: Plain;
        /// The offset of the clock that says which day it is for taxes.
        TAX_TZ: Plain = "+07:00";
    }
    "Logs" {
        /// human, json, or auto: human in a terminal and json elsewhere.
        LOG_FORMAT: Plain = "auto";
        /// error, warn, info, debug or trace.
        LOG_LEVEL: Plain = "info";
    }
}
