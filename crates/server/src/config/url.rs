//! Addresses on the web.

use std::fmt;
use std::net::Ipv6Addr;

use super::reader::Parsed;

/// A web site as a browser names it: scheme, host and port, nothing after. A gateway is named like that, too.
///
/// The host is in lower case and the port of the scheme is left out, so that equal sites are equal texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin(String);

impl WebOrigin {
    pub(super) fn parse(text: &str) -> Parsed<Self> {
        let not_an_origin = || {
            "is not the scheme, the host and perhaps the port of a web site, such as https://shop.example.com"
                .to_owned()
        };
        let (origin, path) = split(text).ok_or_else(not_an_origin)?;
        if path.is_empty() || path == "/" {
            Ok(origin)
        } else {
            Err(not_an_origin())
        }
    }

    /// This machine, at a port.
    #[must_use]
    pub fn localhost(port: u16) -> Self {
        match port {
            80 => Self("http://localhost".to_owned()),
            port => Self(format!("http://localhost:{port}")),
        }
    }

    /// The text, such as `https://shop.example.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The site and the path of an address without user, query and fragment.
fn split(text: &str) -> Option<(WebOrigin, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let own_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_plain = |sign: u8| sign.is_ascii_alphanumeric() || b"/-._~".contains(&sign);
    if !path.bytes().all(is_plain) {
        return None;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(read_port(port)?)),
        _ => (authority, None),
    };
    let host = host.to_ascii_lowercase();
    if !is_host(&host) {
        return None;
    }
    let origin = match port {
        Some(port) if port != own_port => format!("{scheme}://{host}:{port}"),
        Some(_) | None => format!("{scheme}://{host}"),
    };
    Some((WebOrigin(origin), path))
}

fn read_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// Whether it is a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        let plain = |sign: u8| sign.is_ascii_alphanumeric() || b"-_".contains(&sign);
        !label.is_empty() && label.bytes().all(plain)
    };
    host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Option<String> {
        WebOrigin::parse(text).ok().map(|origin| origin.to_string())
    }

    #[test]
    fn a_site_is_written_as_a_browser_writes_it() {
        for (text, written) in [
            ("https://shop.example.com", "https://shop.example.com"),
            ("HTTPS://Shop.Example:443/", "https://shop.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:443", "http://localhost:443"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(written));
        }
    }

    #[test]
    fn what_is_no_site_is_refused() {
        for text in [
            "*",
            "null",
            "",
            "shop.example.com",
            "https://",
            "https:///",
            "ftp://shop",
            "https://*.shop.com",
            "https://shop/path",
            "https://shop?x",
            "https://shop#x",
            "https://a:b@shop",
            "https://shop:0",
            "https://shop:99999",
            "https://shop:",
            "https://shop:+80",
            "https://sh op",
            "https://.shop",
            "https://bücher.example",
            "http://[::g]",
            "http://[::1",
            "http://::1",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn only_https_is_encrypted() {
        assert!(WebOrigin::parse("https://shop").unwrap().is_https());
        assert!(!WebOrigin::parse("http://shop").unwrap().is_https());
    }

    #[test]
    fn this_machine_is_a_site_too() {
        for port in [80, 8080] {
            let localhost = WebOrigin::localhost(port);
            assert_eq!(origin(localhost.as_str()), Some(localhost.to_string()));
        }
    }
}
