//! Units of work: what they write beside what every store must, and what they refuse.

use bayar_app::port::StoreError;
use bayar_app::port::store::{Announcement, Answer, OrderUnit, Payments, Save, Units};
use bayar_domain::decision::Decision;
use bayar_domain::payment::Cancellation;
use bayar_domain::settlement::{Changes, Parts, Restored};
use bayar_domain::{Order, Payment, PaymentId, PaymentState, PaymentStatus, Settlement, Step};
use bayar_embedded::SqliteStore;
use bayar_testkit::builders::{AnOpening, AnOrder, a_save, a_save_of};

use crate::common::Database;
use crate::looking::texts;

const CALLED_OFF: PaymentState = PaymentState::Cancelled {
    reason: Cancellation::Requested,
};

async fn a_store() -> (Database, SqliteStore) {
    let database = Database::new();
    let store = database.with_tables().await;
    (database, store)
}

pub async fn begin(store: &SqliteStore, order: &Order) -> (Box<dyn OrderUnit>, Settlement) {
    let begun = store.begin(order.terms().id).await.unwrap();
    let (unit, loaded) = begun.unwrap();
    (unit, sound(loaded.parts))
}

fn sound(parts: Parts) -> Settlement {
    match Settlement::restore(parts).unwrap() {
        Restored::Sound(settlement) => settlement,
        Restored::Drifted(step) => panic!("it drifted: {:?}", step.changes),
    }
}

pub async fn save(
    unit: &mut dyn OrderUnit,
    step: &Step,
    announcements: &[Announcement],
) -> Answer<()> {
    unit.save(&Save {
        announcements,
        ..a_save_of(step)
    })
    .await
}

fn told(database: &Database) -> Vec<String> {
    let told = "SELECT aggregate || ' ' || sequence || ' ' || kind FROM outbox
        ORDER BY aggregate DESC, sequence";
    texts(&database.path(), told)
}

#[tokio::test]
async fn what_moves_is_told_once_under_its_version_and_the_job_of_what_ends_is_done() {
    let (database, store) = a_store().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let payment = opening.bill.payment.terms().id;

    let (mut unit, settlement) = begin(&store, &order).await;
    let step = settlement.cancel_payment(payment).unwrap();
    let cancelled = Announcement::Payment(payment, PaymentStatus::Cancelled);
    save(&mut *unit, &step, &[cancelled]).await.unwrap();
    let step = step.settlement.cancel_order().unwrap();
    let status = step.settlement.order().status();
    let called_off = Announcement::Order(status);
    save(&mut *unit, &step, &[called_off]).await.unwrap();
    let open = "SELECT kind FROM jobs WHERE done_at IS NULL";
    assert_eq!(texts(&database.path(), open), ["expire_payment"]);
    unit.commit().await.unwrap();

    // The order changed when its place was taken, when it was freed, and when it was called off.
    let expected = [
        "payment:1 1 payment.created",
        "payment:1 2 payment.cancelled",
        "order:1 4 order.cancelled",
    ];
    assert_eq!(told(&database), expected);
    assert_eq!(texts(&database.path(), open), [""; 0]);
}

#[tokio::test]
async fn what_leaves_the_place_of_an_order_is_written_before_what_takes_it() {
    let (_database, store) = a_store().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let first = AnOpening::of(&order).open(&store).await;
    let (mut unit, settlement) = begin(&store, &order).await;
    let id = first.bill.payment.terms().id;
    let step = settlement.cancel_payment(id).unwrap();
    save(&mut *unit, &step, &[]).await.unwrap();
    unit.commit().await.unwrap();
    let second = AnOpening::of(&order).open(&store).await;

    // As late money does it: the first one is live again, and the second one goes.
    let (mut unit, _) = begin(&store, &order).await;
    let other = second.bill.payment.terms().id;
    let with = |bill: &Payment, state| {
        Payment::restore(bill.terms().clone(), bill.payment_method(), state).unwrap()
    };
    let payments = vec![
        with(&first.bill.payment, PaymentState::Pending),
        with(&second.bill.payment, CALLED_OFF),
    ];
    let swapped = sound(Parts {
        order: order.clone(),
        payments: payments.clone(),
        attempts: vec![],
        refunds: vec![],
        facts: vec![],
        decisions: vec![Decision::CancelPayment {
            payment: other,
            reason: Cancellation::Requested,
        }],
    });
    let changes = Changes {
        payments,
        ..Changes::default()
    };
    unit.save(&a_save(&swapped, &changes)).await.unwrap();
    unit.commit().await.unwrap();
    let status = async |id: PaymentId| store.payment(id).await.unwrap().unwrap().payment.status();
    assert_eq!(status(id).await, PaymentStatus::Pending);
    assert_eq!(status(other).await, PaymentStatus::Cancelled);
}

