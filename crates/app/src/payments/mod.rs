//! Payments: open one exactly once, read it, call it off.

mod amount;
mod cancel;
mod create;
mod explain;
mod methods;
mod opener;
mod read;

pub use amount::AmountText;
pub use cancel::CancelError;
pub use create::{CreateError, CreatePayment, Created, Draft, Render};
pub use explain::{ExplainedPayment, Explanation};
pub use methods::PaymentMethod;
pub use read::ReadError;
