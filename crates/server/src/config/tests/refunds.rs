//! Who may give money back, and how much of it.

use std::collections::BTreeMap;

use bayar_app::identity::Role;
use bayar_domain::{Currency, Money};

use super::{faults_of, load};

#[test]
fn operators_and_applications_give_back_without_a_limit() {
    let refunds = load(&[]).refunds;
    assert_eq!(refunds.roles, [Role::Operator, Role::Service]);
    assert_eq!(refunds.daily_limits, BTreeMap::new());
}

#[test]
fn roles_and_limits_are_lists() {
    let refunds = load(&[
        ("REFUND_ROLES", "operator"),
        ("REFUND_DAILY_LIMITS", "PHP:50000, idr : 10000000"),
    ])
    .refunds;
    assert_eq!(refunds.roles, [Role::Operator]);
    let limits: Vec<_> = refunds.daily_limits.into_values().collect();
    assert_eq!(
        limits,
        [
            Money::new(1_000_000_000, Currency::Idr),
            Money::new(5_000_000, Currency::Php)
        ]
    );
}

#[test]
fn nobody_is_let_in_by_a_slip() {
    assert_eq!(
        faults_of(&[("REFUND_ROLES", "operator,customer")]),
        [r#"REFUND_ROLES: "customer" is not one of operator, service"#]
    );
    assert_eq!(
        faults_of(&[("REFUND_DAILY_LIMITS", "PHP:1,php:2")]),
        ["REFUND_DAILY_LIMITS: PHP stands there more than once"]
    );
}
