use std::time::Duration;

use bayar_app::port::Away;
use deadpool_redis::PoolError;
use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;

pub(crate) const FALLBACKS: &str = "bayar_redis_fallbacks_total";

/// Why Redis did not do what it was asked for.
///
/// Causes are kept as texts: the errors of the libraries repeat their sources in what they say.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    #[error("there is no connection")]
    NoConnection,
    #[error("no connection could be made: {0}")]
    Unreachable(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("there was no answer within {0:?}")]
    Slow(Duration),
    #[error("the script is not there")]
    NoScript,
    #[error("the key holds another type of value")]
    WrongType,
    #[error("the server may not be written")]
    ReadOnly,
    // The rest of the message may repeat names and values, so it is left out.
    #[error("the server refused: {0}")]
    Refused(String),
    #[error("the answer is not what this command answers")]
    Odd,
}

impl Fault {
    pub(crate) fn unreachable(error: &PoolError) -> Self {
        Self::Unreachable(match error {
            PoolError::Backend(error) => error.to_string(),
            PoolError::Timeout(_) => "it took too long".to_owned(),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                error.to_string()
            }
        })
    }

    pub(crate) fn broken(error: &RedisError) -> Self {
        Self::Broken(error.to_string())
    }

    /// The answer of a server that is there and does not do it.
    pub(crate) fn refused(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::NoScript) => return Self::NoScript,
            ErrorKind::Server(ServerErrorKind::ReadOnly) => return Self::ReadOnly,
            _ => {}
        }
        match error.code() {
            Some("WRONGTYPE") => Self::WrongType,
            Some(code) => Self::Refused(code.to_owned()),
            None => Self::Refused(error.category().to_owned()),
        }
    }

    /// What the caller hears. It is counted: whoever hears it does without.
    pub(crate) fn away(self, operation: &'static str) -> Away {
        metrics::counter!(FALLBACKS, "operation" => operation).increment(1);
        Away(Box::new(self))
    }
}
