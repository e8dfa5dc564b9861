//! Payments over HTTP.

mod answers;
pub mod cancel;
pub mod confirm;
pub mod create;
pub mod events;
pub mod get;
pub mod invoice;
mod keys;
pub mod list;
pub mod process;
pub mod refresh;
pub mod refund;
mod refund_answers;
mod refund_refusals;
pub mod refunds;
mod refusals;
pub mod review;
pub mod taxes;
