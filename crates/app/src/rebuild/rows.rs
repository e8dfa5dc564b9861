//! Writes the rows of a checkout again that only its gateway remembers.

use std::sync::Arc;

use bayar_domain::fact::Proof;
use bayar_domain::gateway::Source;
use bayar_domain::settlement::Refused;
use bayar_domain::{
    AttemptId, AttemptTerms, Bill, BillRequest, CaptureId, Order, OrderId, Payment, PaymentStatus,
    Session, Settlement,
};

use super::{BroughtBack, Rebuilt, RebuiltPayment, told};
use crate::App;
use crate::paying::{LeftOut, Rows, read_rows};
use crate::port::gateway_book::BookedCheckout;
use crate::port::store::{Actor, Added, AttemptPlace, CallPurpose, OrderKey, StoredCall};
use crate::settle::{LostCheckout, Seen, SettleError};
use crate::trouble::Trouble;

/// A checkout that is not known, or whose money is not.
#[derive(Clone, Copy)]
struct Lost<'a> {
    source: &'a Source,
    checkout: &'a BookedCheckout,
    attempt: AttemptId,
    /// Its order, where its rows are here.
    order: Option<OrderId>,
}

/// Why rows are not back.
enum NotBack {
    Because(String),
    Trouble(Trouble),
}

