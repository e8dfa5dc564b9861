//! Reads what Midtrans knows of an attempt, and tells what it proves.

use bayar_app::port::gateway::{CallError, Door, Fault, FaultKind, Place, Reading};
use bayar_domain::fact::{Proof, RefundStep};
use bayar_domain::gateway::{CaptureId, DisputeId, GatewayRefundId, Reason, TryId};
use bayar_domain::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};

use crate::gateway::MidtransGateway;
use crate::wire::{Body, Fraud, Word};
use crate::{open, rupiah, time};

mod refunds;

use self::refunds::refunds_in;

/// How long after its deadline somebody who had begun to pay may still get through.
pub const GRACE: TimeDelta = TimeDelta::minutes(15);

pub async fn read(gateway: &MidtransGateway, place: &Place<'_>) -> Result<Reading, CallError> {
    let mut found = gateway.transaction(place.opened_by.as_str()).await?;
    if found.is_none() {
        // A few methods answer to the name of the money alone.
        if let Some(capture) = known_money(place) {
            found = gateway.transaction(capture.as_str()).await?;
        }
    }
    found.map_or_else(|| Ok(absent(place)), |body| reading(&body, place))
}

/// Nothing is known of it. That proves nothing while somebody may still choose a method.
fn absent(place: &Place<'_>) -> Reading {
    // Where money is known, its not being found is strange and proves nothing.
    let is_over = is_over(place) && known_money(place).is_none();
    Reading {
        door: if is_over { Door::Shut } else { Door::Absent },
        session: None,
        proofs: if is_over {
            vec![(Proof::Expired, place.dead_at)]
        } else {
            Vec::new()
        },
        names: Vec::new(),
        only_whole: false,
        // The name is our own: nothing of anybody else's was found under it.
        is_ours: true,
        status: "404".to_owned(),
        receipt_url: None,
    }
}

fn known_money<'a>(place: &Place<'a>) -> Option<&'a CaptureId> {
    place.facts.iter().find_map(|fact| fact.proof().capture())
}

fn is_over(place: &Place<'_>) -> bool {
    place.now.signed_duration_since(place.dead_at) > GRACE
}

/// What a transaction tells.
struct Told<'a> {
    body: &'a Body,
    place: &'a Place<'a>,
    capture: CaptureId,
    at: DateTime<Utc>,
}

type Proofs = Vec<(Proof, DateTime<Utc>)>;

fn reading(body: &Body, place: &Place<'_>) -> Result<Reading, CallError> {
    let told = Told {
        capture: capture(body)?,
        at: [&body.settlement_time, &body.transaction_time]
            .into_iter()
            .find_map(|text| time::read(text.as_deref()?))
            .unwrap_or(place.now),
        body,
        place,
    };
    let (door, proofs) = told.told()?;
    let names = [&body.order_id, &body.transaction_id];
    Ok(Reading {
        door,
        session: None,
        proofs,
        names: names.into_iter().flatten().cloned().collect(),
        // It has to settle first, which takes a day.
        only_whole: matches!(body.word(), Word::Authorize | Word::Capture),
        is_ours: is_ours(body, place),
        status: body.status(),
        receipt_url: None,
    })
}

