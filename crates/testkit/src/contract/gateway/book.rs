//! The lists that a gateway keeps.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::PaymentGateway;
use bayar_app::port::gateway_book::{
    BookedCheckout, EventCursor, EventsPage, GatewayBook, GatewayEvent, Since, Window,
};
use bayar_domain::fact::RefundStep;
use bayar_domain::gateway::{CaptureId, GatewayRefundId};
use bayar_domain::{AttemptId, Money, OrderNumber, PaymentId, RefundId};
use chrono::{DateTime, TimeDelta, Utc};

use super::steps::installation;
use super::{Attempted, GatewayStage};

type Case<'a> = &'a dyn GatewayStage;

/// More than a gateway puts on one page of events, each payment being worth two at least.
const MANY: usize = 60;

pub async fn what_happened_is_told_with_every_name(stage: Case<'_>) {
    let begin = stage.now();
    let attempted = Attempted::paid(stage).await;
    let events = sweep(stage, None, begin).await.0;
    let capture = attempted.capture();
    let of_money = |event: &&GatewayEvent| event.about.capture.as_ref() == Some(&capture);
    let about = events.iter().filter(of_money);
    let sessions = about
        .clone()
        .filter_map(|event| event.about.session.clone());
    let expected = attempted.session().reference.clone();
    assert!(sessions.into_iter().any(|session| session == expected));
    let marks: Vec<_> = about.filter_map(|event| event.about.mark.clone()).collect();
    assert!(!marks.is_empty(), "{events:?}");
    for mark in marks {
        assert_eq!(mark.installation, installation());
        assert_eq!(mark.attempt, AttemptId::new(7).ok());
        assert_eq!(mark.payment, PaymentId::new(100).ok());
        let number: OrderNumber = "INV202511210407-3C2A".parse().unwrap();
        assert_eq!(mark.order, Some(number));
    }
}

pub async fn no_event_is_skipped_however_the_list_is_read(stage: Case<'_>) {
    let begin = stage.now();
    let mut paid = BTreeSet::new();
    for number in 0..MANY {
        paid.insert(pay_another(stage, number).await);
    }
    let mut told = BTreeSet::new();
    let (mut cursor, mut number, mut pages) = (None, MANY, 0);
    loop {
        let page = page(stage, cursor.as_ref(), begin).await;
        assert_oldest_first(&page);
        told.extend(captures(&page.events));
        cursor = Some(page.cursor);
        pages += 1;
        if !page.has_more {
            break;
        }
        // It happens above what was read already.
        paid.insert(pay_another(stage, number).await);
        number += 1;
    }
    assert!(pages > 1, "there is but one page");
    let (events, cursor) = sweep(stage, cursor.as_ref(), begin).await;
    told.extend(captures(&events));
    assert_eq!(told, paid);

    stage.pass(Duration::from_secs(24 * 3600)).await;
    let late = pay_another(stage, number).await;
    let (events, _) = sweep(stage, Some(&cursor), begin).await;
    assert!(captures(&events).contains(&late), "{events:?}");
}

pub async fn what_is_told_again_has_the_same_name(stage: Case<'_>) {
    let begin = stage.now();
    Attempted::paid(stage).await;
    let (first, cursor) = sweep(stage, None, begin).await;
    let (again, _) = sweep(stage, Some(&cursor), begin).await;
    let (anew, _) = sweep(stage, None, begin).await;
    // All of it has happened within minutes.
    assert_eq!(first, again);
    assert_eq!(first, anew);
    let names: BTreeSet<_> = first.iter().map(|event| &event.id).collect();
    assert_eq!(names.len(), first.len());
}

pub async fn an_old_event_is_told_no_more(stage: Case<'_>) {
    let begin = stage.now();
    let old = Attempted::paid(stage).await.capture();
    let (_, cursor) = sweep(stage, None, begin).await;
    stage.pass(Duration::from_secs(3600)).await;
    let new = pay_another(stage, 1).await;
    let (events, cursor) = sweep(stage, Some(&cursor), begin).await;
    assert!(captures(&events).contains(&new));
    let (events, _) = sweep(stage, Some(&cursor), begin).await;
    assert!(!captures(&events).contains(&old), "{events:?}");
}

pub async fn a_cursor_that_nobody_can_read_begins_at_the_beginning(stage: Case<'_>) {
    let begin = stage.now();
    Attempted::paid(stage).await;
    let (expected, _) = sweep(stage, None, begin).await;
    let odd = EventCursor::new("nobody wrote this".to_owned());
    assert_eq!(sweep(stage, Some(&odd), begin).await.0, expected);
}

