mod fixture;
mod server;

pub use fixture::{Fixture, KEY, SERVER_KEY, TOKEN, TRANSACTION, idr, request, transaction};
pub use server::{Reply, Server};
