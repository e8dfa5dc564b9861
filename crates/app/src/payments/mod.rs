//! Payments: open one exactly once, and read it.

mod amount;
mod create;
mod explain;
mod methods;
mod opener;
mod read;

pub use amount::AmountText;
pub use create::{CreateError, CreatePayment, Created, Draft, Render};
pub use explain::{ExplainedPayment, Explanation};
pub use methods::PaymentMethod;
pub use read::ReadError;
