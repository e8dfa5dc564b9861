use std::sync::Arc;

use bayar_domain::UserId;

use super::AccountError;
use crate::identity::{Email, PasswordHash, Role};
use crate::port::store::{NewUser, User};
use crate::{App, Trouble};

/// A person who is to have an account.
pub struct AddUser {
    /// The address they sign in with.
    pub email: Email,
    /// Their password.
    pub password: String,
    /// What they may do.
    pub role: Role,
}

impl App {
    /// Gives a person an account.
    ///
    /// # Errors
    /// When the address is taken, the password too short, or the role not one of a person.
    pub async fn add_user(&self, wish: AddUser) -> Result<UserId, AccountError> {
        must_be_a_person(wish.role)?;
        let user = NewUser {
            email: wish.email,
            password: self.hash(wish.password).await?,
            role: wish.role,
        };
        let id = self.store.add_user(&user).await?;
        id.ok_or(AccountError::EmailTaken)
    }

    /// Everybody with an account.
    ///
    /// # Errors
    /// When something went wrong.
    pub async fn users(&self) -> Result<Vec<User>, AccountError> {
        Ok(self.store.users().await?)
    }

    /// Shuts somebody out from the next request on, or lets them in again.
    ///
    /// # Errors
    /// When there is nobody with that address.
    pub async fn set_user_disabled(
        &self,
        email: &Email,
        disabled: bool,
    ) -> Result<User, AccountError> {
        let user = self.user_with(email).await?;
        self.store.set_disabled(user.id, disabled).await?;
        self.user_with(email).await
    }

    /// Gives somebody another role. They have to sign in again.
    ///
    /// # Errors
    /// When there is nobody with that address, or the role is not one of a person.
    pub async fn set_user_role(&self, email: &Email, role: Role) -> Result<User, AccountError> {
        must_be_a_person(role)?;
        let user = self.user_with(email).await?;
        self.store.set_role(user.id, role).await?;
        self.user_with(email).await
    }

    /// Gives somebody another password. They have to sign in again.
    ///
    /// # Errors
    /// When there is nobody with that address, or the password is too short.
    pub async fn set_user_password(
        &self,
        email: &Email,
        password: String,
    ) -> Result<User, AccountError> {
        let user = self.user_with(email).await?;
        let hash = self.hash(password).await?;
        self.store.set_password(user.id, &hash).await?;
        Ok(user)
    }

    async fn user_with(&self, email: &Email) -> Result<User, AccountError> {
        let known = self.store.user_by_email(email).await?;
        known.map(|(user, _)| user).ok_or(AccountError::UnknownUser)
    }

    async fn hash(&self, password: String) -> Result<PasswordHash, AccountError> {
        let random = Arc::clone(&self.random);
        let hashed =
            tokio::task::spawn_blocking(move || PasswordHash::new(&password, &*random)).await;
        Ok(hashed.map_err(Trouble::fault)??)
    }
}

const fn must_be_a_person(role: Role) -> Result<(), AccountError> {
    match role {
        Role::Customer | Role::Operator => Ok(()),
        Role::Service => Err(AccountError::WrongRole),
    }
}
