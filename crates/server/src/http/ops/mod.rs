//! What operators see.

pub mod unresolved;
pub mod webhooks;
