//! Webhooks: what is to be sent, when, signed how, and how it is tried again.

mod deliver;
pub mod forge;
mod queue;
mod retry;
mod rules;
mod sign;

pub use self::deliver::{run, sent, settle, since};
pub use self::queue::{Delivery, DeliveryState, WebhookUrls};
pub use self::rules::{Tamper, WebhookRule};

pub(in crate::sim) use self::queue::{Message, Moved, resend};
pub(in crate::sim) use self::rules::Rules;
pub(in crate::sim) use self::sign::midtrans_signature;
