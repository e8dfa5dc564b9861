//! The look before an opening: key, order and live payment as they were at one moment.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::sync::Arc;

use bayar_app::identity::Role;
use bayar_app::port::store::{
    ExternalRef, LivePayment, Opened, OrderKey, Standing, Survey, Surveyed, SurveyedOrder,
};
use bayar_domain::PaymentStatus;
use chrono::TimeDelta;

use super::steps::{cancel, open, payment_of, settle};
use crate::builders::{AnOpening, AnOrder, a_user, survey_of};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! survey_cases {
    ($fresh:ident) => {
        mod surveys {
            use $crate::contract::store::surveys as cases;
            $crate::contract_tests! { $fresh:
                a_survey_finds_the_order_by_each_of_its_names,
                a_survey_finds_key_and_order_each_without_the_other,
                a_survey_sees_no_live_payment_when_it_has_ended,
                a_payment_is_overdue_when_its_deadline_has_passed_by_the_clock_of_the_store,
                a_survey_sees_how_the_account_of_a_person_stands,
                a_survey_sees_one_moment,
            }
        }
    };
}

pub async fn a_survey_finds_the_order_by_each_of_its_names(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_consultation(1000).known_as("booking");
    let order = order.add(&*store).await;
    AnOrder::of_a_consultation(1001).add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    let terms = order.terms();
    let deadline = opening.bill.payment.terms().deadline;
    for name in [
        OrderKey::Id(terms.id),
        OrderKey::Number(terms.number.clone()),
        OrderKey::Consultation(1000.try_into().unwrap()),
        OrderKey::Reference(ExternalRef::new("booking").unwrap()),
    ] {
        let survey = Survey {
            person: None,
            scope: opening.claim.scope.clone(),
            order: name,
        };
        let expected = Surveyed {
            person: None,
            answered: Some((opening.claim.answer.clone(), PaymentStatus::Pending)),
            order: Some(SurveyedOrder {
                order: order.clone(),
                live: Some(LivePayment {
                    id: payment_of(&opening),
                    status: PaymentStatus::Pending,
                    deadline,
                    overdue: false,
                }),
            }),
        };
        assert_eq!(store.survey(&survey).await.unwrap(), expected);
    }
}

pub async fn a_survey_finds_key_and_order_each_without_the_other(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let first = AnOrder::of_a_cart().add(&*store).await;
    let first = AnOpening::of(&first).open(&*store).await;
    let second = AnOrder::of_a_cart().add(&*store).await;
    let second = AnOpening::of(&second).build(&*store).await;
    let answered = Some((first.claim.answer.clone(), PaymentStatus::Pending));
    let seen = Some(SurveyedOrder {
        order: second.order.clone(),
        live: None,
    });

    let without_either = Survey {
        order: OrderKey::Consultation(1000.try_into().unwrap()),
        ..survey_of(&second)
    };
    let surveyed = store.survey(&without_either).await.unwrap();
    assert_eq!((surveyed.answered, surveyed.order), (None, None));

    let without_order = Survey {
        order: without_either.order,
        ..survey_of(&first)
    };
    let surveyed = store.survey(&without_order).await.unwrap();
    assert_eq!(
        (surveyed.answered, surveyed.order),
        (answered.clone(), None)
    );

    let without_key = survey_of(&second);
    let surveyed = store.survey(&without_key).await.unwrap();
    assert_eq!((surveyed.answered, surveyed.order), (None, seen.clone()));

    // The key of one order, and another order.
    let of_two = Survey {
        order: survey_of(&second).order,
        ..survey_of(&first)
    };
    let surveyed = store.survey(&of_two).await.unwrap();
    assert_eq!((surveyed.answered, surveyed.order), (answered, seen));
}

pub async fn a_survey_sees_no_live_payment_when_it_has_ended(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).open(&*store).await;
    cancel(&*store, &opening).await;
    let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
    let answered = (opening.claim.answer.clone(), PaymentStatus::Cancelled);
    assert_eq!(surveyed.answered, Some(answered));
    assert_eq!(surveyed.order, Some(SurveyedOrder { order, live: None }));
}

