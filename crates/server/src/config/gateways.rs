//! The services that move money.

use std::time::Duration;

use bayar_domain::gateway::{AccountRef, Mode};
use secrecy::{ExposeSecret, SecretString};

use super::reader::{Parsed, Reader};
use super::setting::Setting;
use super::values::time;
use super::{WebOrigin, table};

/// The gateways that are used.
#[derive(Debug, Clone)]
pub struct Gateways {
    /// Stripe, when it has a secret key.
    pub stripe: Option<Stripe>,
    /// Midtrans, when it has a server key.
    pub midtrans: Option<Midtrans>,
}

/// How Stripe is used.
#[derive(Debug, Clone)]
pub struct Stripe {
    /// The key of the API.
    pub secret_key: SecretString,
    /// The key for browsers.
    pub public_key: Option<String>,
    /// What webhooks are signed with. Without any, every webhook is turned away.
    pub webhook_secrets: Vec<SecretString>,
    /// The account of the key, where Stripe is not to be asked for it.
    pub account: Option<AccountRef>,
    /// Where the API is.
    pub api_base: WebOrigin,
    /// Whether money really moves.
    pub mode: Mode,
}

/// How Midtrans is used.
#[derive(Debug, Clone)]
pub struct Midtrans {
    /// The key of the API.
    pub server_key: SecretString,
    /// The key for browsers.
    pub client_key: Option<String>,
    /// What notifications are signed with: at least one.
    pub notification_keys: Vec<SecretString>,
    /// The number of the merchant, where it is told.
    pub merchant: Option<AccountRef>,
    /// Where Snap is.
    pub snap_base: WebOrigin,
    /// Where the Core API is.
    pub api_base: WebOrigin,
    /// Whether money really moves.
    pub mode: Mode,
}

impl Gateways {
    pub(super) fn read(reader: &mut Reader<'_>, public_url: Option<&WebOrigin>) -> Self {
        Self {
            stripe: Stripe::read(reader, public_url),
            midtrans: Midtrans::read(reader, public_url),
        }
    }

    /// Whether money really moves, with the setting that says so, for each gateway.
    pub(super) fn modes(&self) -> impl Iterator<Item = (&'static Setting, Mode)> {
        let stripe = self.stripe.as_ref();
        let midtrans = self.midtrans.as_ref();
        let stripe = stripe.map(|stripe| (&table::STRIPE_SECRET_KEY, stripe.mode));
        let midtrans = midtrans.map(|midtrans| (&table::MIDTRANS_SERVER_KEY, midtrans.mode));
        stripe.into_iter().chain(midtrans)
    }
}

impl Stripe {
    fn read(reader: &mut Reader<'_>, public_url: Option<&WebOrigin>) -> Option<Self> {
        let secret_key = reader.value(&table::STRIPE_SECRET_KEY, stripe_secret_key);
        let public_key = reader.value(&table::STRIPE_PUBLIC_KEY, stripe_public_key);
        let webhook_secrets = reader.list(&table::STRIPE_WEBHOOK_SECRET, stripe_webhook_secret);
        let account = reader.value(&table::STRIPE_ACCOUNT_ID, stripe_account);
        let api_base = reader.value(&table::STRIPE_API_BASE, WebOrigin::parse);

        if !reader.is_given(&table::STRIPE_SECRET_KEY) {
            reader.warn_of_no_effect(
                &[
                    &table::STRIPE_PUBLIC_KEY,
                    &table::STRIPE_WEBHOOK_SECRET,
                    &table::STRIPE_ACCOUNT_ID,
                    &table::STRIPE_API_BASE,
                ],
                "without STRIPE_SECRET_KEY",
            );
            return None;
        }
        if !reader.is_given(&table::STRIPE_WEBHOOK_SECRET) {
            reader.warn(
                &table::STRIPE_WEBHOOK_SECRET,
                "is not set, so every webhook of Stripe is turned away, and payments are only found by asking",
            );
        }
        let (secret_key, mode) = secret_key?;
        if let Some((_, other)) = &public_key
            && *other != mode
        {
            let message = format!("is a {other} key, and STRIPE_SECRET_KEY is a {mode} key");
            reader.fault(&table::STRIPE_PUBLIC_KEY, message);
        }
        if mode == Mode::Live {
            let key = &table::STRIPE_SECRET_KEY;
            require_https_for_buyers(reader, key, public_url);
            require_https(reader, key, &table::STRIPE_API_BASE, api_base.as_ref());
        }
        Some(Self {
            secret_key,
            public_key: public_key.map(|(key, _)| key),
            webhook_secrets: webhook_secrets.unwrap_or_default(),
            account,
            api_base: api_base?,
            mode,
        })
    }
}

