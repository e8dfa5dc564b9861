use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{Away, Clock, Vault};

use crate::shelf::Shelf;

/// Keeps sealed bytes in the memory of one process: a restart forgets them.
pub struct LocalVault {
    clock: Arc<dyn Clock>,
    sealed: Mutex<Shelf<Vec<u8>>>,
}

impl LocalVault {
    /// A hand-off has some hundred bytes.
    const ROOM: usize = 10_000;

    /// Nothing is kept.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let sealed = Mutex::new(Shelf::new(Self::ROOM));
        Self { clock, sealed }
    }
}

#[async_trait]
impl Vault for LocalVault {
    async fn put(&self, name: &str, sealed: &[u8], ttl: Duration) -> Result<(), Away> {
        let now = self.clock.now();
        let mut shelf = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.put(name, sealed.to_vec(), ttl, now);
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Away> {
        let now = self.clock.now();
        let shelf = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(shelf.get(name, now).map(|(sealed, _)| sealed.clone()))
    }

    async fn remove(&self, name: &str) -> Result<(), Away> {
        let mut shelf = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.remove(name);
        Ok(())
    }
}
