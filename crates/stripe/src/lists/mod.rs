//! Stripe's own lists: what happened, what was opened, and single refunds.

mod cursor;

use async_trait::async_trait;
use bayar_app::port::GatewayBook;
use bayar_app::port::gateway::{CallError, FaultKind};
use bayar_app::port::gateway_book::{
    BookedCheckout, BookedRefund, CheckoutsPage, EventsPage, GatewayEvent, Names, Since, Taken,
    Tells, Window,
};
use bayar_domain::gateway::{CaptureId, GatewayRefundId, SessionRef};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use stripe_checkout::checkout_session::ListCheckoutSession;
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest as _};
use stripe_core::refund::RetrieveRefund;
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use self::cursor::Sweep;
use crate::client::garbage;
use crate::gateway::{StripeGateway, strange};
use crate::names;
use crate::objects::{Booked, Event, Expandable, Intent, Page, Refund, Subject};
use crate::pages::PAGE;
use crate::reading::{is_paid, money, named, refund_step};

/// For so long Stripe remembers what happened. An hour is left for clocks that differ.
const EVENTS_ARE_KNOWN: TimeDelta = TimeDelta::hours(30 * 24 - 1);

const A_DAY: TimeDelta = TimeDelta::days(1);

/// What moves money or ends a checkout. Stripe takes twenty of them at most.
const KINDS: [&str; 17] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
];

