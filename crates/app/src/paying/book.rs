//! What gateways remember by themselves, for whoever looks after payments.

use bayar_domain::Gateway;
use bayar_domain::gateway::GatewayRefundId;

use crate::App;
use crate::port::gateway::CallError;
use crate::port::gateway_book::{BookedRefund, CheckoutsPage, EventsPage, Since, Window};

impl App {
    /// A page of what happened at a gateway. Nothing where it is not set up, or keeps no list:
    /// then each payment has to be read.
    ///
    /// # Errors
    /// When the gateway does not say.
    pub async fn gateway_events(
        &self,
        gateway: Gateway,
        since: &Since<'_>,
    ) -> Result<Option<EventsPage>, CallError> {
        match self.gate(gateway) {
            Some(gate) => gate.events(since).await,
            None => Ok(None),
        }
    }

    /// A page of the checkouts that were opened at a gateway, whoever opened them.
    /// Nothing where it is not set up, or keeps no list.
    ///
    /// # Errors
    /// When the gateway does not say.
    pub async fn gateway_checkouts(
        &self,
        gateway: Gateway,
        window: &Window<'_>,
    ) -> Result<Option<CheckoutsPage>, CallError> {
        match self.gate(gateway) {
            Some(gate) => gate.checkouts(window).await,
            None => Ok(None),
        }
    }

    /// A refund as the gateway knows it. Nothing where it knows none of that name, or is not set up.
    ///
    /// # Errors
    /// When the gateway does not say.
    pub async fn gateway_refund(
        &self,
        gateway: Gateway,
        name: &GatewayRefundId,
    ) -> Result<Option<BookedRefund>, CallError> {
        match self.gate(gateway) {
            Some(gate) => gate.refund(name).await,
            None => Ok(None),
        }
    }
}
