//! Follows the lists of what happened at gateways, so that a webhook that is lost is found.
//!
//! What stands in a list is a reason to read and no proof. How far a list was read is kept with what was heard
//! and not dealt with yet: so nothing is passed over, and one payment that cannot be read holds up no other.

use std::sync::Arc;

use bayar_domain::fact::Proof;
use bayar_domain::gateway::Source;
use bayar_domain::{AttemptId, Gateway};
use chrono::TimeDelta;

use super::follow::{Followed, Silence};
use super::left::Left;
use super::places::{Place, Places, another_first};
use super::schedule::{Entry, Outcome};
use super::serve::is_shared;
use crate::App;
use crate::failpoint;
use crate::paying::Heard;
use crate::port::gateway::CallError;
use crate::port::gateway_book::{EventCursor, GatewayEvent, Since, Tells};
use crate::port::store::{AttemptPlace, RunLease, UnresolvedPayment, Which};
use crate::settle::SettleError;
use crate::trouble::Trouble;

/// Where a list begins that was never read: as far back as gateways remember.
const BEGIN: TimeDelta = TimeDelta::days(29);

/// How many rows are in memory at once.
const PAGE: u32 = 200;

/// So many may wait to be read. Then the list itself waits.
const MOST_OPEN: usize = 500;

#[derive(Default)]
struct Tally {
    told: u64,
    read: u64,
    learned: u64,
    silence: Silence,
    left: Left,
}

/// Where an event leads.
enum Lead {
    /// To what is not ours, or to what is known already.
    Nowhere,
    /// To an attempt that has to be read.
    Read(AttemptPlace),
    /// To money of ours of which nothing is written down here.
    Lost(Option<AttemptId>),
}

impl App {
    /// Reads what happened at the gateways since the last time.
    pub(super) async fn read_events(
        self: &Arc<Self>,
        lease: &RunLease,
    ) -> Result<Outcome, Trouble> {
        let mut places = Places::read(lease.cursor.as_deref());
        let mut tally = Tally::default();
        let gateways: Vec<_> = self.gateways.names().collect();
        for gateway in gateways {
            if let Some(trouble) = self
                .read_events_of(gateway, lease, &mut places, &mut tally)
                .await?
            {
                tally.left.troubles.push(format!("{gateway}: {trouble}"));
            }
        }
        let Tally {
            told,
            read,
            learned,
            left,
            ..
        } = tally;
        Ok(left.after(format!(
            "{told} events, {read} payments read, {learned} with news"
        )))
    }

    /// Reads the list of one gateway to its end. Answers what it does not get on for.
    async fn read_events_of(
        self: &Arc<Self>,
        gateway: Gateway,
        lease: &RunLease,
        places: &mut Places<Place>,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let Some(gate) = self.gate(gateway).filter(|gate| gate.has_book()) else {
            return Ok(None);
        };
        let source = match gate.source().await {
            Ok(source) => source,
            Err(error) => return Ok(Some(error.fault().to_string())),
        };
        let mut place = places.take(&source);
        tally.silence = Silence::default();
        let told = self.follow_list(&source, lease, &mut place, places, tally);
        let told = told.await;
        tally.left.unread += place.open.len();
        tally.left.lost += place.lost.len();
        places.put(&source, place);
        told
    }

