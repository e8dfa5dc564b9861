//! Faults on demand: which request goes wrong, and how.

use serde::{Deserialize, Serialize};

use super::gateway::Gateway;
use super::ids::Ids;
use super::in_force::{InForce, Pace};

/// Which requests go wrong, and how. What is left out matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// At which gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// At which operation, such as `checkout_session.create` or `snap.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// For which order. Requests that do not name it are known by the object they name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Only from the nth matching request on, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// How many requests it strikes. One, unless `per_mille` is given; 0 is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many of a thousand matching requests it strikes, drawn from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_mille: Option<u32>,
    /// What goes wrong.
    pub fault: Fault,
}

impl Rule {
    /// The next request of any kind goes wrong.
    #[must_use]
    pub fn next(fault: Fault) -> Self {
        Self {
            gateway: None,
            operation: None,
            order: None,
            nth: None,
            times: None,
            per_mille: None,
            fault,
        }
    }

    /// Only at this operation, such as `refund.create`.
    #[must_use]
    pub fn at(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only for this order.
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

    fn matches(&self, subject: &Subject<'_>) -> bool {
        let gateway = self
            .gateway
            .is_none_or(|gateway| gateway == subject.gateway);
        let operation =
            self.operation
                .as_deref()
                .is_none_or(|wanted| match wanted.strip_suffix('*') {
                    Some(start) => subject.operation.starts_with(start),
                    None => subject.operation == wanted,
                });
        let order = self.order.as_deref();
        gateway && operation && order.is_none_or(|order| subject.order == Some(order))
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing happens and nothing is answered.
    TimeoutBefore,
    /// It happens, and nothing is answered.
    TimeoutAfter,
    /// Nothing is answered, and it happens later.
    AppliedLate {
        /// How much later, in real time.
        after_ms: u64,
    },
    /// Nothing happens; the answer is 500.
    #[serde(rename = "error_500_before")]
    Error500Before {
        /// Whether the idempotency key keeps the 500.
        #[serde(default)]
        stored: bool,
    },
    /// It happens; the answer is 500, and the idempotency key keeps that.
    #[serde(rename = "error_500_after")]
    Error500After,
    /// The answer is a page of HTML with 503.
    #[serde(rename = "error_503_html")]
    Error503Html {
        /// Whether it happens all the same.
        #[serde(default)]
        applied: bool,
    },
    /// Nothing happens; the answer is 429.
    RateLimited {
        /// Whether the reason is a lock that is held, not the rate.
        #[serde(default)]
        lock_timeout: bool,
    },
    /// Nothing happens; the connection breaks.
    ResetBefore,
    /// It happens; the connection breaks.
    ResetAfter,
    /// It happens; the answer breaks off in the middle.
    CutOff,
    /// It happens; the answer comes sixteen bytes at a time.
    Drip {
        /// The pause between them.
        pause_ms: u64,
    },
    /// It happens; the answer is 200 and says nothing.
    Garbage,
    /// It takes long before it happens.
    Slow {
        /// How long, in real time.
        ms: u64,
    },
    /// The webhooks it causes come before its answer.
    WebhookFirst,
    /// The session that is opened, or the one that is paid, takes another amount.
    WrongAmount {
        /// The amount it takes, in the gateway's own unit.
        amount: i64,
    },
    /// The session that is opened, or the one that is paid, takes another currency.
    WrongCurrency {
        /// The currency it takes.
        currency: String,
    },
    /// The refund stays pending for a while.
    RefundPends,
    /// The refund fails at once.
    RefundFails,
    /// The refund succeeds, and fails later.
    RefundFailsLater,
    /// The issuer declines the refund; nothing moves.
    RefundRefused,
}

impl Fault {
    /// The name of its kind, as the control API calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TimeoutBefore => "timeout_before",
            Self::TimeoutAfter => "timeout_after",
            Self::AppliedLate { .. } => "applied_late",
            Self::Error500Before { .. } => "error_500_before",
            Self::Error500After => "error_500_after",
            Self::Error503Html { .. } => "error_503_html",
            Self::RateLimited { .. } => "rate_limited",
            Self::ResetBefore => "reset_before",
            Self::ResetAfter => "reset_after",
            Self::CutOff => "cut_off",
            Self::Drip { .. } => "drip",
            Self::Garbage => "garbage",
            Self::Slow { .. } => "slow",
            Self::WebhookFirst => "webhook_first",
            Self::WrongAmount { .. } => "wrong_amount",
            Self::WrongCurrency { .. } => "wrong_currency",
            Self::RefundPends => "refund_pends",
            Self::RefundFails => "refund_fails",
            Self::RefundFailsLater => "refund_fails_later",
            Self::RefundRefused => "refund_refused",
        }
    }
}

/// The request that is about to be served.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim) struct Subject<'a> {
    pub gateway: Gateway,
    pub operation: &'a str,
    pub order: Option<&'a str>,
}

/// A fault that was chosen, and the rule it comes from.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Picked {
    pub rule: String,
    pub fault: Fault,
}

/// The rules for requests.
pub(in crate::sim) type Faults = InForce<Rule>;

impl Faults {
    pub fn new(seed: u64) -> Self {
        Self::none("fault", Ids::new(seed, u64::MAX))
    }

    /// The fault for a request: that of the first rule that wants to strike.
    pub fn pick(&mut self, subject: &Subject<'_>) -> Option<Picked> {
        let (id, rule) = self.strike(|rule| rule.matches(subject), Rule::pace)?;
        Some(Picked {
            rule: id.to_owned(),
            fault: rule.fault.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUND: Subject<'static> = Subject {
        gateway: Gateway::Stripe,
        operation: "refund.create",
        order: Some("A"),
    };

    #[test]
    fn a_rule_strikes_once_from_its_nth_match_on() {
        let mut faults = Faults::new(1);
        let mut rule = Rule::next(Fault::TimeoutAfter).at("refund.*").order("A");
        rule.nth = Some(2);
        faults.add(rule);
        let other = Subject {
            order: Some("B"),
            ..REFUND
        };
        assert!(faults.pick(&REFUND).is_none());
        assert!(faults.pick(&other).is_none());
        assert!(faults.pick(&REFUND).is_some());
        assert!(faults.pick(&REFUND).is_none());
    }

    #[test]
    fn chances_are_drawn_from_the_seed() {
        let struck = |seed| {
            let mut faults = Faults::new(seed);
            let mut rule = Rule::next(Fault::ResetAfter);
            rule.per_mille = Some(300);
            faults.add(rule);
            let draws = (0..200).map(|_| faults.pick(&REFUND).is_some());
            draws.collect::<Vec<bool>>()
        };
        let first = struck(5);
        let count = first.iter().filter(|struck| **struck).count();
        assert!((30..90).contains(&count), "{count}");
        assert_eq!(first, struck(5));
        assert_ne!(first, struck(6));
    }

    #[test]
    fn a_rule_is_written_as_the_control_interface_takes_it() {
        let text = r#"{"operation":"snap.create","times":2,"fault":{"kind":"error_500_before","stored":true}}"#;
        let rule: Rule = serde_json::from_str(text).unwrap();
        assert_eq!(rule.fault, Fault::Error500Before { stored: true });
        assert_eq!(serde_json::to_string(&rule).unwrap(), text);
        assert!(serde_json::from_str::<Rule>(r#"{"fault":{"kind":"no_such"}}"#).is_err());
    }
}
