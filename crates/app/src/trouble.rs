use thiserror::Error;

use crate::port::{Source, StoreError};

/// What may go wrong in every use case, through no fault of the caller.
#[derive(Debug, Error)]
pub enum Trouble {
    /// The store is not there, or did not say what became of the change. The same request again finds out.
    #[error("the store is not there")]
    Unavailable(#[source] StoreError),
    /// Somebody else works on the same order.
    #[error("somebody else works on the same order")]
    InProgress,
    /// A fault of ours. Somebody has to look.
    #[error("something is wrong here")]
    Fault(#[source] Source),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Unsure(_) => Self::Unavailable(error),
            StoreError::Busy(_) => Self::InProgress,
            StoreError::Broken(_) => Self::Fault(error.into()),
        }
    }
}

impl Trouble {
    /// A fault of ours.
    pub(crate) fn fault(source: impl Into<Source>) -> Self {
        Self::Fault(source.into())
    }
}
