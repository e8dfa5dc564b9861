//! Steps that many cases take.

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{
    Actor, Added, Announcement, Answer, BillIds, CallOutcome, KeyScope, Loaded, NewCall, NewOrder,
    Opened, Opening, OrderKey, OrderUnit, PaperSet, Save, Store, StoreError, StoredOrder, Survey,
};
use bayar_domain::settlement::{Refused, Restored};
use bayar_domain::{Effect, Order, OrderId, PaymentId, Settlement, Step};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

pub(super) use crate::builders::a_save as bare;
use crate::builders::{a_save_of, survey_of};

/// What has to happen has happened by then, even on a machine that is busy with other tests.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// Time enough for something that must not happen to happen.
pub(super) const A_WHILE: Duration = Duration::from_millis(300);

/// Asks again as long as the store is busy. It may be that, and nothing was changed then.
pub(super) async fn patiently<T, F>(ask: impl Fn() -> F) -> Answer<T>
where
    F: Future<Output = Answer<T>>,
{
    let asking = async {
        loop {
            match ask().await {
                Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => {
                    sleep(Duration::from_millis(5)).await;
                }
                answer => return answer,
            }
        }
    };
    timeout(SOON, asking)
        .await
        .expect("it was busy all the time")
}

/// Opens patiently.
pub(super) async fn open(store: &dyn Store, opening: &Opening) -> Opened {
    patiently(|| store.open_payment(opening)).await.unwrap()
}

/// Tries all openings at once, half of them in another process, and answers those that were opened.
/// The others must have been told so, or that the store was busy.
pub(super) async fn open_at_once(
    stores: [&Arc<dyn Store>; 2],
    openings: Vec<Opening>,
) -> Vec<(Opening, bool)> {
    let opening = openings.into_iter().zip(stores.into_iter().cycle());
    let opening = opening.map(|(opening, store)| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let opened = match store.open_payment(&opening).await {
                Ok(opened) => opened == Opened::Yes,
                Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => false,
                Err(error) => panic!("{error}: {error:?}"),
            };
            (opening, opened)
        })
    });
    let tried = join_all(opening).await;
    tried.into_iter().map(Result::unwrap).collect()
}

/// Nothing is left of an opening that was not opened.
pub(super) async fn assert_nothing_of(store: &dyn Store, opening: &Opening) {
    let id = opening.bill.payment.terms().id;
    assert_eq!(store.payment(id).await.unwrap(), None);
    assert_eq!(store.invoice(id).await.unwrap(), None);
    assert_eq!(store.taxes(id).await.unwrap(), []);
    assert_eq!(store.events(id).await.unwrap(), []);
    assert_eq!(store.keys_of(id).await.unwrap(), []);
    let answered = store.survey(&survey_of(opening)).await.unwrap().answered;
    assert!(answered.is_none_or(|(answer, _)| answer.payment != id));
    let order = OrderKey::Id(opening.order.terms().id);
    let order = store.order(&order).await.unwrap();
    assert!(order.is_none_or(|order| order.live_payment != Some(id)));
}

/// All of an opening is there, and nobody touched it since.
pub(super) async fn assert_all_of(store: &dyn Store, opening: &Opening) {
    let id = opening.bill.payment.terms().id;
    let payment = store.payment(id).await.unwrap().unwrap();
    assert_eq!(payment.payment, opening.bill.payment);
    assert_eq!(payment.version, 1);
    assert_papers_and_key(store, opening).await;
    let surveyed = store.survey(&survey_of(opening)).await.unwrap();
    assert_eq!(surveyed.order.unwrap().live.unwrap().id, id);
    let order = OrderKey::Id(opening.order.terms().id);
    let order = store.order(&order).await.unwrap().unwrap();
    assert_eq!(order.live_payment, Some(id));
}

/// The papers of an opening are there as they were issued, and its key is answered with it.
pub(super) async fn assert_papers_and_key(store: &dyn Store, opening: &Opening) {
    let id = opening.bill.payment.terms().id;
    let invoice = store.invoice(id).await.unwrap();
    assert_eq!(invoice.as_ref(), Some(&opening.bill.invoice));
    assert_eq!(store.taxes(id).await.unwrap(), opening.bill.taxes);
    let scope = &opening.claim.scope;
    assert_eq!(
        store.keys_of(id).await.unwrap(),
        std::slice::from_ref(scope)
    );
    let answer = answer_to(store, scope, opening).await;
    assert_eq!(answer.as_ref(), Some(&opening.claim.answer.body));
}

/// The body that is answered to a key.
pub(super) async fn answer_to(
    store: &dyn Store,
    scope: &KeyScope,
    opening: &Opening,
) -> Option<Vec<u8>> {
    let survey = Survey {
        person: None,
        scope: scope.clone(),
        order: OrderKey::Id(opening.order.terms().id),
    };
    let answered = store.survey(&survey).await.unwrap().answered;
    answered.map(|(answer, _)| answer.body)
}

