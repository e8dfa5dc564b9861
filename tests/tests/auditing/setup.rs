//! What an installation of a play is made of.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::identity::{Keyring, ReturnSigner, TicketSigner, TokenSigner};
use bayar_app::port::{PaymentGateway, Random, Webhooks};
use bayar_app::{RefundSettings, Settings, Signers, WebhookReaders, WorkSettings};
use bayar_domain::{AmountLimits, AmountRange, Currency, Mode, Money, TaxPolicy};
use bayar_midtrans::notification::MidtransWebhooks;
use bayar_midtrans::{MidtransConfig, MidtransGateway};
use bayar_sandbox::sim::Simulator;
use bayar_stripe::webhook::StripeWebhooks;
use bayar_stripe::{StripeConfig, StripeGateway};
use chrono::FixedOffset;

use crate::stage::{MIDTRANS_KEY, STRIPE_KEY};

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

pub fn signers() -> Signers {
    let keyring = Keyring::new(vec![[7; 32]]).unwrap();
    Signers {
        tokens: TokenSigner::new(&[[7; 32]], Duration::from_secs(60)).unwrap(),
        tickets: TicketSigner::new(&keyring),
        returns: ReturnSigner::new(&keyring),
        external: None,
    }
}

pub fn settings() -> Settings {
    let least = Money::new(100, Currency::Idr);
    let most = Money::new(10_000_000_000, Currency::Idr);
    Settings {
        refunds: RefundSettings::default(),
        payment_ttl: Duration::from_secs(24 * 60 * 60),
        key_ttl: Duration::from_secs(24 * 60 * 60),
        cache_ttl: Duration::from_secs(300),
        lock_ttl: Duration::from_secs(5),
        lock_tries: 50,
        lock_delay: Duration::from_millis(1),
        api_quota: None,
        service_quota: None,
        payment_quota: None,
        login_quota: None,
        taxes: TaxPolicy::standard(),
        tax_zone: FixedOffset::east_opt(7 * 3600).unwrap(),
        amounts: AmountLimits::new([AmountRange::new(least, most).unwrap()]).unwrap(),
        checkout_ttl: Duration::from_secs(60 * 60),
        public_url: "https://shop.example".to_owned(),
        work: WorkSettings {
            at_once: NonZeroU32::MIN,
            gateway_quota: None,
            zone: chrono_tz::Tz::UTC,
        },
        people_are_external: false,
    }
}
