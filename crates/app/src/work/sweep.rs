//! Holds the gateways' books of the last days against ours: all money that came in there has to be known here.

use std::sync::Arc;

use bayar_domain::fact::Proof;
use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, CaptureId, Gateway};
use chrono::{DateTime, TimeDelta, Utc};

use super::follow::{Followed, Silence};
use super::left::Left;
use super::places::{Checked, Halfway, Places, another_first};
use super::schedule::{Entry, Outcome};
use crate::App;
use crate::failpoint;
use crate::port::gateway_book::{BookedCheckout, Window};
use crate::port::store::{AttemptPlace, EndedAttempt, RunLease};
use crate::settle::SettleError;
use crate::trouble::Trouble;

/// How far back a sweep goes from the last one that came to its end: two days, and what clocks differ by.
/// So whatever ended is read once more when two days have passed since, however long nobody swept.
const LAST_DAYS: TimeDelta = TimeDelta::hours(49);

/// What a sweep does not get on for when its process ends.
const TOLD_TO_END: &str = "it was told to end";

/// How many attempts are read before it is written down how far a sweep has come.
const PAGE: u32 = 50;

/// A gateway's clock may be ahead of ours.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(10);

#[derive(Default)]
struct Tally {
    paid: u64,
    found: u64,
    ended: u64,
    late: u64,
    silence: Silence,
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
    pub(super) async fn sweep_book(self: &Arc<Self>, lease: &RunLease) -> Result<Outcome, Trouble> {
        let mut places: Places<Checked> = Places::read(lease.cursor.as_deref());
        let mut tally = Tally::default();
        let gateways: Vec<_> = self.gateways.names().collect();
        for gateway in gateways {
            if let Some(trouble) = self
                .sweep_one(gateway, lease, &mut places, &mut tally)
                .await?
            {
                tally.left.troubles.push(format!("{gateway}: {trouble}"));
            }
        }
        let Tally {
            paid,
            found,
            ended,
            late,
            left,
            ..
        } = tally;
        let mut result = format!("{paid} paid checkouts, {found} were not known to be paid");
        if ended > 0 {
            result.push_str(&format!(
                ", {ended} that ended were read again, {late} with news"
            ));
        }
        Ok(left.after(result))
    }

    /// Sweeps the book of one gateway. Answers what it does not get on for.
    async fn sweep_one(
        &self,
        gateway: Gateway,
        lease: &RunLease,
        places: &mut Places<Checked>,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let Some(gate) = self.gate(gateway) else {
            return Ok(None);
        };
        let source = match gate.source().await {
            Ok(source) => source,
            Err(error) => return Ok(Some(error.fault().to_string())),
        };
        let now = lease.now;
        let mut checked = places.take(&source);
        let last = checked.began.map_or(now, |began| began.min(now));
        let since = last.checked_sub_signed(LAST_DAYS).unwrap_or(last);
        tally.silence = Silence::default();
        self.read_unread(&source, now, &mut checked, tally).await?;
        // Those that still cannot be read do not say that the gateway is in trouble.
        tally.silence = Silence::default();
        let trouble = match gate.has_book() {
            true => {
                self.sweep_list(&source, since, now, &mut checked, tally)
                    .await?
            }
            false => {
                self.sweep_ended(&source, since, lease, places, &mut checked, tally)
                    .await?
            }
        };
        tally.left.unread += checked.unread.len();
        if trouble.is_none() {
            // What moved since it began is the next one's.
            let halfway = checked.halfway.take();
            checked.began = Some(halfway.map_or(now, |it| it.began.min(now)));
        }
        self.keep_place(&source, lease, places, &checked).await?;
        Ok(trouble)
    }

    /// Writes down how far the book of a gateway was held against ours.
    async fn keep_place(
        &self,
        source: &Source,
        lease: &RunLease,
        places: &mut Places<Checked>,
        checked: &Checked,
    ) -> Result<(), Trouble> {
        places.put(source, checked.clone());
        let text = places.to_text();
        self.keep_cursor(Entry::SweepBook, lease, &text).await
    }