impl Told<'_> {
    fn told(&self) -> Result<(Door, Proofs), CallError> {
        let nothing = Vec::new;
        Ok(match (self.body.word(), self.body.fraud()) {
            (Word::Pending, _) => (self.pending(), nothing()),
            (Word::Deny, _) | (Word::Authorize | Word::Capture | Word::Settlement, Fraud::Deny) => {
                self.denied()?
            }
            (Word::Authorize | Word::Capture | Word::Settlement, Fraud::Challenge) => {
                (Door::Paid, vec![(self.challenged()?, self.at)])
            }
            (Word::Capture | Word::Settlement, Fraud::Accept) if self.is_paid() => {
                (Door::Paid, vec![(self.captured()?, self.at)])
            }
            // Held and not taken: we never ask for that.
            (Word::Authorize | Word::Capture | Word::Settlement, _) | (Word::Other, _) => {
                self.warn("midtrans tells what we do not know, so nothing is changed");
                (Door::Waiting, nothing())
            }
            (Word::Cancel, _) => (Door::Shut, self.cancelled()?),
            (Word::Expire, _) => self.expired()?,
            (Word::Failure, _) if self.money_was_in() => (Door::Shut, vec![self.reversed()]),
            (Word::Failure, _) => {
                let reason = self.reason("failure");
                (Door::Shut, vec![(Proof::Failed { reason }, self.at)])
            }
            (Word::Refund | Word::PartialRefund, _) => (Door::Paid, self.refunded()?),
            (Word::Chargeback | Word::PartialChargeback, _) => (Door::Paid, self.disputed()?),
        })
    }

    /// The test that the gateway gives: the code as well as the words.
    fn is_paid(&self) -> bool {
        matches!(self.body.status_code.as_deref(), None | Some("200"))
    }

    fn pending(&self) -> Door {
        let ends = self.body.expiry_time.as_deref().and_then(time::read);
        if ends.is_some_and(|ends| self.place.now > ends) {
            Door::Overdue
        } else {
            Door::Open
        }
    }

    /// All that the buyer paid. Where no money is in, it need not be told.
    fn gross(&self) -> Result<Money, CallError> {
        amount(self.body.gross_amount.as_deref(), self.body)
    }

    fn captured(&self) -> Result<Proof, CallError> {
        Ok(Proof::Captured {
            capture: self.capture.clone(),
            amount: self.gross()?,
        })
    }

    fn challenged(&self) -> Result<Proof, CallError> {
        Ok(Proof::Challenged {
            capture: self.capture.clone(),
            amount: self.gross()?,
        })
    }

    fn reversed(&self) -> (Proof, DateTime<Utc>) {
        let capture = self.capture.clone();
        (Proof::Reversed { capture }, self.at)
    }

    /// Whether money was in before it was denied, cancelled or expired: we know, or the answer itself tells.
    fn money_was_in(&self) -> bool {
        let is_known = self.place.facts.iter().any(|fact| match fact.proof() {
            Proof::Captured { capture, .. } | Proof::Challenged { capture, .. } => {
                *capture == self.capture
            }
            Proof::Reversed { .. }
            | Proof::Declined { .. }
            | Proof::Failed { .. }
            | Proof::Expired
            | Proof::Refunded { .. }
            | Proof::Disputed { .. } => false,
        });
        is_known || self.body.settlement_time.is_some()
    }

    /// The page is still there, so the buyer may try again.
    fn denied(&self) -> Result<(Door, Proofs), CallError> {
        let is_over = is_over(self.place);
        let door = if is_over { Door::Shut } else { Door::Open };
        if self.money_was_in() {
            return Ok((door, vec![self.reversed()]));
        }
        let mut proofs = vec![(self.declined("deny")?, self.at)];
        if is_over {
            proofs.push((Proof::Expired, self.place.dead_at));
        }
        Ok((door, proofs))
    }

    /// One try of several: the transaction may keep its name, and then the time tells it from another.
    fn declined(&self, otherwise: &str) -> Result<Proof, CallError> {
        let time = self.body.transaction_time.as_deref().unwrap_or_default();
        let name = format!("{} {time}", self.capture);
        Ok(Proof::Declined {
            payment_try: TryId::new(name.trim()).map_err(|_| garbage("transaction_time"))?,
            reason: self.reason(otherwise),
        })
    }

    fn reason(&self, otherwise: &str) -> Reason {
        let told = self.body.channel_response_message.as_deref();
        Reason::lossy(told.unwrap_or(otherwise))
    }

    fn cancelled(&self) -> Result<Proofs, CallError> {
        if !self.money_was_in() {
            return Ok(vec![(Proof::Expired, self.at)]);
        }
        // All of it before it settled: that is how a refund of a card is done then.
        let gross = self.gross()?;
        let whole = || self.asked().filter(|asked| asked.amount == gross);
        let wanted = whole().filter(|asked| !asked.has_failed).last();
        // One that failed may have been carried out all the same, unless it never left.
        let ours = wanted.or_else(|| whole().filter(|asked| asked.may_be_done).last());
        Ok(match ours {
            Some(asked) => {
                let refund =
                    GatewayRefundId::new(asked.key.as_str()).map_err(|_| garbage("refund_key"))?;
                let proof = Proof::Refunded {
                    capture: self.capture.clone(),
                    refund,
                    amount: gross,
                    step: RefundStep::Succeeded,
                    ours: Some(asked.refund),
                };
                vec![(proof, self.at)]
            }
            None => vec![self.reversed()],
        })
    }

    /// A card that was not confirmed in time expires while its page lives on, and the name may be used again.
    /// Every other method ends when the page does.
    fn expired(&self) -> Result<(Door, Proofs), CallError> {
        if self.money_was_in() {
            return Ok((Door::Shut, vec![self.reversed()]));
        }
        let is_card = self.body.payment_type.as_deref() == Some("credit_card");
        if is_card && self.place.now <= self.place.dead_at {
            return Ok((Door::Open, vec![(self.declined("expire")?, self.at)]));
        }
        Ok((Door::Shut, vec![(Proof::Expired, self.at)]))
    }

    /// The gateway holds what was not refunded before; where it does not tell how much, all of that.
    fn disputed(&self) -> Result<Proofs, CallError> {
        let mut proofs = self.refunded()?;
        let refunded = refunds_in(&proofs)
            .filter(|(_, _, step)| *step != RefundStep::Failed)
            .map(|(_, amount, _)| amount);
        let gross = self.gross()?;
        let currency = gross.currency();
        let left = Money::sum(currency, refunded)
            .and_then(|refunded| gross.checked_sub(refunded))
            .unwrap_or(gross);
        let is_partial = self.body.word() == Word::PartialChargeback;
        let held = match &self.body.chargeback_amount {
            Some(told) if is_partial => amount(Some(told), self.body)?,
            Some(_) | None => left,
        };
        let dispute = DisputeId::new(format!("{} chargeback", self.capture))
            .map_err(|_| garbage("transaction_id"))?;
        proofs.push((
            Proof::Disputed {
                capture: self.capture.clone(),
                dispute,
                held: if held.is_negative() {
                    Money::zero(currency)
                } else {
                    held
                },
                step: if is_partial { 1 } else { 2 },
                // How it ended is never told.
                lost: false,
            },
            self.at,
        ));
        Ok(proofs)
    }

    fn warn(&self, message: &'static str) {
        tracing::warn!(
            attempt = %self.place.attempt,
            transaction_status = self.body.status(),
            fraud_status = ?self.body.fraud(),
            "{message}"
        );
    }
}

