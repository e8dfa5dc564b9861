//! Rows, and what they say in the words of the domain. A row that the domain refuses is a fault.

mod order;
mod papers;
mod payment;

pub(crate) use order::{KindColumns, OrderRow};
pub(crate) use papers::{InvoiceRow, TaxRow};
pub(crate) use payment::{PaymentRow, state_text};

use bayar_app::port::Source;
use bayar_domain::{Currency, Money};

fn money(minor: i64, currency: &str) -> Result<Money, Source> {
    Ok(Money::new(minor, currency.parse::<Currency>()?))
}

/// Checks that a column which is there for readers says what the rest of its row says.
fn agree(column: &'static str, same: bool) -> Result<(), Source> {
    if same {
        Ok(())
    } else {
        Err(format!("its {column} contradicts the rest of it").into())
    }
}