    /// Reads what could not be read the last time, as long as the gateway tells anything.
    async fn read_unread(
        &self,
        source: &Source,
        now: DateTime<Utc>,
        checked: &mut Checked,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        for attempt in another_first(&checked.unread, now) {
            let attempt = AttemptId::new(attempt).map_err(Trouble::fault)?;
            if let Some(order) = self.store.order_of_attempt(attempt).await? {
                let about = AttemptPlace { order, attempt };
                let trouble = self.read_ended(about, source, checked, tally).await?;
                if trouble.is_some() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Holds a gateway's list of checkouts against ours.
    async fn sweep_list(
        &self,
        source: &Source,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
        checked: &mut Checked,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let Some(gate) = self.gate(source.gateway) else {
            return Ok(None);
        };
        let mut after: Option<String> = None;
        while !self.work.is_ending() {
            let window = Window {
                from: since,
                to: now.checked_add_signed(CLOCKS_DIFFER_BY).unwrap_or(now),
                after: after.as_deref(),
            };
            let page = match gate.checkouts(&window).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error.fault().to_string())),
            };
            for checkout in &page.checkouts {
                let trouble = self
                    .sweep_checkout(checkout, source, checked, tally)
                    .await?;
                let trouble = trouble.or_else(|| checked.is_full());
                if trouble.is_some() {
                    return Ok(trouble);
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(None),
            }
        }
        Ok(Some(TOLD_TO_END.to_owned()))
    }

    /// Reads what ended at a gateway without lists: money may come, or go, after the end.
    async fn sweep_ended(
        &self,
        source: &Source,
        since: DateTime<Utc>,
        lease: &RunLease,
        places: &mut Places<Checked>,
        checked: &mut Checked,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let now = lease.now;
        let began = checked.halfway.map_or(now, |it| it.began);
        let (mut since, mut after) = match checked.halfway {
            Some(it) => {
                let attempt = AttemptId::new(it.attempt).map_err(Trouble::fault)?;
                (it.moved_at, Some(attempt))
            }
            None => (since, None),
        };
        while !self.work.is_ending() {
            let ended = self.store.ended_attempts(source, since, after, PAGE);
            let mut ended = ended.await?;
            // What has moved since is known, or is the next sweep's.
            ended.retain(|it| it.moved_at < now);
            let Some(last) = ended.last() else {
                return Ok(None);
            };
            let (moved_at, attempt) = (last.moved_at, last.place.attempt);
            (since, after) = (moved_at, Some(attempt));
            // What waits to be read again was tried already.
            ended.retain(|it| !checked.unread.contains(&it.place.attempt.get()));
            for EndedAttempt { place, .. } in ended {
                let trouble = self.read_ended(place, source, checked, tally).await?;
                let trouble = trouble.or_else(|| checked.is_full());
                if trouble.is_some() {
                    return Ok(trouble);
                }
            }
            checked.halfway = Some(Halfway {
                began,
                moved_at,
                attempt: attempt.get(),
            });
            self.keep_place(source, lease, places, checked).await?;
            let _ = failpoint::hit("sweep.kept");
        }
        Ok(Some(TOLD_TO_END.to_owned()))
    }

    /// Reads an attempt once more, or keeps it to be read the next time. Answers what nothing else gets on for.
    async fn read_ended(
        &self,
        about: AttemptPlace,
        source: &Source,
        checked: &mut Checked,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let id = about.attempt.get();
        match self.follow_book(about, source, &mut tally.silence).await? {
            Followed::Read { is_new, .. } => {
                checked.unread.remove(&id);
                tally.ended += 1;
                if is_new {
                    tally.late += 1;
                    tracing::warn!(order = %about.order, "money moved after the end, and nobody had noticed");
                }
            }
            Followed::Foreign => {
                checked.unread.remove(&id);
                tally.left.lost += 1;
            }
            Followed::Unread => {
                checked.unread.insert(id);
            }
            Followed::Away(fault) => {
                checked.unread.insert(id);
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    /// Holds one checkout of a gateway's list against ours. Answers what nothing else gets on for.
    async fn sweep_checkout(
        &self,
        checkout: &BookedCheckout,
        source: &Source,
        checked: &mut Checked,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let Some(taken) = &checkout.taken else {
            return Ok(None);
        };
        match self.standing_of(checkout, &taken.capture, source).await? {
            Standing::Foreign => {}
            Standing::Known => tally.paid += 1,
            Standing::Lost(attempt) => {
                tally.paid += 1;
                tally.left.lost += 1;
                self.tell_lost(source.gateway, attempt, taken.capture.as_str());
            }
            // It was tried already.
            Standing::Missing(about) if checked.unread.contains(&about.attempt.get()) => {
                tally.paid += 1;
            }
            Standing::Missing(about) => {
                tally.paid += 1;
                let followed = self.follow_book(about, source, &mut tally.silence).await?;
                let now = self.standing_of(checkout, &taken.capture, source).await?;
                if matches!(now, Standing::Known) {
                    tally.found += 1;
                    checked.unread.remove(&about.attempt.get());
                    tracing::warn!(order = %about.order, "money came in and nobody had noticed");
                } else {
                    checked.unread.insert(about.attempt.get());
                }
                if let Followed::Away(fault) = followed {
                    return Ok(Some(fault));
                }
            }
        }
        Ok(None)
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
        let seen = match seen.map_err(SettleError::into_trouble) {
            Ok(seen) => seen,
            Err(trouble @ Trouble::Unavailable(_)) => return Err(trouble),
            // Reading it says what is wrong with it, and holds up no other.
            Err(_) => return Ok(Standing::Missing(about)),
        };
        let mut facts = seen.settlement.facts();
        let is_it = |proof: &Proof| matches!(proof, Proof::Captured { capture: known, .. } | Proof::Reversed { capture: known } if known == capture);
        Ok(match facts.any(|fact| is_it(fact.proof())) {
            true => Standing::Known,
            false => Standing::Missing(about),
        })
    }
}
