use super::OrderStatus::{Cancelled, Completed, Pending, Processing, Refunded};
use super::*;
use crate::testing::Told::{Goes, Refused, Stays};
use crate::testing::{Machine, at, each, php};

fn terms(kind: OrderKind) -> OrderTerms {
    OrderTerms {
        id: OrderId::new(1).unwrap(),
        number: OrderNumber::new(at(0), 0x3C2A).unwrap(),
        owner: UserId::new(7).unwrap(),
        kind,
        price: php(500_000),
        created_at: at(0),
    }
}

impl Machine for Order {
    type State = OrderStatus;
    type Status = OrderStatus;

    fn samples() -> Vec<OrderStatus> {
        OrderStatus::ALL.to_vec()
    }

    fn sample(status: OrderStatus) -> Self {
        Self::restore(terms(OrderKind::Checkout), status).unwrap()
    }

    fn state_of(&self) -> OrderStatus {
        self.status()
    }

    fn status_of(&self) -> OrderStatus {
        self.status()
    }
}

#[test]
fn states_have_stable_names() {
    let names: Vec<_> = OrderStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "pending",
            "processing",
            "completed",
            "cancelled",
            "refunded"
        ]
    );
}

#[test]
fn a_registered_order_is_pending_and_keeps_its_terms() {
    let terms = terms(OrderKind::Credits { quantity: 1 });
    let order = Order::register(terms.clone()).unwrap();
    assert_eq!(order.status(), Pending);
    assert_eq!(*order.terms(), terms);
}

#[test]
fn a_price_above_zero_is_taken_and_no_other() {
    let priced = |minor| OrderTerms {
        price: php(minor),
        ..terms(OrderKind::Direct)
    };
    assert!(Order::register(priced(1)).is_ok());
    for minor in [0, -1] {
        assert_eq!(Order::register(priced(minor)), Err(InvalidOrder::Price));
        assert_eq!(
            Order::restore(priced(minor), Completed),
            Err(InvalidOrder::Price)
        );
    }
}

#[test]
fn a_package_holds_a_credit_at_least() {
    let empty = terms(OrderKind::Credits { quantity: 0 });
    assert_eq!(
        Order::register(empty.clone()),
        Err(InvalidOrder::EmptyPackage)
    );
    assert_eq!(
        Order::restore(empty, Refunded),
        Err(InvalidOrder::EmptyPackage)
    );
}

#[test]
fn refused_terms_say_what_is_wrong() {
    assert_eq!(
        InvalidOrder::Price.to_string(),
        "an order has a price above zero"
    );
    assert_eq!(
        InvalidOrder::EmptyPackage.to_string(),
        "a credit package holds at least one credit"
    );
}

#[test]
fn money_pays_every_order_that_was_not_called_off() {
    assert_eq!(
        each(Order::pay),
        [
            Goes(Processing),
            Stays,
            Stays,
            Refused(Processing),
            Goes(Processing)
        ]
    );
}

#[test]
fn only_a_paid_order_is_served() {
    assert_eq!(
        each(Order::complete),
        [
            Refused(Completed),
            Goes(Completed),
            Stays,
            Refused(Completed),
            Refused(Completed)
        ]
    );
}

#[test]
fn only_an_unpaid_order_is_called_off() {
    assert_eq!(
        each(Order::cancel),
        [
            Goes(Cancelled),
            Refused(Cancelled),
            Refused(Cancelled),
            Stays,
            Refused(Cancelled)
        ]
    );
}

#[test]
fn only_a_paid_order_is_refunded() {
    assert_eq!(
        each(Order::refund),
        [
            Refused(Refunded),
            Goes(Refunded),
            Goes(Refunded),
            Refused(Refunded),
            Stays
        ]
    );
}

#[test]
fn an_order_is_reopened_until_it_is_served() {
    assert_eq!(
        each(Order::reopen),
        [
            Stays,
            Goes(Pending),
            Refused(Pending),
            Refused(Pending),
            Refused(Pending)
        ]
    );
}