pub async fn a_payment_is_overdue_when_its_deadline_has_passed_by_the_clock_of_the_store(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).payable_for(TimeDelta::hours(1));
    let opening = opening.open(&*store).await;
    let live = || async {
        let surveyed = store.survey(&survey_of(&opening)).await.unwrap();
        surveyed.order.unwrap().live
    };
    fixture.shift_clock(TimeDelta::minutes(59)).await;
    assert!(!live().await.unwrap().overdue);
    fixture.shift_clock(TimeDelta::minutes(2)).await;
    let overdue = live().await.unwrap();
    assert!(overdue.overdue);
    assert_eq!(overdue.status, PaymentStatus::Pending);
    fixture.shift_clock(TimeDelta::minutes(-2)).await;
    assert!(!live().await.unwrap().overdue);
    fixture.shift_clock(TimeDelta::minutes(2)).await;

    let (id, by) = (order.terms().id, opening.by);
    let payment = payment_of(&opening);
    settle(&*store, id, by, |order, now| {
        order.expire_payment(payment, now)
    })
    .await;
    assert_eq!(live().await, None);
}

pub async fn a_survey_sees_how_the_account_of_a_person_stands(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opening = AnOpening::of(&order).build(&*store).await;
    let person = a_user("siti@example.com");
    let person = store.add_user(&person).await.unwrap().unwrap();
    let mut other = a_user("budi@example.com");
    other.role = Role::Operator;
    let other = store.add_user(&other).await.unwrap().unwrap();
    let seen = |person| {
        let (store, survey) = (&store, survey_of(&opening));
        async move {
            let survey = Survey { person, ..survey };
            let nowhere = Survey {
                order: OrderKey::Consultation(1000.try_into().unwrap()),
                ..survey.clone()
            };
            let seen = store.survey(&survey).await.unwrap().person;
            // With an order or without one.
            assert_eq!(store.survey(&nowhere).await.unwrap().person, seen);
            if let Some(person) = person {
                let user = store.user(person).await.unwrap();
                assert_eq!(user.map(|user| user.standing()), seen);
            }
            seen
        }
    };
    let standing = |role, disabled, epoch| {
        Some(Standing {
            role,
            disabled,
            epoch,
        })
    };
    assert_eq!(seen(None).await, None);
    let nobody = other.get() + person.get() + 1000;
    assert_eq!(seen(Some(nobody.try_into().unwrap())).await, None);
    assert_eq!(seen(Some(other)).await, standing(Role::Operator, false, 1));
    assert_eq!(seen(Some(person)).await, standing(Role::Customer, false, 1));
    store.set_disabled(person, true).await.unwrap();
    assert_eq!(seen(Some(person)).await, standing(Role::Customer, true, 2));
    store.set_disabled(person, false).await.unwrap();
    store.set_role(person, Role::Operator).await.unwrap();
    assert_eq!(seen(Some(person)).await, standing(Role::Operator, false, 4));
    assert_eq!(seen(Some(other)).await, standing(Role::Operator, false, 1));
}

/// A payment and its key come into being together, and the payment takes its order's place until it ends.
/// So whoever sees the key of a live payment sees it in its place, and the other way round.
pub async fn a_survey_sees_one_moment(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    for _ in 0..20 {
        let opening = AnOpening::of(&order).build(&*store).await;
        let survey = survey_of(&opening);
        let looking = {
            let (beside, id) = (Arc::clone(&beside), payment_of(&opening));
            tokio::spawn(async move {
                loop {
                    let surveyed = beside.survey(&survey).await.unwrap();
                    let live = surveyed.order.unwrap().live;
                    match surveyed.answered.map(|(_, status)| status) {
                        None => assert_eq!(live, None),
                        Some(PaymentStatus::Cancelled) => {
                            assert_eq!(live, None);
                            break;
                        }
                        Some(status) => {
                            let live = live.unwrap();
                            assert_eq!((live.id, live.status), (id, status));
                        }
                    }
                }
            })
        };
        tokio::task::yield_now().await;
        assert_eq!(open(&*store, &opening).await, Opened::Yes);
        cancel(&*store, &opening).await;
        looking.await.unwrap();
    }
}
