use bayar_domain::{Currency, Gateway, Money};

use crate::App;

/// A gateway that is set up, with what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    /// The gateway.
    pub gateway: Gateway,
    /// The least and the most in each currency it takes.
    pub limits: Vec<(Money, Money)>,
}

impl App {
    /// The gateways that are set up, with what they take.
    #[must_use]
    pub fn payment_methods(&self) -> Vec<PaymentMethod> {
        let gateways = self.settings.gateways.iter();
        gateways
            .map(|&gateway| PaymentMethod {
                gateway,
                limits: self
                    .settings
                    .amounts
                    .iter()
                    .filter(|(least, _)| takes_currency(gateway, least.currency()))
                    .collect(),
            })
            .collect()
    }
}

/// Whether a gateway takes a currency.
pub(super) fn takes_currency(gateway: Gateway, currency: Currency) -> bool {
    match gateway {
        Gateway::Stripe => true,
        Gateway::Midtrans => currency == Currency::Idr,
    }
}

/// Whether a gateway takes an amount that may not be whole: Midtrans knows whole rupiah only.
pub(super) fn takes_fraction(gateway: Gateway, amount: Money) -> bool {
    match gateway {
        Gateway::Stripe => true,
        Gateway::Midtrans => amount.minor() % amount.currency().minor_per_unit() == 0,
    }
}
