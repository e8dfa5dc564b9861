//! Settings that are right one by one and odd together.

use std::time::Duration;

use bayar_domain::gateway::Mode;

use super::reader::Reader;
use super::values::show_time;
use super::{Config, Database, table};

/// Stripe closes no checkout earlier than this after it was opened.
const SHORTEST_CHECKOUT: Duration = Duration::from_mins(30);

/// Warns of what is not meant in most installations.
pub(super) fn warn(reader: &mut Reader<'_>, config: &Config) {
    live_money_in_one_file(reader, config);
    links_to_this_machine(reader, config);
    waiting_longer_than_a_request(reader, config);
    asking_longer_than_a_request(reader, config);
    payments_shorter_than_a_checkout(reader, config);
    if config
        .http
        .trusted_proxies
        .iter()
        .any(|network| network.is_everything())
    {
        reader.warn(
            &table::TRUSTED_PROXIES,
            "believes every caller about its address, so nobody is limited by it",
        );
    }
}

fn live_money_in_one_file(reader: &mut Reader<'_>, config: &Config) {
    match config.database {
        Database::Postgres(_) => {}
        Database::Embedded => {
            for (setting, mode) in config.gateways.modes() {
                if mode == Mode::Live {
                    reader.warn(
                        setting,
                        "is a live key, and there is no DATABASE_URL: REAL MONEY IS RECORDED IN ONE SQLITE FILE, \
                         which is lost with its disk; use Postgres, or back the file up all the time",
                    );
                }
            }
        }
    }
}

fn links_to_this_machine(reader: &mut Reader<'_>, config: &Config) {
    let http = &config.http;
    if http.public_url.is_none() && !http.bind.ip().is_loopback() {
        reader.warn(
            &table::PUBLIC_URL,
            format!(
                "is not set, so every link begins with {} and leads nowhere from other machines",
                http.public_url(http.bind.port())
            ),
        );
    }
}

fn waiting_longer_than_a_request(reader: &mut Reader<'_>, config: &Config) {
    let payments = &config.payments;
    let waiting = payments.lock_delay.saturating_mul(payments.lock_tries);
    let request = config.http.request_timeout;
    if waiting >= request {
        reader.warn(
            &table::LOCK_TRIES,
            format!(
                "times LOCK_DELAY_MS is {}, and REQUEST_TIMEOUT ends the request after {}",
                show_time(waiting),
                show_time(request)
            ),
        );
    }
}

fn asking_longer_than_a_request(reader: &mut Reader<'_>, config: &Config) {
    let is_used = config.gateways.modes().next().is_some();
    let request = config.http.request_timeout;
    if is_used && config.gateway_timeout >= request {
        reader.warn(
            &table::GATEWAY_TIMEOUT,
            format!(
                "is {}, and REQUEST_TIMEOUT ends the request after {}",
                show_time(config.gateway_timeout),
                show_time(request)
            ),
        );
    }
}

fn payments_shorter_than_a_checkout(reader: &mut Reader<'_>, config: &Config) {
    if config.gateways.stripe.is_some() && config.payments.ttl < SHORTEST_CHECKOUT {
        reader.warn(
            &table::PAYMENT_TTL,
            "is shorter than the 30 minutes that Stripe keeps a checkout open at least",
        );
    }
}
