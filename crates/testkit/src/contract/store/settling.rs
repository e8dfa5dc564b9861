//! What a unit commits: payment, papers, history and order all say the same.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::{Actor, Announcement, ApiKeyId, Opened, OrderKey, PaymentEvent, Save};
use bayar_domain::decision::Decision;
use bayar_domain::payment::Cancellation;
use bayar_domain::settlement::Changes;
use bayar_domain::{OrderStatus, PaymentState, PaymentStatus, TaxStatus};
use chrono::TimeDelta;

use super::steps::{assert_all_of, bare, begin, cancel, loaded, open, payment_of, save, settle};
use crate::builders::{AnOpening, AnOrder, survey_of};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! settling_cases {
    ($fresh:ident) => {
        mod settling {
            use $crate::contract::store::settling as cases;
            $crate::contract_tests! { $fresh:
                a_payment_that_is_called_off_frees_its_order,
                a_payment_that_expires_frees_its_order,
                an_order_that_is_called_off_stays_so,
                two_saves_in_one_unit_are_committed_together,
                a_save_of_nothing_changes_nothing,
                decisions_come_back_in_the_order_of_deciding,
                why_something_was_decided_is_kept,
                what_was_decided_about_another_order_is_not_told,
                whoever_moved_a_payment_stands_in_its_history,
                whatever_is_told_of_an_order_is_told_under_a_number_of_its_own,
            }
        }
    };
}

pub async fn a_payment_that_is_called_off_frees_its_order(fixture: &dyn StoreFixture) {
    let by = Actor::User(7.try_into().unwrap());
    let reason = Cancellation::Requested;
    ends(fixture, by, PaymentState::Cancelled { reason }).await;
}

pub async fn a_payment_that_expires_frees_its_order(fixture: &dyn StoreFixture) {
    ends(fixture, Actor::System, PaymentState::Expired).await;
}

pub async fn an_order_that_is_called_off_stays_so(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    cancel(&*store, &opening).await;
    let id = order.terms().id;
    settle(&*store, id, Actor::System, |order, _| order.cancel_order()).await;
    let found = store.order(&OrderKey::Id(id)).await.unwrap().unwrap();
    assert_eq!(found.order, order.clone().cancel().unwrap().into_inner());
    assert_eq!(found.live_payment, None);
    let (_, settlement, _) = begin(&*store, id).await;
    assert_eq!(settlement.order().status(), OrderStatus::Cancelled);
    assert_eq!(settlement.decisions().last(), Some(&Decision::CancelOrder));
    let again = AnOpening::of(&order).build(&*store).await;
    assert_eq!(open(&*store, &again).await, Opened::No);
}

/// A settlement that drifted is saved first, and then what was asked for.
pub async fn two_saves_in_one_unit_are_committed_together(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let (id, payment) = (order.terms().id, payment_of(&opening));
    let (mut unit, settlement, _) = begin(&*store, id).await;
    let first = settlement.cancel_payment(payment).unwrap();
    save(&mut *unit, &first, Actor::System).await.unwrap();
    let second = first.settlement.cancel_order().unwrap();
    save(&mut *unit, &second, Actor::System).await.unwrap();
    unit.commit().await.unwrap();
    let parts = loaded(&*store, id).await.parts;
    assert_eq!(parts, second.settlement.into_parts());
    assert_eq!(parts.decisions.len(), 2);
    assert_eq!(parts.order.status(), OrderStatus::Cancelled);
}

/// A command that is given twice is no error the second time, and it is no change.
pub async fn a_save_of_nothing_changes_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let (id, payment) = (order.terms().id, payment_of(&opening));
    cancel(&*store, &opening).await;
    let before = (
        loaded(&*store, id).await.parts,
        store.order(&OrderKey::Id(id)).await.unwrap(),
        store.payment(payment).await.unwrap(),
        store.events(payment).await.unwrap(),
        store.invoice(payment).await.unwrap(),
        store.taxes(payment).await.unwrap(),
    );
    fixture.shift_clock(TimeDelta::minutes(1)).await;
    cancel(&*store, &opening).await;
    let after = (
        loaded(&*store, id).await.parts,
        store.order(&OrderKey::Id(id)).await.unwrap(),
        store.payment(payment).await.unwrap(),
        store.events(payment).await.unwrap(),
        store.invoice(payment).await.unwrap(),
        store.taxes(payment).await.unwrap(),
    );
    assert_eq!(after, before);
}

pub async fn decisions_come_back_in_the_order_of_deciding(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let id = order.terms().id;
    let mut decided = Vec::new();
    for round in 0..12 {
        let opening = AnOpening::of(&order).payable_for(TimeDelta::minutes(1));
        let opening = opening.open(&*store).await;
        let payment = payment_of(&opening);
        if round % 3 == 0 {
            fixture.shift_clock(TimeDelta::minutes(2)).await;
            settle(&*store, id, Actor::System, |order, now| {
                order.expire_payment(payment, now)
            })
            .await;
            decided.push(Decision::ExpirePayment { payment });
        } else {
            cancel(&*store, &opening).await;
            let reason = Cancellation::Requested;
            decided.push(Decision::CancelPayment { payment, reason });
        }
    }
    settle(&*store, id, Actor::System, |order, _| order.cancel_order()).await;
    decided.push(Decision::CancelOrder);
    assert_eq!(loaded(&*store, id).await.parts.decisions, decided);
    let told = store.decisions(id).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|told| told.decision).collect();
    assert_eq!(told, decided);
}

