//! What seals and signs.

use std::time::Duration;
use std::{fmt, iter};

use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};

use super::reader::{Parsed, Reader};
use super::setting::Setting;
use super::table;
use super::values::time;

/// The keys of this installation.
///
/// Keys that are not given are made once by the server, which keeps them in the data directory.
/// With Postgres they are always given: several servers must have the same ones.
#[derive(Debug, Clone)]
pub struct Keys {
    /// What data at rest is sealed with.
    pub app: Option<KeyRing<AppKey>>,
    /// What our own tokens are signed with: the bytes of the text.
    pub jwt: Option<KeyRing<SecretString>>,
    /// How long a token is good.
    pub jwt_ttl: Duration,
}

/// A key in use, and those before it that still open or verify.
#[derive(Debug, Clone)]
pub struct KeyRing<K> {
    /// What seals and signs now.
    pub current: K,
    /// What did so before.
    pub former: Vec<K>,
}

/// 32 random bytes.
pub struct AppKey(SecretBox<[u8; 32]>);

impl Keys {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let app = reader.list(&table::APP_KEY, AppKey::parse);
        let jwt = reader.list(&table::JWT_SECRET, jwt_secret);
        let (least, most) = (Duration::from_mins(1), Duration::from_hours(30 * 24));
        let jwt_ttl = reader.value(&table::JWT_TTL, time(least..=most));
        if reader.is_given(&table::DATABASE_URL) {
            require(reader, &table::APP_KEY, "64 hexadecimal digits");
            require(reader, &table::JWT_SECRET, "at least 32 bytes");
        }
        Some(Self {
            app: app.and_then(KeyRing::of),
            jwt: jwt.and_then(KeyRing::of),
            jwt_ttl: jwt_ttl?,
        })
    }
}

fn require(reader: &mut Reader<'_>, setting: &Setting, what: &str) {
    if !reader.is_given(setting) {
        let message = format!(
            "is not set, and with DATABASE_URL it must be: {what}, such as \"openssl rand -hex 32\" prints, \
             the same for every server of this installation"
        );
        reader.fault(setting, message);
    }
}

impl<K> KeyRing<K> {
    fn of(keys: Vec<K>) -> Option<Self> {
        let mut keys = keys.into_iter();
        Some(Self {
            current: keys.next()?,
            former: keys.collect(),
        })
    }

    /// The current key and then the former ones.
    pub fn all(&self) -> impl Iterator<Item = &K> {
        iter::once(&self.current).chain(&self.former)
    }
}

impl AppKey {
    fn parse(text: &str) -> Parsed<Self> {
        let mut key = SecretBox::new(Box::new([0_u8; 32]));
        match hex::decode_to_slice(text, key.expose_secret_mut()) {
            Ok(()) => Ok(Self(key)),
            Err(_) => Err("is not 64 hexadecimal digits".to_owned()),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl Clone for AppKey {
    fn clone(&self) -> Self {
        Self(SecretBox::new(Box::new(*self.expose_bytes())))
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKey([REDACTED])")
    }
}

/// HS256 wants a key at least as long as its hash.
fn jwt_secret(text: &str) -> Parsed<SecretString> {
    if text.len() >= 32 {
        Ok(text.into())
    } else {
        Err("has fewer than 32 bytes".to_owned())
    }
}