const MIDTRANS_SANDBOX: &str = "https://api.sandbox.midtrans.com";

impl Midtrans {
    fn read(reader: &mut Reader<'_>, public_url: Option<&WebOrigin>) -> Option<Self> {
        let server_key = reader.value(&table::MIDTRANS_SERVER_KEY, midtrans_key);
        let client_key = reader.value(&table::MIDTRANS_CLIENT_KEY, |text| Ok(text.to_owned()));
        let notification_keys = reader.list(&table::MIDTRANS_NOTIFICATION_KEYS, midtrans_key);
        let merchant = reader.value(&table::MIDTRANS_MERCHANT_ID, midtrans_merchant);
        let snap_base = reader.value(&table::MIDTRANS_SNAP_BASE, WebOrigin::parse);
        let api_base = reader.value(&table::MIDTRANS_API_BASE, WebOrigin::parse);

        if !reader.is_given(&table::MIDTRANS_SERVER_KEY) {
            reader.warn_of_no_effect(
                &[
                    &table::MIDTRANS_CLIENT_KEY,
                    &table::MIDTRANS_NOTIFICATION_KEYS,
                    &table::MIDTRANS_MERCHANT_ID,
                    &table::MIDTRANS_SNAP_BASE,
                    &table::MIDTRANS_API_BASE,
                ],
                "without MIDTRANS_SERVER_KEY",
            );
            return None;
        }
        let server_key = server_key?;
        let is_sandbox_key = server_key.expose_secret().starts_with("SB-");
        let world = if is_sandbox_key { "sandbox." } else { "" };
        let api_base = or_default(
            reader,
            &table::MIDTRANS_API_BASE,
            api_base,
            &format!("https://api.{world}midtrans.com"),
        )?;
        // Newer keys look alike in both worlds: then the address decides.
        let is_sandbox = is_sandbox_key || api_base.as_str() == MIDTRANS_SANDBOX;
        let mode = if is_sandbox { Mode::Test } else { Mode::Live };
        let world = if is_sandbox { "sandbox." } else { "" };
        let snap_base = or_default(
            reader,
            &table::MIDTRANS_SNAP_BASE,
            snap_base,
            &format!("https://app.{world}midtrans.com"),
        );
        let bases = [
            (&table::MIDTRANS_API_BASE, Some(&api_base)),
            (&table::MIDTRANS_SNAP_BASE, snap_base.as_ref()),
        ];
        for (setting, base) in bases {
            require_world(reader, setting, base, mode);
        }
        if mode == Mode::Live {
            let key = &table::MIDTRANS_SERVER_KEY;
            require_https_for_buyers(reader, key, public_url);
            for (setting, base) in bases {
                require_https(reader, key, setting, base);
            }
        }
        Some(Self {
            notification_keys: notification_keys.unwrap_or_else(|| vec![server_key.clone()]),
            server_key,
            client_key,
            merchant,
            snap_base: snap_base?,
            api_base,
            mode,
        })
    }
}

/// Nothing when it was set wrongly, which is noted already.
fn or_default(
    reader: &mut Reader<'_>,
    setting: &Setting,
    base: Option<WebOrigin>,
    default: &str,
) -> Option<WebOrigin> {
    if reader.is_given(setting) {
        return base;
    }
    reader.show_default(setting, default);
    WebOrigin::parse(default).ok()
}