#[test]
fn facts_lead_an_order_by_way_of_its_commands() {
    let follow = |target| each(move |order: Order| order.follow(target));
    assert_eq!(
        follow(Pending),
        [
            Stays,
            Goes(Pending),
            Refused(Pending),
            Refused(Pending),
            Goes(Pending)
        ]
    );
    assert_eq!(follow(Processing), each(Order::pay));
    assert_eq!(
        follow(Completed),
        [
            Goes(Completed),
            Goes(Completed),
            Stays,
            Refused(Processing),
            Goes(Completed)
        ]
    );
    assert_eq!(follow(Cancelled), each(Order::cancel));
    assert_eq!(
        follow(Refunded),
        [
            Goes(Refunded),
            Goes(Refunded),
            Goes(Refunded),
            Refused(Processing),
            Stays
        ]
    );
}

#[test]
fn a_refusal_says_from_where_and_to_where() {
    let refusal = Order::sample(Completed).cancel().unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "order cannot go from completed to cancelled"
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    const CONSULTATION: &str = r#"{"id":1,"number":"INV202507180407-3C2A","owner":7,"kind":"consultation","consultation_id":12,"price":{"amount":"5000.00","currency":"PHP"},"created_at":"2025-07-18T04:07:00Z","status":"pending"}"#;

    #[test]
    fn an_order_is_one_flat_object() {
        let consultation_id = ConsultationId::new(12).unwrap();
        let order = Order::register(terms(OrderKind::Consultation { consultation_id })).unwrap();
        assert_json(&order, CONSULTATION);
    }

    #[test]
    fn each_kind_and_state_is_read_back() {
        for (kind, json) in [
            (OrderKind::Checkout, r#"{"kind":"checkout"}"#),
            (OrderKind::Direct, r#"{"kind":"direct"}"#),
            (
                OrderKind::Credits { quantity: 10 },
                r#"{"kind":"credits","quantity":10}"#,
            ),
        ] {
            assert_json(&kind, json);
            for &status in OrderStatus::ALL {
                let order = Order::restore(terms(kind), status).unwrap();
                let json = serde_json::to_string(&order).unwrap();
                assert_json(&order, &json);
            }
        }
    }

    #[test]
    fn an_order_that_cannot_be_is_refused() {
        let free = CONSULTATION.replace("5000.00", "0.00");
        assert_eq!(refusal::<Order>(&free), InvalidOrder::Price.to_string());
        let empty = CONSULTATION.replace(
            r#""consultation","consultation_id":12"#,
            r#""credits","quantity":0"#,
        );
        assert_eq!(
            refusal::<Order>(&empty),
            InvalidOrder::EmptyPackage.to_string()
        );
        let unknown = CONSULTATION.replace("pending", "paid");
        assert_eq!(
            refusal::<Order>(&unknown),
            "`paid` is not a known order status"
        );
    }
}

#[test]
fn only_an_order_that_waits_for_its_money_gets_another_price() {
    let dearer = php(500_001);
    for &status in OrderStatus::ALL {
        let order = Order::sample(status);
        let repriced = order.clone().reprice(dearer);
        if status == Pending {
            let repriced = repriced.unwrap();
            assert!(repriced.has_changed());
            let repriced = repriced.into_inner();
            assert_eq!(repriced.terms().price, dearer);
            assert_eq!(repriced.status(), Pending);
            let again = order.clone().reprice(order.terms().price).unwrap();
            assert_eq!(again, Transition::AlreadyApplied(order));
        } else {
            let refused = InvalidPrice::NotPending(status);
            assert_eq!(repriced, Err(refused));
            assert_eq!(
                refused.to_string(),
                format!("an order that is {status} keeps its price")
            );
        }
    }
}

#[test]
fn a_new_price_is_above_zero_and_in_the_same_currency() {
    for price in [php(0), php(-1), Money::new(1, crate::Currency::Idr)] {
        let refused = Order::sample(Pending).reprice(price);
        assert_eq!(refused, Err(InvalidPrice::Price));
    }
    assert_eq!(
        InvalidPrice::Price.to_string(),
        "the new price of an order is above zero, in the currency of the old one"
    );
}
