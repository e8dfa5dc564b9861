use bayar_app::identity::{Email, PasswordHash};
use bayar_app::port::Source;
use bayar_app::port::store::{ApiKeyId, StoredApiKey, User};
use bayar_domain::UserId;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::super::error::{Failure, unreadable};
use super::super::schema::{api_keys, users};
use super::time;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Sqlite))]
pub(crate) struct UserRow {
    id: i64,
    email: String,
    role: String,
    disabled_at: Option<String>,
    epoch: i64,
    created_at: String,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(Sqlite))]
pub(crate) struct ApiKeyRow {
    id: i64,
    name: String,
    role: String,
    scopes: String,
    prefix: String,
    created_at: String,
    revoked_at: Option<String>,
}

impl UserRow {
    pub(crate) fn user(&self) -> Result<User, Failure> {
        self.read().map_err(|why| unreadable("user", self.id, why))
    }

    pub(crate) fn with_password(&self, password: String) -> Result<(User, PasswordHash), Failure> {
        let password = PasswordHash::restore(password);
        let password = password.map_err(|why| unreadable("user", self.id, why))?;
        Ok((self.user()?, password))
    }

    fn read(&self) -> Result<User, Source> {
        Ok(User {
            id: UserId::new(self.id)?,
            email: Email::new(&self.email)?,
            role: self.role.parse()?,
            disabled_at: self.disabled_at.as_deref().map(time).transpose()?,
            epoch: self.epoch,
            created_at: time(&self.created_at)?,
        })
    }
}

impl ApiKeyRow {
    pub(crate) fn api_key(self) -> Result<StoredApiKey, Failure> {
        let id = self.id;
        self.read().map_err(|why| unreadable("API key", id, why))
    }

    fn read(self) -> Result<StoredApiKey, Source> {
        Ok(StoredApiKey {
            id: ApiKeyId::new(self.id)?,
            name: self.name,
            role: self.role.parse()?,
            scopes: self.scopes.parse()?,
            prefix: self.prefix,
            created_at: time(&self.created_at)?,
            revoked_at: self.revoked_at.as_deref().map(time).transpose()?,
        })
    }
}
