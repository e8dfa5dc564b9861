//! Money that went back.

use std::collections::BTreeMap;

use bayar_app::port::gateway::{AskedRefund, CallError};

use bayar_domain::Money;
use bayar_domain::fact::{Proof, RefundStep};
use bayar_domain::gateway::GatewayRefundId;
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
        if self.body.refunds.is_empty() {
            proofs.extend(self.unlisted()?);
        }
        Ok(proofs)
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
            if self.body.word() == Word::PartialRefund {
                self.warn("midtrans tells of a refund and lists none, so nothing is changed");
            }
            return Ok(Vec::new());
        }
        let gross = self.gross()?;
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
                .filter(|asked| with_failed || !asked.has_failed);
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
        } else {
            let name = format!("{} refund", self.capture);
            Ok(vec![proof(&name, gross, None)?])
        }
    }

    fn asked(&self) -> impl Iterator<Item = &AskedRefund> {
        let refunds = self.place.refunds.iter();
        refunds.filter(|asked| asked.capture == self.capture)
    }
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
