use async_trait::async_trait;
use bayar_app::identity::{Email, PasswordHash, Role};
use bayar_app::port::Source;
use bayar_app::port::store::{
    Answer, ApiKeyId, ApiKeys, NewApiKey, NewUser, StoredApiKey, User, Users,
};
use bayar_domain::UserId;
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, Queryable,
    Selectable, SelectableHelper,
};

use crate::PgStore;
use crate::error::{Unreadable, broken};
use crate::schema::{api_keys, bayar_now, time_or, users};

#[async_trait]
impl Users for PgStore {
    async fn add_user(&self, user: &NewUser) -> Answer<Option<UserId>> {
        let add = diesel::insert_into(users::table)
            .values((
                users::email.eq(user.email.as_str().to_owned()),
                users::password.eq(user.password.as_str().to_owned()),
                users::role.eq(user.role.as_str()),
                users::created_at.eq(bayar_now()),
            ))
            .on_conflict(users::email)
            .do_nothing()
            .returning(users::id);
        let added: Vec<i64> = self.write_returning(add).await?;
        let id = added.first().copied().map(UserId::new).transpose();
        id.map_err(broken)
    }

    async fn user(&self, id: UserId) -> Answer<Option<User>> {
        let user = users::table
            .filter(users::id.eq(id.get()))
            .select(UserRow::as_select());
        let found: Vec<UserRow> = self.load(user).await?;
        found.first().map(UserRow::user).transpose()
    }

    async fn user_by_email(&self, email: &Email) -> Answer<Option<(User, PasswordHash)>> {
        let user = users::table
            .filter(users::email.eq(email.as_str().to_owned()))
            .select((UserRow::as_select(), users::password));
        let found: Vec<(UserRow, String)> = self.load(user).await?;
        let Some((row, password)) = found.into_iter().next() else {
            return Ok(None);
        };
        let password = PasswordHash::restore(password).map_err(Unreadable::of("user", row.id))?;
        Ok(Some((row.user()?, password)))
    }

    async fn users(&self) -> Answer<Vec<User>> {
        let users = users::table.order(users::id).select(UserRow::as_select());
        let found: Vec<UserRow> = self.load(users).await?;
        found.iter().map(UserRow::user).collect()
    }

    async fn set_disabled(&self, id: UserId, disabled: bool) -> Answer<()> {
        let next_epoch = users::epoch.eq(users::epoch + 1);
        if disabled {
            let enabled = users::id.eq(id.get()).and(users::disabled_at.is_null());
            let disable = diesel::update(users::table.filter(enabled))
                .set((users::disabled_at.eq(bayar_now().nullable()), next_epoch));
            self.write(disable).await?;
        } else {
            let disabled = users::id.eq(id.get()).and(users::disabled_at.is_not_null());
            let enable = diesel::update(users::table.filter(disabled))
                .set((users::disabled_at.eq(None::<DateTime<Utc>>), next_epoch));
            self.write(enable).await?;
        }
        Ok(())
    }

    async fn set_role(&self, id: UserId, role: Role) -> Answer<()> {
        let set = diesel::update(users::table.filter(users::id.eq(id.get()))).set((
            users::role.eq(role.as_str()),
            users::epoch.eq(users::epoch + 1),
        ));
        self.write(set).await?;
        Ok(())
    }

    async fn set_password(&self, id: UserId, password: &PasswordHash) -> Answer<()> {
        let set = diesel::update(users::table.filter(users::id.eq(id.get()))).set((
            users::password.eq(password.as_str().to_owned()),
            users::epoch.eq(users::epoch + 1),
        ));
        self.write(set).await?;
        Ok(())
    }

    async fn rehash_password(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Answer<()> {
        let unchanged = users::id
            .eq(id.get())
            .and(users::password.eq(old.as_str().to_owned()));
        let rehash = diesel::update(users::table.filter(unchanged))
            .set(users::password.eq(new.as_str().to_owned()));
        self.write(rehash).await?;
        Ok(())
    }
}

/// A row of `users`, without the password.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(Pg))]
struct UserRow {
    id: i64,
    email: String,
    role: String,
    disabled_at: Option<DateTime<Utc>>,
    epoch: i64,
    created_at: DateTime<Utc>,
}

impl UserRow {
    fn user(&self) -> Answer<User> {
        let restore = || -> Result<_, Source> {
            Ok(User {
                id: UserId::new(self.id)?,
                email: self.email.parse()?,
                role: self.role.parse()?,
                disabled_at: self.disabled_at,
                epoch: self.epoch,
                created_at: self.created_at,
            })
        };
        restore().map_err(Unreadable::of("user", self.id))
    }
}

#[async_trait]
impl ApiKeys for PgStore {
    async fn add_api_key(&self, key: &NewApiKey) -> Answer<Option<ApiKeyId>> {
        let add = diesel::insert_into(api_keys::table)
            .values((
                api_keys::name.eq(key.name.clone()),
                api_keys::role.eq(key.role.as_str()),
                api_keys::scopes.eq(key.scopes.to_string()),
                api_keys::prefix.eq(key.prefix.clone()),
                api_keys::hash.eq(key.hash.to_vec()),
                api_keys::created_at.eq(bayar_now()),
            ))
            .on_conflict(api_keys::name)
            .do_nothing()
            .returning(api_keys::id);
        let added: Vec<i64> = self.write_returning(add).await?;
        let id = added.first().copied().map(ApiKeyId::new).transpose();
        id.map_err(broken)
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Answer<Option<StoredApiKey>> {
        let key = api_keys::table
            .filter(api_keys::hash.eq(hash.to_vec()))
            .select(ApiKeyRow::as_select());
        let found: Vec<ApiKeyRow> = self.load(key).await?;
        found.into_iter().next().map(ApiKeyRow::key).transpose()
    }

    async fn api_keys(&self) -> Answer<Vec<StoredApiKey>> {
        let keys = api_keys::table
            .order(api_keys::id)
            .select(ApiKeyRow::as_select());
        let found: Vec<ApiKeyRow> = self.load(keys).await?;
        found.into_iter().map(ApiKeyRow::key).collect()
    }

    async fn revoke_api_key(&self, name: &str) -> Answer<bool> {
        // One that is revoked stays revoked since then.
        let since = time_or(api_keys::revoked_at, bayar_now()).nullable();
        let named = api_keys::table.filter(api_keys::name.eq(name.to_owned()));
        let revoke = diesel::update(named).set(api_keys::revoked_at.eq(since));
        Ok(self.write(revoke).await? > 0)
    }
}

/// A row of `api_keys`, without the hash.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(Pg))]
struct ApiKeyRow {
    id: i64,
    name: String,
    role: String,
    scopes: String,
    prefix: String,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl ApiKeyRow {
    fn key(self) -> Answer<StoredApiKey> {
        let id = self.id;
        let restore = || -> Result<_, Source> {
            Ok(StoredApiKey {
                id: ApiKeyId::new(self.id)?,
                role: self.role.parse()?,
                scopes: self.scopes.parse()?,
                name: self.name,
                prefix: self.prefix,
                created_at: self.created_at,
                revoked_at: self.revoked_at,
            })
        };
        restore().map_err(Unreadable::of("API key", id))
    }
}
