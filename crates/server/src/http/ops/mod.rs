//! What operators see.

pub mod unresolved;
