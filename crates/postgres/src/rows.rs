//! Rows, and what they say in the words of the domain. A row that the domain refuses is a fault.

mod attempt;
mod call;
mod capture;
mod decision;
mod fact;
mod order;
mod papers;
mod payment;
mod records;
mod refund;
mod webhook;

pub(crate) use attempt::AttemptRow;
pub(crate) use call::CallRow;
pub(crate) use capture::CaptureRow;
pub(crate) use decision::DecisionRow;
pub(crate) use fact::FactRow;
pub(crate) use order::{KindColumns, OrderRow};
pub(crate) use papers::{InvoiceRow, TaxRow};
pub(crate) use payment::PaymentRow;
pub(crate) use records::{AlertRow, CreditEntryRow, ExternalRow, NoteRow, RefundEventRow};
pub(crate) use refund::RefundRow;
pub(crate) use webhook::{WebhookRow, nameless};

use bayar_app::port::Source;
use bayar_app::port::store::Answer;
use bayar_domain::{AttemptState, Currency, Money, PaymentState, RefundState};

use crate::error::broken;

/// A state as it is stored.
pub(crate) fn state_text(state: &PaymentState) -> Answer<String> {
    serde_json::to_string(state).map_err(broken)
}

/// The state of an attempt as it is stored.
pub(crate) fn attempt_state_text(state: &AttemptState) -> Answer<String> {
    serde_json::to_string(state).map_err(broken)
}

/// The state of a refund as it is stored.
pub(crate) fn refund_state_text(state: &RefundState) -> Answer<String> {
    serde_json::to_string(state).map_err(broken)
}

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
