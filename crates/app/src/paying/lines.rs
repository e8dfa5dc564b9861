//! What a buyer is shown at the gateway.

use bayar_domain::{Currency, Money, MoneyError, Payment, TaxRecord};

use crate::port::gateway::Line;
use crate::port::store::StoredOrder;

/// The lines of a checkout: those of the order, and one for the taxes that are added to its price.
/// They always sum to what the payment asks for.
pub(super) fn lines(
    order: &StoredOrder,
    payment: &Payment,
    taxes: &[TaxRecord],
) -> Result<Vec<Line>, MoneyError> {
    let terms = payment.terms();
    let items = order.items.iter().map(|item| Line {
        name: item.name.clone(),
        quantity: item.quantity,
        unit_amount: item.unit_amount,
    });
    let mut lines: Vec<_> = items
        .filter(|line| line.unit_amount.is_positive())
        .collect();
    if sum(&lines, terms.price.currency()) != Ok(terms.price) {
        lines = vec![one(title(order), terms.price)];
    }
    let added = terms.amount.checked_sub(terms.price)?;
    if added.is_positive() {
        let names: Vec<_> = taxes
            .iter()
            .map(|tax| tax.terms().line.tax_type.to_string())
            .collect();
        lines.push(one(names.join(", "), added));
    }
    Ok(lines)
}

const fn one(name: String, unit_amount: Money) -> Line {
    Line {
        name,
        quantity: 1,
        unit_amount,
    }
}

fn title(order: &StoredOrder) -> String {
    let number = &order.order.terms().number;
    match &order.description {
        Some(description) => description.clone(),
        None => number.to_string(),
    }
}

fn sum(lines: &[Line], currency: Currency) -> Result<Money, MoneyError> {
    let totals = lines
        .iter()
        .map(|line| line.unit_amount.checked_mul(line.quantity));
    Money::sum(currency, totals.collect::<Result<Vec<_>, _>>()?)
}

#[cfg(test)]
mod tests;
