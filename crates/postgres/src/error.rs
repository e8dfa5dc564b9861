//! What a failed statement means for whoever asked.

use std::error::Error;
use std::fmt;

use bayar_app::port::{Source, StoreError};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind};
use thiserror::Error;

type Info = Box<dyn DatabaseErrorInformation + Send + Sync>;

/// A statement that failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection broke: whether the server had done it by then is not known.
    Lost(Source),
    /// No answer came in time: neither is that known.
    Silent(Source),
    /// Somebody else was at the same row. The server did nothing.
    Busy(Source),
    /// A row of that name is there already. The server did nothing.
    Taken(Taken),
    /// The server takes no writes. It did nothing.
    ReadOnly(Source),
    /// Anything else. The server did nothing.
    Broken(Source),
}

/// A unique constraint refused a row.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The name of the constraint.
    pub(crate) constraint: String,
    source: Source,
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error::{DatabaseError, RollbackErrorOnCommit};
        match error {
            DatabaseError(kind, info) => Self::of(kind, info),
            // A commit failed, and then the connection was no good for the rollback either.
            RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            // Nothing that a server says: what was asked makes no sense, or what was answered.
            error => Self::Broken(error.into()),
        }
    }
}

impl Failure {
    fn of(kind: DatabaseErrorKind, info: Info) -> Self {
        match kind {
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => {
                Self::Lost(source(kind, info))
            }
            DatabaseErrorKind::SerializationFailure => Self::Busy(source(kind, info)),
            DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly(source(kind, info)),
            DatabaseErrorKind::UniqueViolation => Self::Taken(Taken {
                constraint: info.constraint_name().unwrap_or_default().to_owned(),
                source: source(kind, info),
            }),
            // Every kind that diesel gives no name, and those that only a fault of ours can cause.
            _ => match Cause::of(info.message()) {
                Cause::Ended => Self::Lost(source(kind, info)),
                Cause::Waited => Self::Busy(source(kind, info)),
                Cause::NoRoom => Self::ReadOnly(source(kind, info)),
                Cause::Other => Self::Broken(source(kind, info)),
            },
        }
    }

    /// No answer came in time.
    pub(crate) fn silence() -> Self {
        Self::Silent(Silence.into())
    }

    /// What it means when the statement could not have changed anything that stays.
    pub(crate) fn of_reading(self) -> StoreError {
        match self {
            Self::Lost(source) | Self::Silent(source) | Self::ReadOnly(source) => {
                StoreError::Unavailable(source)
            }
            Self::Busy(source) => StoreError::Busy(source),
            Self::Taken(Taken { source, .. }) | Self::Broken(source) => StoreError::Broken(source),
        }
    }

    /// What it means when the statement may have been carried out.
    pub(crate) fn of_writing(self) -> StoreError {
        match self {
            Self::Lost(source) | Self::Silent(source) => StoreError::Unsure(source),
            other @ (Self::Busy(_) | Self::Taken(_) | Self::ReadOnly(_) | Self::Broken(_)) => {
                other.of_reading()
            }
        }
    }
}

fn source(kind: DatabaseErrorKind, info: Info) -> Source {
    diesel::result::Error::DatabaseError(kind, info).into()
}

/// What the text of an error says. It is all that the driver shows of one that it has no kind for.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// The server ended the session (57P01, 57P02, 25P03), perhaps just after it had done what it was told.
    Ended,
    /// A lock or the time for the statement ran out (55P03, 40P01, 57014).
    Waited,
    /// There is no room for it on the disk or in memory (53100, 53200).
    NoRoom,
    /// Anything else.
    Other,
}

impl Cause {
    fn of(message: &str) -> Self {
        if message.starts_with("terminating connection") {
            Self::Ended
        } else if message.starts_with("canceling statement")
            || message.starts_with("could not obtain lock")
            || message == "deadlock detected"
        {
            Self::Waited
        } else if message.ends_with("No space left on device")
            || message.ends_with("Disk quota exceeded")
            || message == "out of memory"
            || message == "out of shared memory"
        {
            Self::NoRoom
        } else {
            Self::Other
        }
    }
}

/// The server did not answer in time.
#[derive(Debug, Error)]
#[error("the server did not answer in time")]
struct Silence;

