//! What SQLite says, in the words of the port.

use std::fmt::Display;

use bayar_app::port::{Source, StoreError};
use diesel::result::{DatabaseErrorKind, Error as SqlError};
use thiserror::Error;

/// What goes wrong inside a transaction. It is rolled back, whichever it is.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// A statement failed, and nothing was changed.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The commit failed.
    #[error("the transaction could not be committed")]
    Commit(#[source] SqlError),
    /// It is known what that means to the caller.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A row that does not say what it must.
#[derive(Debug, Error)]
#[error("{what} {id} cannot be read")]
struct Unreadable {
    what: &'static str,
    id: String,
    #[source]
    why: Source,
}

/// Names the row that cannot be read, and why.
pub(super) fn unreadable(what: &'static str, id: impl Display, why: impl Into<Source>) -> Failure {
    let (id, why) = (id.to_string(), why.into());
    broken(Unreadable { what, id, why })
}

/// Something that must not be.
pub(super) fn broken(why: impl Into<Source>) -> Failure {
    StoreError::Broken(why.into()).into()
}

impl Failure {
    /// Whether something is there already that must be there once.
    pub(super) const fn is_clash(&self) -> bool {
        matches!(
            self,
            Self::Sql(SqlError::DatabaseError(
                DatabaseErrorKind::UniqueViolation,
                _
            ))
        )
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Sql(error) => match trouble(&error) {
                Trouble::Busy | Trouble::Away => Self::Unavailable(error.into()),
                Trouble::Other => Self::Broken(error.into()),
            },
            Failure::Commit(error) => match trouble(&error) {
                // A commit that must wait has written nothing.
                Trouble::Busy => Self::Unavailable(error.into()),
                // The last page may be on the disk although its sync failed: then a restart finds it.
                Trouble::Away => Self::Unsure(error.into()),
                Trouble::Other => Self::Broken(error.into()),
            },
        }
    }
}

enum Trouble {
    Busy,
    Away,
    Other,
}

/// Diesel keeps no code of SQLite's but those of constraints, so the standard messages have to tell.
fn trouble(error: &SqlError) -> Trouble {
    let message = match error {
        SqlError::DatabaseError(DatabaseErrorKind::Unknown, information) => information.message(),
        SqlError::RollbackErrorOnCommit { commit_error, .. } => return trouble(commit_error),
        // The connection is replaced by a new one.
        SqlError::BrokenTransactionManager => return Trouble::Away,
        _ => return Trouble::Other,
    };
    match message {
        "database is locked" | "database table is locked" | "locking protocol" => Trouble::Busy,
        "database or disk is full"
        | "disk I/O error"
        | "unable to open database file"
        | "attempt to write a readonly database"
        | "out of memory"
        | "large file support is disabled" => Trouble::Away,
        _ => Trouble::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(message: &str) -> SqlError {
        let information = Box::new(message.to_owned());
        SqlError::DatabaseError(DatabaseErrorKind::Unknown, information)
    }

    #[test]
    fn waiting_for_somebody_else_is_busy_and_changes_nothing() {
        for failure in [Failure::Sql, Failure::Commit] {
            let error = StoreError::from(failure(sql("database is locked")));
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        }
    }

    #[test]
    fn a_disk_that_fails_is_away_and_at_a_commit_it_is_unsure() {
        for message in ["database or disk is full", "disk I/O error"] {
            let error = StoreError::from(Failure::Sql(sql(message)));
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            let error = StoreError::from(Failure::Commit(sql(message)));
            assert!(matches!(error, StoreError::Unsure(_)), "{error:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_broken() {
        for error in [
            sql("database disk image is malformed"),
            sql("payment_events is only ever added to"),
            SqlError::NotFound,
        ] {
            let error = StoreError::from(Failure::Sql(error));
            assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
        }
    }
}
