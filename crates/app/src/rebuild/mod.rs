//! After a restored backup: brings back what gateways know and this database has forgotten.
//!
//! It runs before anything else does. First all books are read ([`found`]), then no id is given out again that was
//! given out before, then lost rows are written ([`rows`]), and in the end all that may have moved is read.
//! Each step is a transaction of its own, guarded by the constraints: run twice or killed half-way, it goes on.

mod found;
mod ids;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, Gateway, Money, OrderId, Payment, PaymentId};
use chrono::{DateTime, Utc};

use crate::App;
use crate::paying::{Unheard, worth_reading};
use crate::port::store::{AttemptPlace, CallStatus, UnresolvedPayment, Which};
use crate::settle::{Seen, SettleError};
use crate::trouble::Trouble;
use found::Found;

/// How many rows are in memory at once.
const PAGE: u32 = 200;

/// What is to be rebuilt.
#[derive(Debug, Clone, Copy)]
pub struct Rebuild {
    /// The time of the copy that was restored, or any before it.
    pub since: DateTime<Utc>,
    /// Change nothing.
    pub dry_run: bool,
    /// After so many names in a row that a gateway without lists does not know, no more are looked for there.
    pub gap: u32,
    /// How many ids are passed over.
    pub skip_ids: u32,
}

/// What was found, and what became of it.
#[derive(Debug, Clone, Default)]
pub struct Rebuilt {
    /// How many checkouts of this installation the books tell of.
    pub checkouts: u64,
    /// How many names were looked for where there is no book.
    pub probed: u64,
    /// Checkouts that were lost, or whose money was not known.
    pub payments: Vec<RebuiltPayment>,
    /// How many payments that were here were read.
    pub read: u64,
    /// Of how many of them something was not known.
    pub learned: u64,
    /// What could not be found out.
    pub troubles: Vec<String>,
}

impl Rebuilt {
    /// Whether something was brought back, or would be.
    #[must_use]
    pub fn has_found(&self) -> bool {
        self.learned > 0 || !self.payments.is_empty()
    }

    /// Whether something could not be brought back, or not be found out.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let is_bad = |row: &RebuiltPayment| matches!(row.outcome, BroughtBack::Not(_));
        !self.troubles.is_empty() || self.payments.iter().any(is_bad)
    }

    fn note(&mut self, trouble: String) {
        if !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }

    /// What goes wrong with one thing is told, and holds up nothing else. Without the store there is nothing to do.
    fn unless_away<T, E>(&mut self, what: &str, answer: Result<T, E>) -> Result<Option<T>, Trouble>
    where
        E: Into<Trouble>,
    {
        match answer.map_err(Into::into) {
            Ok(answer) => Ok(Some(answer)),
            Err(away @ Trouble::Unavailable(_)) => Err(away),
            Err(trouble) => {
                self.note(format!("{what}: {}", told(&trouble)));
                Ok(None)
            }
        }
    }
}

/// A checkout that was lost, or whose money was not known.
#[derive(Debug, Clone)]
pub struct RebuiltPayment {
    /// The number of its order, where the gateway tells it.
    pub order_number: Option<String>,
    /// The payment.
    pub payment: Option<i64>,
    /// The attempt.
    pub attempt: AttemptId,
    /// Where it was opened.
    pub gateway: Gateway,
    /// The gateway's own word for where it stands.
    pub gateway_status: String,
    /// The money that came in, where it did and can be told.
    pub taken: Option<Money>,
    /// What became of it.
    pub outcome: BroughtBack,
    /// What the gateway had no room to keep.
    pub left_out: Vec<&'static str>,
}

/// What became of something that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BroughtBack {
    /// Its rows are here again.
    Rows,
    /// Its rows were here, and its money is known now.
    Money,
    /// It would be brought back.
    Would,
    /// It is not back.
    Not(String),
}

impl App {
    /// Brings back what gateways know and this database has forgotten. `tell` is told how far it is.
    ///
    /// # Errors
    /// When the store is not there. What is done by then stays, and the same again goes on.
    pub async fn rebuild(
        self: &Arc<Self>,
        wish: Rebuild,
        mut tell: impl FnMut(&str) + Send,
    ) -> Result<Rebuilt, Trouble> {
        let rebuilding = Box::pin(self.rebuild_in_turn(wish, &mut tell));
        self.work.in_turn(rebuilding).await
    }