/// async-stripe has it behind a feature with thousands of other types.
#[derive(Serialize)]
struct ListEvents<'a> {
    types: [&'a str; KINDS.len()],
    created: RangeQueryTs,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

#[async_trait]
impl GatewayBook for StripeGateway {
    async fn events(&self, since: &Since<'_>) -> Result<EventsPage, CallError> {
        let sweep = Sweep::from(since);
        let (sweep, page) = match self.events_of(&sweep).await {
            // Stripe has forgotten the event that the next page was to come after: all pages are read again.
            Err(CallError::Refused(fault))
                if fault.kind == FaultKind::NotFound && sweep.is_under_way() =>
            {
                let anew = sweep.anew();
                let page = self.events_of(&anew).await?;
                (anew, page)
            }
            page => (sweep, page?),
        };
        let mut events = Vec::new();
        for event in &page.data {
            self.must_be_our_mode(event.livemode)?;
            events.push(told(event)?);
        }
        let known = since.now - EVENTS_ARE_KNOWN + A_DAY;
        let next = sweep.after(&page, known.timestamp())?;
        // Stripe's lists begin with the newest.
        events.reverse();
        Ok(EventsPage {
            events,
            cursor: next.cursor(),
            has_more: page.has_more,
            reaches_back: sweep.since() >= (since.now - EVENTS_ARE_KNOWN).timestamp(),
        })
    }

    async fn checkouts(&self, window: &Window<'_>) -> Result<CheckoutsPage, CallError> {
        let created = RangeBoundsTs {
            gte: Some(window.from.timestamp()),
            lt: Some(window.to.timestamp()),
            ..RangeBoundsTs::default()
        };
        let mut request = ListCheckoutSession::new()
            .created(RangeQueryTs::Bounds(created))
            .expand(vec!["data.payment_intent".to_owned()])
            .limit(PAGE);
        if let Some(after) = window.after {
            request = request.starting_after(after);
        }
        let page: Page<Booked> = self.client.get(request.build()).await?;
        let mut checkouts = Vec::new();
        for session in &page.data {
            self.must_be_our_mode(session.livemode)?;
            checkouts.push(booked(session)?);
        }
        let next = match page.data.last() {
            Some(last) if page.has_more && window.after != Some(&last.id) => Some(last.id.clone()),
            _ if page.has_more => return Err(garbage("list_without_end")),
            _ => None,
        };
        Ok(CheckoutsPage { checkouts, next })
    }

    async fn refund(&self, name: &GatewayRefundId) -> Result<Option<BookedRefund>, CallError> {
        if !names::fits_path(name.as_str()) {
            return Ok(None);
        }
        let request = RetrieveRefund::new(name.as_str());
        let refund: Refund = match self.client.get(request.build()).await {
            Ok(refund) => refund,
            Err(CallError::Refused(fault)) if fault.kind == FaultKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let capture = refund.payment_intent.as_ref().map(Expandable::name);
        Ok(Some(BookedRefund {
            names: Names {
                capture: capture.map(CaptureId::new).map(named).transpose()?,
                refund: Some(named(GatewayRefundId::new(refund.id.as_str()))?),
                mark: refund.metadata.as_ref().and_then(names::mark),
                ..Names::default()
            },
            amount: money(Some(refund.amount), Some(&refund.currency))?,
            step: refund_step(&refund),
            at: refund.created.and_then(moment),
        }))
    }
}

impl StripeGateway {
    async fn events_of(&self, sweep: &Sweep) -> Result<Page<Event>, CallError> {
        let created = RangeBoundsTs {
            gte: Some(sweep.since()),
            ..RangeBoundsTs::default()
        };
        let request = RequestBuilder::new(StripeMethod::Get, "/events").query(&ListEvents {
            types: KINDS,
            created: RangeQueryTs::Bounds(created),
            limit: PAGE,
            starting_after: sweep.below(),
        });
        self.client.get(request).await
    }

    fn must_be_our_mode(&self, livemode: bool) -> Result<(), CallError> {
        if self.is_our_mode(livemode) {
            Ok(())
        } else {
            Err(CallError::Refused(strange("livemode_mismatch")))
        }
    }
}

fn told(event: &Event) -> Result<GatewayEvent, CallError> {
    let about = match &event.data {
        Some(data) => about(&data.object)?,
        // It happened all the same, and whatever it is about is read by the schedule.
        None => Names::default(),
    };
    Ok(GatewayEvent {
        id: event.id.clone(),
        kind: event.kind.clone(),
        tells: tells(&event.kind),
        at: moment(event.created).ok_or_else(|| garbage("odd_time"))?,
        about,
    })
}

/// Of a session that is completed the money may still be on its way.
fn tells(kind: &str) -> Tells {
    match kind {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "payment_intent.succeeded" => Tells::MoneyIn,
        "checkout.session.async_payment_failed"
        | "checkout.session.expired"
        | "payment_intent.processing"
        | "payment_intent.payment_failed"
        | "payment_intent.canceled" => Tells::NoMoney,
        "refund.created" => Tells::RefundMade,
        _ => Tells::Other,
    }
}

fn about(subject: &Subject) -> Result<Names, CallError> {
    let own = |kind: &str| (subject.kind == kind).then_some(subject.id.as_str());
    let intent = subject.payment_intent.as_ref().map(Expandable::name);
    let intent = own("payment_intent").or(intent);
    Ok(Names {
        session: own("checkout.session")
            .map(SessionRef::new)
            .map(named)
            .transpose()?,
        capture: intent.map(CaptureId::new).map(named).transpose()?,
        refund: own("refund")
            .map(GatewayRefundId::new)
            .map(named)
            .transpose()?,
        reference: subject.client_reference_id.clone(),
        mark: subject.metadata.as_ref().and_then(names::mark),
    })
}

fn booked(session: &Booked) -> Result<BookedCheckout, CallError> {
    let intent = session.payment_intent.as_ref();
    let capture = intent.map(|intent| named(CaptureId::new(intent.name())));
    let capture = capture.transpose()?;
    let (is_in, amount, word) = match intent {
        Some(Expandable::Whole(intent)) => {
            (is_paid(intent), received(intent), Some(&intent.status))
        }
        // It is named and not shown: the session says whether the money is in, and not how much.
        Some(Expandable::Name(_)) | None => {
            let paid = session.payment_status.as_deref() == Some("paid");
            (paid, None, None)
        }
    };
    let words = [
        session.status.as_ref(),
        session.payment_status.as_ref(),
        word,
    ];
    let words = words.into_iter().flatten();
    let words: Vec<_> = words.filter_map(|word| names::plain_word(word)).collect();
    Ok(BookedCheckout {
        opened_at: moment(session.created).ok_or_else(|| garbage("odd_time"))?,
        names: Names {
            session: Some(named(SessionRef::new(session.id.as_str()))?),
            capture: capture.clone(),
            refund: None,
            reference: session.client_reference_id.clone(),
            mark: session.metadata.as_ref().and_then(names::mark),
        },
        status: words.join(", "),
        taken: capture.filter(|_| is_in).map(|capture| Taken {
            capture,
            amount,
            // The events tell.
            has_gone_back: false,
        }),
        is_over: !is_in
            && (session.status.as_deref() == Some("expired")
                || word.is_some_and(|word| word == "canceled")),
        key: session.metadata.as_ref().and_then(names::key),
        url: session.url.clone(),
        expires_at: session.expires_at.and_then(moment),
        record: session.metadata.as_ref().and_then(names::record),
    })
}

/// One amount that cannot be told must not hide the rest of a list.
fn received(intent: &Intent) -> Option<bayar_domain::Money> {
    money(intent.amount_received, intent.currency.as_deref()).ok()
}

fn moment(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}
