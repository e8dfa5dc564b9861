//! The second opinion: it holds what the gateways did against what Bayar has stored, and says where they differ.
//!
//! It shares no code with the service. It reads the tables with statements of its own, knows the legal moves from a
//! table of its own, and adds up money by itself, so that the two cannot agree on the same mistake.
//! It only ever reads: a file is opened read-only, and a server is asked in one read-only transaction.
//!
//! [`audit`] compares three things: the [`Ledger`] (the tables), the [`Book`] (what happened at the gateways) and, where
//! somebody kept it, the [`ClientLog`] (what clients were told). What is wrong is a [`Finding`], named by its [`Check`].

mod amount;
mod book;
mod checks;
mod clients;
mod file;
mod finding;
mod ledger;
mod live;
mod options;
mod report;
mod timeline;

pub use amount::Amount;
pub use book::{Book, BookError};
pub use clients::{ClientLog, ClientLogError};
pub use finding::{Check, Finding};
pub use ledger::{Database, Ledger, LedgerError};
pub use live::{LiveError, LiveGateways, MidtransAccess, StripeAccess};
pub use options::Options;
pub use report::Report;

/// Compares what is stored with what happened.
#[must_use]
pub fn audit(
    ledger: &Ledger,
    book: &Book,
    clients: Option<&ClientLog>,
    options: &Options,
) -> Report {
    let case = checks::Case::new(ledger, book, clients, options);
    report::Report::of(&case, checks::all(&case))
}
