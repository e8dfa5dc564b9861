use bayar_domain::{AmountRange, Gateway};

use crate::App;

/// A gateway that is set up, with what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    /// The gateway.
    pub gateway: Gateway,
    /// The least and the most in each currency it takes.
    pub limits: Vec<AmountRange>,
}

impl App {
    /// The gateways that are set up, with what they take.
    #[must_use]
    pub fn payment_methods(&self) -> Vec<PaymentMethod> {
        let gateways = self.gateways.names();
        gateways
            .map(|gateway| PaymentMethod {
                gateway,
                limits: self
                    .settings
                    .amounts
                    .iter()
                    .filter(|range| gateway.takes_currency(range.currency()))
                    .collect(),
            })
            .collect()
    }
}
