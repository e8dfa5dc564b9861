use std::num::NonZeroU32;
use std::time::Duration;

use bayar_app::identity::{Keyring, ReturnSigner, TicketSigner, TokenSigner};
use bayar_app::{RefundSettings, Settings, Signers, WorkSettings};
use bayar_domain::{AmountLimits, AmountRange, Currency, Money, TaxPolicy};
use chrono::FixedOffset;

/// How the use cases are set up where a test wants nothing else: pesos and rupiah from 1 to 100 million, nobody meets
/// a limit of requests, and work is done one job at a time.
#[must_use]
pub fn settings() -> Settings {
    let day = Duration::from_secs(24 * 60 * 60);
    let range = |currency| {
        let amount = |minor| Money::new(minor, currency);
        AmountRange::new(amount(100), amount(10_000_000_000)).unwrap()
    };
    let amounts = [Currency::Php, Currency::Idr].map(range);
    Settings {
        payment_ttl: day,
        key_ttl: day,
        cache_ttl: Duration::from_secs(300),
        lock_ttl: Duration::from_secs(5),
        lock_tries: 50,
        lock_delay: Duration::from_millis(10),
        api_quota: None,
        service_quota: None,
        payment_quota: None,
        login_quota: None,
        taxes: TaxPolicy::standard(),
        tax_zone: FixedOffset::east_opt(7 * 3600).unwrap(),
        amounts: AmountLimits::new(amounts).unwrap(),
        checkout_ttl: Duration::from_secs(60 * 60),
        public_url: "https://shop.example".to_owned(),
        work: WorkSettings {
            at_once: NonZeroU32::MIN,
            gateway_quota: None,
            zone: chrono_tz::Tz::UTC,
        },
        people_are_external: false,
        refunds: RefundSettings::default(),
    }
}

/// What signs tokens and links, by a key that every test knows. Nobody comes from elsewhere.
#[must_use]
pub fn signers() -> Signers {
    let key = [7; 32];
    let keyring = Keyring::new(vec![key]).unwrap();
    Signers {
        tokens: TokenSigner::new(&[key], Duration::from_secs(60)).unwrap(),
        tickets: TicketSigner::new(&keyring),
        returns: ReturnSigner::new(&keyring),
        external: None,
    }
}
