//! A unit keeps everybody else from its order, so what it loaded only ever differs by a fault. It is looked at all the
//! same.

use bayar_app::port::store::{GatewayCalls, OrderUnit, Payments, Upkeep};
use bayar_domain::gateway::Reason;
use bayar_domain::settlement::{RefundRequest, Restored};
use bayar_domain::{OrderId, PaymentId, Settlement, Step};
use bayar_testkit::builders::{AnOpening, AnOrder, a_save_of, an_attempt, captured, php};
use bayar_testkit::servers::FreshDatabase;

use super::Unit;
use crate::{PgConfig, PgStore};

struct Fixture {
    store: PgStore,
    order: OrderId,
    payment: PaymentId,
    _database: FreshDatabase,
}

impl Fixture {
    async fn new() -> Self {
        let database = FreshDatabase::new("bayar-postgres, no tables", async |_| {}).await;
        let store = PgStore::connect(&PgConfig::new(database.url.clone())).unwrap();
        store.migrate().await.unwrap();
        let order = AnOrder::of_a_cart().add(&store).await;
        let opening = AnOpening::of(&order).open(&store).await;
        Self {
            order: order.terms().id,
            payment: opening.bill.payment.terms().id,
            store,
            _database: database,
        }
    }

    async fn begin(&self) -> (Unit, Settlement) {
        let (unit, loaded) = self.store.begin_unit(self.order).await.unwrap().unwrap();
        match Settlement::restore(loaded.parts).unwrap() {
            Restored::Sound(settlement) => (unit, settlement),
            Restored::Drifted(step) => panic!("it drifted: {:?}", step.changes),
        }
    }

    /// The order is paid: a unit that has written so, and has not been committed.
    async fn paid(&self) -> (Unit, Settlement) {
        let attempt = self.store.reserve_attempt_id().await.unwrap();
        let (mut unit, settlement) = self.begin().await;
        let begun = settlement.start_attempt(an_attempt(attempt, self.payment));
        let begun = begun.unwrap();
        save(&mut unit, &begun).await.unwrap();
        let money = [captured(attempt, "pi_1", php(500_000))];
        let paid = begun.settlement.apply(money).unwrap();
        save(&mut unit, &paid).await.unwrap();
        (unit, paid.settlement)
    }
}

/// Answers what was told when it was refused.
async fn save(unit: &mut Unit, step: &Step) -> Result<(), String> {
    let saved = unit.save(&a_save_of(step)).await;
    saved.map_err(|refused| match std::error::Error::source(&refused) {
        Some(why) => why.to_string(),
        None => refused.to_string(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_as_it_was_loaded_is_written() {
    let fixture = Fixture::new().await;
    let (mut unit, settlement) = fixture.begin().await;
    let step = settlement.cancel_payment(fixture.payment).unwrap();
    assert_eq!(save(&mut unit, &step).await, Ok(()));
    Box::new(unit).commit().await.unwrap();
    let stored = fixture.store.payment(fixture.payment).await.unwrap();
    assert!(!stored.unwrap().payment.status().is_live());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_another_version_is_not_written_over() {
    let fixture = Fixture::new().await;
    let (mut unit, settlement) = fixture.begin().await;
    let step = settlement.cancel_payment(fixture.payment).unwrap();
    unit.order_version += 1;
    let told = format!("order {} is not as it was loaded", fixture.order);
    assert_eq!(save(&mut unit, &step).await, Err(told));
    assert!(Box::new(unit).commit().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_another_version_is_not_written_over() {
    let fixture = Fixture::new().await;
    let (mut unit, settlement) = fixture.paid().await;
    let id = fixture.store.reserve_refund_id().await.unwrap();
    let asked = settlement.request_refund(RefundRequest {
        id,
        payment: fixture.payment,
        capture: None,
        amount: None,
        reason: Reason::new("asked for").unwrap(),
        credit_balance: 0,
    });
    let asked = asked.unwrap();
    save(&mut unit, &asked).await.unwrap();
    for refund in unit.refunds.values_mut() {
        refund.version += 1;
    }
    let sent = asked.settlement.refund_sent(id).unwrap();
    let told = format!("refund {id} is not as it was loaded");
    assert_eq!(save(&mut unit, &sent).await, Err(told));
    assert!(Box::new(unit).commit().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn money_does_not_pay_an_order_beside_other_money() {
    let fixture = Fixture::new().await;
    let (mut unit, settlement) = fixture.paid().await;
    // It was not seen that something pays it already.
    unit.primary = None;
    let served = settlement.complete_order().unwrap();
    let told = "capture pi_1 is not the only money that pays the order".to_owned();
    assert_eq!(save(&mut unit, &served).await, Err(told));
    assert!(Box::new(unit).commit().await.is_err());
}