    async fn follow_list(
        self: &Arc<Self>,
        source: &Source,
        lease: &RunLease,
        place: &mut Place,
        places: &Places<Place>,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let Some(gate) = self.gate(source.gateway) else {
            return Ok(None);
        };
        self.look_again(source, lease, place, tally).await?;
        // Those that still cannot be read do not say that the gateway is in trouble.
        tally.silence = Silence::default();
        let mut has_read_all = false;
        while !self.work.is_ending() {
            let cursor = place.cursor.clone().map(EventCursor::new);
            let since = Since {
                cursor: cursor.as_ref(),
                begin: lease.now.checked_sub_signed(BEGIN).unwrap_or(lease.now),
                now: lease.now,
            };
            let page = match gate.events(&since).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error.fault().to_string())),
            };
            if !page.reaches_back && !has_read_all {
                tracing::warn!(gateway = %source.gateway, "the gateway has forgotten a part of what happened: all that is open is read");
                if let Some(trouble) = self.read_all_open(source.gateway).await? {
                    return Ok(Some(trouble));
                }
                has_read_all = true;
            }
            let trouble = self.deal_with(source, &page.events, place, tally).await?;
            if trouble.is_some() || place.open.len() > MOST_OPEN {
                // The page comes again, without those that could not be read: the cursor does not pass what was not
                // dealt with.
                let text = places.with(source, place);
                self.keep_cursor(Entry::ReadEvents, lease, &text).await?;
                return Ok(trouble.or_else(|| Some("too much waits to be read again".to_owned())));
            }
            place.cursor = Some(page.cursor.as_str().to_owned());
            place.remember(&page.events);
            let _ = failpoint::hit("events.before_keep");
            let text = places.with(source, place);
            self.keep_cursor(Entry::ReadEvents, lease, &text).await?;
            let _ = failpoint::hit("events.kept");
            if !page.has_more {
                break;
            }
        }
        // The next run goes on where this one was told to end.
        Ok(None)
    }

    /// Looks whether what was lost is here by now, and reads again what could not be read the last time, as long as
    /// the gateway tells anything.
    async fn look_again(
        &self,
        source: &Source,
        lease: &RunLease,
        place: &mut Place,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        for attempt in place.lost.clone() {
            let id = AttemptId::new(attempt).map_err(Trouble::fault)?;
            if self.store.order_of_attempt(id).await?.is_some() {
                place.lost.remove(&attempt);
            }
        }
        for attempt in another_first(&place.open, lease.now) {
            let id = AttemptId::new(attempt).map_err(Trouble::fault)?;
            let Some(order) = self.store.order_of_attempt(id).await? else {
                continue;
            };
            let about = AttemptPlace { order, attempt: id };
            let trouble = self.read_lead(about, source, false, place, tally).await?;
            if trouble.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Deals with a page. Answers what it does not get on for.
    async fn deal_with(
        &self,
        source: &Source,
        events: &[GatewayEvent],
        place: &mut Place,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let mut wanted: Vec<(AttemptPlace, bool)> = Vec::new();
        for event in events {
            if place.has_dealt_with(event) {
                continue;
            }
            tally.told += 1;
            match self.lead_of(event, source).await? {
                Lead::Nowhere => {}
                Lead::Read(about) => {
                    let says_paid = event.tells == Tells::MoneyIn;
                    match wanted.iter_mut().find(|(known, _)| *known == about) {
                        Some((_, paid)) => *paid |= says_paid,
                        None => wanted.push((about, says_paid)),
                    }
                }
                Lead::Lost(attempt) => {
                    self.tell_lost(source.gateway, attempt, &event.id);
                    match attempt {
                        Some(attempt) => {
                            place.lose(attempt.get());
                        }
                        None => tally.left.lost += 1,
                    }
                }
            }
        }
        // What waits to be read again was tried already.
        wanted.retain(|(about, _)| !place.open.contains(&about.attempt.get()));
        for (about, says_paid) in wanted {
            let trouble = self
                .read_lead(about, source, says_paid, place, tally)
                .await?;
            if trouble.is_some() {
                return Ok(trouble);
            }
        }
        Ok(None)
    }

    /// Finds what an event is about. What is settled and known costs no request.
    async fn lead_of(&self, event: &GatewayEvent, source: &Source) -> Result<Lead, Trouble> {
        let names = &event.about;
        let mark = names.mark.as_ref();
        let is_ours = mark.is_some_and(|mark| mark.installation == self.installation);
        let attempt = mark.filter(|_| is_ours).and_then(|mark| mark.attempt);
        let mut about = None;
        if let Some(attempt) = attempt {
            let order = self.store.order_of_attempt(attempt).await?;
            about = order.map(|order| AttemptPlace { order, attempt });
        }
        if let (None, Some(capture)) = (about, &names.capture) {
            let (gateway, mode) = (source.gateway, source.mode);
            about = self
                .store
                .attempt_of_capture(gateway, mode, capture)
                .await?;
        }
        let Some(about) = about else {
            // What was never paid and is not written down here is nobody's loss.
            let is_money = event.tells != Tells::NoMoney;
            return Ok(match is_ours && is_money {
                true => Lead::Lost(attempt),
                false => Lead::Nowhere,
            });
        };
        let seen = self.look(about.order).await;
        let seen = match seen.map_err(SettleError::into_trouble) {
            Ok(seen) => seen,
            Err(trouble @ Trouble::Unavailable(_)) => return Err(trouble),
            // Reading it says what is wrong with it, and holds up no other.
            Err(_) => return Ok(Lead::Read(about)),
        };
        let mut facts = seen.settlement.facts();
        let is_known = match event.tells {
            Tells::MoneyIn => facts.any(|fact| {
                matches!(fact.proof(), Proof::Captured { capture, .. } if Some(capture) == names.capture.as_ref())
            }),
            Tells::RefundMade => facts.any(|fact| {
                matches!(fact.proof(), Proof::Refunded { refund, .. } if Some(refund) == names.refund.as_ref())
            }),
            Tells::NoMoney => {
                let attempt = seen.settlement.attempt(about.attempt);
                attempt.is_some_and(|attempt| !attempt.status().is_live())
            }
            Tells::Other => false,
        };
        Ok(match is_known {
            true => Lead::Nowhere,
            false => Lead::Read(about),
        })
    }

    /// Reads an attempt that was told of, or keeps it to be read again. Answers what nothing else gets on for.
    async fn read_lead(
        &self,
        about: AttemptPlace,
        source: &Source,
        says_paid: bool,
        place: &mut Place,
        tally: &mut Tally,
    ) -> Result<Option<String>, Trouble> {
        let id = about.attempt.get();
        tally.read += 1;
        let followed = self.follow_book(about, source, &mut tally.silence).await?;
        match followed {
            Followed::Read { heard, is_new } => {
                if is_new {
                    tally.learned += 1;
                    tracing::info!(order = %about.order, attempt = %about.attempt, "the gateway's list told what no webhook did");
                    metrics::counter!("bayar_events_found_total", "gateway" => source.gateway.as_str())
                        .increment(1);
                }
                // A gateway may read behind its own news.
                match heard == Heard::NothingYet && says_paid {
                    true => place.open.insert(id),
                    false => place.open.remove(&id),
                };
            }
            Followed::Unread => {
                place.open.insert(id);
            }
            Followed::Foreign => {
                place.open.remove(&id);
                tally.left.lost += 1;
            }
            Followed::Away(fault) => {
                place.open.insert(id);
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    /// The attempt that an event is about, where what it tells is not known here.
    pub(crate) async fn unknown_part_of(
        &self,
        event: &GatewayEvent,
        source: &Source,
    ) -> Result<Option<AttemptPlace>, Trouble> {
        Ok(match self.lead_of(event, source).await? {
            Lead::Read(about) => Some(about),
            Lead::Nowhere | Lead::Lost(_) => None,
        })
    }

    /// How much is proved about an order.
    pub(crate) async fn facts_of(&self, about: AttemptPlace) -> Result<usize, Trouble> {
        let seen = self.look(about.order).await;
        let seen = seen.map_err(SettleError::into_trouble)?;
        Ok(seen.settlement.facts().count())
    }

    /// Reads all that is not at its end. Answers what it does not get on for.
    async fn read_all_open(&self, gateway: Gateway) -> Result<Option<String>, Trouble> {
        let (mut after, mut silence) = (None, Silence::default());
        loop {
            let page = self.store.unresolved(Which::All, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(None);
            };
            after = Some(last.payment.payment.terms().id);
            for UnresolvedPayment { payment, .. } in page {
                if payment.payment.payment_method() != gateway {
                    continue;
                }
                let errors = self.read_payment(&payment.payment).await?;
                let mut faults = errors.iter().map(CallError::fault);
                let shared = faults.find(|fault| is_shared(fault.kind));
                // One by itself has a job that goes on asking.
                if silence.after(shared.is_some())
                    && let Some(fault) = shared
                {
                    return Ok(Some(fault.to_string()));
                }
            }
        }
    }

    /// Says that a gateway has money of ours of which nothing is written down here.
    pub(super) fn tell_lost(&self, gateway: Gateway, attempt: Option<AttemptId>, named: &str) {
        let attempt = attempt.map(AttemptId::get);
        tracing::error!(
            %gateway, attempt, named,
            "the gateway has a payment with our mark that is not written down here: bayar payments rebuild brings it back"
        );
        metrics::counter!("bayar_payments_lost_total", "gateway" => gateway.as_str()).increment(1);
    }
}
