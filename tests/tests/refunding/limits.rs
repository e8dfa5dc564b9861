//! Who may give money back, and how much on one day.

use std::collections::BTreeMap;

use bayar_app::identity::{Role, Scopes};
use bayar_app::port::store::ApiKeyId;
use bayar_app::{Caller, Claimant, RefundError, RefundSettings, Trouble};
use bayar_domain::Currency;
use bayar_sandbox::sim::Fault;
use futures_util::future::join_all;

use crate::stage::{Stage, on_both_stores, operator, php};

on_both_stores! {
    only_operators_and_applications_give_money_back,
    nobody_gives_back_more_than_their_day_allows,
    what_failed_is_given_back_to_the_day,
}

fn limited() -> RefundSettings {
    RefundSettings {
        daily_limits: BTreeMap::from([(Currency::Php, php(1000_00))]),
        ..RefundSettings::default()
    }
}

async fn only_operators_and_applications_give_money_back(stage: Stage) {
    let paid = stage.paid_at_stripe().await;
    let key = |scopes| {
        Claimant::known(Caller::Key {
            id: ApiKeyId::new(3).unwrap(),
            name: "shop".to_owned(),
            role: Role::Service,
            scopes,
        })
    };
    let customer = Claimant::known(Caller::Person {
        id: paid.order.terms().owner,
        role: Role::Customer,
    });
    let reader = key("payments read".parse().unwrap());
    for caller in [customer, reader] {
        let refused = stage.refund(caller, &paid, Some("1"), "press").await;
        assert!(
            matches!(refused, Err(RefundError::Forbidden)),
            "{refused:?}"
        );
    }
    let shop = stage
        .refund(key(Scopes::all()), &paid, Some("1"), "press")
        .await
        .unwrap();
    assert_eq!(shop.refund.by.unwrap().to_string(), "key:3");
    let operators = RefundSettings {
        roles: vec![Role::Operator],
        ..RefundSettings::default()
    };
    let stage = stage.with(operators).await;
    let refused = stage
        .refund(key(Scopes::all()), &paid, Some("1"), "other")
        .await;
    assert!(
        matches!(refused, Err(RefundError::Forbidden)),
        "{refused:?}"
    );
    stage
        .refund(operator(5), &paid, Some("1"), "press")
        .await
        .unwrap();
}

/// Eight orders at once, each for a third of the day.
async fn nobody_gives_back_more_than_their_day_allows(stage: Stage) {
    let stage = stage.with(limited()).await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(stage.paid_at_stripe().await);
    }
    let asking = orders.iter().map(|paid| {
        let stage = &stage;
        async move {
            let key = format!("press {}", paid.payment);
            loop {
                match stage.refund(operator(5), paid, Some("300"), &key).await {
                    Ok(_) => return 1,
                    Err(RefundError::DailyLimit { left }) => {
                        assert_eq!(left, php(100_00));
                        return 0;
                    }
                    Err(RefundError::Trouble(Trouble::InProgress)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
    });
    let given: i32 = join_all(asking).await.iter().sum();
    assert_eq!(given, 3);
    let paid = &orders[0];
    stage
        .refund(operator(6), paid, Some("300"), "elses")
        .await
        .unwrap();
    stage
        .refund(operator(5), paid, Some("100"), "rest")
        .await
        .unwrap();
    let full = stage.refund(operator(5), paid, Some("0.01"), "full").await;
    assert!(
        matches!(full, Err(RefundError::DailyLimit { left }) if left.is_zero()),
        "{full:?}"
    );
}

async fn what_failed_is_given_back_to_the_day(stage: Stage) {
    let stage = stage.with(limited()).await;
    let paid = stage.paid_at_stripe().await;
    stage.next("refund.create", Fault::RefundFails);
    let failed = stage
        .refund(operator(5), &paid, Some("1000"), "press")
        .await;
    assert!(
        matches!(failed, Err(RefundError::Failed { .. })),
        "{failed:?}"
    );
    stage
        .refund(operator(5), &paid, Some("1000"), "again")
        .await
        .unwrap();
    let full = stage.refund(operator(5), &paid, Some("1"), "full").await;
    assert!(
        matches!(full, Err(RefundError::DailyLimit { .. })),
        "{full:?}"
    );
}
