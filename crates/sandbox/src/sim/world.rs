//! The state, the clock, the ids and the book, and the one door to change them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::book::{Book, BookError, Happening, Writer};
use super::clock::{Clock, Millis, SECOND};
use super::config::SimConfig;
use super::faults::Faults;
use super::ids::Ids;
use super::state::{Put, State};
use super::timeline;
use super::webhooks::{Rules, WebhookUrls};

/// Everything there is.
#[derive(Debug)]
pub struct World {
    pub config: Arc<SimConfig>,
    /// The base of the hosted pages.
    pub public_url: String,
    /// Where webhooks go.
    pub urls: WebhookUrls,
    pub clock: Clock,
    pub ids: Ids,
    pub state: State,
    pub faults: Faults,
    pub rules: Rules,
    /// The deliveries that are on the wire.
    pub sending: BTreeSet<String>,
    writer: Writer,
    what: Vec<Happening>,
    puts: Vec<Put>,
}

impl World {
    /// Opens the book and rebuilds the state from it.
    pub fn open(config: &Arc<SimConfig>, public_url: String) -> Result<Self, BookError> {
        let (writer, found) = Writer::open(config.book.as_deref())?;
        let mut state = State::default();
        for put in &found.puts {
            state.apply(put);
        }
        let mut clock = Clock::default();
        clock.set_offset(state.offset);
        let mut world = Self {
            config: Arc::clone(config),
            public_url,
            urls: WebhookUrls {
                stripe: config.stripe.webhook_url.clone(),
                midtrans: config.midtrans.notification_url.clone(),
            },
            clock,
            ids: Ids::new(config.seed, found.starts),
            state,
            faults: Faults::new(config.seed),
            rules: Rules::new(config.seed),
            sending: BTreeSet::new(),
            writer,
            what: Vec::new(),
            puts: Vec::new(),
        };
        world.note(Happening::Started { seed: config.seed });
        world.commit()?;
        Ok(world)
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    pub fn seconds(&self) -> i64 {
        self.clock.now().div_euclid(SECOND)
    }

    /// Tells the book.
    pub fn note(&mut self, happening: Happening) {
        self.what.push(happening);
    }

    /// Changes an object, here and in the book.
    pub fn put(&mut self, put: Put) {
        self.state.apply(&put);
        self.puts.push(put);
    }

    /// Moves the clock on, unless the time has passed.
    pub fn move_clock(&mut self, to: Millis) {
        let before = self.clock.offset();
        self.clock.move_to(to);
        let by = self.clock.offset() - before;
        if by > 0 {
            self.put(Put::Offset(self.clock.offset()));
            self.note(Happening::TimeAdvanced { by });
        }
    }

    /// Writes what happened since the last time.
    pub fn commit(&mut self) -> Result<(), BookError> {
        if self.what.is_empty() && self.puts.is_empty() {
            return Ok(());
        }
        let what = std::mem::take(&mut self.what);
        let puts = std::mem::take(&mut self.puts);
        self.writer.append(self.clock.now(), what, &puts)
    }

    pub fn book(&self) -> Book {
        Book::new(self.writer.records().to_vec())
    }
}

/// The world as its threads share it.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    pub config: Arc<SimConfig>,
    pub runtime: tokio::runtime::Handle,
    /// There may be something to send.
    pub wake: Notify,
    /// A delivery has come to its end.
    pub delivered: Notify,
    /// Only one moves the clock at a time.
    pub advancing: tokio::sync::Mutex<()>,
    broken: AtomicBool,
}

/// The book cannot be written, so nothing may happen any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the book cannot be written")]
pub struct Broken;

impl Shared {
    pub fn new(world: World, runtime: tokio::runtime::Handle) -> Self {
        Self {
            config: Arc::clone(&world.config),
            world: Mutex::new(world),
            runtime,
            wake: Notify::new(),
            delivered: Notify::new(),
            advancing: tokio::sync::Mutex::new(()),
            broken: AtomicBool::new(false),
        }
    }

    /// Does something with the world as it is now, and writes it down before anybody hears of it.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> Result<T, Broken> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if self.broken.load(Ordering::Relaxed) {
            return Err(Broken);
        }
        timeline::tick(&mut world);
        let before = timeline::next(&world);
        let done = act(&mut world);
        if world.commit().is_err() {
            self.broken.store(true, Ordering::Relaxed);
            return Err(Broken);
        }
        let after = timeline::next(&world);
        drop(world);
        // Whoever sleeps until the next thing is due has to sleep less.
        let sooner = match (before, after) {
            (Some(before), Some(after)) => after < before,
            (None, after) => after.is_some(),
            (Some(_), None) => false,
        };
        if sooner {
            self.wake.notify_one();
        }
        Ok(done)
    }

    /// Everything that happened, also after the end.
    pub fn book(&self) -> Book {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.book()
    }

    /// Nothing happens any more, and the file of the book is free.
    pub fn close(&self) {
        self.broken.store(true, Ordering::Relaxed);
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.writer.close();
    }
}