impl From<Trouble> for NotBack {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<crate::port::StoreError> for NotBack {
    fn from(error: crate::port::StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl NotBack {
    fn because(why: impl Into<String>) -> Self {
        Self::Because(why.into())
    }
}

impl App {
    /// Brings back one checkout: its rows where they are lost, its money where that is not known.
    pub(super) async fn bring_back(
        self: &Arc<Self>,
        source: &Source,
        checkout: &BookedCheckout,
        dry_run: bool,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), Trouble> {
        let Some(mark) = self.marked(checkout) else {
            return Ok(());
        };
        let Some(attempt) = mark.attempt else {
            return Ok(());
        };
        let order = self.store.order_of_attempt(attempt).await;
        let Some(order) = rebuilt.unless_away(&format!("attempt {attempt}"), order)? else {
            return Ok(());
        };
        let taken = checkout.taken.as_ref();
        let mut row = RebuiltPayment {
            order_number: mark.order.as_ref().map(ToString::to_string),
            payment: mark.payment.map(|payment| payment.get()),
            attempt,
            gateway: source.gateway,
            gateway_status: checkout.status.clone(),
            taken: taken.and_then(|taken| taken.amount),
            outcome: BroughtBack::Would,
            left_out: Vec::new(),
        };
        let is_known = match (order, taken) {
            (Some(order), Some(taken)) => self.is_written_down(order, &taken.capture).await,
            (Some(_), None) => Ok(true),
            // Nobody paid and nobody can: nothing is lost.
            (None, _) => Ok(checkout.is_over),
        };
        let outcome = match is_known {
            Ok(true) => return Ok(()),
            Ok(false) if dry_run => Ok(BroughtBack::Would),
            Ok(false) => {
                let lost = Lost {
                    source,
                    checkout,
                    attempt,
                    order,
                };
                self.bring_it_back(&lost, &mut row, rebuilt).await
            }
            Err(trouble) => Err(trouble.into()),
        };
        row.outcome = match outcome {
            Ok(outcome) => outcome,
            Err(NotBack::Trouble(Trouble::Unavailable(error))) => return Err(error.into()),
            Err(NotBack::Trouble(trouble)) => BroughtBack::Not(told(&trouble)),
            Err(NotBack::Because(why)) => BroughtBack::Not(why),
        };
        rebuilt.payments.push(row);
        Ok(())
    }

    async fn bring_it_back(
        self: &Arc<Self>,
        lost: &Lost<'_>,
        row: &mut RebuiltPayment,
        rebuilt: &mut Rebuilt,
    ) -> Result<BroughtBack, NotBack> {
        let about = self.bring_rows(lost, row).await?;
        if !self.read_again(about, lost.source, rebuilt).await? {
            return Err(NotBack::because("it could not be read"));
        }
        if let Some(taken) = &lost.checkout.taken
            && !self.is_written_down(about.order, &taken.capture).await?
        {
            return Err(NotBack::because("its money could not be read"));
        }
        Ok(match lost.order {
            Some(_) => BroughtBack::Money,
            None => BroughtBack::Rows,
        })
    }

    async fn is_written_down(&self, order: OrderId, capture: &CaptureId) -> Result<bool, Trouble> {
        let seen = self.look(order).await;
        let seen = seen.map_err(SettleError::into_trouble)?;
        let mut facts = seen.settlement.facts();
        Ok(facts.any(|fact| {
            matches!(fact.proof(), Proof::Captured { capture: known, .. } | Proof::Reversed { capture: known } if known == capture)
        }))
    }

    /// Writes the rows of a checkout, as far as they are not there.
    async fn bring_rows(
        &self,
        lost: &Lost<'_>,
        row: &mut RebuiltPayment,
    ) -> Result<AttemptPlace, NotBack> {
        let Lost {
            source,
            checkout,
            attempt,
            order,
        } = *lost;
        if let Some(order) = order {
            return Ok(AttemptPlace { order, attempt });
        }
        let record = checkout.record.as_deref();
        let record = record.ok_or_else(|| NotBack::because("the gateway keeps no rows of it"))?;
        let rows = read_rows(record, source.gateway);
        let mut rows = rows.map_err(|why| NotBack::because(why.to_string()))?;
        row.left_out = rows.left_out.iter().map(|what| what.as_str()).collect();
        let terms = rows.order.order.terms().clone();
        let payment = rows.bill.payment.terms().id;
        if row.order_number.as_deref() != Some(terms.number.as_str())
            || row.payment != Some(payment.get())
        {
            return Err(NotBack::because("the gateway's rows contradict its mark"));
        }
        if rows.left_out.contains(&LeftOut::Taxes) {
            rows.bill = self.bill_again(&rows).await?;
        }
        self.bring_order(&rows).await?;
        let payment = rows.bill.payment.terms();
        let dead_at = checkout.expires_at.unwrap_or(payment.deadline);
        let session = checkout.names.session.clone().map(|reference| Session {
            reference,
            url: checkout.url.clone().unwrap_or_default(),
            expires_at: dead_at,
        });
        let key = checkout.key.clone();
        let lost = LostCheckout {
            attempt: AttemptTerms {
                id: attempt,
                payment: payment.id,
                source: source.clone(),
            },
            key: key.ok_or_else(|| NotBack::because("the gateway does not tell its key"))?,
            dead_at,
            session,
            bill: rows.bill,
        };
        let order = terms.id;
        let about = AttemptPlace { order, attempt };
        let taken = checkout.taken.as_ref();
        let is_kept = taken.is_some_and(|taken| !taken.has_gone_back);
        // What is in the way has ended at its gateway, most often, or there would not have been another one.
        if let Some(live) = self.restored_but_for(order, &lost, is_kept).await? {
            self.read_one(AttemptPlace {
                order,
                attempt: live,
            })
            .await?;
        }
        // A page on which nobody chose how to pay shows nothing of its end: asking for its end does.
        if let Some(live) = self.restored_but_for(order, &lost, is_kept).await? {
            self.close_one(order, live).await?;
        }
        match self.restored_but_for(order, &lost, is_kept).await? {
            Some(live) => Err(not_back(Refused::LiveAttempt(live).into())),
            None => Ok(about),
        }
    }

    /// Answers the attempt that is in the way: somebody might still pay through it.
    async fn restored_but_for(
        &self,
        order: OrderId,
        lost: &LostCheckout,
        is_kept: bool,
    ) -> Result<Option<AttemptId>, NotBack> {
        // Which money was to be kept cannot be told: a program must not send the other back.
        let seen = self.look(order).await.map_err(not_back)?;
        if is_kept && has_given_back(&seen.settlement) {
            return Err(NotBack::because(
                "other money of its order went back: look whether this is to be kept, or give it back at the gateway and run this again",
            ));
        }
        match self.restore(order, lost).await {
            Ok(()) => Ok(None),
            Err(SettleError::Refused(Refused::LiveAttempt(live))) => Ok(Some(live)),
            Err(error) => Err(not_back(error)),
        }
    }

    async fn read_one(&self, about: AttemptPlace) -> Result<(), NotBack> {
        let seen = self.look(about.order).await.map_err(not_back)?;
        if let Some(attempt) = seen.settlement.attempt(about.attempt) {
            let source = &attempt.terms().source;
            self.read_again(about, source, &mut Rebuilt::default())
                .await?;
        }
        Ok(())
    }

    /// Has a checkout closed, but for one that an operator has to look at: that would be an answer in their place.
    async fn close_one(&self, order: OrderId, attempt: AttemptId) -> Result<(), NotBack> {
        let seen = self.look(order).await.map_err(not_back)?;
        let live = seen.settlement.live_payment().map(Payment::status);
        if live == Some(PaymentStatus::UnderReview) {
            return Ok(());
        }
        let rule = |seen: &Seen| Ok(seen.settlement.close_attempt(attempt)?.into());
        let closing = self.settle(order, Actor::Command, rule).await;
        closing.map_err(not_back)?;
        let seen = self.look(order).await.map_err(not_back)?;
        let is_due = |stored: &&StoredCall| {
            let purpose = stored.call.purpose;
            let is_its =
                [CallPurpose::Open(attempt), CallPurpose::Close(attempt)].contains(&purpose);
            is_its && !stored.status.is_over()
        };
        let due = seen.calls.iter().filter(is_due);
        let due = due.map(|stored| stored.call.key.clone()).collect();
        self.work_off(order, due).await?;
        Ok(())
    }

    /// The order, where it is not there.
    async fn bring_order(&self, rows: &Rows) -> Result<(), NotBack> {
        let terms = rows.order.order.terms();
        let key = OrderKey::Id(terms.id);
        let there = match self.store.order(&key).await? {
            Some(there) => there,
            None => match self.store.add_order(&rows.order).await? {
                Added::Yes => return Ok(()),
                Added::Known => {
                    return Err(NotBack::because(
                        "what it sells has another order by now: something ran before the rebuild",
                    ));
                }
                Added::NumberTaken => {
                    return Err(NotBack::because("the number of its order is taken"));
                }
            },
        };
        let known = there.order.terms();
        if (&known.number, known.owner, known.kind) == (&terms.number, terms.owner, terms.kind) {
            Ok(())
        } else {
            Err(NotBack::because(
                "the id of its order is taken: something ran before the rebuild",
            ))
        }
    }

    /// The bill with its taxes computed again, by the rules of its day.
    async fn bill_again(&self, rows: &Rows) -> Result<Bill, NotBack> {
        let payment = &rows.bill.payment;
        let terms = payment.terms();
        let taxes = &self.settings.taxes;
        let tax_day = self.settings.tax_day(terms.created_at);
        let currency = terms.price.currency();
        let count = taxes.rules_on(currency, tax_day).count();
        let ids = self.store.reserve_bill_ids(count).await?;
        let order: &Order = &rows.order.order;
        let request = BillRequest {
            payment: terms.id,
            invoice: rows.bill.invoice.terms().id,
            taxes: ids.taxes,
            payment_method: payment.payment_method(),
            now: terms.created_at,
            deadline: terms.deadline,
            tax_day,
        };
        let bill = Bill::write(order, taxes, request);
        let bill = bill.map_err(|why| NotBack::because(why.to_string()))?;
        if bill.payment.terms().amount == terms.amount {
            Ok(bill)
        } else {
            Err(NotBack::because(
                "the taxes of that day come to another amount",
            ))
        }
    }
}

/// Whether of the money that pays an order some went back, or is about to.
fn has_given_back(settlement: &Settlement) -> bool {
    let sums = settlement.sums();
    let paying = settlement.primary().and_then(|capture| sums.get(capture));
    paying.is_some_and(|sums| sums.available() != sums.captured)
}

fn not_back(error: SettleError) -> NotBack {
    match error {
        SettleError::Trouble(trouble) => NotBack::Trouble(trouble),
        error => NotBack::Because(error.to_string()),
    }
}