/// What is meant for the sandbox does not go to the real Midtrans, and the other way round.
fn require_world(reader: &mut Reader<'_>, setting: &Setting, base: Option<&WebOrigin>, mode: Mode) {
    let host = base.map_or("", |base| base.as_str());
    if !host.ends_with(".midtrans.com") {
        return;
    }
    match (mode, host.contains(".sandbox.")) {
        (Mode::Test, true) | (Mode::Live, false) => {}
        (Mode::Test, false) => reader.fault(
            setting,
            "is where money really moves, and the key or the other address is of the sandbox",
        ),
        (Mode::Live, true) => reader.fault(
            setting,
            "is the sandbox, and the key and the other address are not",
        ),
    }
}

fn require_https_for_buyers(
    reader: &mut Reader<'_>,
    key: &Setting,
    public_url: Option<&WebOrigin>,
) {
    let is_right = match public_url {
        Some(url) => url.is_https(),
        // It was set wrongly, which is noted already.
        None => reader.is_given(&table::PUBLIC_URL),
    };
    if !is_right {
        let message = format!(
            "must begin with https:// because {} is a live key",
            key.name
        );
        reader.fault(&table::PUBLIC_URL, message);
    }
}

/// A live key goes over no open line.
fn require_https(
    reader: &mut Reader<'_>,
    key: &Setting,
    setting: &Setting,
    base: Option<&WebOrigin>,
) {
    if base.is_some_and(|base| !base.is_https()) {
        let message = format!(
            "must begin with https:// because {} is a live key",
            key.name
        );
        reader.fault(setting, message);
    }
}

/// How long a gateway may take to answer one try.
pub(super) fn read_timeout(reader: &mut Reader<'_>) -> Option<Duration> {
    // All tries together end well before a call passes into other hands.
    let range = Duration::from_secs(1)..=Duration::from_secs(15);
    reader.value(&table::GATEWAY_TIMEOUT, time(range))
}

fn stripe_account(text: &str) -> Parsed<AccountRef> {
    let is_name = text.strip_prefix("acct_").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let account = AccountRef::new(text).ok().filter(|_| is_name);
    account.ok_or_else(|| "is not the id of an account, which begins with acct_".to_owned())
}

fn midtrans_merchant(text: &str) -> Parsed<AccountRef> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let merchant = AccountRef::new(text).ok().filter(|_| is_name);
    merchant.ok_or_else(|| "is not the number of a merchant, such as G141532850".to_owned())
}

fn stripe_secret_key(text: &str) -> Parsed<(SecretString, Mode)> {
    let prefixes = [
        ("sk_test_", Mode::Test),
        ("rk_test_", Mode::Test),
        ("sk_live_", Mode::Live),
        ("rk_live_", Mode::Live),
    ];
    let mode = mode_of(text, &prefixes).ok_or_else(|| {
        "is not a secret key, which begins with sk_test_, sk_live_, rk_test_ or rk_live_".to_owned()
    })?;
    Ok((text.trim().into(), mode))
}

fn stripe_public_key(text: &str) -> Parsed<(String, Mode)> {
    let prefixes = [("pk_test_", Mode::Test), ("pk_live_", Mode::Live)];
    let mode = mode_of(text, &prefixes).ok_or_else(|| {
        "is not a publishable key, which begins with pk_test_ or pk_live_".to_owned()
    })?;
    Ok((text.trim().to_owned(), mode))
}

fn mode_of(text: &str, prefixes: &[(&str, Mode)]) -> Option<Mode> {
    let text = text.trim();
    let found = prefixes.iter().find(|(prefix, _)| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(is_one_word)
    });
    found.map(|(_, mode)| *mode)
}

fn stripe_webhook_secret(text: &str) -> Parsed<SecretString> {
    match text.strip_prefix("whsec_") {
        Some(rest) if is_one_word(rest) => Ok(text.into()),
        Some(_) | None => {
            Err("is not the secret of a webhook, which begins with whsec_".to_owned())
        }
    }
}

fn midtrans_key(text: &str) -> Parsed<SecretString> {
    let text = text.trim();
    if text.contains("Mid-client-") {
        Err("is a client key; the server key is needed".to_owned())
    } else if is_one_word(text) {
        Ok(text.into())
    } else {
        Err("is not a key: it has blanks or strange letters in it".to_owned())
    }
}

fn is_one_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
