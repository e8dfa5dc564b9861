//! What a buyer is shown at the gateway.

use bayar_domain::{Money, Payment, TaxRecord};

use crate::port::gateway::Line;
use crate::port::store::StoredOrder;

/// The lines of a checkout: those of the order, and one for the taxes that are added to its price.
/// They always sum to what the payment asks for.
pub(super) fn lines(order: &StoredOrder, payment: &Payment, taxes: &[TaxRecord]) -> Vec<Line> {
    let terms = payment.terms();
    let items = order.items.iter().map(|item| Line {
        name: item.name.clone(),
        quantity: item.quantity,
        unit_amount: item.unit_amount,
    });
    let mut lines: Vec<_> = items
        .filter(|line| line.unit_amount.is_positive())
        .collect();
    if sum(&lines) != Some(terms.price.minor()) {
        lines = vec![Line {
            name: title(order),
            quantity: 1,
            unit_amount: terms.price,
        }];
    }
    let added = terms.amount.minor().saturating_sub(terms.price.minor());
    if added > 0 {
        let names: Vec<_> = taxes
            .iter()
            .map(|tax| tax.terms().line.tax_type.to_string())
            .collect();
        lines.push(Line {
            name: names.join(", "),
            quantity: 1,
            unit_amount: Money::new(added, terms.amount.currency()),
        });
    }
    lines
}

fn title(order: &StoredOrder) -> String {
    let number = &order.order.terms().number;
    match &order.description {
        Some(description) => description.clone(),
        None => number.to_string(),
    }
}

fn sum(lines: &[Line]) -> Option<i64> {
    lines.iter().try_fold(0_i64, |sum, line| {
        let price = line.unit_amount.minor();
        sum.checked_add(price.checked_mul(i64::from(line.quantity))?)
    })
}
