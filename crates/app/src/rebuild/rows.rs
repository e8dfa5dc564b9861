//! Writes the rows of a checkout again that only its gateway remembers.

use std::sync::Arc;

use bayar_domain::fact::Proof;
use bayar_domain::gateway::Source;
use bayar_domain::settlement::Refused;
use bayar_domain::{
    AttemptId, AttemptTerms, Bill, BillRequest, CaptureId, Order, OrderId, Session,
};

use super::{BroughtBack, Rebuilt, RebuiltPayment};
use crate::App;
use crate::paying::{LeftOut, Rows, read_rows, worth_reading};
use crate::port::gateway_book::BookedCheckout;
use crate::port::store::{Added, AttemptPlace, OrderKey};
use crate::settle::{LostCheckout, SettleError};
use crate::trouble::Trouble;

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
        let order = self.store.order_of_attempt(attempt).await?;
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
            (Some(order), Some(taken)) => self.is_written_down(order, &taken.capture).await?,
            (Some(_), None) => true,
            // Nobody paid and nobody can: nothing is lost.
            (None, _) => checkout.is_over,
        };
        if is_known {
            return Ok(());
        }
        if !dry_run {
            row.outcome = match self.bring_rows(source, checkout, attempt, &mut row).await {
                Ok(about) => {
                    let was_there = order.is_some();
                    let read = self.read_again(about, source, rebuilt).await?;
                    match (read, taken) {
                        (true, Some(taken))
                            if !self.is_written_down(about.order, &taken.capture).await? =>
                        {
                            BroughtBack::Not("its money could not be read".to_owned())
                        }
                        (false, _) => BroughtBack::Not("it could not be read".to_owned()),
                        (true, _) if was_there => BroughtBack::Money,
                        (true, _) => BroughtBack::Rows,
                    }
                }
                Err(NotBack::Trouble(Trouble::Unavailable(error))) => return Err(error.into()),
                Err(NotBack::Trouble(trouble)) => BroughtBack::Not(told(&trouble)),
                Err(NotBack::Because(why)) => BroughtBack::Not(why),
            };
        }
        rebuilt.payments.push(row);
        Ok(())
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
        source: &Source,
        checkout: &BookedCheckout,
        attempt: AttemptId,
        row: &mut RebuiltPayment,
    ) -> Result<AttemptPlace, NotBack> {
        if let Some(order) = self.store.order_of_attempt(attempt).await? {
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
        match self.restore(order, &lost).await {
            Ok(()) => return Ok(about),
            // What is in the way has ended at its gateway, or there would not have been another one.
            Err(SettleError::Refused(
                Refused::LiveAttempt(_) | Refused::LivePayment(_) | Refused::Payment(_),
            )) => self.read_all_of(order).await?,
            Err(error) => return Err(not_back(error)),
        }
        self.restore(order, &lost).await.map_err(not_back)?;
        Ok(about)
    }

    /// Reads everything of an order that may have moved.
    async fn read_all_of(&self, order: OrderId) -> Result<(), Trouble> {
        let seen = self.look(order).await;
        let seen = seen.map_err(SettleError::into_trouble)?;
        for attempt in worth_reading(&seen, None) {
            let source = seen.settlement.attempt(attempt);
            if let Some(source) = source.map(|attempt| attempt.terms().source.clone()) {
                let about = AttemptPlace { order, attempt };
                self.read_again(about, &source, &mut Rebuilt::default())
                    .await?;
            }
        }
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

fn not_back(error: SettleError) -> NotBack {
    match error {
        SettleError::Trouble(trouble) => NotBack::Trouble(trouble),
        error => NotBack::Because(error.to_string()),
    }
}

/// A fault with what is behind it: an operator has to know.
fn told(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Fault(source) => {
            let mut told = source.to_string();
            let mut behind = source.source();
            while let Some(source) = behind {
                told.push_str(&format!(": {source}"));
                behind = source.source();
            }
            told
        }
        trouble @ (Trouble::Unavailable(_) | Trouble::InProgress) => trouble.to_string(),
    }
}
