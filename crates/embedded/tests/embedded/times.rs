//! What happens at the very moment something ends.

use std::time::Duration;

use bayar_app::port::store::{Payments, Upkeep};
use bayar_embedded::FileRole;
use bayar_testkit::builders::{AnOpening, AnOrder, survey_of};
use chrono::TimeDelta;

use crate::common::Database;
use crate::units::{begin, save};

const AN_INSTANT: TimeDelta = TimeDelta::microseconds(1);

#[tokio::test]
async fn a_payment_is_overdue_at_its_deadline_and_not_before() {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    store.migrate().await.unwrap();
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).payable_for(TimeDelta::hours(1));
    let survey = survey_of(&opening.open(&store).await);
    let overdue = async || {
        let surveyed = store.survey(&survey).await.unwrap();
        surveyed.order.unwrap().live.unwrap().overdue
    };
    database.clock.advance(TimeDelta::hours(1) - AN_INSTANT);
    assert!(!overdue().await);
    database.clock.advance(AN_INSTANT);
    assert!(overdue().await);
}

#[tokio::test]
async fn a_key_counts_until_its_end_and_no_longer() {
    let database = Database::new();
    let store = database.open(FileRole::Server).await.unwrap();
    store.migrate().await.unwrap();
    let order = AnOrder::of_a_cart().add(&store).await;
    let opening = AnOpening::of(&order).kept_for(Duration::from_secs(60));
    let opening = opening.open(&store).await;
    let payment = opening.bill.payment.terms().id;
    let (mut unit, settlement) = begin(&store, &order).await;
    let step = settlement.cancel_payment(payment).unwrap();
    save(&mut *unit, &step, &[]).await.unwrap();
    unit.commit().await.unwrap();
    let survey = survey_of(&opening);
    let counts = async || store.survey(&survey).await.unwrap().answered.is_some();
    let is_kept = async || !store.keys_of(payment).await.unwrap().is_empty();

    database.clock.advance(TimeDelta::seconds(60) - AN_INSTANT);
    store.forget_key(&survey.scope).await.unwrap();
    assert_eq!(store.forget_keys(10).await.unwrap(), 0);
    assert!(counts().await);
    database.clock.advance(AN_INSTANT);
    assert!(!counts().await);
    assert!(is_kept().await);
    assert_eq!(store.forget_keys(10).await.unwrap(), 1);
    assert!(!is_kept().await);
}