pub async fn a_gateway_says_when_it_has_forgotten(stage: Case<'_>) {
    let now = stage.now();
    let recent = page(stage, None, now - TimeDelta::hours(1)).await;
    assert!(recent.reaches_back);
    let old = page(stage, None, now - TimeDelta::days(400)).await;
    assert!(!old.reaches_back);
}

pub async fn every_checkout_of_a_window_is_told_with_its_money(stage: Case<'_>) {
    let open = Attempted::opened(stage).await;
    stage.pass(Duration::from_secs(3600)).await;
    let from = stage.now();
    let mut paid = BTreeSet::new();
    for number in 0..MANY {
        paid.insert(pay_another(stage, number).await);
    }
    let mut left = Attempted::planned(stage).await;
    left.rename("left");
    left.open().await.unwrap();
    let to = stage.now() + TimeDelta::seconds(1);
    let told = checkouts(stage, from, to).await;
    assert_eq!(told.len(), MANY + 1);
    let taken: BTreeSet<_> = told
        .iter()
        .filter_map(|checkout| checkout.taken.clone())
        .map(|taken| {
            assert_eq!(taken.amount, Some(stage.amount()));
            taken.capture
        })
        .collect();
    assert_eq!(taken, paid);
    for checkout in &told {
        let mark = checkout.names.mark.as_ref().unwrap();
        assert_eq!(mark.attempt, AttemptId::new(7).ok());
        assert!((from - TimeDelta::seconds(1)..to).contains(&checkout.opened_at));
    }
    let unpaid = told.iter().find(|checkout| checkout.taken.is_none());
    let session = unpaid.unwrap().names.session.as_ref();
    assert_eq!(session, Some(&left.session().reference));
    assert_ne!(session, Some(&open.session().reference));
}

pub async fn a_refund_is_found_by_the_name_that_an_event_tells(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let begin = stage.now() - TimeDelta::seconds(1);
    let amount = stage.amount();
    let part = Money::new(amount.minor() / 4, amount.currency());
    attempted.refund(11, part).await.unwrap();
    let (events, _) = sweep(stage, None, begin).await;
    let name = events.iter().find_map(|event| event.about.refund.clone());
    let name = name.unwrap();
    let port = stage.port();
    let told = book(&port).refund(&name).await.unwrap().unwrap();
    assert_eq!(told.amount, part);
    assert_eq!(told.step, Some(RefundStep::Succeeded));
    assert_eq!(told.names.capture, Some(attempted.capture()));
    let mark = told.names.mark.unwrap();
    assert_eq!(
        (mark.installation, mark.refund),
        (installation(), RefundId::new(11).ok())
    );
    let nobody = GatewayRefundId::new("re_nobody").unwrap();
    assert_eq!(book(&port).refund(&nobody).await, Ok(None));
}

fn book(port: &Arc<dyn PaymentGateway>) -> &dyn GatewayBook {
    port.book().expect("it keeps lists")
}

async fn page(stage: Case<'_>, cursor: Option<&EventCursor>, begin: DateTime<Utc>) -> EventsPage {
    let now = stage.now();
    let since = Since { cursor, begin, now };
    let port = stage.port();
    book(&port).events(&since).await.unwrap()
}

/// All pages there are now.
async fn sweep(
    stage: Case<'_>,
    cursor: Option<&EventCursor>,
    begin: DateTime<Utc>,
) -> (Vec<GatewayEvent>, EventCursor) {
    let mut told = Vec::new();
    let mut cursor = cursor.cloned();
    loop {
        let page = page(stage, cursor.as_ref(), begin).await;
        assert_oldest_first(&page);
        told.extend(page.events);
        if !page.has_more {
            return (told, page.cursor);
        }
        cursor = Some(page.cursor);
    }
}

async fn checkouts(stage: Case<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<BookedCheckout> {
    let port = stage.port();
    let mut told = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let after = next.as_deref();
        let window = Window { from, to, after };
        let page = book(&port).checkouts(&window).await.unwrap();
        told.extend(page.checkouts);
        next = page.next;
        if next.is_none() {
            return told;
        }
    }
}

fn assert_oldest_first(page: &EventsPage) {
    assert!(page.events.is_sorted_by_key(|event| event.at), "{page:?}");
}

fn captures(events: &[GatewayEvent]) -> BTreeSet<CaptureId> {
    let captures = events
        .iter()
        .filter_map(|event| event.about.capture.clone());
    captures.collect()
}

/// Another checkout, with money in.
async fn pay_another(stage: Case<'_>, number: usize) -> CaptureId {
    let mut attempted = Attempted::planned(stage).await;
    attempted.rename(&format!("n{number}"));
    attempted.open().await.unwrap();
    assert!(stage.pay(attempted.session()).await);
    attempted.read().await.unwrap();
    attempted.capture()
}
