use bayar_domain::Gateway;

use crate::App;
use crate::port::gateway::{AccountReport, CallError};

impl App {
    /// Asks each gateway that is set up who we are.
    pub async fn check_gateways(&self) -> Vec<(Gateway, Result<AccountReport, CallError>)> {
        let mut reports = Vec::new();
        for gateway in self.gateways.names() {
            if let Some(gate) = self.gate(gateway) {
                reports.push((gateway, gate.check().await));
            }
        }
        reports
    }
}
