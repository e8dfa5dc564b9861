//! Holds the gateways' books of the last days against ours: all money that came in there has to be known here.

use std::sync::Arc;

use bayar_domain::fact::Proof;
use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, CaptureId, Gateway};
use chrono::{DateTime, TimeDelta, Utc};

use super::left::Left;
use super::schedule::Outcome;
use super::serve::is_shared;
use crate::App;
use crate::paying::Unheard;
use crate::port::gateway_book::{BookedCheckout, Window};
use crate::port::store::AttemptPlace;
use crate::trouble::Trouble;

/// How far back a daily sweep goes: two days, and what clocks differ by.
const LAST_DAYS: TimeDelta = TimeDelta::hours(49);

/// How many rows are in memory at once.
const PAGE: u32 = 200;

/// A gateway's clock may be ahead of ours.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(10);

#[derive(Default)]
struct Tally {
    paid: u64,
    found: u64,
    ended: u64,
    late: u64,
    left: Left,
}

/// What our book says about money in a gateway's.
enum Standing {
    /// Somebody else's.
    Foreign,
    /// It is written down.
    Known,
    /// Its attempt is written down, and the money is not.
    Missing(AttemptPlace),
    /// It carries our mark, and nothing of it is written down.
    Lost(Option<AttemptId>),
}

impl App {
    /// Looks for money that came in during the last days and is not written down.
    pub(super) async fn sweep_book(
        self: &Arc<Self>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Trouble> {
        let mut tally = Tally::default();
        let gateways: Vec<_> = self.gateways.names().collect();
        for gateway in gateways {
            if let Some(trouble) = self.sweep_one(gateway, now, &mut tally).await? {
                tally.left.troubles.push(format!("{gateway}: {trouble}"));
            }
        }
        let Tally {
            paid,
            found,
            ended,
            late,
            left,
        } = tally;
        let mut result = format!("{paid} paid checkouts, {found} were not known to be paid");
        if ended > 0 {
            result.push_str(&format!(
                ", {ended} that ended were read again, {late} with news"
            ));
        }
        Ok(left.after(result))
    }

    async fn sweep_one(
        &self,
        gateway: Gateway,
        now: DateTime<Utc>,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let Some(gate) = self.gate(gateway) else {
            return Ok(None);
        };
        let source = match gate.source().await {
            Ok(source) => source,
            Err(error) => return Ok(Some(error.fault().to_string())),
        };
        if !gate.has_book() {
            return self.sweep_ended(&source, now, tally).await;
        }
        let mut after: Option<String> = None;
        loop {
            let window = Window {
                from: now.checked_sub_signed(LAST_DAYS).unwrap_or(now),
                to: now.checked_add_signed(CLOCKS_DIFFER_BY).unwrap_or(now),
                after: after.as_deref(),
            };
            let page = match gate.checkouts(&window).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error.fault().to_string())),
            };
            for checkout in &page.checkouts {
                self.sweep_checkout(checkout, &source, tally).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(None),
            }
        }
    }

    /// Reads what ended at a gateway without lists: money may come, or go, after the end.
    async fn sweep_ended(
        &self,
        source: &Source,
        now: DateTime<Utc>,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let since = now.checked_sub_signed(LAST_DAYS).unwrap_or(now);
        let mut after = None;
        loop {
            let ended = self.store.ended_attempts(source, since, after, PAGE);
            let ended = ended.await?;
            let Some(last) = ended.last().filter(|_| !self.work.is_ending()) else {
                return Ok(None);
            };
            after = Some(last.attempt);
            for about in ended {
                let known = self.facts_of(about).await?;
                let heard = self
                    .hear(about, source.gateway, source.mode, Some(&source.account))
                    .await;
                match heard {
                    Ok(_) => tally.ended += 1,
                    Err(Unheard::Trouble(trouble @ Trouble::Unavailable(_))) => {
                        return Err(trouble);
                    }
                    Err(Unheard::Gateway(fault)) if is_shared(fault.kind) => {
                        return Ok(Some(fault.to_string()));
                    }
                    Err(error) => {
                        tally.left.unread += 1;
                        tracing::error!(?error, order = %about.order, "a checkout that has ended cannot be read");
                    }
                }
                if self.facts_of(about).await? > known {
                    tally.late += 1;
                    tracing::warn!(order = %about.order, "money moved after the end, and nobody had noticed");
                }
            }
        }
    }

    async fn sweep_checkout(
        &self,
        checkout: &BookedCheckout,
        source: &Source,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        let Some(taken) = &checkout.taken else {
            return Ok(());
        };
        match self.standing_of(checkout, &taken.capture, source).await? {
            Standing::Foreign => {}
            Standing::Known => tally.paid += 1,
            Standing::Lost(attempt) => {
                tally.paid += 1;
                tally.left.lost += 1;
                self.tell_lost(source.gateway, attempt, taken.capture.as_str());
            }
            Standing::Missing(about) => {
                tally.paid += 1;
                let heard = self
                    .hear(about, source.gateway, source.mode, Some(&source.account))
                    .await;
                match heard {
                    Err(Unheard::Trouble(trouble @ Trouble::Unavailable(_))) => {
                        return Err(trouble);
                    }
                    Err(error) => {
                        tracing::error!(?error, order = %about.order, "money that is not written down cannot be read");
                    }
                    Ok(_) => {}
                }
                let now = self.standing_of(checkout, &taken.capture, source).await?;
                if matches!(now, Standing::Known) {
                    tally.found += 1;
                    tracing::warn!(order = %about.order, "money came in and nobody had noticed");
                } else {
                    tally.left.unread += 1;
                }
            }
        }
        Ok(())
    }

    async fn standing_of(
        &self,
        checkout: &BookedCheckout,
        capture: &CaptureId,
        source: &Source,
    ) -> Result<Standing, Trouble> {
        let mark = checkout.names.mark.as_ref();
        let mark = mark.filter(|mark| mark.installation == self.installation);
        let attempt = mark.and_then(|mark| mark.attempt);
        let mut about = None;
        if let Some(attempt) = attempt {
            let order = self.store.order_of_attempt(attempt).await?;
            about = order.map(|order| AttemptPlace { order, attempt });
        }
        if about.is_none() {
            let (gateway, mode) = (source.gateway, source.mode);
            about = self
                .store
                .attempt_of_capture(gateway, mode, capture)
                .await?;
        }
        let Some(about) = about else {
            return Ok(match mark {
                Some(_) => Standing::Lost(attempt),
                None => Standing::Foreign,
            });
        };
        let seen = self.look(about.order).await;
        let seen = seen.map_err(crate::settle::SettleError::into_trouble)?;
        let mut facts = seen.settlement.facts();
        let is_it = |proof: &Proof| matches!(proof, Proof::Captured { capture: known, .. } | Proof::Reversed { capture: known } if known == capture);
        Ok(match facts.any(|fact| is_it(fact.proof())) {
            true => Standing::Known,
            false => Standing::Missing(about),
        })
    }
}