#[tokio::test]
async fn after_a_failure_nothing_of_a_unit_can_be_committed() {
    let (database, store) = a_store().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let payment = opening.bill.payment.terms().id;
    let (mut unit, settlement) = begin(&store, &order).await;
    let nothing = settlement.apply([]).unwrap();
    let strange = Announcement::Payment(payment, PaymentStatus::Cancelled);
    assert_broken(save(&mut *unit, &nothing, &[strange]).await);
    // The transaction is gone: what comes after it cannot be stored by itself.
    let step = settlement.cancel_payment(payment).unwrap();
    assert_broken(save(&mut *unit, &step, &[]).await);
    assert_broken(unit.papers(payment).await);
    assert_broken(unit.commit().await);
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment, opening.bill.payment);
    assert_eq!(stored.version, 1);
    assert_eq!(told(&database), ["payment:1 1 payment.created"]);
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_save_undoes_all_of_it() {
    let (database, store) = a_store().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let payment = opening.bill.payment.terms().id;
    let (mut unit, settlement) = begin(&store, &order).await;
    let step = settlement.cancel_payment(payment).unwrap();
    // Told twice: the second time clashes with the first, after everything else was written.
    let cancelled = Announcement::Payment(payment, PaymentStatus::Cancelled);
    assert_broken(save(&mut *unit, &step, &[cancelled, cancelled]).await);
    assert_broken(unit.commit().await);
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment, opening.bill.payment);
    assert_eq!(store.events(payment).await.unwrap().len(), 1);
    assert_eq!(told(&database), ["payment:1 1 payment.created"]);
}

#[tokio::test]
async fn a_payment_that_did_not_move_is_not_told_of() {
    let (_database, store) = a_store().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).open(&store).await;
    let payment = opening.bill.payment.terms().id;
    let (mut unit, settlement) = begin(&store, &order).await;
    let moved = settlement.cancel_payment(payment).unwrap();
    save(&mut *unit, &moved, &[]).await.unwrap();
    let nothing = moved.settlement.cancel_payment(payment).unwrap();
    let again = Announcement::Payment(payment, PaymentStatus::Cancelled);
    assert_broken(save(&mut *unit, &nothing, &[again]).await);
}

#[tokio::test]
async fn a_unit_is_about_one_order() {
    let (_database, store) = a_store().await;
    let order = AnOrder::of_a_cart().add(&store).await;
    let other = AnOrder::of_a_cart().add(&store).await;
    let strange = AnOpening::of(&other).open(&store).await;
    let payment = strange.bill.payment.terms().id;
    let (_, settlement) = begin(&store, &other).await;
    let step = settlement.cancel_payment(payment).unwrap();

    let (mut unit, _) = begin(&store, &order).await;
    assert_broken(unit.papers(payment).await);
    drop(unit);
    let (mut unit, _) = begin(&store, &order).await;
    assert_broken(save(&mut *unit, &step, &[]).await);
    drop(unit);
    let stored = store.payment(payment).await.unwrap().unwrap();
    assert_eq!(stored.payment.status(), PaymentStatus::Pending);
}

fn assert_broken<T: std::fmt::Debug>(answer: Answer<T>) {
    assert!(matches!(answer, Err(StoreError::Broken(_))), "{answer:?}");
}