pub async fn why_something_was_decided_is_kept(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    // What a unit writes may be dated by its beginning.
    let before = store.now().await.unwrap();
    let (mut unit, settlement, _) = begin(&*store, order.terms().id).await;
    let step = settlement.cancel_order().unwrap();
    let by = Actor::User(7.try_into().unwrap());
    let why = "the buyer's own words: \u{201e}no\u{201c}";
    let save = Save {
        decisions: &step.decisions,
        by,
        note: Some(why),
        ..bare(&step.settlement, &step.changes)
    };
    unit.save(&save).await.unwrap();
    unit.commit().await.unwrap();
    let told = store.decisions(order.terms().id).await.unwrap();
    let [told] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(told.decision, Decision::CancelOrder);
    assert_eq!((told.by, told.note.as_deref()), (by, Some(why)));
    assert!((before..=store.now().await.unwrap()).contains(&told.at));
}

pub async fn what_was_decided_about_another_order_is_not_told(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let (one, other) = (AnOrder::of_a_cart(), AnOrder::of_a_cart());
    let one = one.add(&*store).await.terms().id;
    let other = other.add(&*store).await.terms().id;
    settle(&*store, one, Actor::System, |order, _| order.cancel_order()).await;
    assert_eq!(store.decisions(one).await.unwrap().len(), 1);
    assert_eq!(store.decisions(other).await.unwrap(), []);
}

pub async fn whoever_moved_a_payment_stands_in_its_history(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    for by in [
        Actor::User(7.try_into().unwrap()),
        Actor::Service(ApiKeyId::new(i64::MAX).unwrap()),
        Actor::System,
    ] {
        let order = AnOrder::of_a_cart().add(&*store).await;
        let opening = AnOpening::of(&order).by(Actor::System).open(&*store).await;
        let payment = payment_of(&opening);
        settle(&*store, order.terms().id, by, |order, _| {
            order.cancel_payment(payment)
        })
        .await;
        let events = store.events(payment).await.unwrap();
        let who: Vec<_> = events.iter().map(|event| event.by).collect();
        assert_eq!(who, [Actor::System, by]);
    }
}

/// A payment ends: it, its papers, its history and its order say so, and the order can be paid again.
async fn ends(fixture: &dyn StoreFixture, by: Actor, state: PaymentState) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1000).add(&*store).await;
    let opening = AnOpening::of(&order).payable_for(TimeDelta::hours(1));
    let opening = opening.open(&*store).await;
    let (id, payment) = (order.terms().id, payment_of(&opening));
    fixture.shift_clock(TimeDelta::hours(2)).await;
    let before = store.now().await.unwrap();
    let settled = settle(&*store, id, by, |order, now| match state {
        PaymentState::Expired => order.expire_payment(payment, now),
        _ => order.cancel_payment(payment),
    })
    .await;
    let after = store.now().await.unwrap();

    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment.state(), &state);
    assert_eq!(Some(&stored.payment), settled.payment(payment));
    assert_eq!(stored.version, 2);
    assert_eq!(stored.consultation, Some(1000.try_into().unwrap()));
    assert!((before..=after).contains(&stored.updated_at));

    let events = store.events(payment).await.unwrap();
    assert!((before..=after).contains(&events[1].at));
    let ended = PaymentEvent {
        payment,
        version: 2,
        from: Some(PaymentStatus::Pending),
        to: state.status(),
        by,
        at: events[1].at,
    };
    assert_eq!(events.len(), 2);
    assert_eq!(events[1], ended);

    let invoice = store.invoice(payment).await.unwrap().unwrap();
    assert_eq!(invoice, opening.bill.invoice.clone().void().into_inner());
    let taxes = store.taxes(payment).await.unwrap();
    assert_eq!(taxes.len(), 2);
    for (tax, before) in taxes.iter().zip(&opening.bill.taxes) {
        assert_eq!(tax.terms(), before.terms());
        assert_eq!(tax.status(), TaxStatus::Void);
    }

    let keys = store.keys_of(payment).await.unwrap();
    assert_eq!(keys, std::slice::from_ref(&opening.claim.scope));
    let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
    let answered = (opening.claim.answer.clone(), state.status());
    assert_eq!(surveyed.answered, Some(answered));
    assert_eq!(surveyed.order.unwrap().live, None);
    let found = store.order(&OrderKey::Id(id)).await.unwrap().unwrap();
    assert_eq!(found.live_payment, None);
    assert_eq!(found.order, order);
    assert_eq!(loaded(&*store, id).await.parts, settled.into_parts());

    let again = AnOpening::of(&order).open(&*store).await;
    assert_all_of(&*store, &again).await;
}

/// Even where nothing else about the order moved: nobody takes two announcements for one.
pub async fn whatever_is_told_of_an_order_is_told_under_a_number_of_its_own(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let id = order.terms().id;
    let statuses = [OrderStatus::Processing, OrderStatus::Pending];
    for status in statuses {
        let (mut unit, settlement, _) = begin(&*store, id).await;
        unit.save(&Save {
            announcements: &[Announcement::Order(status)],
            ..bare(&settlement, &Changes::default())
        })
        .await
        .unwrap();
        unit.commit().await.unwrap();
    }
    let told = "SELECT kind FROM outbox WHERE aggregate LIKE 'order:%' ORDER BY sequence";
    assert_eq!(
        fixture.texts(told).await,
        ["order.processing", "order.pending"]
    );
}
