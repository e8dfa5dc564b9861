//! Who asked for a refund and by which key, what happened to it, and how much goes back on one day.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::StoreError;
use bayar_app::port::store::{
    Actor, Answer, Counted, IdempotencyKey, KeyOwner, Records, RefundClaim, RefundDay, RefundKey,
    RequestHash, Save, Store, WhichRefunds,
};
use bayar_domain::fact::RefundStep;
use bayar_domain::gateway::Reason;
use bayar_domain::refund::RefundOrigin;
use bayar_domain::settlement::{Alert, Changes, RefundRequest, Restored};
use bayar_domain::{
    Currency, Money, Proof, Refund, RefundId, RefundStatus, RefundTerms, Settlement, UserId,
};
use chrono::NaiveDate;
use futures_util::future::join_all;

use super::checkouts::{Checkout, PRICE, apply, assert_refused, request_refund};
use super::steps::{bare, begin, patiently, settle};
use crate::builders::{a_capture, a_fact, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! refund_record_cases {
    ($fresh:ident) => {
        mod refund_records {
            use $crate::contract::store::refund_records as cases;
            $crate::contract_tests! { $fresh:
                who_asked_for_a_refund_stands_on_it_for_ever,
                a_key_makes_one_refund_for_ever,
                the_history_of_a_refund_says_who_did_it,
                what_goes_back_at_once_never_exceeds_a_day,
                each_actor_day_and_currency_counts_alone,
                what_failed_is_taken_out_of_its_day_and_counted_again,
                nothing_is_reserved_beyond_what_is_there,
                refunds_are_listed_by_their_ids,
                a_refund_that_failed_is_open_while_it_is_owed,
                refunds_are_found_by_their_payment,
            }
        }
    };
}

const DAY: NaiveDate = match NaiveDate::from_ymd_opt(2025, 7, 18) {
    Some(day) => day,
    None => panic!("there is such a day"),
};

fn operator(id: i64) -> Actor {
    Actor::User(UserId::new(id).unwrap())
}

fn day_of(actor: Actor) -> RefundDay {
    RefundDay {
        actor,
        day: DAY,
        currency: Currency::Php,
    }
}

fn key(owner: i64, key: &str) -> RefundKey {
    RefundKey {
        owner: KeyOwner::User(UserId::new(owner).unwrap()),
        key: IdempotencyKey::new(key).unwrap(),
    }
}

/// A refund that is asked for, with all that a use case writes.
struct Wish {
    amount: Money,
    by: Actor,
    key: RefundKey,
    day: Option<RefundDay>,
}

impl Wish {
    fn of(amount: Money, key: RefundKey) -> Self {
        Self {
            amount,
            by: operator(7),
            key,
            day: None,
        }
    }

    async fn ask(&self, store: &dyn Store, checkout: &Checkout) -> Answer<RefundId> {
        let id = store.reserve_refund_id().await?;
        let (mut unit, settlement, _) = begin(store, checkout.order).await;
        let step = settlement
            .request_refund(RefundRequest {
                id,
                payment: checkout.payment,
                capture: None,
                amount: Some(self.amount),
                reason: Reason::lossy("it was too much"),
                credit_balance: 0,
            })
            .unwrap();
        let records = Records {
            claims: vec![self.claim(id)],
            ..Records::default()
        };
        unit.save(&Save {
            records: &records,
            by: self.by,
            ..bare(&step.settlement, &step.changes)
        })
        .await?;
        unit.commit().await?;
        Ok(id)
    }

    fn claim(&self, refund: RefundId) -> RefundClaim {
        RefundClaim {
            refund,
            key: self.key.clone(),
            request: RequestHash::of(&["a wish"]),
            day: self.day,
        }
    }
}

pub async fn who_asked_for_a_refund_stands_on_it_for_ever(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let wish = Wish {
        day: Some(day_of(operator(7))),
        ..Wish::of(php(100_000), key(7, "press"))
    };
    let (mut unit, _, _) = begin(&*store, checkout.order).await;
    let day = day_of(operator(7));
    let counted = unit.count_refund(&day, wish.amount, PRICE);
    assert_eq!(counted.await.unwrap(), Counted::Yes);
    unit.commit().await.unwrap();
    let id = wish.ask(&*store, &checkout).await.unwrap();
    let other = request_refund(&*store, &checkout, Some(php(100))).await;
    let stored = beside.refund(id).await.unwrap().unwrap();
    assert_eq!(stored.refund.amount(), php(100_000));
    assert_eq!(stored.order, checkout.order);
    assert_eq!(stored.by, Some(operator(7)));
    assert_eq!(stored.claim, Some(wish.claim(id)));
    assert_eq!(stored.version, 1);
    assert_eq!(beside.refund_of_key(&wish.key).await.unwrap(), Some(stored));
    let nobodys = beside.refund(other).await.unwrap().unwrap();
    assert_eq!((nobodys.by, nobodys.claim), (Some(Actor::System), None));
    let begun = patiently(|| store.begin(checkout.order)).await.unwrap();
    let (unit, loaded) = begun.unwrap();
    unit.rollback().await;
    assert_eq!(loaded.claims, [wish.claim(id)]);
    let nobody = RefundId::new(i64::MAX).unwrap();
    assert_eq!(store.refund(nobody).await.unwrap(), None);
    assert_eq!(store.refund_of_key(&key(8, "press")).await.unwrap(), None);
    assert_eq!(store.refund_of_key(&key(7, "other")).await.unwrap(), None);
}

pub async fn a_key_makes_one_refund_for_ever(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::paid(&*store, "pi_1").await;
    let other = Checkout::paid(&*store, "pi_2").await;
    let wish = Wish::of(php(100), key(7, "press"));
    let id = wish.ask(&*store, &one).await.unwrap();
    for checkout in [&one, &other] {
        let again = wish.ask(&*store, checkout).await;
        assert!(matches!(again, Err(StoreError::Busy(_))), "{again:?}");
    }
    let found = store.refund_of_key(&wish.key).await.unwrap().unwrap();
    assert_eq!(found.refund.terms().id, id);
    let elses = Wish::of(php(100), key(8, "press"));
    elses.ask(&*store, &other).await.unwrap();
}

pub async fn the_history_of_a_refund_says_who_did_it(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let wish = Wish::of(php(100), key(7, "press"));
    let id = wish.ask(&*store, &checkout).await.unwrap();
    settle(&*store, checkout.order, operator(8), |order, _| {
        order.take_over_refund(id, 0)
    })
    .await;
    settle(&*store, checkout.order, operator(9), |order, _| {
        order.settle_refund(id, "transfer 0815".parse().unwrap())
    })
    .await;
    let events = store.refund_events(id).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.version, event.from, event.to, event.by))
        .collect();
    assert_eq!(
        told,
        [
            (1, None, RefundStatus::Requested, operator(7)),
            (
                2,
                Some(RefundStatus::Requested),
                RefundStatus::Manual,
                operator(8)
            ),
            (
                3,
                Some(RefundStatus::Manual),
                RefundStatus::Succeeded,
                operator(9)
            ),
        ]
    );
    assert!(events.iter().all(|event| event.refund == id));
}

