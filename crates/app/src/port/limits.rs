use std::time::Duration;

use async_trait::async_trait;

use super::Away;

/// Counts what callers do, shared by the processes of an installation where there is something to share through.
///
/// Every implementation MUST:
/// - count in windows: a name's window begins with its first unit and ends after the quota's time;
/// - never let more units through in one window than the quota's limit, while it is neither away nor flushed;
/// - answer within a short, bounded time, or that it is away.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Takes one unit of the quota of `name`. A unit above the limit is refused and costs nothing.
    async fn spend(&self, name: &str, quota: Quota) -> Result<Spent, Away>;

    /// Gives one unit back that was taken in this window and not needed.
    async fn give_back(&self, name: &str, quota: Quota) -> Result<(), Away>;
}

/// How many units there are in how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Units in a window.
    pub limit: u32,
    /// How long a window is.
    pub window: Duration,
}

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Whether it was taken.
    pub allowed: bool,
    /// Units left in the window.
    pub remaining: u32,
    /// When the window ends.
    pub resets_in: Duration,
}
