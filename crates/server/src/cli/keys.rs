use std::sync::Arc;

use bayar_app::identity::{Role, Scope, Scopes};
use bayar_app::{AddApiKey, App};
use clap::Subcommand;
use serde_json::json;

use super::output::{self, Failure, note};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key; it is shown this one time
    Add {
        /// What to call it
        name: String,
        /// service: may do for any user what the user may; operator: sees all, reviews, cancels and gives money back
        #[arg(long, default_value = "service")]
        role: Role,
        /// What it may be used for: orders, payments, read or refunds; may be given several times. Everything when none is given
        #[arg(long = "scope")]
        scopes: Vec<Scope>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Every key, void ones too
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// End a key from the next request on
    Revoke {
        /// What it is called
        name: String,
    },
}

pub async fn run(app: &Arc<App>, command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Add {
            name,
            role,
            scopes,
            json,
        } => {
            let scopes = if scopes.is_empty() {
                Scopes::all()
            } else {
                let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
                names.join(" ").parse()?
            };
            let wish = AddApiKey {
                name: name.clone(),
                role,
                scopes,
            };
            let made = app.add_api_key(wish).await?;
            if json {
                output::json(&json!({ "name": name, "key": made.key.reveal() }))?;
            } else {
                output::line(made.key.reveal())?;
                note("keep it well: it is not shown again");
            }
        }
        KeysCommand::List { json } => list(app, json).await?,
        KeysCommand::Revoke { name } => {
            app.revoke_api_key(&name).await?;
            note("void from the next request on");
        }
    }
    Ok(())
}

async fn list(app: &Arc<App>, json: bool) -> Result<(), Failure> {
    let keys = app.api_keys().await?;
    if json {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| {
                json!({
                    "name": key.name,
                    "role": key.role.as_str(),
                    "scopes": key.scopes.to_string(),
                    "prefix": key.prefix,
                    "created_at": key.created_at,
                    "revoked_at": key.revoked_at,
                })
            })
            .collect();
        return Ok(output::json(&keys)?);
    }
    let rows = keys
        .iter()
        .map(|key| {
            [
                key.name.clone(),
                key.role.to_string(),
                key.scopes.to_string(),
                format!("{}...", key.prefix),
                key.revoked_at
                    .map_or_else(String::new, |at| at.to_rfc3339()),
            ]
        })
        .collect();
    let headings = ["name", "role", "scopes", "begins with", "revoked"];
    Ok(output::table(headings, rows)?)
}