/// The name of the attempt is one of our own. A database that was restored gives an id again, and with it a name:
/// so where order and mark are told as well, they have to be those that were sent.
fn is_ours(body: &Body, place: &Place<'_>) -> bool {
    if let Some(sent) = open::sent(place.opened_with) {
        let told = [
            (&body.custom_field1, &sent.order, 1),
            (&body.custom_field2, &sent.mark, 2),
        ];
        let differs = |(told, sent, words): (&Option<String>, &String, usize)| {
            let told = told.as_deref().map(|field| open::cut(field, words).0);
            told.is_some_and(|told| told != open::cut(sent, words).0)
        };
        if told.into_iter().any(differs) {
            return false;
        }
    }
    let is_named = body.order_id.as_deref() == Some(place.opened_by.as_str());
    match body.custom_field2.as_deref() {
        Some(mark) => {
            open::marked_attempt(mark).is_some_and(|attempt| attempt == place.attempt.to_string())
        }
        None => is_named,
    }
}

fn capture(body: &Body) -> Result<CaptureId, CallError> {
    let name = body.transaction_id.as_deref().unwrap_or_default();
    CaptureId::new(name).map_err(|_| garbage("transaction_id"))
}

fn amount(text: Option<&str>, body: &Body) -> Result<Money, CallError> {
    let currency: Currency = match &body.currency {
        Some(code) => code
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| garbage("currency"))?,
        None => Currency::Idr,
    };
    text.and_then(|text| rupiah::read(text, currency).ok())
        .ok_or_else(|| garbage("amount"))
}

fn garbage(what: &str) -> CallError {
    CallError::Unknown(Fault::of(FaultKind::Garbage).with_code(what))
}