/// Begins a unit patiently, and loads what it is about.
pub(super) async fn begin(
    store: &dyn Store,
    order: OrderId,
) -> (Box<dyn OrderUnit>, Settlement, DateTime<Utc>) {
    let begun = patiently(|| store.begin(order)).await.unwrap();
    let (unit, loaded) = begun.expect("the order is there");
    match Settlement::restore(loaded.parts).unwrap() {
        Restored::Sound(settlement) => (unit, settlement, loaded.now),
        Restored::Drifted(step) => panic!("the order drifted: {:?}", step.changes),
    }
}

/// Saves a step with its papers and announcements, as the use cases do.
pub(super) async fn save(unit: &mut dyn OrderUnit, step: &Step, by: Actor) -> Answer<()> {
    save_with_calls(unit, step, by, &[], &[]).await
}

/// Saves a step with what gateways are to be asked, and what became of what they were asked.
pub(super) async fn save_with_calls(
    unit: &mut dyn OrderUnit,
    step: &Step,
    by: Actor,
    calls: &[NewCall],
    outcomes: &[CallOutcome],
) -> Answer<()> {
    let mut papers = Vec::new();
    let mut announcements = Vec::new();
    for effect in &step.effects {
        match effect {
            Effect::AnnounceOrder { status } => announcements.push(Announcement::Order(*status)),
            Effect::AnnouncePayment { payment, status } => {
                announcements.push(Announcement::Payment(*payment, *status));
            }
            Effect::SettlePapers {
                payment,
                papers: state,
            } => {
                let PaperSet { invoice, taxes } = unit.papers(*payment).await?;
                let taxes = taxes.into_iter().map(|tax| tax.settle(*state).unwrap());
                papers.push(PaperSet {
                    invoice: invoice.settle(*state).unwrap().into_inner(),
                    taxes: taxes.map(bayar_domain::Transition::into_inner).collect(),
                });
            }
            Effect::AnnounceRefund { refund, status } => {
                announcements.push(Announcement::Refund(*refund, *status));
            }
            // What is done elsewhere.
            Effect::FulfilOrder
            | Effect::HaltOrder
            | Effect::SetCredits { .. }
            | Effect::CloseAttempt { .. }
            | Effect::AnswerChallenge { .. }
            | Effect::RefundSurplus { .. }
            | Effect::RecordExternalRefund { .. }
            | Effect::ForgetExternalRefund { .. }
            | Effect::SetCreditNotes { .. }
            | Effect::RaiseAlert(_)
            | Effect::ClearAlert(_) => {}
        }
    }
    unit.save(&Save {
        calls,
        outcomes,
        papers: &papers,
        announcements: &announcements,
        by,
        ..a_save_of(step)
    })
    .await
}

/// Moves an order by a command of the domain, in a unit of its own.
pub(super) async fn settle(
    store: &dyn Store,
    order: OrderId,
    by: Actor,
    command: impl FnOnce(&Settlement, DateTime<Utc>) -> Result<Step, Refused>,
) -> Settlement {
    let (mut unit, settlement, now) = begin(store, order).await;
    let step = command(&settlement, now).unwrap();
    save(&mut *unit, &step, by).await.unwrap();
    unit.commit().await.unwrap();
    step.settlement
}

/// Calls a payment off.
pub(super) async fn cancel(store: &dyn Store, opening: &Opening) -> Settlement {
    let order = opening.order.terms().id;
    let payment = payment_of(opening);
    settle(store, order, Actor::System, |order, _| {
        order.cancel_payment(payment)
    })
    .await
}

/// The id of the payment that is opened.
pub(super) const fn payment_of(opening: &Opening) -> PaymentId {
    opening.bill.payment.terms().id
}

/// The ids of payment and papers.
pub(super) fn ids_of(opening: &Opening) -> BillIds {
    let terms = opening.bill.invoice.terms();
    BillIds {
        payment: terms.payment,
        invoice: terms.id,
        taxes: opening
            .bill
            .taxes
            .iter()
            .map(|tax| tax.terms().id)
            .collect(),
    }
}

/// Adds an order patiently.
pub(super) async fn add(store: &dyn Store, new: &NewOrder) -> Added {
    patiently(|| store.add_order(new)).await.unwrap()
}

/// An order as it is stored.
pub(super) async fn stored(store: &dyn Store, order: &Order) -> StoredOrder {
    let id = OrderKey::Id(order.terms().id);
    store.order(&id).await.unwrap().unwrap()
}

/// What a unit begins with.
pub(super) async fn loaded(store: &dyn Store, order: OrderId) -> Loaded {
    let begun: Option<(Box<dyn OrderUnit>, Loaded)> =
        patiently(|| store.begin(order)).await.unwrap();
    begun.expect("the order is there").1
}
