//! Who asks.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::sim::config::MidtransAccount;
use crate::sim::http::Incoming;

/// Whether the server key is the user name of HTTP Basic, and nothing the password.
pub fn good(account: &MidtransAccount, incoming: &Incoming) -> bool {
    let header = incoming.header("authorization").unwrap_or_default();
    let Some((scheme, rest)) = header.split_once(' ') else {
        return false;
    };
    let wanted = BASE64_STANDARD.encode(format!("{}:", account.server_key));
    scheme.eq_ignore_ascii_case("basic") && rest == wanted
}

pub fn accepts_json(incoming: &Incoming) -> bool {
    incoming.header("accept").is_none_or(|accept| {
        accept.contains("json") || accept.contains("*/*") || accept.contains("application/*")
    })
}