/// Of twenty orders at once, each wants a third of the day.
pub async fn what_goes_back_at_once_never_exceeds_a_day(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let mut orders = Vec::new();
    for number in 0..12 {
        let checkout = Checkout::paid(&*store, &format!("pi_{number}")).await;
        orders.push(checkout.order);
    }
    let stores = [store, beside].into_iter().cycle();
    let counting = orders.into_iter().zip(stores).map(|(order, store)| {
        tokio::spawn(async move {
            let (mut unit, _, _) = begin(&*store, order).await;
            let day = day_of(operator(7));
            let counted = unit.count_refund(&day, php(300), php(1000)).await;
            match counted {
                Ok(Counted::Yes) => {
                    unit.commit().await.unwrap();
                    1
                }
                Ok(Counted::No(left)) => {
                    unit.rollback().await;
                    assert!(left.minor() < 300, "{left} are left and were refused");
                    0
                }
                Err(StoreError::Busy(_) | StoreError::Unavailable(_)) => {
                    unit.rollback().await;
                    0
                }
                Err(error) => panic!("{error:?}"),
            }
        })
    });
    let counted: Vec<i32> = join_all(counting)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let counted: i32 = counted.iter().sum();
    assert!((1..=3).contains(&counted), "{counted} were counted");
    let used = "SELECT CAST(used_minor AS text) FROM refund_days";
    let expected = (counted * 300).to_string();
    assert_eq!(fixture.texts(used).await, [expected]);
}

