//! Keeps what comes at the same time by one statement: a flood of webhooks costs the store a commit for some dozens
//! of them, and a single one waits for nobody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::port::Source;
use crate::port::store::{Answer, Kept, NewWebhook, Store, StoreError};

/// How many write at once. One whose connection does not answer keeps only those waiting that it has.
const WRITERS: u32 = 2;

/// How many are written together.
const TOGETHER: usize = 64;

/// So many may wait. When more come the store is in trouble, and their gateway sends them again.
const MOST_WAITING: usize = 4096;

/// Where webhooks wait until they are kept.
pub(crate) struct Intake {
    shared: Arc<Shared>,
    runtime: Handle,
}

struct Shared {
    store: Arc<dyn Store>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    writers: u32,
}

struct Waiting {
    webhook: NewWebhook,
    tell: oneshot::Sender<Answer<Kept>>,
}

impl Intake {
    pub fn new(store: Arc<dyn Store>, runtime: Handle) -> Self {
        let queue = Mutex::default();
        let shared = Arc::new(Shared { store, queue });
        Self { shared, runtime }
    }

    /// Keeps a webhook. It goes on to its end even when the caller does not wait for it.
    pub async fn keep(&self, webhook: NewWebhook) -> Answer<Kept> {
        let (tell, told) = oneshot::channel();
        if self.shared.put(Waiting { webhook, tell })? {
            let writer = Writer(Some(Arc::clone(&self.shared)));
            self.runtime.spawn(writer.write());
        }
        // Whoever writes it always says, unless the process goes down.
        told.await
            .unwrap_or_else(|gone| Err(StoreError::Unsure(gone.into())))
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whether somebody has to begin to write.
    fn put(&self, waiting: Waiting) -> Answer<bool> {
        let mut queue = self.queue();
        if queue.waiting.len() >= MOST_WAITING {
            return Err(StoreError::Unavailable("too many webhooks wait".into()));
        }
        queue.waiting.push(waiting);
        let is_free = queue.writers < WRITERS;
        if is_free {
            queue.writers = queue.writers.saturating_add(1);
        }
        Ok(is_free)
    }

    async fn keep(&self, batch: Vec<Waiting>) {
        let (webhooks, tell): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.webhook, waiting.tell))
            .unzip();
        for (tell, kept) in tell.into_iter().zip(self.keep_all(&webhooks).await) {
            // Nobody may wait for it any more.
            let _ = tell.send(kept);
        }
    }

    async fn keep_all(&self, webhooks: &[NewWebhook]) -> Vec<Answer<Kept>> {
        if let [one] = webhooks {
            return vec![self.keep_one(one).await];
        }
        let kept = match self.store.keep_webhooks(webhooks).await {
            // What may be there is found the second time.
            Err(StoreError::Busy(_) | StoreError::Unsure(_)) => {
                self.store.keep_webhooks(webhooks).await
            }
            kept => kept,
        };
        match kept {
            Ok(kept) if kept.len() == webhooks.len() => kept.into_iter().map(Ok).collect(),
            Err(StoreError::Unavailable(why)) => webhooks.iter().map(|_| Err(away(&why))).collect(),
            // What is wrong with one is no fault of the others.
            Ok(_) | Err(_) => {
                let mut kept: Vec<Answer<Kept>> = Vec::new();
                for webhook in webhooks {
                    let one = match kept.last() {
                        Some(Err(StoreError::Unavailable(why))) => Err(away(why)),
                        _ => self.keep_one(webhook).await,
                    };
                    kept.push(one);
                }
                kept
            }
        }
    }

    async fn keep_one(&self, webhook: &NewWebhook) -> Answer<Kept> {
        match self.store.keep_webhook(webhook).await {
            // It may be there: the second time, it is found.
            Err(StoreError::Unsure(_)) => self.store.keep_webhook(webhook).await,
            kept => kept,
        }
    }
}

/// What everybody is told while the store is away.
fn away(why: &Source) -> StoreError {
    StoreError::Unavailable(why.to_string().into())
}

/// Somebody who writes as long as anything waits.
struct Writer(Option<Arc<Shared>>);

impl Writer {
    async fn write(mut self) {
        while let Some((shared, batch)) = self.next() {
            shared.keep(batch).await;
        }
    }

    /// What is to be written next. Where there is nothing, it writes no more.
    fn next(&mut self) -> Option<(Arc<Shared>, Vec<Waiting>)> {
        let shared = Arc::clone(self.0.as_ref()?);
        let batch: Vec<_> = {
            let mut queue = shared.queue();
            let most = queue.waiting.len().min(TOGETHER);
            if most == 0 {
                queue.writers = queue.writers.saturating_sub(1);
            }
            queue.waiting.drain(..most).collect()
        };
        if batch.is_empty() {
            self.0 = None;
            return None;
        }
        Some((shared, batch))
    }
}

impl Drop for Writer {
    /// It broke down: those that wait hear so, and the next one to come finds a free place.
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let mut queue = shared.queue();
            queue.writers = queue.writers.saturating_sub(1);
            queue.waiting.clear();
        }
    }
}
