//! What operators see.

pub mod webhooks;
