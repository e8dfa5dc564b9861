use std::fmt::Display;
use std::sync::Arc;

use bayar_domain::UserId;

use crate::accounts::Claimant;
use crate::caller::Caller;
use crate::port::store::Installation;
use crate::port::{Away, Quota, RateLimits, Spent};
use crate::settings::Settings;

/// How often callers may do what.
///
/// The counters are shared by the processes of an installation. While they are away each process counts for itself.
pub struct Limits {
    shared: Arc<dyn RateLimits>,
    own: Arc<dyn RateLimits>,
    prefix: String,
    api: Option<Quota>,
    service: Option<Quota>,
    payments: Option<Quota>,
    login: Option<Quota>,
}

/// What a limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// The limit.
    pub quota: Quota,
    /// What became of the request's unit.
    pub spent: Spent,
}

impl Limits {
    pub(crate) fn new(
        shared: Arc<dyn RateLimits>,
        own: Arc<dyn RateLimits>,
        installation: &Installation,
        settings: &Settings,
    ) -> Self {
        Self {
            shared,
            own,
            prefix: format!("bayar:limit:{installation}"),
            api: settings.api_quota,
            service: settings.service_quota,
            payments: settings.payment_quota,
            login: settings.login_quota,
        }
    }

    /// One request of a caller who shows a proof.
    pub async fn request(&self, claimant: &Claimant) -> Option<Limited> {
        let quota = match claimant.caller() {
            Caller::Person { .. } => self.api,
            Caller::Key { .. } => self.service,
        };
        self.spend("api", &claimant.counted_as(), quota).await
    }

    /// One request from a place, of nobody who is known.
    pub async fn stranger(&self, place: &str) -> Option<Limited> {
        self.spend("api-from", &place, self.api).await
    }

    /// One try to sign in from a place.
    pub async fn login(&self, place: &str) -> Option<Limited> {
        self.spend("login", &place, self.login).await
    }

    /// One try to sign in to an account, from wherever it comes.
    pub async fn login_to(&self, account: &str) -> Option<Limited> {
        // Ten times the limit of one place: guessing from many places is slow,
        // and whoever wants to shut somebody out of an account needs as many places.
        let quota = self.login.map(|quota| Quota {
            limit: quota.limit.saturating_mul(10),
            ..quota
        });
        self.spend("login-to", &account, quota).await
    }

    /// One new payment of somebody.
    pub(crate) async fn new_payment(&self, owner: UserId) -> Option<Limited> {
        self.spend("payments", &owner, self.payments).await
    }

    /// A payment that was counted as new was none.
    pub(crate) async fn no_new_payment(&self, owner: UserId) {
        if let Some(quota) = self.payments {
            let name = self.name("payments", &owner);
            if let Err(Away(_)) = self.shared.give_back(&name, quota).await {
                let _ = self.own.give_back(&name, quota).await;
            }
        }
    }

    fn name(&self, what: &str, who: &(dyn Display + Sync)) -> String {
        format!("{}:{what}:{who}", self.prefix)
    }

    async fn spend(
        &self,
        what: &str,
        who: &(dyn Display + Sync),
        quota: Option<Quota>,
    ) -> Option<Limited> {
        let quota = quota?;
        let name = self.name(what, who);
        let spent = match self.shared.spend(&name, quota).await {
            Ok(spent) => spent,
            // Counters of this process are never away.
            Err(Away(_)) => self.own.spend(&name, quota).await.ok()?,
        };
        Some(Limited { quota, spent })
    }
}
