//! The gateways that are set up, each measured as it is spoken to.

use std::collections::BTreeMap;
use std::sync::Arc;

use bayar_domain::Gateway;
use bayar_domain::gateway::{GatewayRefundId, Source};

use crate::port::gateway::{Call, CallError, Place, Reading, Sent};
use crate::port::gateway_book::{
    BookedCheckout, BookedRefund, CheckoutsPage, EventsPage, GatewayNames, Since, Window,
};
use crate::port::store::CallKey;
use crate::port::{Clock, PaymentGateway};

/// The gateways that are set up.
#[derive(Clone, Default)]
pub struct Gateways(BTreeMap<Gateway, Arc<dyn PaymentGateway>>);

impl Gateways {
    /// Takes the gateways there are.
    #[must_use]
    pub fn new(gateways: impl IntoIterator<Item = Arc<dyn PaymentGateway>>) -> Self {
        let named = gateways.into_iter().map(|it| (it.gateway(), it));
        Self(named.collect())
    }

    /// Whether there is such a gateway.
    #[must_use]
    pub fn has(&self, gateway: Gateway) -> bool {
        self.0.contains_key(&gateway)
    }

    /// Which gateways there are.
    pub fn names(&self) -> impl Iterator<Item = Gateway> + '_ {
        self.0.keys().copied()
    }

    pub(crate) fn get<'a>(&'a self, gateway: Gateway, clock: &'a dyn Clock) -> Option<Gate<'a>> {
        let adapter = &**self.0.get(&gateway)?;
        Some(Gate { adapter, clock })
    }
}

/// One gateway, with a clock to measure it by.
#[derive(Clone, Copy)]
pub(crate) struct Gate<'a> {
    pub adapter: &'a dyn PaymentGateway,
    clock: &'a dyn Clock,
}

impl Gate<'_> {
    pub async fn source(&self) -> Result<Source, CallError> {
        self.measured("account", self.adapter.source()).await
    }

    pub async fn send(&self, call: &Call<'_>) -> Result<Sent, CallError> {
        let operation = call.operation.as_str();
        self.measured(operation, self.adapter.send(call)).await
    }

    pub async fn read(&self, place: &Place<'_>) -> Result<Reading, CallError> {
        self.measured("read", self.adapter.read(place)).await
    }

    /// Whether the gateway keeps lists.
    pub fn has_book(&self) -> bool {
        self.adapter.book().is_some()
    }

    pub async fn events(&self, since: &Since<'_>) -> Result<Option<EventsPage>, CallError> {
        let Some(book) = self.adapter.book() else {
            return Ok(None);
        };
        self.measured("events", book.events(since)).await.map(Some)
    }

    pub async fn checkouts(&self, window: &Window<'_>) -> Result<Option<CheckoutsPage>, CallError> {
        let Some(book) = self.adapter.book() else {
            return Ok(None);
        };
        let page = self.measured("checkouts", book.checkouts(window)).await;
        page.map(Some)
    }

    pub async fn checkout(
        &self,
        names: &dyn GatewayNames,
        key: &CallKey,
    ) -> Result<Option<BookedCheckout>, CallError> {
        self.measured("checkout_by_name", names.checkout(key)).await
    }

    pub async fn refund(&self, name: &GatewayRefundId) -> Result<Option<BookedRefund>, CallError> {
        match self.adapter.book() {
            Some(book) => self.measured("refund_read", book.refund(name)).await,
            None => Ok(None),
        }
    }

    async fn measured<T>(
        &self,
        operation: &'static str,
        asking: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let gateway = self.adapter.gateway().as_str();
        let begun = self.clock.now();
        let answer = asking.await;
        let took = (self.clock.now() - begun).to_std().unwrap_or_default();
        metrics::histogram!("bayar_gateway_seconds", "gateway" => gateway, "operation" => operation)
            .record(took);
        if let Err(error) = &answer {
            let fault = error.fault();
            metrics::counter!(
                "bayar_gateway_errors_total",
                "gateway" => gateway, "operation" => operation, "kind" => fault.kind.as_str()
            )
            .increment(1);
            tracing::warn!(
                gateway,
                operation,
                %error,
                gateway_request_id = fault.request_id,
                "the gateway did not do what it was asked for"
            );
        }
        answer
    }
}
