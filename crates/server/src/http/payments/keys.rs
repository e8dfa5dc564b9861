//! Where an idempotency key may stand.

use actix_web::http::header::HeaderMap;
use bayar_app::port::store::IdempotencyKey;

use crate::http::form::Form;
use crate::messages::Message;

/// The key of a request, and how a repeat of it is to be answered.
pub struct RequestKey {
    /// The key, where the caller brings one.
    pub key: Option<IdempotencyKey>,
    /// Whether it came in the standard header: then a repeat gets the first answer again.
    pub replays: bool,
}

const STANDARD: &str = "idempotency-key";
const FIELD: &str = "idempotency_key";

/// Reads the key from wherever it stands. All places must agree.
pub fn read(headers: &HeaderMap, form: &mut Form) -> RequestKey {
    let in_headers = [STANDARD, "x-idempotency-key"]
        .into_iter()
        .flat_map(|name| {
            let values = headers.get_all(name);
            values.map(|value| value.to_str().map(unquoted).unwrap_or_default())
        });
    let mut found: Vec<String> = in_headers.map(str::to_owned).collect();
    if form.has(FIELD) {
        // A text that is none is noted by the form.
        let field = form.optional_text(FIELD, 255);
        found.extend(field.map(|field| unquoted(&field).to_owned()));
    }
    let replays = headers.contains_key(STANDARD);
    let Some(first) = found.first() else {
        return RequestKey { key: None, replays };
    };
    if found.iter().any(|other| other != first) {
        form.refuse(FIELD, Message::IdempotencyKeysDiffer, vec![]);
    }
    let key = IdempotencyKey::new(first.clone()).ok();
    if key.is_none() {
        form.refuse(FIELD, Message::IdempotencyKeyInvalid, vec![]);
    }
    RequestKey { key, replays }
}

/// The standard writes keys in quotes, most callers do not.
fn unquoted(text: &str) -> &str {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}
