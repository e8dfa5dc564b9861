//! The tables, as far as they are looked at.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Column, Row};

macro_rules! rows {
    ($( $name:ident = $table:literal { $( $field:ident: $type:ty $(as $how:ident)?, )+ } )+) => {
        $(
            #[derive(Debug, Clone, Deserialize)]
            pub(crate) struct $name { $( pub $field: $type, )+ }

            impl Row for $name {
                const TABLE: &'static str = $table;
                const COLUMNS: &'static [Column] = &[
                    $( Column::plain(stringify!($field))$(.$how())?, )+
                ];
            }
        )+
    };
}

type Time = DateTime<Utc>;

rows! {
    InstallationRow = "installation" { word: String, }
    OrderRow = "orders" {
        id: i64, order_number: String, credits: Option<i64>, user_id: i64, price_minor: i64, currency: String,
        status: String, live_payment_id: Option<i64>, version: i64, created_at: Time,
    }
    PaymentRow = "payments" {
        id: i64, order_id: i64, user_id: i64, amount_minor: i64, amount: String as text,
        currency: String, status: String, state: String, version: i64,
        deadline: Time, updated_at: Time,
    }
    InvoiceRow = "invoices" {
        id: i64, payment_id: i64, invoice_number: String, amount_minor: i64, amount: String as text,
        currency: String, status: String,
    }
    TaxRow = "tax_records" {
        id: i64, payment_id: i64, tax_type: String, tax_amount_minor: i64, tax_amount: String as text,
        currency: String, status: String, reversed_minor: i64, line: String,
    }
    EventRow = "payment_events" {
        payment_id: i64, version: i64, from_status: Option<String>, to_status: String, actor: String, at: Time,
    }
    DecisionRow = "decisions" {
        order_id: i64, decision: String, actor: String, at: Time,
    }
    KeyRow = "idempotency_keys" { payment_id: i64, body: String as bytes, }
    OutboxRow = "outbox" { aggregate: String, sequence: i64, kind: String, }
    JobRow = "jobs" { kind: String, subject_id: i64, due_at: Time, done_at: Option<Time>, }
    AttemptRow = "attempts" {
        id: i64, payment_id: i64, order_id: i64, gateway: String, account: String, mode: String,
        status: String, state: String, created_at: Time, updated_at: Time,
    }
    CallRow = "gateway_calls" {
        key: String, order_id: i64, position: i64, operation: String, subject_id: i64, generation: i64,
        path: String, status: String, epoch: i64, fault: Option<String>, created_at: Time,
        finished_at: Option<Time>,
    }
    FactRow = "facts" {
        gateway: String, account: String, mode: String, kind: String, object: String, step: String,
        order_id: i64, attempt_id: i64, fact: String, at: Time, recorded_at: Time,
    }
    CaptureRow = "captures" {
        gateway: String, account: String, mode: String, capture: String, order_id: i64, payment_id: i64,
        attempt_id: i64, currency: Option<String>, captured_minor: i64, refunded_minor: i64,
        reserved_minor: i64, disputed_minor: i64, loss_minor: i64, captured: String as text,
        refunded: String as text,
    }
    PrimaryRow = "primary_captures" {
        order_id: i64, gateway: String, account: String, mode: String, capture: String,
        released_at: Option<Time>,
    }
    RefundRow = "refunds" {
        id: i64, payment_id: i64, order_id: i64, capture: String, amount_minor: i64,
        amount: String as text, currency: String, origin: String, status: String, state: String, version: i64,
        created_at: Time, updated_at: Time,
    }
    CreditNoteRow = "credit_notes" {
        number: String, payment_id: i64, amount_minor: i64, amount: String as text, currency: String, taxes: String,
    }
    ExternalRefundRow = "external_refunds" {
        order_id: i64, refund: String, capture: String, amount_minor: i64, currency: String, step: String,
    }
    CreditAccountRow = "credit_accounts" { user_id: i64, balance: i64, }
    CreditEntryRow = "credit_entries" {
        id: i64, user_id: i64, order_id: Option<i64>, change: i64, shortfall: i64, balance: i64,
    }
    AlertRow = "alerts" { order_id: i64, alert: String, raised_at: Time, cleared_at: Option<Time>, }
    InboxRow = "inbox" {
        id: i64, gateway: String, event_type: String, received_at: Time, status: String,
        next_try_at: Option<Time>, order_id: Option<i64>,
    }
    RunRow = "schedule" { name: String, due_at: Time, }
    RefundEventRow = "refund_events" {
        refund_id: i64, version: i64, from_status: Option<String>, to_status: String, actor: String, at: Time,
    }
}
