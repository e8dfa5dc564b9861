//! Whole lists: all their pages, newest first.

use bayar_app::port::gateway::CallError;
use serde::de::DeserializeOwned;
use stripe_client_core::RequestBuilder;

use crate::client::{Client, garbage};
use crate::objects::{Object, Page};

/// The most that Stripe puts on one page.
pub const PAGE: i64 = 100;

/// Reads a list to its end. `page` asks for what comes after a name, or for the beginning.
pub async fn all<T: DeserializeOwned + Object>(
    client: &Client,
    page: impl Fn(Option<&str>) -> RequestBuilder,
) -> Result<Vec<T>, CallError> {
    let mut found: Vec<T> = Vec::new();
    loop {
        let last = found.last().map(Object::id);
        let next: Page<T> = client.get(page(last)).await?;
        // A list that says there is more and does not go on would be read for ever.
        let goes_on = next
            .data
            .last()
            .map(Object::id)
            .is_some_and(|id| last != Some(id));
        if next.has_more && !goes_on {
            return Err(garbage("list_without_end"));
        }
        found.extend(next.data);
        if !next.has_more {
            return Ok(found);
        }
    }
}
