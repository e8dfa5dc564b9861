use std::sync::atomic::{AtomicU64, Ordering};

use bayar_domain::Gateway;

use crate::App;
use crate::port::store::{Answer, WebhookStatus};

/// How many webhooks of each gateway came to which end in this process.
#[derive(Debug, Default)]
pub(crate) struct InboxTally {
    stripe: Ends,
    midtrans: Ends,
}

#[derive(Debug, Default)]
struct Ends {
    good: AtomicU64,
    bad: AtomicU64,
}

impl InboxTally {
    const fn of(&self, gateway: Gateway) -> &Ends {
        match gateway {
            Gateway::Stripe => &self.stripe,
            Gateway::Midtrans => &self.midtrans,
        }
    }

    /// Counts an end. What is still worked on, or is nobody's, is none.
    pub(super) fn count(&self, gateway: Gateway, status: WebhookStatus) {
        let ends = self.of(gateway);
        let end = match status {
            WebhookStatus::Processed => &ends.good,
            WebhookStatus::Parked | WebhookStatus::Quarantined => &ends.bad,
            WebhookStatus::Received | WebhookStatus::Ignored | WebhookStatus::Unmatched => return,
        };
        end.fetch_add(1, Ordering::Relaxed);
    }

    /// How many of a hundred came to a good end; nothing when none came to any.
    fn percent(&self, gateway: Gateway) -> Option<u32> {
        let ends = self.of(gateway);
        let (good, bad) = (
            ends.good.load(Ordering::Relaxed),
            ends.bad.load(Ordering::Relaxed),
        );
        let percent = good
            .saturating_mul(100)
            .checked_div(good.saturating_add(bad))?;
        u32::try_from(percent).ok()
    }
}

/// Counts what a webhook came to.
pub(super) fn count(gateway: Gateway, outcome: &'static str) {
    metrics::counter!("bayar_webhooks_total", "gateway" => gateway.as_str(), "outcome" => outcome)
        .increment(1);
}

impl App {
    /// Brings the figures about webhooks up to date.
    ///
    /// # Errors
    /// When the store does not say.
    pub async fn measure_inbox(&self) -> Answer<()> {
        let open = self.store.open_webhooks().await?;
        for &gateway in Gateway::ALL {
            for status in WebhookStatus::ALL {
                if status.is_good_end() {
                    continue;
                }
                let found = open
                    .iter()
                    .find(|found| (found.gateway, found.status) == (gateway, status));
                let count = found.map_or(0, |found| found.count);
                metrics::gauge!(
                    "bayar_webhooks_open", "gateway" => gateway.as_str(), "status" => status.as_str()
                )
                .set(u32::try_from(count).unwrap_or(u32::MAX));
            }
            if let Some(percent) = self.inbox_tally.percent(gateway) {
                metrics::gauge!("bayar_webhooks_success_percent", "gateway" => gateway.as_str())
                    .set(percent);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_to_no_end_is_not_counted() {
        let tally = InboxTally::default();
        assert_eq!(tally.percent(Gateway::Stripe), None);
        for status in [
            WebhookStatus::Received,
            WebhookStatus::Unmatched,
            WebhookStatus::Ignored,
        ] {
            tally.count(Gateway::Stripe, status);
        }
        assert_eq!(tally.percent(Gateway::Stripe), None);
        for status in [
            WebhookStatus::Processed,
            WebhookStatus::Processed,
            WebhookStatus::Processed,
            WebhookStatus::Parked,
        ] {
            tally.count(Gateway::Stripe, status);
        }
        assert_eq!(tally.percent(Gateway::Stripe), Some(75));
        tally.count(Gateway::Midtrans, WebhookStatus::Quarantined);
        assert_eq!(tally.percent(Gateway::Midtrans), Some(0));
    }
}