    async fn rebuild_in_turn(
        self: &Arc<Self>,
        wish: Rebuild,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<Rebuilt, Trouble> {
        let mut rebuilt = Rebuilt::default();
        tell("reading the gateways' books");
        let found = self.find(wish, &mut rebuilt, tell).await?;
        if !wish.dry_run {
            // Before anything is written: what is written may need ids.
            self.store.skip_ids(&found.seen, wish.skip_ids).await?;
            self.doubt_planned_calls(&mut rebuilt).await?;
        }
        tell(&format!(
            "{} checkouts of ours were found",
            found.checkouts.len()
        ));
        for (source, checkout) in &found.checkouts {
            self.bring_back(source, checkout, wish.dry_run, &mut rebuilt)
                .await?;
        }
        if !wish.dry_run {
            tell("reading what is not at its end");
            self.read_open(&mut rebuilt).await?;
            self.read_told(&found, &mut rebuilt).await?;
        }
        Ok(rebuilt)
    }

    /// What was planned when the copy was made may have been sent since, and must not be taken for unsent.
    async fn doubt_planned_calls(&self, rebuilt: &mut Rebuilt) -> Result<(), Trouble> {
        let mut after = None;
        while let Some(page) = self.open_payments(after, rebuilt).await? {
            for payment in page {
                after = Some(payment.terms().id);
                let order = payment.terms().order;
                let Some(seen) = self.look_at(order, rebuilt).await? else {
                    continue;
                };
                for stored in seen.calls {
                    if stored.status == CallStatus::Planned {
                        let moment = Duration::from_millis(1);
                        let leased = self.store.lease_call(&stored.call.key, moment).await;
                        rebuilt.unless_away(&format!("order {order}"), leased)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The next payments that are not at their end, as long as there are any.
    async fn open_payments(
        &self,
        after: Option<PaymentId>,
        rebuilt: &mut Rebuilt,
    ) -> Result<Option<Vec<Payment>>, Trouble> {
        let page = self.store.unresolved(Which::All, after, PAGE).await;
        let page = rebuilt.unless_away("what is not at its end cannot be listed", page)?;
        let page = page.filter(|page| !page.is_empty());
        let payments = |page: Vec<UnresolvedPayment>| {
            let payments = page.into_iter();
            payments.map(|open| open.payment.payment).collect()
        };
        Ok(page.map(payments))
    }

    async fn look_at(
        &self,
        order: OrderId,
        rebuilt: &mut Rebuilt,
    ) -> Result<Option<Seen>, Trouble> {
        let seen = self.look(order).await.map_err(SettleError::into_trouble);
        rebuilt.unless_away(&format!("order {order} cannot be read"), seen)
    }

    /// Reads all that is not at its end.
    async fn read_open(&self, rebuilt: &mut Rebuilt) -> Result<(), Trouble> {
        let mut after = None;
        while let Some(page) = self.open_payments(after, rebuilt).await? {
            for payment in page {
                let (order, id) = (payment.terms().order, payment.terms().id);
                after = Some(id);
                let Some(seen) = self.look_at(order, rebuilt).await? else {
                    continue;
                };
                for attempt in worth_reading(&seen, Some(id)) {
                    let source = seen.settlement.attempt(attempt);
                    if let Some(source) = source.map(|attempt| attempt.terms().source.clone()) {
                        let about = AttemptPlace { order, attempt };
                        self.read_again(about, &source, rebuilt).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads what the gateways' events are about, as far as it is not known.
    async fn read_told(&self, found: &Found, rebuilt: &mut Rebuilt) -> Result<(), Trouble> {
        for (source, event) in &found.events {
            let about = self.unknown_part_of(event, source).await;
            let what = format!("what event {} is about", event.id);
            if let Some(Some(about)) = rebuilt.unless_away(&what, about)? {
                self.read_again(about, source, rebuilt).await?;
            }
        }
        Ok(())
    }

    /// Reads an attempt, and does what follows. Answers whether it could be read.
    async fn read_again(
        &self,
        about: AttemptPlace,
        source: &Source,
        rebuilt: &mut Rebuilt,
    ) -> Result<bool, Trouble> {
        let what = format!("attempt {} cannot be read", about.attempt);
        let before = self.facts_of(about).await;
        let Some(before) = rebuilt.unless_away(&what, before)? else {
            return Ok(false);
        };
        let heard = self.hear(about, source.gateway, source.mode, None).await;
        rebuilt.read += 1;
        let why = match heard {
            Ok(_) => {
                let now = self.facts_of(about).await;
                let now = rebuilt.unless_away(&what, now)?;
                rebuilt.learned += u64::from(now.is_some_and(|now| now > before));
                return Ok(now.is_some());
            }
            Err(Unheard::Trouble(trouble @ Trouble::Unavailable(_))) => return Err(trouble),
            Err(Unheard::Trouble(trouble)) => told(&trouble),
            Err(Unheard::Gateway(fault)) => fault.to_string(),
            Err(Unheard::Busy) => "somebody else is at it".to_owned(),
            Err(Unheard::OtherAccount) => "it is of another account".to_owned(),
        };
        rebuilt.note(format!("{what}: {why}"));
        Ok(false)
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
