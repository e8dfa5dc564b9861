//! Sealed backups of what a buyer takes along to a gateway, so that a lost session loses nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::identity::Keyring;
use crate::port::{Away, Random, Vault};

const PURPOSE: &str = "handoff";

/// Keeps backups in a [`Vault`], sealed with the name they are kept under:
/// who copies one to another name, or changes it, has nothing.
pub struct Handoffs {
    vault: Arc<dyn Vault>,
    keyring: Keyring,
    random: Arc<dyn Random>,
}

impl Handoffs {
    /// Keeps backups in `vault`.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, keyring: Keyring, random: Arc<dyn Random>) -> Self {
        Self {
            vault,
            keyring,
            random,
        }
    }

    /// Keeps `data` under `name`.
    ///
    /// # Errors
    /// When the vault is away.
    pub async fn keep(&self, name: &str, data: &[u8], ttl: Duration) -> Result<(), Away> {
        let sealed = self.keyring.seal(PURPOSE, name, data, &*self.random);
        self.vault.put(name, &sealed, ttl).await
    }

    /// What is kept under `name`. What cannot be opened is as good as lost.
    ///
    /// # Errors
    /// When the vault is away.
    pub async fn find(&self, name: &str) -> Result<Option<Vec<u8>>, Away> {
        let Some(sealed) = self.vault.get(name).await? else {
            return Ok(None);
        };
        match self.keyring.open(PURPOSE, name, &sealed) {
            Ok(data) => Ok(Some(data)),
            Err(error) => {
                tracing::warn!(name, %error, "a backup could not be opened");
                Ok(None)
            }
        }
    }

    /// Forgets what is kept under `name`.
    ///
    /// # Errors
    /// When the vault is away.
    pub async fn forget(&self, name: &str) -> Result<(), Away> {
        self.vault.remove(name).await
    }
}