pub async fn each_actor_day_and_currency_counts_alone(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let full = day_of(operator(7));
    let tomorrow = RefundDay {
        day: DAY.succ_opt().unwrap(),
        ..full
    };
    let rupiah = RefundDay {
        currency: Currency::Idr,
        ..full
    };
    for day in [full, day_of(operator(8)), tomorrow, rupiah] {
        let amount = |minor| Money::new(minor, day.currency);
        let (mut unit, _, _) = begin(&*store, checkout.order).await;
        let fits = unit.count_refund(&day, amount(700), amount(1000)).await;
        assert_eq!(fits.unwrap(), Counted::Yes, "{day:?}");
        let exceeds = unit.count_refund(&day, amount(301), amount(1000)).await;
        assert_eq!(exceeds.unwrap(), Counted::No(amount(300)), "{day:?}");
        let rest = unit.count_refund(&day, amount(300), amount(1000)).await;
        assert_eq!(rest.unwrap(), Counted::Yes, "{day:?}");
        unit.commit().await.unwrap();
    }
    // What was given up was never counted, and a limit that was lowered leaves nothing.
    let (mut unit, _, _) = begin(&*store, checkout.order).await;
    let lowered = unit.count_refund(&full, php(1), php(500)).await;
    assert_eq!(lowered.unwrap(), Counted::No(php(0)));
    let raised = unit.count_refund(&full, php(1), php(5000)).await;
    assert_eq!(raised.unwrap(), Counted::Yes);
    unit.rollback().await;
    let used = "SELECT CAST(sum(used_minor) AS text) FROM refund_days";
    assert_eq!(fixture.texts(used).await, ["4000"]);
}

pub async fn what_failed_is_taken_out_of_its_day_and_counted_again(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let order = checkout.order;
    let day = day_of(operator(7));
    let (mut unit, _, _) = begin(&*store, order).await;
    let counted = unit.count_refund(&day, php(700), php(1000)).await.unwrap();
    assert_eq!(counted, Counted::Yes);
    unit.commit().await.unwrap();
    let wish = Wish {
        day: Some(day),
        ..Wish::of(php(700), key(7, "press"))
    };
    let id = wish.ask(&*store, &checkout).await.unwrap();
    let used = "SELECT CAST(used_minor AS text) FROM refund_days";
    assert_eq!(fixture.texts(used).await, ["700"]);
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_sent(id)
    })
    .await;
    settle(&*store, order, Actor::System, |order, _| {
        order.refund_refused(id)
    })
    .await;
    assert_eq!(fixture.texts(used).await, ["0"]);
    settle(&*store, order, Actor::System, |order, _| {
        order.take_over_refund(id, 0)
    })
    .await;
    assert_eq!(fixture.texts(used).await, ["700"]);
    settle(&*store, order, Actor::System, |order, _| {
        order.settle_refund(id, "transfer 0815".parse().unwrap())
    })
    .await;
    assert_eq!(fixture.texts(used).await, ["700"]);
}

/// A settlement that a fault of ours lets reserve more than there is.
pub async fn nothing_is_reserved_beyond_what_is_there(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    request_refund(&*store, &checkout, Some(php(400_000))).await;
    let (mut unit, settlement, _) = begin(&*store, checkout.order).await;
    let terms = RefundTerms {
        id: store.reserve_refund_id().await.unwrap(),
        payment: checkout.payment,
        capture: a_capture("pi_1"),
        origin: RefundOrigin::Requested,
        reason: None,
    };
    let refund = Refund::request(terms, php(100_001)).unwrap();
    let mut parts = settlement.into_parts();
    parts.refunds.push(refund.clone());
    let Restored::Sound(exceeding) = Settlement::restore(parts).unwrap() else {
        panic!("it drifted");
    };
    let changes = Changes {
        refunds: vec![refund],
        ..Changes::default()
    };
    let saved = unit.save(&bare(&exceeding, &changes)).await;
    unit.rollback().await;
    assert_refused(saved);
    let sums = "SELECT reserved_minor || ' ' || loss_minor FROM captures";
    assert_eq!(fixture.texts(sums).await, ["400000 0"]);
    request_refund(&*store, &checkout, Some(php(100_000))).await;
    assert_eq!(fixture.texts(sums).await, ["500000 0"]);
}

