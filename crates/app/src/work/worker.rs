//! Takes jobs that are due and has them served, so many at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use super::serve::{LEASE, Served};
use crate::App;
use crate::port::store::Answer;

/// How long to wait when nothing is due.
const IDLE: Duration = Duration::from_millis(1000);

/// How long to wait when the store is not there.
const AWAY: Duration = Duration::from_secs(5);

/// What a number of jobs came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub served: u64,
    pub updated: u64,
    pub troubled: u64,
}

impl Tally {
    fn count(&mut self, served: Option<Served>) {
        match served {
            Some(Served::Looked { updated }) => {
                self.served += 1;
                self.updated += u64::from(updated);
            }
            Some(Served::Troubled) | None => self.troubled += 1,
            Some(Served::PutOff | Served::Lost) => {}
        }
    }
}

impl App {
    /// Does what is due, and what has its hour, until it is told to stop. What runs then is brought to its end.
    pub async fn do_due_work(self: &Arc<Self>, stop: watch::Receiver<bool>) {
        tracing::info!("due work is done here");
        let mut told = stop.clone();
        let end = async {
            // It is stopped by word, or with whoever would say it.
            let _ = told.wait_for(|stop| *stop).await;
            self.work.end();
        };
        let jobs = self.do_jobs(stop.clone());
        let schedule = self.keep_schedule(stop);
        futures_util::future::join3(end, Box::pin(jobs), Box::pin(schedule)).await;
        tracing::info!("due work is left to others");
    }

    async fn do_jobs(self: &Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        while !*stop.borrow() {
            while running.try_join_next().is_some() {}
            let hands = tokio::select! {
                hands = self.free_hands() => hands,
                _ = stop.changed() => break,
            };
            let wait = match self.begin_jobs(hands, &mut running).await {
                Ok(0) => IDLE,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(%error, "it is not known what is due");
                    AWAY
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.work.bell.notified() => {}
                _ = stop.changed() => break,
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Does all that is due, for so long at most, and then leaves off. What runs then is brought to its end.
    pub(super) async fn drain(self: &Arc<Self>, at_most: Duration) -> Answer<Tally> {
        let mut tally = Tally::default();
        let mut running = JoinSet::new();
        let until = Instant::now() + at_most;
        let all = self.begin_all(until, &mut running, &mut tally).await;
        while let Some(ended) = running.join_next().await {
            tally.count(ended.ok());
        }
        all.map(|()| tally)
    }

    /// Begins all that is due. Out of time is no failure: whoever does due work goes on with the rest.
    async fn begin_all(
        self: &Arc<Self>,
        until: Instant,
        running: &mut JoinSet<Served>,
        tally: &mut Tally,
    ) -> Answer<()> {
        while Instant::now() < until && !self.work.is_ending() {
            let hands = self.free_hands().await;
            let begun = self.begin_jobs(hands, running).await?;
            while let Some(ended) = running.try_join_next() {
                tally.count(ended.ok());
            }
            if begun == 0 {
                let Some(ended) = running.join_next().await else {
                    break;
                };
                tally.count(ended.ok());
            }
        }
        Ok(())
    }

    /// Takes as many jobs as there are free hands, and begins them. Answers how many.
    async fn begin_jobs(
        self: &Arc<Self>,
        hands: Vec<OwnedSemaphorePermit>,
        running: &mut JoinSet<Served>,
    ) -> Answer<usize> {
        let at_most = u32::try_from(hands.len()).unwrap_or(u32::MAX);
        let taken = self.store.take_jobs(at_most, LEASE).await?;
        let begun = taken.len();
        for (job, hand) in taken.into_iter().zip(hands) {
            let app = Arc::clone(self);
            let serving = async move {
                let served = app.serve(job).await;
                drop(hand);
                served
            };
            running.spawn(serving.in_current_span());
        }
        Ok(begun)
    }

    /// The hands that are free: one at least, waited for.
    pub(super) async fn free_hands(&self) -> Vec<OwnedSemaphorePermit> {
        let mut hands = Vec::new();
        // It is never closed.
        hands.extend(Arc::clone(&self.work.slots).acquire_owned().await);
        while let Ok(hand) = Arc::clone(&self.work.slots).try_acquire_owned() {
            hands.push(hand);
        }
        hands
    }
}
