//! What the gateways know of this installation.

use std::collections::BTreeSet;

use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, CaptureId, Gateway};
use chrono::{DateTime, TimeDelta, Utc};

use super::{PAGE, Rebuild, Rebuilt, ids};
use crate::App;
use crate::gateways::Gate;
use crate::port::gateway::CallError;
use crate::port::gateway_book::{
    BookedCheckout, EventCursor, GatewayEvent, GatewayNames, Mark, Since, Tells, Window,
};
use crate::port::store::SeenIds;
use crate::trouble::Trouble;

/// What may have been opened so long before the copy was made can have been paid after it.
const BEFORE: TimeDelta = TimeDelta::days(1);

/// A gateway's clock may be ahead of ours.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(10);

/// How often it is told how far it is.
const TELL_EVERY: u64 = 100;

/// What the gateways know of this installation.
#[derive(Default)]
pub(super) struct Found {
    /// Its checkouts, in the order in which they are to come back.
    pub checkouts: Vec<(Source, BookedCheckout)>,
    /// What happened to what is ours.
    pub events: Vec<(Source, GatewayEvent)>,
    /// The highest ids in it.
    pub seen: SeenIds,
}

impl Found {
    /// Of the money of an order that which was kept comes first: the first that is known pays it.
    fn sort(&mut self, attempt_of: impl Fn(&BookedCheckout) -> Option<AttemptId>) {
        let refunds = self.events.iter();
        let refunds = refunds.filter(|(_, event)| event.tells == Tells::RefundMade);
        let gone: BTreeSet<CaptureId> = refunds
            .filter_map(|(_, event)| event.about.capture.clone())
            .collect();
        for (_, checkout) in &mut self.checkouts {
            if let Some(taken) = &mut checkout.taken {
                taken.has_gone_back |= gone.contains(&taken.capture);
            }
        }
        self.checkouts.sort_by_key(|(_, checkout)| {
            let taken = checkout.taken.as_ref();
            let has_gone_back = taken.is_some_and(|taken| taken.has_gone_back);
            (has_gone_back, attempt_of(checkout))
        });
    }
}

