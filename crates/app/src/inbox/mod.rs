//! Webhooks: stored before they are answered, and worked on afterwards.
//!
//! A webhook is a hint: it says which attempt to read, and what is read from the gateway counts, as at every door.

mod hands;
mod heed;
mod intake;
mod pause;
mod receive;
mod tally;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use bayar_domain::Gateway;

use crate::port::Webhooks;

pub(crate) use intake::Intake;
pub use receive::NotReceived;
pub(crate) use tally::InboxTally;

/// Those who tell the webhooks of the gateways that are set up.
#[derive(Clone, Default)]
pub struct WebhookReaders(BTreeMap<Gateway, Arc<dyn Webhooks>>);

impl WebhookReaders {
    /// Takes those there are.
    #[must_use]
    pub fn new(readers: impl IntoIterator<Item = Arc<dyn Webhooks>>) -> Self {
        let named = readers.into_iter().map(|it| (it.gateway(), it));
        Self(named.collect())
    }

    pub(crate) fn get(&self, gateway: Gateway) -> Option<&dyn Webhooks> {
        self.0.get(&gateway).map(|reader| &**reader)
    }
}
