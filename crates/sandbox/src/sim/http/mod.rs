//! Speaking HTTP: requests as the gateways see them, and all the ways to end one.

pub mod client;
pub mod server;

use std::time::Duration;

use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Incoming {
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(same)
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The path, cut at its slashes.
    pub fn segments(&self) -> Vec<&str> {
        let segments = self.path.split('/');
        segments.filter(|segment| !segment.is_empty()).collect()
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub content_type: &'static str,
    pub body: String,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw_json(status, body.to_string())
    }

    pub fn raw_json(status: u16, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "application/json",
            body,
        }
    }

    pub fn html(status: u16, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "text/html; charset=utf-8",
            body,
        }
    }

    pub fn see_other(to: &str) -> Self {
        let mut reply = Self::html(303, String::new());
        reply.headers.push(("Location".to_owned(), to.to_owned()));
        reply
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// How a request ends.
#[derive(Debug)]
pub enum Ending {
    /// With an answer.
    Whole(Reply),
    /// With an answer that comes a few bytes at a time.
    Drip(Reply, Duration),
    /// In the middle of the body.
    CutOff(Reply),
    /// Held, and then without an answer.
    Hang,
    /// Without an answer, at once.
    Reset,
}

/// What a percent-encoded text says. `plus` reads `+` as a blank, as forms do.
pub fn percent_decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' if plus => bytes.push(b' '),
            b'%' => match after.split_at_checked(2) {
                Some((digits, after)) if digits.iter().all(u8::is_ascii_hexdigit) => {
                    let byte = std::str::from_utf8(digits).ok();
                    let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                    bytes.extend(byte);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The pairs of a query or a form, decoded.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let pieces = text.split('&').filter(|piece| !piece.is_empty());
    let pair = |piece: &str| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (percent_decode(name, true), percent_decode(value, true))
    };
    pieces.map(pair).collect()
}

/// The value of a field of a form.
pub fn field(text: &str, name: &str) -> Option<String> {
    let all = pairs(text);
    all.into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

/// Percent-encodes what must not stand in a query.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
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
    fn forms_are_decoded_once() {
        assert_eq!(
            pairs("a%5Bb%5D=x+y%2B%7BID%7D&c&d=%25zz%2"),
            [
                ("a[b]".to_owned(), "x y+{ID}".to_owned()),
                ("c".to_owned(), String::new()),
                ("d".to_owned(), "%zz%2".to_owned()),
            ]
        );
        assert_eq!(percent_encode("a b&c/é"), "a%20b%26c%2F%C3%A9");
        assert_eq!(percent_decode(&percent_encode("a b&c/é"), false), "a b&c/é");
    }
}
