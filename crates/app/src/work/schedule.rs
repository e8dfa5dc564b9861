//! What runs at its hour: each run by one process at a time, under a lease that dies with it.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::serve::{Held, LEASE};
use crate::App;
use crate::failpoint;
use crate::port::StoreError;
use crate::port::store::{RunEnd, RunLease, StoredRun, TakeWhen};
use crate::trouble::Trouble;

/// How often it is looked whether something has its hour.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How soon a run begins anew that did not come to its end.
const ANEW: TimeDelta = TimeDelta::minutes(10);

/// What runs at its hour.
///
/// A new entry is a variant here and an arm in `App::run_entry`; one that follows a list, such as what happened at
/// a gateway, keeps its place by [`keep_cursor`](crate::port::store::Schedule::keep_cursor) and finds it in its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The safety net: what has no job gets one, and all that is due is done.
    CheckUnresolved,
    /// Payments whose time is over are ended, and keys that count no more forgotten.
    CleanupExpired,
    /// What happened at the gateways is followed, so that lost webhooks are found.
    ReadEvents,
    /// The money in the gateways' books of the last days is looked for in ours.
    SweepBook,
}

impl Entry {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::CheckUnresolved,
        Self::CleanupExpired,
        Self::ReadEvents,
        Self::SweepBook,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckUnresolved => "check-unresolved",
            Self::CleanupExpired => "cleanup-expired",
            Self::ReadEvents => "read-events",
            Self::SweepBook => "sweep-book",
        }
    }

    /// When it runs, by the clock of the schedule.
    #[must_use]
    pub const fn cron(self) -> &'static str {
        match self {
            Self::CheckUnresolved => "*/5 * * * *",
            Self::CleanupExpired => "0 3 * * *",
            Self::ReadEvents => "* * * * *",
            Self::SweepBook => "0 4 * * *",
        }
    }

    /// The one that is called that.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entry| entry.name() == name)
    }
}

/// An entry of the schedule, and how it went the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// Which one.
    pub entry: Entry,
    /// How it went, and when it is due.
    pub stored: StoredRun,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In words.
    pub result: String,
    /// Whether somebody has to look.
    pub has_failed: bool,
    /// Whether it came to its end. If not it begins anew, before its hour comes again.
    pub is_whole: bool,
}

/// Why a run did not end here.
#[derive(Debug, Error)]
pub enum RunError {
    /// Another process is at it.
    #[error("another process is at it")]
    Elsewhere,
    /// Another process took it over: this one was too slow.
    #[error("another process took it over")]
    TakenOver,
    /// Something went wrong.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl App {
    /// The schedule.
    ///
    /// # Errors
    /// When the store is not there.
    pub async fn schedule(&self) -> Result<Vec<PlannedRun>, Trouble> {
        let now = self.store.now().await?;
        let known = self.store.runs().await?;
        for entry in Entry::ALL {
            if !known.iter().any(|run| run.name == entry.name()) {
                let due_at = self.next_run(entry, now)?;
                self.store.plan_run(entry.name(), due_at).await?;
            }
        }
        let stored = self.store.runs().await?;
        let planned = stored.into_iter().filter_map(|stored| {
            let entry = Entry::named(&stored.name)?;
            Some(PlannedRun { entry, stored })
        });
        Ok(planned.collect())
    }

    /// Runs an entry now. Answers what it came to.
    ///
    /// # Errors
    /// When another process is at it, or the store is not there.
    pub async fn run_now(self: &Arc<Self>, entry: Entry) -> Result<Outcome, RunError> {
        self.schedule().await?;
        match self.run_when(entry, TakeWhen::Now).await? {
            Some(outcome) => Ok(outcome),
            None => Err(RunError::Elsewhere),
        }
    }

    /// Runs the entries that are due. Answers what each of them came to.
    ///
    /// # Errors
    /// When the store is not there.
    pub async fn run_due(self: &Arc<Self>) -> Result<Vec<(Entry, Outcome)>, RunError> {
        let mut ran = Vec::new();
        for PlannedRun { entry, .. } in self.schedule().await? {
            if self.work.is_ending() {
                break;
            }
            match self.run_when(entry, TakeWhen::Due).await {
                Ok(Some(outcome)) => ran.push((entry, outcome)),
                Ok(None) | Err(RunError::Elsewhere | RunError::TakenOver) => {}
                Err(RunError::Trouble(trouble)) => return Err(trouble.into()),
            }
        }
        Ok(ran)
    }

