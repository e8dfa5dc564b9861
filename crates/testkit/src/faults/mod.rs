//! A store that fails when a test wants it to.

mod plan;
mod store;
mod unit;

#[cfg(test)]
mod tests;

pub use plan::{Fault, Operation};
pub use store::FaultyStore;
