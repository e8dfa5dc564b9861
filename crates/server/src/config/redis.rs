//! The Redis server.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::reader::{Parsed, Reader};
use super::table;
use super::values::{milliseconds, whole};

/// How a Redis server is used.
#[derive(Debug, Clone)]
pub struct Redis {
    /// Its address, with password and database: `redis://` or, for TLS, `rediss://`.
    pub url: SecretString,
    /// How long it may take before a request goes on without it.
    pub timeout: Duration,
}

impl Redis {
    /// Nothing without `REDIS_URL` and `REDIS_HOST`, and nothing when something is wrong with it.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.value(&table::REDIS_URL, url);
        let host = reader.value(&table::REDIS_HOST, host);
        let port = reader.value(&table::REDIS_PORT, whole(1..=u16::MAX));
        let password = reader.value(&table::REDIS_PASSWORD, |text| Ok(text.into()));
        let database = reader.value(&table::REDIS_CACHE_DB, whole(0..=255_u8));
        let timeout = reader.value(&table::REDIS_TIMEOUT_MS, milliseconds(1..=60_000));

        let by_url = reader.is_given(&table::REDIS_URL);
        let by_host = reader.is_given(&table::REDIS_HOST);
        let parts = [
            &table::REDIS_PORT,
            &table::REDIS_PASSWORD,
            &table::REDIS_CACHE_DB,
        ];
        match (by_url, by_host) {
            (true, true) => {
                reader.fault(
                    &table::REDIS_HOST,
                    "is set, and so is REDIS_URL; keep one of the two",
                );
            }
            (true, false) => {
                reader.warn_of_no_effect(&parts, "beside REDIS_URL, which names all of it");
            }
            (false, true) => {}
            (false, false) => {
                let why = "without REDIS_HOST";
                reader.warn_of_no_effect(&parts, why);
                let why = "without REDIS_URL or REDIS_HOST";
                reader.warn_of_no_effect(&[&table::REDIS_TIMEOUT_MS], why);
                return None;
            }
        }
        let url = if by_url {
            url?
        } else {
            compose(&host?, port?, password, database?)
        };
        let timeout = timeout?;
        Some(Self { url, timeout })
    }
}

fn url(text: &str) -> Parsed<SecretString> {
    let text = text.trim();
    let rest = ["redis://", "rediss://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let has_host = rest.is_some_and(|rest| {
        let (_, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        !place.is_empty() && !place.starts_with(['/', ':', '?'])
    });
    if has_host && !text.contains(char::is_whitespace) {
        Ok(text.into())
    } else {
        Err(
            "is not the address of a Redis server, such as redis://localhost:6379/0 \
             (rediss:// for TLS)"
                .to_owned(),
        )
    }
}

/// The host as it stands in an address.
fn host(text: &str) -> Parsed<String> {
    let is_name = |text: &str| {
        let plain = |sign: u8| sign.is_ascii_alphanumeric() || b".-_".contains(&sign);
        text.bytes().all(plain)
    };
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => Ok(in_brackets(address)),
        Ok(IpAddr::V4(_)) => Ok(text.to_owned()),
        Err(_) if is_name(text) => Ok(text.to_owned()),
        Err(_) => Err("is not the name or the IP address of a host \
                       (port, password and TLS stand elsewhere: see REDIS_URL)"
            .to_owned()),
    }
}

fn in_brackets(address: Ipv6Addr) -> String {
    format!("[{address}]")
}

/// `null` is how other frameworks spell that there is no password.
fn compose(host: &str, port: u16, password: Option<SecretString>, database: u8) -> SecretString {
    let password = password.filter(|password| password.expose_secret().trim() != "null");
    let user = password.map_or_else(String::new, |password| {
        format!(":{}@", percent_encoded(password.expose_secret()))
    });
    format!("redis://{user}{host}:{port}/{database}").into()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        for text in [
            "redis://localhost",
            "rediss://cache.example:6380/2",
            "redis://:p@ss@10.0.0.1:6379/0",
            "redis://user:pass@[::1]:6379",
        ] {
            assert_eq!(url(text).unwrap().expose_secret(), text);
        }
        for text in [
            "localhost:6379",
            "http://localhost",
            "redis://",
            "redis://:pass@",
            "redis:///0",
            "redis://:6379",
            "redis://ho st",
            "redis://u:p@/0",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_ip_address() {
        assert_eq!(host("cache-1.example"), Ok("cache-1.example".to_owned()));
        assert_eq!(host("127.0.0.1"), Ok("127.0.0.1".to_owned()));
        assert_eq!(host("::1"), Ok("[::1]".to_owned()));
        for text in ["tls://cache", "cache:6379", "user@cache", "cache/0", "a b"] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_composed_of_the_parts() {
        let compose = |password: Option<&str>| {
            let url = compose("cache", 6379, password.map(Into::into), 1);
            url.expose_secret().to_owned()
        };
        assert_eq!(compose(None), "redis://cache:6379/1");
        assert_eq!(compose(Some("null")), "redis://cache:6379/1");
        assert_eq!(
            compose(Some("a/b@c:ü")),
            "redis://:a%2Fb%40c%3A%C3%BC@cache:6379/1"
        );
    }
}