impl App {
    /// Reads the gateways' books. What cannot be read is told.
    pub(super) async fn find(
        &self,
        wish: Rebuild,
        rebuilt: &mut Rebuilt,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<Found, Trouble> {
        let mut found = Found::default();
        let gateways: Vec<_> = self.gateways.names().collect();
        let gates = |has: fn(&Gate<'_>) -> bool| {
            let gates = gateways.iter().filter_map(|gateway| self.gate(*gateway));
            gates.filter(has).collect::<Vec<_>>()
        };
        for gate in gates(|gate| gate.has_book()) {
            let read = self.find_in_book(&gate, wish, &mut found, rebuilt, tell);
            if let Some(error) = read.await? {
                rebuilt.note(not_read(&gate, &error));
            }
        }
        // Who wants to know what was lost begins below what was there when the copy was made,
        // whatever was written down since.
        let before = self.store.last_attempt(wish.since).await?;
        let gap = i64::from(wish.gap);
        let begin = before.map_or(0, AttemptId::get).saturating_sub(gap).max(1);
        let mut known = self.written_from(begin).await?;
        let last = known.last().map_or(0, |last| last.get());
        self.leave_out_forged(&mut found, last, rebuilt);
        // What the books tell need not be looked for by its name.
        let elsewhere = found.checkouts.iter();
        known.extend(elsewhere.filter_map(|(_, checkout)| self.marked(checkout)?.attempt));
        let mut holes = ids::Holes::new(known, begin, gap);
        for gate in gates(|gate| gate.adapter.names().is_some()) {
            if let Some(names) = gate.adapter.names() {
                let probed = self.probe(&gate, names, &mut holes, &mut found, rebuilt, tell);
                if let Err(error) = probed.await {
                    rebuilt.note(not_read(&gate, &error));
                }
            }
            holes.begin_again();
        }
        self.leave_out_forged(&mut found, last, rebuilt);
        found.seen = self.highest(&found);
        rebuilt.checkouts = u64::try_from(found.checkouts.len()).unwrap_or(u64::MAX);
        found.sort(|checkout| self.marked(checkout)?.attempt);
        Ok(found)
    }

    /// Our mark on a checkout.
    pub(super) fn marked<'a>(&self, checkout: &'a BookedCheckout) -> Option<&'a Mark> {
        let mark = checkout.names.mark.as_ref();
        mark.filter(|mark| self.is_ours(mark) && mark.attempt.is_some())
    }

    pub(super) fn is_ours(&self, mark: &Mark) -> bool {
        mark.installation == self.installation
    }

    /// The attempts that are written down, from an id on.
    async fn written_from(&self, begin: i64) -> Result<BTreeSet<AttemptId>, Trouble> {
        let mut written = BTreeSet::new();
        let mut from = begin;
        loop {
            let first = AttemptId::new(from).map_err(Trouble::fault)?;
            let page = self.store.attempt_ids(first, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(written);
            };
            from = last.get().saturating_add(1);
            written.extend(page);
        }
    }

    /// Answers why it could not be read to its end.
    async fn find_in_book(
        &self,
        gate: &Gate<'_>,
        wish: Rebuild,
        found: &mut Found,
        rebuilt: &mut Rebuilt,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<Option<CallError>, Trouble> {
        let now = self.store.now().await?;
        let from = wish.since.checked_sub_signed(BEFORE).unwrap_or(wish.since);
        let to = now.checked_add_signed(CLOCKS_DIFFER_BY).unwrap_or(now);
        let source = match gate.source().await {
            Ok(source) => source,
            Err(error) => return Ok(Some(error)),
        };
        let mut after: Option<String> = None;
        loop {
            let window = Window {
                from,
                to,
                after: after.as_deref(),
            };
            let page = match gate.checkouts(&window).await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) => return Ok(Some(error)),
            };
            let ours = page.checkouts.into_iter();
            let ours = ours.filter(|checkout| self.marked(checkout).is_some());
            found
                .checkouts
                .extend(ours.map(|checkout| (source.clone(), checkout)));
            let count = found.checkouts.len();
            tell(&format!("{}: {count} checkouts", source.gateway));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let ours = found.checkouts.iter();
        let ours = ours.filter_map(|(_, checkout)| checkout.names.capture.clone());
        let ours: BTreeSet<CaptureId> = ours.collect();
        let mut cursor: Option<EventCursor> = None;
        loop {
            let since = Since {
                cursor: cursor.as_ref(),
                begin: from,
                now,
            };
            let page = match gate.events(&since).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error)),
            };
            if !page.reaches_back {
                rebuilt.note(forgotten(&source, from));
            }
            for event in page.events {
                if self.is_about_ours(&event, &ours, &source).await? {
                    found.events.push((source.clone(), event));
                }
            }
            let count = found.events.len();
            tell(&format!("{}: {count} events", source.gateway));
            if !page.has_more {
                return Ok(None);
            }
            cursor = Some(page.cursor);
        }
    }

    /// Whether an event is about something of ours. Others may use the account as well.
    async fn is_about_ours(
        &self,
        event: &GatewayEvent,
        ours: &BTreeSet<CaptureId>,
        source: &Source,
    ) -> Result<bool, Trouble> {
        let names = &event.about;
        if names.mark.as_ref().is_some_and(|mark| self.is_ours(mark)) {
            return Ok(true);
        }
        let Some(capture) = &names.capture else {
            return Ok(false);
        };
        let (gateway, mode) = (source.gateway, source.mode);
        let known = self.store.attempt_of_capture(gateway, mode, capture);
        Ok(ours.contains(capture) || known.await?.is_some())
    }

    /// Looks for checkouts by the names that they must have.
    async fn probe(
        &self,
        gate: &Gate<'_>,
        names: &dyn GatewayNames,
        holes: &mut ids::Holes,
        found: &mut Found,
        rebuilt: &mut Rebuilt,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), CallError> {
        let source = gate.source().await?;
        while let Some(attempt) = holes.next_to_try() {
            let key = names.key_of(&self.installation, attempt);
            let checkout = gate.checkout(names, &key).await?;
            rebuilt.probed += 1;
            if rebuilt.probed.is_multiple_of(TELL_EVERY) {
                let count = rebuilt.probed;
                tell(&format!("{}: {count} names were tried", source.gateway));
            }
            let Some(checkout) = checkout else {
                continue;
            };
            holes.note(attempt);
            if self.marked(&checkout).is_some() {
                found.checkouts.push((source.clone(), checkout));
            } else {
                rebuilt.note(format!(
                    "{}: {key} carries no mark of ours that can be read",
                    source.gateway
                ));
            }
        }
        Ok(())
    }
}

fn not_read(gate: &Gate<'_>, error: &CallError) -> String {
    let gateway: Gateway = gate.adapter.gateway();
    format!("{gateway} could not be read: {error}")
}

fn forgotten(source: &Source, from: DateTime<Utc>) -> String {
    let (gateway, day) = (source.gateway, from.date_naive());
    format!(
        "{gateway} has forgotten a part of what happened since {day}: \
        of what was paid before the copy was made, it may have been given back or disputed since"
    )
}
