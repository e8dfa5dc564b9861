//! Samples of what the ports and the use cases take, with one word for each thing that a test wants otherwise.

mod attempts;
mod openings;
mod orders;
mod people;
mod saves;
mod setup;

use bayar_domain::{Currency, Money};

pub use attempts::{a_call, a_capture, a_fact, a_session, a_source, an_attempt, captured, expired};
pub use openings::{AnOpening, survey_of};
pub use orders::{AnOrder, an_item};
pub use people::{a_user, an_api_key, password_hash};
pub use saves::{a_save, a_save_of};
pub use setup::{settings, signers};

/// Centavos.
#[must_use]
pub const fn php(minor: i64) -> Money {
    Money::new(minor, Currency::Php)
}
