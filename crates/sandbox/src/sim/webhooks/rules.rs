//! Webhooks that go wrong on purpose.

use serde::{Deserialize, Serialize};

use super::queue::Delivery;
use crate::sim::gateway::Gateway;
use crate::sim::ids::Ids;
use crate::sim::in_force::{InForce, Pace};

/// Which webhooks go wrong, and how. What is left out matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRule {
    /// From which gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// The event's type at Stripe, the transaction's status at Midtrans; `*` at the end is any rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// About which order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Only from the nth matching attempt on, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// How many attempts it strikes. One, unless `per_mille` is given; 0 is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many of a thousand matching attempts it strikes, drawn from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u32>,
    /// What is done to it.
    pub tamper: Tamper,
}

impl WebhookRule {
    /// The next webhook of any kind.
    #[must_use]
    pub fn next(tamper: Tamper) -> Self {
        Self {
            gateway: None,
            event: None,
            order: None,
            nth: None,
            times: None,
            per_mille: None,
            tamper,
        }
    }

    /// Only events of this type.
    #[must_use]
    pub fn event(mut self, event: &str) -> Self {
        self.event = Some(event.to_owned());
        self
    }

    /// Only about this order.
    #[must_use]
    pub fn order(mut self, order: &str) -> Self {
        self.order = Some(order.to_owned());
        self
    }

    /// As many times; 0 is no limit.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn pace(&self) -> Pace {
        Pace {
            nth: self.nth,
            times: self.times,
            per_mille: self.per_mille,
        }
    }

    fn matches(&self, delivery: &Delivery) -> bool {
        let gateway = self
            .gateway
            .is_none_or(|gateway| gateway == delivery.gateway);
        let event = self
            .event
            .as_deref()
            .is_none_or(|wanted| match wanted.strip_suffix('*') {
                Some(start) => delivery.event.starts_with(start),
                None => delivery.event == wanted,
            });
        let order = self.order.is_none() || self.order == delivery.order;
        // One that was put off is not put off again.
        let again = delivery.put_off && self.tamper.puts_off();
        gateway && event && order && !again
    }
}

/// What is done to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Tamper {
    /// It is lost, and never sent again.
    Drop,
    /// This attempt is lost; the next one comes as after a time-out.
    DropOnce,
    /// It is sent more than once.
    Duplicate {
        /// How many more times.
        copies: u32,
    },
    /// It is sent later, in simulated time.
    Delay {
        /// How much later.
        seconds: u64,
    },
    /// The next webhook of the same gateway overtakes it (or it goes after ten seconds).
    Reorder,
    /// It is signed with a secret nobody has.
    WrongSecret,
    /// It carries no signature at all.
    Unsigned,
    /// Stripe's signature is this old.
    Stale {
        /// How old.
        seconds: i64,
    },
    /// It is signed well and is about another account.
    OtherAccount,
    /// It is signed well and says `livemode` the other way round. Stripe only.
    LiveFlipped,
    /// Its status is changed after it was signed. Midtrans' signature does not notice.
    Edited {
        /// The status it shows.
        status: String,
    },
}

impl Tamper {
    /// The name of its kind, as the control API calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::DropOnce => "drop_once",
            Self::Duplicate { .. } => "duplicate",
            Self::Delay { .. } => "delay",
            Self::Reorder => "reorder",
            Self::WrongSecret => "wrong_secret",
            Self::Unsigned => "unsigned",
            Self::Stale { .. } => "stale",
            Self::OtherAccount => "other_account",
            Self::LiveFlipped => "live_flipped",
            Self::Edited { .. } => "edited",
        }
    }

    fn puts_off(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::Reorder)
    }
}

/// The rules for webhooks.
pub(in crate::sim) type Rules = InForce<WebhookRule>;

impl Rules {
    pub fn new(seed: u64) -> Self {
        Self::none("webhook_rule", Ids::new(seed, u64::MAX - 1))
    }

    /// What to do to an attempt: what the first rule says that wants to strike.
    pub fn pick(&mut self, delivery: &Delivery) -> Option<Tamper> {
        let (_, rule) = self.strike(|rule| rule.matches(delivery), WebhookRule::pace)?;
        Some(rule.tamper.clone())
    }
}
