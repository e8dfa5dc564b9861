//! Payments without a framework.
//!
//! This crate holds the rules of money of a payment service and nothing else: amounts, orders, payments,
//! checkout attempts, invoices, taxes, refunds and credits, as values and state machines.
//! It never does any IO, reads no clock, draws no random number, and knows no database and no runtime;
//! times and ids come in as arguments, and what has to be done outside goes out as values.
//!
//! Start with [`Settlement`]: one order with everything that settles it.
//!
//! The feature `serde` gives every type one stable form, for storing and for passing between services.
//! An API that wants other shapes makes its own.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::match_wildcard_for_single_variants,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "a test that overflows fails, as it should"
    )
)]

pub mod amount_limits;
pub mod attempt;
pub mod bill;
pub mod credit;
pub mod credit_note;
mod currency;
pub mod decision;
pub mod fact;
pub mod gateway;
mod id;
pub mod invoice;
mod money;
pub mod number;
pub mod order;
pub mod payment;
pub mod refund;
pub mod settlement;
pub mod tax;
#[cfg(test)]
mod testing;
mod transition;
mod wire;

pub use amount_limits::{AmountLimits, AmountRange};
pub use attempt::{Attempt, AttemptState, AttemptStatus, AttemptTerms};
pub use bill::{Bill, BillError, BillRequest};
pub use credit::{CreditAccount, CreditEntry, CreditPurchase};
pub use credit_note::{CreditNote, CreditNoteTerms};
pub use currency::Currency;
pub use decision::{Decision, Verdict};
pub use fact::{Fact, FactKey, FactKind, Proof};
pub use gateway::{CaptureId, Gateway, Mode, Session, SessionRef, Source};
pub use id::{
    AttemptId, ConsultationId, CreditEntryId, CreditNoteId, InvalidId, InvoiceId, OrderId,
    PaymentId, RefundId, TaxRecordId, UserId,
};
pub use invoice::{Invoice, InvoiceStatus, InvoiceTerms, Papers};
pub use money::{AmountError, Money, MoneyError};
pub use number::{CreditNoteNumber, InvoiceNumber, OrderNumber};
pub use order::{Order, OrderKind, OrderStatus, OrderTerms};
pub use payment::{Payment, PaymentState, PaymentStatus, PaymentTerms};
pub use refund::{Refund, RefundState, RefundStatus, RefundTerms};
pub use settlement::{Effect, Settlement, Standing, Step};
pub use tax::{TaxPolicy, TaxRecord, TaxState, TaxStatus, TaxTerms};
pub use transition::{Answer, IllegalTransition, Status, Transition};
pub use wire::{InvalidText, UnknownName};

// The README is a page of its own; its examples are tests all the same.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
