//! After a restored backup: brings back what gateways know and this database has forgotten.
//!
//! It runs before anything else does. First all books are read ([`found`]), then no id is given out again that was
//! given out before, then lost rows are written ([`rows`]), and in the end all that may have moved is read.
//! Each step is a transaction of its own, guarded by the constraints: run twice or killed half-way, it goes on.

mod found;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, Gateway, Money};
use chrono::{DateTime, TimeDelta, Utc};

use crate::App;
use crate::paying::{Unheard, worth_reading};
use crate::port::store::{AttemptPlace, CallStatus, UnresolvedPayment, Which};
use crate::settle::SettleError;
use crate::trouble::Trouble;
use found::Found;

/// How many rows are in memory at once.
const PAGE: u32 = 200;

/// What may have been opened so long before the copy was made can have been paid after it.
const BEFORE: TimeDelta = TimeDelta::days(1);

/// What is to be rebuilt.
#[derive(Debug, Clone, Copy)]
pub struct Rebuild {
    /// The time of the copy that was restored, or any before it.
    pub since: DateTime<Utc>,
    /// Change nothing.
    pub dry_run: bool,
    /// After so many names in a row that a gateway without lists does not know, no more are looked for.
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
        let from = wish.since.checked_sub_signed(BEFORE).unwrap_or(wish.since);
        tell("reading the gateways' books");
        let found = self.find(from, wish.gap, &mut rebuilt, tell).await?;
        if !wish.dry_run {
            // Before anything is written: what is written may need ids.
            self.store.skip_ids(&found.seen, wish.skip_ids).await?;
            self.doubt_planned_calls().await?;
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
    async fn doubt_planned_calls(&self) -> Result<(), Trouble> {
        let mut after = None;
        loop {
            let page = self.store.unresolved(Which::All, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.payment.payment.terms().id);
            for UnresolvedPayment { payment, .. } in page {
                let order = payment.payment.terms().order;
                let seen = self.look(order).await;
                let seen = seen.map_err(SettleError::into_trouble)?;
                for stored in seen.calls {
                    if stored.status == CallStatus::Planned {
                        let moment = Duration::from_millis(1);
                        self.store.lease_call(&stored.call.key, moment).await?;
                    }
                }
            }
        }
    }

    /// Reads all that is not at its end.
    async fn read_open(&self, rebuilt: &mut Rebuilt) -> Result<(), Trouble> {
        let mut after = None;
        loop {
            let page = self.store.unresolved(Which::All, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.payment.payment.terms().id);
            for UnresolvedPayment { payment, .. } in page {
                let terms = payment.payment.terms();
                let (order, id) = (terms.order, terms.id);
                let seen = self.look(order).await;
                let seen = seen.map_err(SettleError::into_trouble)?;
                for attempt in worth_reading(&seen, Some(id)) {
                    let source = seen.settlement.attempt(attempt);
                    if let Some(source) = source.map(|attempt| attempt.terms().source.clone()) {
                        let about = AttemptPlace { order, attempt };
                        self.read_again(about, &source, rebuilt).await?;
                    }
                }
            }
        }
    }

    /// Reads what the gateways' events are about, as far as it is not known.
    async fn read_told(&self, found: &Found, rebuilt: &mut Rebuilt) -> Result<(), Trouble> {
        for (source, event) in &found.events {
            if let Some(about) = self.unknown_part_of(event, source).await? {
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
        let before = self.facts_of(about).await?;
        let heard = self.hear(about, source.gateway, source.mode, None).await;
        rebuilt.read += 1;
        let why = match heard {
            Ok(_) => {
                let is_new = self.facts_of(about).await? > before;
                rebuilt.learned += u64::from(is_new);
                return Ok(true);
            }
            Err(Unheard::Trouble(trouble @ Trouble::Unavailable(_))) => return Err(trouble),
            Err(Unheard::Trouble(trouble)) => trouble.to_string(),
            Err(Unheard::Gateway(fault)) => fault.to_string(),
            Err(Unheard::Busy) => "somebody else is at it".to_owned(),
            Err(Unheard::OtherAccount) => "it is of another account".to_owned(),
        };
        let attempt = about.attempt;
        rebuilt
            .troubles
            .push(format!("attempt {attempt} could not be read: {why}"));
        Ok(false)
    }
}
