//! What an installation of a play is made of.

use std::sync::Arc;
use std::time::Duration;

use bayar_app::WebhookReaders;
use bayar_app::port::{PaymentGateway, Random, Webhooks};
use bayar_domain::Mode;
use bayar_midtrans::notification::MidtransWebhooks;
use bayar_midtrans::{MidtransConfig, MidtransGateway};
use bayar_sandbox::sim::Simulator;
use bayar_stripe::webhook::StripeWebhooks;
use bayar_stripe::{StripeConfig, StripeGateway};
use bayar_tests::stage::{MIDTRANS_KEY, STRIPE_KEY};

/// What the simulated Stripe signs with.
const STRIPE_SECRET: &str = "whsec_simulated";

pub fn stripe(simulator: &Simulator, random: &Arc<dyn Random>) -> Arc<dyn PaymentGateway> {
    let config = StripeConfig {
        api_base: simulator.stripe_base(),
        timeouts: bayar_stripe::Timeouts {
            connect: Duration::from_secs(1),
            total: Duration::from_millis(500),
        },
        retries: bayar_stripe::Retries {
            at_most: 0,
            ..bayar_stripe::Retries::default()
        },
        ..StripeConfig::new(STRIPE_KEY.into(), Mode::Test)
    };
    Arc::new(StripeGateway::new(config, Arc::clone(random)).unwrap())
}

pub fn midtrans(simulator: &Simulator, random: &Arc<dyn Random>) -> Arc<dyn PaymentGateway> {
    let config = MidtransConfig {
        server_key: MIDTRANS_KEY.into(),
        snap_base: simulator.url(),
        api_base: simulator.core_base(),
        mode: Mode::Test,
        merchant: None,
        timeouts: bayar_midtrans::Timeouts {
            connect: Duration::from_secs(1),
            answer: Duration::from_millis(500),
            budget: Duration::from_millis(500),
            whole: Duration::from_secs(5),
        },
        retries: bayar_midtrans::Retries {
            most: 0,
            ..bayar_midtrans::Retries::default()
        },
    };
    Arc::new(MidtransGateway::new(config, Arc::clone(random)).unwrap())
}

pub fn readers() -> WebhookReaders {
    let stripe = StripeWebhooks::new(vec![STRIPE_SECRET.into()], Mode::Test);
    let midtrans = MidtransWebhooks::new(vec![MIDTRANS_KEY.into()], Mode::Test, None);
    let readers: [Arc<dyn Webhooks>; 2] = [Arc::new(stripe), Arc::new(midtrans)];
    WebhookReaders::new(readers)
}
