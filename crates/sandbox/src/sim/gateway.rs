//! The two gateways.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A simulated gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gateway {
    /// Stripe.
    Stripe,
    /// Midtrans, both Snap and Core.
    Midtrans,
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stripe => "stripe",
            Self::Midtrans => "midtrans",
        })
    }
}
