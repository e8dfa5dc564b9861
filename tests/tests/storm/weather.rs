//! What happens to the machines.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::scene::{self, Scene};

/// How often the scheduler dies: with every so many servers.
const SCHEDULER: usize = 3;

/// How long Postgres is away when it is restarted.
const AWAY: Duration = Duration::from_millis(700);

pub struct Weather<'a> {
    scene: &'a Scene,
    begun: Instant,
    done: AtomicUsize,
    blows: watch::Sender<bool>,
    servers: AtomicUsize,
    schedulers: AtomicUsize,
    flushes: AtomicUsize,
    restarts: AtomicUsize,
}

/// What was done to the machines.
#[derive(Debug)]
pub struct Injected {
    pub lasted: Duration,
    pub servers: usize,
    pub schedulers: usize,
    pub flushes: usize,
    pub restarts: usize,
}

impl<'a> Weather<'a> {
    pub fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            begun: Instant::now(),
            done: AtomicUsize::new(0),
            blows: watch::Sender::new(true),
            servers: AtomicUsize::new(0),
            schedulers: AtomicUsize::new(0),
            flushes: AtomicUsize::new(0),
            restarts: AtomicUsize::new(0),
        }
    }

    pub fn one_more_is_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// What has begun is brought to its end, and nothing more happens.
    pub fn calm_down(&self) {
        self.blows.send_replace(false);
    }

    /// Until it is told to calm down.
    pub async fn blow(&self) {
        tokio::join!(self.kill(), self.flush(), self.restart());
    }

    pub fn over(self) -> Injected {
        Injected {
            lasted: self.begun.elapsed(),
            servers: self.servers.into_inner(),
            schedulers: self.schedulers.into_inner(),
            flushes: self.flushes.into_inner(),
            restarts: self.restarts.into_inner(),
        }
    }

    /// Waits for the next time, and says whether there is one.
    async fn again(&self, ticks: &mut tokio::time::Interval) -> bool {
        let mut blows = self.blows.subscribe();
        tokio::select! {
            _ = ticks.tick() => *self.blows.borrow(),
            _ = blows.wait_for(|blows| !blows) => false,
        }
    }

    async fn kill(&self) {
        let mut ticks = every(self.scene.size.kill);
        let installation = &self.scene.installation;
        let mut turn = 0;
        while self.again(&mut ticks).await {
            let post = &self.scene.posts[turn % 2];
            turn += 1;
            post.die().await;
            self.servers.fetch_add(1, Ordering::Relaxed);
            if turn.is_multiple_of(SCHEDULER) {
                let mut scheduler = self.scene.scheduler.lock().await;
                assert!(scheduler.is_running(), "it ended by itself");
                // The one that was there is killed when another takes its place.
                *scheduler = scene::work(installation);
                self.schedulers.fetch_add(1, Ordering::Relaxed);
            }
            post.come_back(installation).await;
        }
    }

    async fn flush(&self) {
        let mut ticks = every(self.scene.size.flush);
        while self.again(&mut ticks).await {
            self.scene.redis.flush().await;
            self.flushes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each time after an equal part of all payments.
    async fn restart(&self) {
        let size = self.scene.size;
        let mut ticks = every(Duration::from_millis(100));
        let mut next = 1;
        while self.again(&mut ticks).await && next <= size.restarts {
            let due = size.payments * next / (size.restarts + 1);
            if self.done.load(Ordering::Relaxed) < due {
                continue;
            }
            let mut postgres = self.scene.postgres.lock().await;
            postgres.crash();
            tokio::time::sleep(AWAY).await;
            postgres.launch().await;
            self.restarts.fetch_add(1, Ordering::Relaxed);
            next += 1;
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
