//! What the gateways know of this installation.

use std::collections::BTreeSet;

use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, Gateway};
use chrono::{DateTime, TimeDelta, Utc};

use super::Rebuilt;
use crate::App;
use crate::gateways::Gate;
use crate::paying::read_rows;
use crate::port::gateway::CallError;
use crate::port::gateway_book::{
    BookedCheckout, EventCursor, GatewayEvent, GatewayNames, Mark, Since, Window,
};
use crate::port::store::SeenIds;
use crate::trouble::Trouble;

/// A gateway's clock may be ahead of ours.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(10);

/// How often it is told how far it is.
const TELL_EVERY: u64 = 100;

/// What the gateways know of this installation.
#[derive(Default)]
pub(super) struct Found {
    /// Its checkouts, in the order of their attempts.
    pub checkouts: Vec<(Source, BookedCheckout)>,
    /// What happened.
    pub events: Vec<(Source, GatewayEvent)>,
    /// The highest ids in it.
    pub seen: SeenIds,
}

impl App {
    /// Reads the gateways' books from then on. What cannot be read is told.
    pub(super) async fn find(
        &self,
        from: DateTime<Utc>,
        gap: u32,
        rebuilt: &mut Rebuilt,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<Found, Trouble> {
        let now = self.store.now().await?;
        let mut found = Found::default();
        let gateways: Vec<_> = self.gateways.names().collect();
        let gates = |has: fn(&Gate<'_>) -> bool| {
            let gates = gateways.iter().filter_map(|gateway| self.gate(*gateway));
            gates.filter(has).collect::<Vec<_>>()
        };
        for gate in gates(|gate| gate.has_book()) {
            if let Err(error) = self.find_in_book(&gate, from, now, &mut found, tell).await {
                rebuilt.troubles.push(not_read(&gate, &error));
            }
        }
        // What the books tell need not be looked for by its name.
        let elsewhere = found.checkouts.iter();
        let elsewhere: BTreeSet<_> = elsewhere
            .filter_map(|(_, checkout)| self.marked(checkout)?.attempt)
            .collect();
        for gate in gates(|gate| gate.adapter.names().is_some()) {
            let Some(names) = gate.adapter.names() else {
                continue;
            };
            let probed = self.probe(&gate, names, &elsewhere, gap, rebuilt, tell);
            match probed.await? {
                Ok(checkouts) => found.checkouts.extend(checkouts),
                Err(error) => rebuilt.troubles.push(not_read(&gate, &error)),
            }
        }
        rebuilt.checkouts = u64::try_from(found.checkouts.len()).unwrap_or(u64::MAX);
        found
            .checkouts
            .sort_by_key(|(_, checkout)| self.marked(checkout).and_then(|mark| mark.attempt));
        found.seen = self.highest(&found);
        Ok(found)
    }

    /// Our mark on a checkout.
    pub(super) fn marked<'a>(&self, checkout: &'a BookedCheckout) -> Option<&'a Mark> {
        let mark = checkout.names.mark.as_ref();
        mark.filter(|mark| mark.installation == self.installation && mark.attempt.is_some())
    }

    async fn find_in_book(
        &self,
        gate: &Gate<'_>,
        from: DateTime<Utc>,
        now: DateTime<Utc>,
        found: &mut Found,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), CallError> {
        let source = gate.source().await?;
        let to = now.checked_add_signed(CLOCKS_DIFFER_BY).unwrap_or(now);
        let mut after: Option<String> = None;
        loop {
            let after_page = after.as_deref();
            let window = Window {
                from,
                to,
                after: after_page,
            };
            let Some(page) = gate.checkouts(&window).await? else {
                break;
            };
            let ours = page.checkouts.into_iter();
            let ours = ours.filter(|checkout| self.marked(checkout).is_some());
            found
                .checkouts
                .extend(ours.map(|checkout| (source.clone(), checkout)));
            tell(&format!(
                "{}: {} checkouts",
                source.gateway,
                found.checkouts.len()
            ));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut cursor: Option<EventCursor> = None;
        loop {
            let since = Since {
                cursor: cursor.as_ref(),
                begin: from,
                now,
            };
            let Some(page) = gate.events(&since).await? else {
                return Ok(());
            };
            found
                .events
                .extend(page.events.into_iter().map(|event| (source.clone(), event)));
            tell(&format!(
                "{}: {} events",
                source.gateway,
                found.events.len()
            ));
            if !page.has_more {
                return Ok(());
            }
            cursor = Some(page.cursor);
        }
    }

    /// Looks for checkouts by the names that they must have: those of attempts that are not written down,
    /// from a little below the last one that is, up to where nothing was known for long.
    async fn probe(
        &self,
        gate: &Gate<'_>,
        names: &dyn GatewayNames,
        elsewhere: &BTreeSet<AttemptId>,
        gap: u32,
        rebuilt: &mut Rebuilt,
        tell: &mut (impl FnMut(&str) + Send),
    ) -> Result<Result<Vec<(Source, BookedCheckout)>, CallError>, Trouble> {
        let source = match gate.source().await {
            Ok(source) => source,
            Err(error) => return Ok(Err(error)),
        };
        let mut found = Vec::new();
        let last = self.store.last_attempt().await?;
        let last = last.map_or(0, AttemptId::get);
        // Ids are taken in blocks: those of a lost attempt may be lower than the last one.
        let mut known_to = elsewhere.last().map_or(last, |seen| seen.get().max(last));
        let mut id = last.saturating_sub(i64::from(gap)).max(1);
        while id.saturating_sub(known_to) <= i64::from(gap) {
            let attempt = AttemptId::new(id).map_err(Trouble::fault)?;
            id = id.saturating_add(1);
            if elsewhere.contains(&attempt) || self.store.order_of_attempt(attempt).await?.is_some()
            {
                continue;
            }
            let key = names.key_of(&self.installation, attempt);
            let checkout = match gate.checkout(names, &key).await {
                Ok(checkout) => checkout,
                Err(error) => return Ok(Err(error)),
            };
            rebuilt.probed += 1;
            if rebuilt.probed.is_multiple_of(TELL_EVERY) {
                tell(&format!(
                    "{}: {} names were tried",
                    source.gateway, rebuilt.probed
                ));
            }
            if let Some(checkout) = checkout {
                known_to = known_to.max(attempt.get());
                if self.marked(&checkout).is_some() {
                    found.push((source.clone(), checkout));
                } else {
                    rebuilt.troubles.push(format!(
                        "{}: {key} carries no mark of ours that can be read",
                        source.gateway
                    ));
                }
            }
        }
        Ok(Ok(found))
    }

    /// The highest ids that were given out, as far as the books tell.
    fn highest(&self, found: &Found) -> SeenIds {
        let mut seen = SeenIds::default();
        let ours = |mark: &&Mark| mark.installation == self.installation;
        let of_events = found.events.iter();
        let of_events = of_events.filter_map(|(_, event)| event.about.mark.as_ref());
        let of_checkouts = found.checkouts.iter();
        let of_checkouts = of_checkouts.filter_map(|(_, checkout)| self.marked(checkout));
        for mark in of_events.chain(of_checkouts).filter(ours) {
            seen.payments = seen.payments.max(mark.payment.map_or(0, |id| id.get()));
            seen.attempts = seen.attempts.max(mark.attempt.map_or(0, |id| id.get()));
            seen.refunds = seen.refunds.max(mark.refund.map_or(0, |id| id.get()));
        }
        for (source, checkout) in &found.checkouts {
            let record = checkout.record.as_deref().unwrap_or_default();
            let Ok(rows) = read_rows(record, source.gateway) else {
                continue;
            };
            seen.orders = seen.orders.max(rows.order.order.terms().id.get());
            seen.invoices = seen.invoices.max(rows.bill.invoice.terms().id.get());
            let taxes = rows.bill.taxes.iter().map(|tax| tax.terms().id.get());
            seen.tax_records = taxes.fold(seen.tax_records, i64::max);
        }
        seen
    }
}

fn not_read(gate: &Gate<'_>, error: &CallError) -> String {
    let gateway: Gateway = gate.adapter.gateway();
    format!("{gateway} could not be read: {error}")
}
