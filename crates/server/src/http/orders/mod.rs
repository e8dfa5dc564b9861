//! Orders over HTTP.

mod answers;
pub mod cancel;
pub mod complete;
pub mod consultations;
pub mod get;
pub mod register;