/// Rows that do not say what the domain could have said.
#[derive(Debug, Error)]
#[error("{what} {name} cannot be read")]
pub(crate) struct Unreadable {
    what: &'static str,
    name: String,
    #[source]
    source: Source,
}

impl Unreadable {
    /// Wraps what the domain has against the `what` that is known by `name`.
    pub(crate) fn of<N: fmt::Display, E: Into<Source>>(
        what: &'static str,
        name: N,
    ) -> impl FnOnce(E) -> StoreError {
        move |error| {
            broken(Self {
                what,
                name: name.to_string(),
                source: error.into(),
            })
        }
    }
}

/// Something that must be true and is not.
#[derive(Debug, Error)]
#[error("{what} {name} {fault}")]
pub(crate) struct Wrong {
    pub(crate) what: &'static str,
    pub(crate) name: String,
    pub(crate) fault: &'static str,
}

impl Wrong {
    pub(crate) fn new(what: &'static str, name: impl fmt::Display, fault: &'static str) -> Self {
        Self {
            what,
            name: name.to_string(),
            fault,
        }
    }
}

/// The answer for something that somebody has to look at.
pub(crate) fn broken(source: impl Into<Source>) -> StoreError {
    StoreError::Broken(source.into())
}

/// An error with all its reasons, in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: DatabaseErrorKind, message: &str) -> Failure {
        let info: Info = Box::new(message.to_owned());
        Failure::from(diesel::result::Error::DatabaseError(kind, info))
    }

    #[test]
    fn a_broken_connection_leaves_a_write_unsure_and_a_read_unavailable() {
        for failure in [
            || of(DatabaseErrorKind::UnableToSendCommand, "connection closed"),
            || of(DatabaseErrorKind::ClosedConnection, ""),
            || {
                of(
                    DatabaseErrorKind::Unknown,
                    "terminating connection due to administrator command",
                )
            },
            || {
                of(
                    DatabaseErrorKind::Unknown,
                    "terminating connection due to idle-in-transaction timeout",
                )
            },
            Failure::silence,
        ] {
            assert!(matches!(failure().of_writing(), StoreError::Unsure(_)));
            assert!(matches!(failure().of_reading(), StoreError::Unavailable(_)));
        }
    }

    #[test]
    fn a_statement_that_waited_too_long_is_busy() {
        for message in [
            "canceling statement due to lock timeout",
            "canceling statement due to statement timeout",
            "canceling statement due to user request",
            "could not obtain lock on row in relation \"orders\"",
            "deadlock detected",
        ] {
            let failure = of(DatabaseErrorKind::Unknown, message);
            assert!(matches!(failure.of_writing(), StoreError::Busy(_)));
        }
        let failure = of(DatabaseErrorKind::SerializationFailure, "");
        assert!(matches!(failure.of_writing(), StoreError::Busy(_)));
    }

    #[test]
    fn a_server_that_takes_no_writes_is_unavailable() {
        for failure in [
            of(DatabaseErrorKind::ReadOnlyTransaction, ""),
            of(
                DatabaseErrorKind::Unknown,
                "could not extend file \"base/5/16501\": No space left on device",
            ),
            of(DatabaseErrorKind::Unknown, "out of memory"),
        ] {
            assert!(matches!(failure.of_writing(), StoreError::Unavailable(_)));
        }
    }

    #[test]
    fn what_only_a_fault_can_cause_is_broken() {
        for failure in [
            of(DatabaseErrorKind::CheckViolation, "check"),
            of(DatabaseErrorKind::ForeignKeyViolation, "key"),
            of(DatabaseErrorKind::UniqueViolation, "unique"),
            of(DatabaseErrorKind::Unknown, "syntax error"),
            Failure::from(diesel::result::Error::NotFound),
        ] {
            assert!(matches!(failure.of_writing(), StoreError::Broken(_)));
        }
    }

    #[test]
    fn a_chain_names_every_reason() {
        let error = Unreadable::of::<_, Source>("payment", 7)(
            Wrong::new("order", 3, "is not there").into(),
        );
        assert_eq!(
            Chain(&error).to_string(),
            "the store answered what it should not: payment 7 cannot be read: order 3 is not there"
        );
    }
}
