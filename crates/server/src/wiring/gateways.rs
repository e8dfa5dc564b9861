//! The gateways that are set up.

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::{PaymentGateway, Random, Webhooks};
use bayar_midtrans::notification::MidtransWebhooks;
use bayar_midtrans::{MidtransConfig, MidtransGateway};
use bayar_stripe::webhook::StripeWebhooks;
use bayar_stripe::{StripeConfig, StripeGateway};

use super::WiringError;
use crate::config::{Config, Midtrans, Stripe};

/// How long a connection may take: a gateway that is there takes one at once.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a call may take in all: it ends before somebody else takes it over.
const WHOLE: Duration = Duration::from_secs(25);

pub(super) fn adapters(
    config: &Config,
    random: &Arc<dyn Random>,
) -> Result<Vec<Arc<dyn PaymentGateway>>, WiringError> {
    let mut adapters: Vec<Arc<dyn PaymentGateway>> = Vec::new();
    let timeout = config.gateway_timeout;
    if let Some(stripe) = &config.gateways.stripe {
        let config = stripe_config(stripe, timeout);
        let gateway = StripeGateway::new(config, Arc::clone(random))?;
        adapters.push(Arc::new(gateway));
    }
    if let Some(midtrans) = &config.gateways.midtrans {
        let config = midtrans_config(midtrans, timeout);
        let gateway = MidtransGateway::new(config, Arc::clone(random))?;
        adapters.push(Arc::new(gateway));
    }
    Ok(adapters)
}

/// What tells their true webhooks from others.
pub(super) fn webhooks(config: &Config) -> Vec<Arc<dyn Webhooks>> {
    let mut readers: Vec<Arc<dyn Webhooks>> = Vec::new();
    if let Some(stripe) = &config.gateways.stripe {
        let secrets = stripe.webhook_secrets.clone();
        readers.push(Arc::new(StripeWebhooks::new(secrets, stripe.mode)));
    }
    if let Some(midtrans) = &config.gateways.midtrans {
        let keys = midtrans.notification_keys.clone();
        let merchant = midtrans.merchant.clone();
        let reader = MidtransWebhooks::new(keys, midtrans.mode, merchant);
        readers.push(Arc::new(reader));
    }
    readers
}

fn stripe_config(stripe: &Stripe, timeout: Duration) -> StripeConfig {
    StripeConfig {
        api_base: stripe.api_base.as_str().to_owned(),
        account: stripe.account.clone(),
        timeouts: bayar_stripe::Timeouts {
            connect: CONNECT.min(timeout),
            total: timeout,
        },
        retries: bayar_stripe::Retries {
            budget: budget(timeout),
            ..bayar_stripe::Retries::default()
        },
        ..StripeConfig::new(stripe.secret_key.clone(), stripe.mode)
    }
}

fn midtrans_config(midtrans: &Midtrans, timeout: Duration) -> MidtransConfig {
    MidtransConfig {
        server_key: midtrans.server_key.clone(),
        snap_base: midtrans.snap_base.as_str().to_owned(),
        api_base: midtrans.api_base.as_str().to_owned(),
        mode: midtrans.mode,
        merchant: midtrans.merchant.clone(),
        timeouts: bayar_midtrans::Timeouts {
            connect: CONNECT.min(timeout),
            answer: timeout,
            budget: budget(timeout),
            whole: WHOLE.min(timeout.saturating_mul(3)),
        },
        retries: bayar_midtrans::Retries::default(),
    }
}

/// How long all tries of one request may take together.
fn budget(timeout: Duration) -> Duration {
    timeout.saturating_add(timeout / 2)
}
