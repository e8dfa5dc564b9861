//! Work that is due, and what runs at its hour: how payments complete when nobody presses a button.
//!
//! [`worker`] takes jobs from the store and has each served ([`serve`]) by the same use cases that buttons lead to;
//! [`about`] says what one is about, [`rhythm`] when it is looked at again, and [`gate`] how much a gateway is asked.
//! [`schedule`] runs what has an hour: the safety net over all of it, the gateways' own lists ([`events`], [`sweep`]),
//! and the daily clean-up.

mod about;
mod events;
mod follow;
mod gate;
mod left;
mod places;
mod rhythm;
mod runs;
mod schedule;
mod serve;
mod sweep;
mod worker;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bayar_domain::Gateway;
use chrono_tz::Tz;
use tokio::sync::{Notify, Semaphore};

use crate::port::Quota;
use crate::port::pace;

pub use runs::Swept;
pub use schedule::{Entry, Outcome, PlannedRun, RunError};

use gate::Gates;

/// How work that is due is done.
#[derive(Debug, Clone)]
pub struct WorkSettings {
    /// How many jobs a process does at once.
    pub at_once: NonZeroU32,
    /// How many requests they may send to one gateway in how much time.
    pub gateway_quota: Option<Quota>,
    /// The clock of the schedule.
    pub zone: Tz,
}

/// What all work of this process shares.
pub(crate) struct Workshop {
    slots: Arc<Semaphore>,
    gates: Arc<Gates>,
    /// Rung when something became due before its time.
    bell: Notify,
    is_ending: AtomicBool,
}

impl Workshop {
    pub(crate) fn new(settings: &WorkSettings, gateways: impl Iterator<Item = Gateway>) -> Self {
        let slots = usize::try_from(settings.at_once.get()).unwrap_or(usize::MAX);
        let slots = slots.min(Semaphore::MAX_PERMITS);
        Self {
            slots: Arc::new(Semaphore::new(slots)),
            gates: Arc::new(Gates::new(gateways, settings.gateway_quota, slots)),
            bell: Notify::new(),
            is_ending: AtomicBool::new(false),
        }
    }

    /// Nothing more is begun from now on.
    fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Whether nothing more is to be begun.
    fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    /// Does something that leaves gateways time for people.
    pub(crate) async fn in_turn<F: Future>(&self, doing: F) -> F::Output {
        let turns = Arc::clone(&self.gates);
        pace::in_turn(turns, doing).await
    }
}
