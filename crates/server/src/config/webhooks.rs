//! How webhooks are worked off.

use super::reader::Reader;
use super::table;
use super::values::whole;

/// How webhooks are worked off.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// How many are worked on at once.
    pub workers: u32,
}

impl Webhooks {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let workers = reader.value(&table::WEBHOOK_WORKERS, whole(1..=64));
        Some(Self { workers: workers? })
    }
}
