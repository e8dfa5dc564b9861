//! Taxes: which apply, what they come to, and what a refund takes back of them.
//!
//! A [`TaxPolicy`] holds the [`TaxRule`]s of an installation, which are configuration with dates,
//! and answers an [`Assessment`] for a price on a day.
//! Every amount is computed exactly and rounded once, so that the same price on the same day
//! gives the same taxes wherever it is computed.

mod assessment;
mod fraction;
mod policy;
mod record;
mod rounding;
mod rule;

pub use assessment::{Assessment, TaxError, TaxLine, share};
pub use policy::{OverlappingRules, TaxPolicy};
pub use record::{InvalidTaxRecord, TaxRecord, TaxState, TaxStatus, TaxTerms};
pub use rounding::{RoundTo, Rounding};
pub use rule::{BaseFactor, InvalidValidity, Rate, TaxEffect, TaxMode, TaxRule, TaxType, Validity};
