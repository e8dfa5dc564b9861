use bayar_domain::tax::TaxMode;
use bayar_domain::{
    Gateway, Order, OrderId, OrderKind, OrderTerms, PaymentId, PaymentTerms, TaxPolicy,
    TaxRecordId, TaxTerms, UserId,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::port::store::OrderItem;

const fn php(minor: i64) -> Money {
    Money::new(minor, Currency::Php)
}

fn at() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn item(quantity: u32, unit_amount: Money) -> OrderItem {
    OrderItem {
        name: format!("{quantity} of {unit_amount}"),
        quantity,
        unit_amount,
    }
}

/// An order for 5000 pesos.
fn order(items: Vec<OrderItem>) -> StoredOrder {
    let terms = OrderTerms {
        id: OrderId::new(1).unwrap(),
        number: "INV202611211000-3C2A".parse().unwrap(),
        owner: UserId::new(7).unwrap(),
        kind: OrderKind::Checkout,
        price: php(500_000),
        created_at: at(),
    };
    StoredOrder {
        order: Order::register(terms).unwrap(),
        external_ref: None,
        description: None,
        items,
        live_payment: None,
        updated_at: at(),
    }
}

/// The lines of a payment of `order`, and what it asks for.
fn lines_of(order: &StoredOrder, mode: TaxMode) -> (Vec<Line>, Money) {
    let order_terms = order.order.terms();
    let id = PaymentId::new(100).unwrap();
    let policy = TaxPolicy::standard().with_mode(mode);
    let assessed = policy.assess(order_terms.price, at().date_naive()).unwrap();
    let terms = PaymentTerms {
        id,
        order: order_terms.id,
        user: order_terms.owner,
        price: order_terms.price,
        amount: assessed.charge(),
        created_at: at(),
        deadline: at() + TimeDelta::days(1),
    };
    let payment = Payment::open(terms, Gateway::Stripe).unwrap();
    let added = assessed.into_lines().into_iter().take(1);
    let taxes: Vec<_> = added
        .map(|line| {
            let terms = TaxTerms {
                id: TaxRecordId::new(1).unwrap(),
                payment: id,
                line,
            };
            TaxRecord::record(terms).unwrap()
        })
        .collect();
    let lines = lines(order, &payment, &taxes).unwrap();
    (lines, payment.terms().amount)
}

fn shown(lines: &[Line]) -> Vec<(&str, u32, Money)> {
    lines
        .iter()
        .map(|line| (line.name.as_str(), line.quantity, line.unit_amount))
        .collect()
}

#[test]
fn the_items_of_an_order_are_its_lines() {
    let order = order(vec![item(3, php(100_000)), item(1, php(200_000))]);
    let (lines, amount) = lines_of(&order, TaxMode::Recorded);
    let expected = [
        ("3 of 1000.00", 3, php(100_000)),
        ("1 of 2000.00", 1, php(200_000)),
    ];
    assert_eq!(shown(&lines), expected);
    assert_eq!(sum(&lines, Currency::Php), Ok(amount));
}

#[test]
fn a_tax_that_is_added_is_a_line_of_its_own() {
    let order = order(vec![item(5, php(100_000))]);
    let (lines, amount) = lines_of(&order, TaxMode::Added);
    let expected = [("5 of 1000.00", 5, php(100_000)), ("VAT", 1, php(60_000))];
    assert_eq!(shown(&lines), expected);
    assert_eq!(amount, php(560_000));
    assert_eq!(sum(&lines, Currency::Php), Ok(amount));
}

#[test]
fn items_that_do_not_sum_to_the_price_give_way_to_one_line() {
    let most = php(i64::MAX);
    for items in [
        vec![],
        vec![item(1, php(499_999))],
        // A product and a sum that no amount holds.
        vec![item(2, most)],
        vec![item(1, most), item(1, php(1))],
        vec![item(5, Money::new(100_000, Currency::Idr))],
        vec![item(1, php(500_000)), item(1, Money::new(1, Currency::Idr))],
    ] {
        let (lines, amount) = lines_of(&order(items), TaxMode::Recorded);
        let expected = [("INV202611211000-3C2A", 1, php(500_000))];
        assert_eq!(shown(&lines), expected);
        assert_eq!(amount, php(500_000));
    }
}

#[test]
fn what_costs_nothing_is_no_line() {
    let order = order(vec![item(5, php(100_000)), item(1, php(0))]);
    let (lines, _) = lines_of(&order, TaxMode::Recorded);
    assert_eq!(shown(&lines), [("5 of 1000.00", 5, php(100_000))]);
}
