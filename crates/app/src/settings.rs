use std::collections::BTreeMap;
use std::time::Duration;

use bayar_domain::{AmountLimits, Currency, Money, TaxPolicy};
use chrono::{DateTime, FixedOffset, NaiveDate, Offset as _, Utc};

use crate::identity::Role;
use crate::port::Quota;
use crate::work::WorkSettings;

/// How the use cases are set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a payment may wait for its money.
    pub payment_ttl: Duration,
    /// How long an idempotency key is kept in the store.
    pub key_ttl: Duration,
    /// How long an answer is kept in the cache.
    pub cache_ttl: Duration,
    /// How long a lock lasts when nobody releases it.
    pub lock_ttl: Duration,
    /// How often a taken lock is asked for.
    pub lock_tries: u32,
    /// How long to wait between two tries.
    pub lock_delay: Duration,
    /// Requests of one caller.
    pub api_quota: Option<Quota>,
    /// Requests of one application.
    pub service_quota: Option<Quota>,
    /// New payments of one caller.
    pub payment_quota: Option<Quota>,
    /// Tries to sign in from one place.
    pub login_quota: Option<Quota>,
    /// The tax rules.
    pub taxes: TaxPolicy,
    /// Where the seller is: it decides which day it is.
    pub tax_zone: FixedOffset,
    /// How much a payment may be.
    pub amounts: AmountLimits,
    /// How long a checkout is open.
    pub checkout_ttl: Duration,
    /// Where buyers find this program, without a slash at the end.
    pub public_url: String,
    /// How work that is due is done.
    pub work: WorkSettings,
    /// Whether the people here are those of an identity provider.
    pub people_are_external: bool,
    /// Who may give money back, and how much.
    pub refunds: RefundSettings,
}

/// Who may give money back, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSettings {
    /// What a caller must be.
    pub roles: Vec<Role>,
    /// How much each caller may give back on one day, where that has an end.
    pub daily_limits: BTreeMap<Currency, Money>,
    /// Where a day begins and ends.
    pub zone: FixedOffset,
}

impl Default for RefundSettings {
    /// Operators and applications, as much as came in, in days of UTC.
    fn default() -> Self {
        Self {
            roles: vec![Role::Operator, Role::Service],
            daily_limits: BTreeMap::new(),
            zone: Utc.fix(),
        }
    }
}

impl RefundSettings {
    /// The day that a refund counts in.
    #[must_use]
    pub fn day(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }
}

impl Settings {
    /// The day whose tax rules apply.
    #[must_use]
    pub fn tax_day(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.tax_zone).date_naive()
    }
}