    /// Runs what is due, all the time. None waits for another one: a sweep may take hours.
    pub(super) async fn keep_schedule(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            if let Err(error) = self.begin_due(&mut running).await {
                tracing::warn!(%error, "the schedule waits");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.changed() => break,
            }
        }
        // A run notices that work is to end, and leaves the rest to the next one.
        while running.join_next().await.is_some() {}
    }

    /// Begins what is due and nobody is at.
    async fn begin_due(self: &Arc<Self>, running: &mut JoinSet<()>) -> Result<(), Trouble> {
        let planned = self.schedule().await?;
        for PlannedRun { entry, stored } in planned {
            if stored.is_running {
                continue;
            }
            let app = Arc::clone(self);
            running.spawn(async move {
                match app.run_when(entry, TakeWhen::Due).await {
                    Ok(_) | Err(RunError::Elsewhere | RunError::TakenOver) => {}
                    Err(RunError::Trouble(error)) => {
                        tracing::warn!(%error, name = entry.name(), "the schedule waits");
                    }
                }
            });
        }
        Ok(())
    }

    async fn run_when(
        self: &Arc<Self>,
        entry: Entry,
        when: TakeWhen,
    ) -> Result<Option<Outcome>, RunError> {
        let name = entry.name();
        let Some(lease) = self.store.take_run(name, when, LEASE).await? else {
            return Ok(None);
        };
        let span = tracing::info_span!("run", name);
        let running = Box::pin(self.run_taken(entry, lease));
        running.instrument(span).await.map(Some)
    }

    async fn run_taken(
        self: &Arc<Self>,
        entry: Entry,
        lease: RunLease,
    ) -> Result<Outcome, RunError> {
        let _ = failpoint::hit("schedule.taken");
        let (name, epoch) = (entry.name(), lease.epoch);
        let running = Box::pin(self.work.in_turn(self.run_entry(entry, &lease)));
        let outcome = match self.kept(running, Held::Run(name, epoch)).await {
            None => return Err(RunError::TakenOver),
            Some(Ok(outcome)) => outcome,
            Some(Err(trouble)) => {
                tracing::error!(error = %trouble, "a run broke off");
                Outcome {
                    result: format!("broke off: {trouble}"),
                    has_failed: true,
                    is_whole: false,
                }
            }
        };
        let _ = failpoint::hit("schedule.before_end");
        let now = self.store.now().await?;
        let mut next = self.next_run(entry, now)?;
        if !outcome.is_whole {
            next = next.min(now.checked_add_signed(ANEW).unwrap_or(next));
        }
        let end = RunEnd {
            result: outcome.result.clone(),
            has_failed: outcome.has_failed,
            next,
        };
        metrics::counter!(
            "bayar_schedule_runs_total",
            "name" => name, "outcome" => if end.has_failed { "failed" } else { "done" }
        )
        .increment(1);
        if !self.store.end_run(name, epoch, &end).await? {
            return Err(RunError::TakenOver);
        }
        tracing::info!(result = end.result, next = %end.next, "a run has ended");
        Ok(outcome)
    }

    async fn run_entry(
        self: &Arc<Self>,
        entry: Entry,
        lease: &RunLease,
    ) -> Result<Outcome, Trouble> {
        match entry {
            Entry::CheckUnresolved => self.check_unresolved().await,
            Entry::CleanupExpired => self.cleanup_expired().await,
            Entry::ReadEvents => self.read_events(lease).await,
            Entry::SweepBook => self.sweep_book(lease).await,
        }
    }

    fn next_run(&self, entry: Entry, after: DateTime<Utc>) -> Result<DateTime<Utc>, Trouble> {
        let cron = Cron::from_str(entry.cron()).map_err(Trouble::fault)?;
        let after = after.with_timezone(&self.settings.work.zone);
        let next = cron.find_next_occurrence(&after, false);
        Ok(next.map_err(Trouble::fault)?.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;

    fn next(entry: Entry, zone: Tz, after: &str) -> String {
        let cron = Cron::from_str(entry.cron()).unwrap();
        let after: DateTime<Utc> = after.parse().unwrap();
        let next = cron.find_next_occurrence(&after.with_timezone(&zone), false);
        next.unwrap().with_timezone(&Utc).to_rfc3339()
    }

    #[test]
    fn every_expression_means_what_it_says() {
        let zone = Tz::Asia__Jakarta;
        let unresolved = |after| next(Entry::CheckUnresolved, zone, after);
        assert_eq!(
            unresolved("2025-07-18T04:07:00Z"),
            "2025-07-18T04:10:00+00:00"
        );
        assert_eq!(
            unresolved("2025-07-18T04:10:00Z"),
            "2025-07-18T04:15:00+00:00"
        );
        // Three in the morning in Jakarta is eight in the evening in London.
        let cleanup = |after| next(Entry::CleanupExpired, zone, after);
        assert_eq!(cleanup("2025-07-18T04:07:00Z"), "2025-07-18T20:00:00+00:00");
        assert_eq!(cleanup("2025-07-18T20:00:00Z"), "2025-07-19T20:00:00+00:00");
    }

    #[test]
    fn a_day_on_which_clocks_are_changed_has_its_run() {
        // At two o'clock it was three: the run of that day comes all the same, and once.
        let zone = Tz::Europe__Berlin;
        let cleanup = |after| next(Entry::CleanupExpired, zone, after);
        assert_eq!(cleanup("2026-03-28T12:00:00Z"), "2026-03-29T01:00:00+00:00");
        assert_eq!(cleanup("2026-03-29T01:00:00Z"), "2026-03-30T01:00:00+00:00");
        // At three o'clock it was two again.
        assert_eq!(cleanup("2026-10-24T12:00:00Z"), "2026-10-25T02:00:00+00:00");
        assert_eq!(cleanup("2026-10-25T02:00:00Z"), "2026-10-26T02:00:00+00:00");
    }

    #[test]
    fn an_entry_is_found_by_its_name() {
        for entry in Entry::ALL {
            assert_eq!(Entry::named(entry.name()), Some(entry));
        }
        assert_eq!(Entry::named("nothing"), None);
    }
}