pub async fn refunds_are_listed_by_their_ids(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let mut asked = Vec::new();
    for number in 0..5 {
        let checkout = Checkout::paid(&*store, &format!("pi_{number}")).await;
        let refund = request_refund(&*store, &checkout, Some(php(100))).await;
        asked.push((checkout.order, refund));
    }
    let (order, over) = asked[1];
    settle(&*store, order, Actor::System, |order, _| {
        order.withdraw_refund(over)
    })
    .await;
    let ids = async |which, after, at_most| {
        let found = store.refunds(which, after, at_most).await.unwrap();
        let ids = found.iter().map(|stored| stored.refund.terms().id);
        ids.collect::<Vec<_>>()
    };
    let all: Vec<_> = asked.iter().map(|(_, refund)| *refund).collect();
    assert_eq!(ids(WhichRefunds::All, None, 10).await, all);
    assert_eq!(ids(WhichRefunds::All, None, 2).await, all[..2]);
    assert_eq!(ids(WhichRefunds::All, Some(all[1]), 2).await, all[2..4]);
    let open = [all[0], all[2], all[3], all[4]];
    assert_eq!(ids(WhichRefunds::Open, None, 10).await, open);
    assert_eq!(ids(WhichRefunds::Open, Some(all[2]), 10).await, open[2..]);
}

pub async fn a_refund_that_failed_is_open_while_it_is_owed(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let id = request_refund(&*store, &checkout, Some(php(100))).await;
    settle(&*store, checkout.order, Actor::System, |order, _| {
        order.refund_sent(id)
    })
    .await;
    settle(&*store, checkout.order, Actor::System, |order, _| {
        order.refund_refused(id)
    })
    .await;
    let open = async || {
        let open = store.refunds(WhichRefunds::Open, None, 10).await.unwrap();
        open.len()
    };
    assert_eq!(open().await, 0);
    let owed = Alert::RefundFailed { refund: id };
    let (raised, cleared) = (
        Records {
            raised: vec![owed.clone()],
            ..Records::default()
        },
        Records {
            cleared: vec![owed],
            ..Records::default()
        },
    );
    for (records, expected) in [(&raised, 1), (&cleared, 0)] {
        write(&*store, &checkout, records).await;
        assert_eq!(open().await, expected);
    }
}

pub async fn refunds_are_found_by_their_payment(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::paid(&*store, "pi_1").await;
    let other = Checkout::paid(&*store, "pi_2").await;
    let first = request_refund(&*store, &one, Some(php(100))).await;
    let second = request_refund(&*store, &one, Some(php(200))).await;
    request_refund(&*store, &other, Some(php(300))).await;
    let gone = Proof::Refunded {
        capture: a_capture("pi_1"),
        refund: "re_1".parse().unwrap(),
        amount: php(100),
        step: RefundStep::Succeeded,
        ours: Some(first),
    };
    apply(&*store, one.order, [a_fact(one.attempt, gone)]).await;
    let found = store.refunds_of(one.payment).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|stored| (stored.refund.terms().id, stored.refund.status()))
        .collect();
    assert_eq!(
        found,
        [
            (first, RefundStatus::Succeeded),
            (second, RefundStatus::Requested)
        ]
    );
}

/// Writes records beside an order that does not move.
pub(super) async fn write(store: &dyn Store, checkout: &Checkout, records: &Records) {
    let (mut unit, settlement, _) = begin(store, checkout.order).await;
    unit.save(&Save {
        records,
        ..bare(&settlement, &Changes::default())
    })
    .await
    .unwrap();
    unit.commit().await.unwrap();
}
