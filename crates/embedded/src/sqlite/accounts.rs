use async_trait::async_trait;
use bayar_app::identity::{Email, PasswordHash, Role};
use bayar_app::port::store::{
    Answer, ApiKeyId, ApiKeys, NewApiKey, NewUser, StoredApiKey, User, Users,
};
use bayar_domain::UserId;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::select;

use super::SqliteStore;
use super::error::broken;
use super::rows::{ApiKeyRow, UserRow, time_text};
use super::schema::{api_keys, users};

#[async_trait]
impl Users for SqliteStore {
    async fn add_user(&self, user: &NewUser) -> Answer<Option<UserId>> {
        let user = user.clone();
        let added = self.writer.run(move |connection, now| {
            let id: Option<i64> = diesel::insert_into(users::table)
                .values((
                    users::email.eq(user.email.as_str()),
                    users::password.eq(user.password.as_str()),
                    users::role.eq(user.role.as_str()),
                    users::created_at.eq(time_text(now)?),
                ))
                .on_conflict(users::email)
                .do_nothing()
                .returning(users::id)
                .get_result(connection)
                .optional()?;
            id.map(UserId::new).transpose().map_err(broken)
        });
        Ok(added.await?)
    }

    async fn user(&self, id: UserId) -> Answer<Option<User>> {
        let user = self.readers.run(move |connection, _| {
            let row: Option<UserRow> = users::table
                .find(id.get())
                .select(UserRow::as_select())
                .get_result(connection)
                .optional()?;
            row.map(|row| row.user()).transpose()
        });
        Ok(user.await?)
    }

    async fn user_by_email(&self, email: &Email) -> Answer<Option<(User, PasswordHash)>> {
        let email = email.clone();
        let user = self.readers.run(move |connection, _| {
            let row: Option<(UserRow, String)> = users::table
                .filter(users::email.eq(email.as_str()))
                .select((UserRow::as_select(), users::password))
                .get_result(connection)
                .optional()?;
            row.map(|(row, password)| row.with_password(password))
                .transpose()
        });
        Ok(user.await?)
    }

    async fn users(&self) -> Answer<Vec<User>> {
        let all = self.readers.run(|connection, _| {
            let rows: Vec<UserRow> = users::table
                .order(users::id)
                .select(UserRow::as_select())
                .load(connection)?;
            rows.iter().map(UserRow::user).collect()
        });
        Ok(all.await?)
    }

    async fn set_disabled(&self, id: UserId, disabled: bool) -> Answer<()> {
        let set = self.writer.run(move |connection, now| {
            let disabled_at = disabled.then(|| time_text(now)).transpose()?;
            let otherwise = users::table
                .find(id.get())
                .filter(users::disabled_at.is_null().eq(disabled));
            diesel::update(otherwise)
                .set((
                    users::disabled_at.eq(disabled_at),
                    users::epoch.eq(users::epoch + 1),
                ))
                .execute(connection)?;
            Ok(())
        });
        Ok(set.await?)
    }

    async fn set_role(&self, id: UserId, role: Role) -> Answer<()> {
        let set = self.writer.run(move |connection, _| {
            diesel::update(users::table.find(id.get()))
                .set((
                    users::role.eq(role.as_str()),
                    users::epoch.eq(users::epoch + 1),
                ))
                .execute(connection)?;
            Ok(())
        });
        Ok(set.await?)
    }

    async fn set_password(&self, id: UserId, password: &PasswordHash) -> Answer<()> {
        let password = password.clone();
        let set = self.writer.run(move |connection, _| {
            diesel::update(users::table.find(id.get()))
                .set((
                    users::password.eq(password.as_str()),
                    users::epoch.eq(users::epoch + 1),
                ))
                .execute(connection)?;
            Ok(())
        });
        Ok(set.await?)
    }

    async fn rehash_password(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Answer<()> {
        let (old, new) = (old.clone(), new.clone());
        let set = self.writer.run(move |connection, _| {
            let still = users::table
                .find(id.get())
                .filter(users::password.eq(old.as_str()));
            diesel::update(still)
                .set(users::password.eq(new.as_str()))
                .execute(connection)?;
            Ok(())
        });
        Ok(set.await?)
    }
}

#[async_trait]
impl ApiKeys for SqliteStore {
    async fn add_api_key(&self, key: &NewApiKey) -> Answer<Option<ApiKeyId>> {
        let key = key.clone();
        let added = self.writer.run(move |connection, now| {
            let id: Option<i64> = diesel::insert_into(api_keys::table)
                .values((
                    api_keys::name.eq(&key.name),
                    api_keys::role.eq(key.role.as_str()),
                    api_keys::scopes.eq(key.scopes.to_string()),
                    api_keys::prefix.eq(&key.prefix),
                    api_keys::hash.eq(key.hash.as_slice()),
                    api_keys::created_at.eq(time_text(now)?),
                ))
                .on_conflict(api_keys::name)
                .do_nothing()
                .returning(api_keys::id)
                .get_result(connection)
                .optional()?;
            id.map(ApiKeyId::new).transpose().map_err(broken)
        });
        Ok(added.await?)
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Answer<Option<StoredApiKey>> {
        let hash = *hash;
        let key = self.readers.run(move |connection, _| {
            let row: Option<ApiKeyRow> = api_keys::table
                .filter(api_keys::hash.eq(hash.as_slice()))
                .select(ApiKeyRow::as_select())
                .get_result(connection)
                .optional()?;
            row.map(ApiKeyRow::api_key).transpose()
        });
        Ok(key.await?)
    }

    async fn api_keys(&self) -> Answer<Vec<StoredApiKey>> {
        let all = self.readers.run(|connection, _| {
            let rows: Vec<ApiKeyRow> = api_keys::table
                .order(api_keys::id)
                .select(ApiKeyRow::as_select())
                .load(connection)?;
            rows.into_iter().map(ApiKeyRow::api_key).collect()
        });
        Ok(all.await?)
    }

    async fn revoke_api_key(&self, name: &str) -> Answer<bool> {
        let name = name.to_owned();
        let known = self.writer.run(move |connection, now| {
            let named = api_keys::table.filter(api_keys::name.eq(&name));
            // The time of the first revocation stays.
            diesel::update(named.filter(api_keys::revoked_at.is_null()))
                .set(api_keys::revoked_at.eq(time_text(now)?))
                .execute(connection)?;
            let known: bool = select(exists(named)).get_result(connection)?;
            Ok(known)
        });
        Ok(known.await?)
    }
}
