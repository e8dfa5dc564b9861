use std::io::{self, BufRead};
use std::sync::Arc;

use bayar_app::identity::{Email, Role};
use bayar_app::port::store::User;
use bayar_app::{AccountError, AddUser, App};
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{self, Failure, note};

#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// Give somebody an account
    Add {
        /// The address they sign in with
        email: String,
        /// customer or operator
        #[arg(long, default_value = "customer")]
        role: Role,
        #[command(flatten)]
        password: PasswordSource,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Everybody with an account here
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Shut somebody out from the next request on
    Disable {
        /// Their address
        email: String,
    },
    /// Let somebody in again
    Enable {
        /// Their address
        email: String,
    },
    /// Give somebody another role; they have to sign in again
    Role {
        /// Their address
        email: String,
        /// customer or operator
        role: Role,
    },
    /// Give somebody another password; they have to sign in again
    Password {
        /// Their address
        email: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// Where a password comes from: never from the command line, where everybody sees it.
#[derive(Debug, Args)]
pub struct PasswordSource {
    /// Read the password from standard input, up to the end of its first line
    #[arg(long, required = true)]
    password_stdin: bool,
}

impl PasswordSource {
    fn read(&self) -> io::Result<String> {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        let password = line.strip_suffix('\n').unwrap_or(&line);
        Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
    }
}

pub async fn run(app: &Arc<App>, command: UsersCommand) -> Result<(), Failure> {
    match command {
        UsersCommand::Add {
            email,
            role,
            password,
            json,
        } => {
            let wish = AddUser {
                email: read_email(&email)?,
                password: password.read()?,
                role,
            };
            let email = wish.email.clone();
            let id = app.add_user(wish).await?;
            if json {
                let (email, role) = (email.as_str(), role.as_str());
                output::json(&json!({ "id": id.get(), "email": email, "role": role }))?;
            } else {
                output::line(format!("{} is user {id}, {role}", email.as_str()))?;
            }
        }
        UsersCommand::List { json } => list(&app.users().await?, json)?,
        UsersCommand::Disable { email } => {
            app.set_user_disabled(&read_email(&email)?, true).await?;
            note("shut out from the next request on");
        }
        UsersCommand::Enable { email } => {
            app.set_user_disabled(&read_email(&email)?, false).await?;
            note("may sign in again");
        }
        UsersCommand::Role { email, role } => {
            app.set_user_role(&read_email(&email)?, role).await?;
            note("has that role, and has to sign in again");
        }
        UsersCommand::Password { email, password } => {
            let email = read_email(&email)?;
            app.set_user_password(&email, password.read()?).await?;
            note("has that password, and has to sign in again");
        }
    }
    Ok(())
}

fn read_email(text: &str) -> Result<Email, AccountError> {
    Ok(Email::new(text)?)
}

fn list(users: &[User], json: bool) -> Result<(), Failure> {
    if json {
        let users: Vec<_> = users
            .iter()
            .map(|user| {
                json!({
                    "id": user.id.get(),
                    "email": user.email.as_str(),
                    "role": user.role.as_str(),
                    "disabled_at": user.disabled_at,
                    "created_at": user.created_at,
                })
            })
            .collect();
        return Ok(output::json(&users)?);
    }
    let rows = users
        .iter()
        .map(|user| {
            [
                user.id.to_string(),
                user.email.as_str().to_owned(),
                user.role.to_string(),
                user.disabled_at
                    .map_or_else(String::new, |at| at.to_rfc3339()),
            ]
        })
        .collect();
    Ok(output::table(["id", "email", "role", "disabled"], rows)?)
}
