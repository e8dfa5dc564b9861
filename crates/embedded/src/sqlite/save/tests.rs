//! A unit keeps everybody else from writing, so the versions only ever differ by a fault. They are looked at all the same.

use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::StoreError;
use bayar_app::port::store::{Payments, Upkeep};
use bayar_domain::gateway::Reason;
use bayar_domain::settlement::{RefundRequest, Restored};
use bayar_domain::{OrderId, PaymentStatus, Settlement};
use bayar_testkit::builders::{AnOpening, AnOrder, a_save_of, an_attempt, captured, php};
use bayar_testkit::clock::ManualClock;

use super::super::unit::load;
use super::super::{FileRole, SqliteConfig, SqliteStore};
use super::*;

/// Calls a payment off over versions that `fault` changed. Answers what it was told, and the payment's status.
async fn saved_after(name: &str, fault: fn(&mut Seen)) -> (String, PaymentStatus) {
    written(name, move |connection, order, payment, now| {
        let (mut seen, settlement) = loaded(connection, order, now)?;
        let step = settlement.cancel_payment(payment).unwrap();
        let moves = Moves::of(&a_save_of(&step));
        fault(&mut seen);
        write(connection, &mut seen, &moves, now)
    })
    .await
}

/// Opens a payment, and writes about it. Answers what that was told, and the payment's status.
async fn written(
    name: &str,
    work: impl FnOnce(&mut SqliteConnection, OrderId, PaymentId, DateTime<Utc>) -> Result<(), Failure>
    + Send
    + 'static,
) -> (String, PaymentStatus) {
    let name = format!("bayar-embedded-save-{name}-{}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    let store = SqliteStore::open(SqliteConfig {
        path: directory.join("bayar.db"),
        role: FileRole::Server,
        clock: Arc::new(ManualClock::default()),
        busy_timeout: Duration::from_secs(5),
    });
    let store = store.await.unwrap();
    store.migrate().await.unwrap();
    let order = AnOrder::of_a_cart().add(&store).await.terms().id;
    let payment = open(&store, order).await;
    let saved = store
        .writer
        .run(move |connection, now| work(connection, order, payment, now));
    let told = match saved.await.map_err(StoreError::from) {
        Ok(()) => String::new(),
        Err(StoreError::Broken(why)) => why.to_string(),
        Err(other) => panic!("{other:?}"),
    };
    let status = store.payment(payment).await.unwrap().unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    (told, status.payment.status())
}

fn loaded(
    connection: &mut SqliteConnection,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(Seen, Settlement), Failure> {
    let (seen, loaded) = load(connection, order, now)?.unwrap();
    let Restored::Sound(settlement) = Settlement::restore(loaded.parts).unwrap() else {
        panic!("it drifted");
    };
    Ok((seen, settlement))
}

/// The order is paid, and all of that is written.
fn paid(
    connection: &mut SqliteConnection,
    order: OrderId,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<(Seen, Settlement), Failure> {
    let (mut seen, settlement) = loaded(connection, order, now)?;
    let attempt = 1.try_into().unwrap();
    let begun = settlement.start_attempt(an_attempt(attempt, payment));
    let begun = begun.unwrap();
    write(connection, &mut seen, &Moves::of(&a_save_of(&begun)), now)?;
    let money = [captured(attempt, "pi_1", php(500_000))];
    let paid = begun.settlement.apply(money).unwrap();
    write(connection, &mut seen, &Moves::of(&a_save_of(&paid)), now)?;
    Ok((seen, paid.settlement))
}

async fn open(store: &SqliteStore, order: OrderId) -> PaymentId {
    let order = AnOrder::of_a_cart().build(order).order;
    let opening = AnOpening::of(&order).open(store).await;
    opening.bill.payment.terms().id
}

#[tokio::test]
async fn what_is_as_it_was_loaded_is_written() {
    let saved = saved_after("sound", |_| {}).await;
    assert_eq!(saved, (String::new(), PaymentStatus::Cancelled));
}

#[tokio::test]
async fn an_order_of_another_version_is_not_written_over() {
    let saved = saved_after("order", |seen| seen.order_version += 1).await;
    let told = "order 1 is not as it was loaded".to_owned();
    assert_eq!(saved, (told, PaymentStatus::Pending));
}

#[tokio::test]
async fn a_payment_of_another_version_is_not_written_over() {
    let saved = saved_after("payment", |seen| {
        for payment in seen.payments.values_mut() {
            payment.version += 1;
        }
    });
    let told = "payment 1 is not as it was loaded".to_owned();
    assert_eq!(saved.await, (told, PaymentStatus::Pending));
}

#[tokio::test]
async fn an_attempt_of_another_version_is_not_written_over() {
    let saved = written("attempt", |connection, order, payment, now| {
        let (mut seen, settlement) = loaded(connection, order, now)?;
        let attempt = 1.try_into().unwrap();
        let step = settlement.start_attempt(an_attempt(attempt, payment));
        let step = step.unwrap();
        write(connection, &mut seen, &Moves::of(&a_save_of(&step)), now)?;
        for attempt in seen.attempts.values_mut() {
            attempt.version += 1;
        }
        let paid = [captured(attempt, "pi_1", php(500_000))];
        let step = step.settlement.apply(paid).unwrap();
        write(connection, &mut seen, &Moves::of(&a_save_of(&step)), now)
    });
    let told = "attempt 1 is not as it was loaded".to_owned();
    assert_eq!(saved.await, (told, PaymentStatus::Pending));
}

#[tokio::test]
async fn a_payment_that_was_never_opened_is_not_saved() {
    let saved = saved_after("stranger", |seen| seen.payments.clear()).await;
    let told = "payment 1 was never opened".to_owned();
    assert_eq!(saved, (told, PaymentStatus::Pending));
}

#[tokio::test]
async fn a_refund_of_another_version_is_not_written_over() {
    let saved = written("refund", |connection, order, payment, now| {
        let (mut seen, settlement) = paid(connection, order, payment, now)?;
        let id = 1.try_into().unwrap();
        let asked = settlement.request_refund(RefundRequest {
            id,
            payment,
            capture: None,
            amount: None,
            reason: Reason::new("asked for").unwrap(),
            credit_balance: 0,
        });
        let asked = asked.unwrap();
        write(connection, &mut seen, &Moves::of(&a_save_of(&asked)), now)?;
        for refund in seen.refunds.values_mut() {
            refund.version += 1;
        }
        let sent = asked.settlement.refund_sent(id).unwrap();
        write(connection, &mut seen, &Moves::of(&a_save_of(&sent)), now)
    });
    let told = "refund 1 is not as it was loaded".to_owned();
    assert_eq!(saved.await, (told, PaymentStatus::Pending));
}

#[tokio::test]
async fn money_does_not_pay_an_order_beside_other_money() {
    let saved = written("primary", |connection, order, payment, now| {
        let (mut seen, settlement) = paid(connection, order, payment, now)?;
        // It was not seen that something pays it already.
        seen.primary = None;
        let served = settlement.complete_order().unwrap();
        write(connection, &mut seen, &Moves::of(&a_save_of(&served)), now)
    });
    let told = "capture pi_1 is not the only money that pays the order".to_owned();
    assert_eq!(saved.await, (told, PaymentStatus::Pending));
}
