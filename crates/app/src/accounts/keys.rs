use bayar_domain::InvalidText;

use super::AccountError;
use crate::App;
use crate::identity::{ApiKey, Role, Scopes};
use crate::port::store::{ApiKeyId, NewApiKey, StoredApiKey};

/// A key that an application is to have.
#[derive(Debug, Clone)]
pub struct AddApiKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Which part of that.
    pub scopes: Scopes,
}

/// A key that was just made. It is shown this one time.
pub struct NewKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The key.
    pub key: ApiKey,
}

impl App {
    /// Makes a key for an application.
    ///
    /// # Errors
    /// When the name is taken or no name, or the role is not one of a key.
    pub async fn add_api_key(&self, wish: AddApiKey) -> Result<NewKey, AccountError> {
        match wish.role {
            Role::Service | Role::Operator => {}
            Role::Customer => return Err(AccountError::WrongRole),
        }
        let fits = (1..=64).contains(&wish.name.chars().count());
        if !fits || wish.name.chars().any(char::is_control) {
            return Err(AccountError::Invalid(InvalidText {
                what: "name of a key",
                rule: "has 1 to 64 characters, none of them a control character",
            }));
        }
        let key = ApiKey::generate(&*self.random);
        let new = NewApiKey {
            name: wish.name,
            role: wish.role,
            scopes: wish.scopes,
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
        };
        let id = self.store.add_api_key(&new).await?;
        let id = id.ok_or(AccountError::NameTaken)?;
        Ok(NewKey { id, key })
    }

    /// Every key, void ones too.
    ///
    /// # Errors
    /// When something went wrong.
    pub async fn api_keys(&self) -> Result<Vec<StoredApiKey>, AccountError> {
        Ok(self.store.api_keys().await?)
    }

    /// Ends a key from the next request on.
    ///
    /// # Errors
    /// When there is no key with that name.
    pub async fn revoke_api_key(&self, name: &str) -> Result<(), AccountError> {
        if self.store.revoke_api_key(name).await? {
            Ok(())
        } else {
            Err(AccountError::UnknownKey)
        }
    }
}
