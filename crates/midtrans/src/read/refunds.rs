//! Money that went back.

use std::collections::{BTreeMap, BTreeSet};

use bayar_app::port::gateway::{AskedRefund, CallError};
use bayar_domain::fact::{Proof, RefundStep};
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::{Money, RefundId};
use chrono::{DateTime, Utc};

use super::{Proofs, Told, amount, garbage};
use crate::time;
use crate::wire::{RefundEntry, Word};

impl Told<'_> {
    /// All that came in, and what went back of it: the amount of the transaction stays what it was.
    pub(super) fn refunded(&self) -> Result<Proofs, CallError> {
        let mut proofs = vec![(self.captured()?, self.at)];
        for entry in &self.body.refunds {
            proofs.extend(self.entry(entry)?);
        }
        let amounts = refunds_in(&proofs).map(|(_, amount, _)| amount);
        let listed = Money::sum(self.gross()?.currency(), amounts);
        let listed = listed.map_err(|_| garbage("refunds"))?;
        self.must_list_all(listed)?;
        if self.body.refunds.is_empty() {
            proofs.extend(self.unlisted()?);
        } else {
            let outdated = self.outdated(&proofs, listed)?;
            proofs.extend(outdated);
        }
        Ok(proofs)
    }

    /// An answer that lists less than it says went back would prove of a refund of ours that there is none.
    fn must_list_all(&self, listed: Money) -> Result<(), CallError> {
        let told = match &self.body.refund_amount {
            Some(told) => amount(Some(told), self.body)?,
            None => listed,
        };
        let lists_less = match (self.body.word(), self.body.refunds.is_empty()) {
            // All went back: that is told without a list, too.
            (Word::Refund, true) => false,
            (Word::PartialRefund, true) => true,
            _ => told.minor() > listed.minor(),
        };
        if lists_less {
            self.warn("midtrans tells of more refunds than it lists, so nothing is changed");
            return Err(garbage("refunds"));
        }
        Ok(())
    }

    /// What was told while nothing was listed gives way where it does not fit beside what is listed.
    fn outdated(&self, listed: &Proofs, sum: Money) -> Result<Proofs, CallError> {
        let gross = self.gross()?;
        let is_listed = |name| refunds_in(listed).any(|(listed, ..)| listed == name);
        let mut outdated = Vec::new();
        for (name, known) in self.known() {
            let was_guessed = name.as_str() == self.nameless() || self.is_asked(name);
            let fits = sum
                .checked_add(known.amount)
                .is_ok_and(|sum| sum.minor() <= gross.minor());
            if was_guessed && !fits && !is_listed(name) {
                let proof = Proof::Refunded {
                    capture: self.capture.clone(),
                    refund: name.clone(),
                    amount: known.amount,
                    step: RefundStep::Failed,
                    ours: known.ours,
                };
                outdated.push((proof, self.at));
            }
        }
        Ok(outdated)
    }

    /// The refunds of this money that are proved already, and have not failed.
    fn known(&self) -> BTreeMap<&GatewayRefundId, Known> {
        let mut known = BTreeMap::new();
        let mut failed = BTreeSet::new();
        for fact in self.place.facts {
            if let Proof::Refunded {
                capture,
                refund,
                amount,
                step,
                ours,
            } = fact.proof()
                && *capture == self.capture
            {
                if *step == RefundStep::Failed {
                    failed.insert(refund);
                }
                let (amount, ours) = (*amount, *ours);
                known.insert(refund, Known { amount, ours });
            }
        }
        known.retain(|name, _| !failed.contains(name));
        known
    }

    /// What a refund is called that no list tells of and that is none of ours.
    fn nameless(&self) -> String {
        format!("{} refund", self.capture)
    }

    fn is_asked(&self, name: &GatewayRefundId) -> bool {
        let mut keys = self.asked().map(|asked| asked.key.as_str());
        keys.any(|key| key == name.as_str())
    }

    fn entry(&self, entry: &RefundEntry) -> Result<Option<(Proof, DateTime<Utc>)>, CallError> {
        let amount = amount(entry.refund_amount.as_deref(), self.body)?;
        if !amount.is_positive() {
            self.warn("midtrans tells of a refund of nothing, which is passed over");
            return Ok(None);
        }
        let key = entry.refund_key.as_deref();
        // The key has one spelling and is there from the first, so it names the refund.
        let name = match (key, &entry.refund_chargeback_id, &entry.created_at) {
            (Some(key), _, _) => key.to_owned(),
            (None, Some(id), _) => format!("{} {id}", self.capture),
            (None, None, Some(created)) => format!("{} {created} {amount}", self.capture),
            (None, None, None) => return Err(garbage("refunds")),
        };
        let told = [&entry.bank_confirmed_at, &entry.created_at];
        let at = told
            .into_iter()
            .find_map(|text| time::read(text.as_deref()?))
            .unwrap_or(self.place.now);
        Ok(Some((
            Proof::Refunded {
                capture: self.capture.clone(),
                refund: GatewayRefundId::new(name).map_err(|_| garbage("refunds"))?,
                amount,
                step: step(entry),
                ours: self
                    .asked()
                    .find(|asked| Some(asked.key.as_str()) == key)
                    .map(|asked| asked.refund),
            },
            at,
        )))
    }

    /// The status says that all went back, and no list says how.
    /// Where what we asked for makes up all of it, that is what it was.
    fn unlisted(&self) -> Result<Proofs, CallError> {
        if self.body.word() != Word::Refund {
            return Ok(Vec::new());
        }
        let gross = self.gross()?;
        let nameless = self.nameless();
        let known = self.known();
        let mut others = known.keys().filter(|name| name.as_str() != nameless);
        // It was listed before: whoever tells it once more under another name counts it twice.
        if others.clone().any(|name| !self.is_asked(name)) {
            return Err(garbage("refunds"));
        }
        let proof = |refund: &str, amount, ours| {
            let refund = GatewayRefundId::new(refund).map_err(|_| garbage("refunds"))?;
            let proof = Proof::Refunded {
                capture: self.capture.clone(),
                refund,
                amount,
                step: RefundStep::Succeeded,
                ours,
            };
            Ok((proof, self.at))
        };
        // Of one that was asked for again, the last time counts: those before were refused.
        let latest = |with_failed: bool| -> BTreeMap<_, _> {
            let asked = self
                .asked()
                .filter(|asked| !asked.has_failed || (with_failed && asked.may_be_done));
            asked.map(|asked| (asked.refund, asked)).collect()
        };
        let makes_up_all = |asked: &BTreeMap<_, &AskedRefund>| {
            let amounts = asked.values().map(|asked| asked.amount);
            Money::sum(gross.currency(), amounts) == Ok(gross)
        };
        // What failed here and was asked for anew by another refund is not counted with it.
        let asked = [latest(false), latest(true)].into_iter().find(makes_up_all);
        if let Some(asked) = asked {
            asked
                .into_values()
                .map(|asked| proof(asked.key.as_str(), asked.amount, Some(asked.refund)))
                .collect()
        } else if others.next().is_some() {
            Err(garbage("refunds"))
        } else {
            Ok(vec![proof(&nameless, gross, None)?])
        }
    }

    /// What we asked to go back of this money.
    pub(super) fn asked(&self) -> impl Iterator<Item = &AskedRefund> {
        let refunds = self.place.refunds.iter();
        refunds.filter(|asked| asked.capture == self.capture)
    }
}

/// What is proved of a refund already.
struct Known {
    amount: Money,
    ours: Option<RefundId>,
}

/// The refunds among what is proved, each with its amount and how far it is.
pub(super) fn refunds_in(
    proofs: &Proofs,
) -> impl Iterator<Item = (&GatewayRefundId, Money, RefundStep)> {
    proofs.iter().filter_map(|(proof, _)| match proof {
        Proof::Refunded {
            refund,
            amount,
            step,
            ..
        } => Some((refund, *amount, *step)),
        Proof::Captured { .. }
        | Proof::Challenged { .. }
        | Proof::Reversed { .. }
        | Proof::Declined { .. }
        | Proof::Failed { .. }
        | Proof::Expired
        | Proof::Disputed { .. } => None,
    })
}

/// A refund is done when the bank has confirmed it. One that was handed to the bank on paper is never confirmed:
/// the gateway has taken the money from us, and that is all that is ever told.
fn step(entry: &RefundEntry) -> RefundStep {
    let method = entry.refund_method.as_deref().unwrap_or_default();
    if entry.bank_confirmed_at.is_some() || method.eq_ignore_ascii_case("offline") {
        RefundStep::Succeeded
    } else {
        RefundStep::Pending
    }
}
