//! A database for one test.

use std::thread::{self, JoinHandle};

use tokio_postgres::{Client, NoTls};

use crate::without::{self, NOT_THERE, Removal};

/// A new database with the tables of the migrations in it, removed when dropped.
pub struct FreshDatabase {
    /// Where the database is.
    pub url: String,
    server: String,
    name: String,
}

impl FreshDatabase {
    /// Makes a database that is a copy of a template.
    ///
    /// `migrations` says what is in the template: a label, and a fingerprint of the migrations.
    /// The first test that asks a server for these migrations makes the template by calling `migrate` with its URL,
    /// once for all threads and processes; the others wait for it.
    /// When `migrate` panics, nothing is kept, and the next test tries again.
    pub async fn new(migrations: &str, migrate: impl AsyncFnOnce(&str)) -> Self {
        let server = super::postgres_url();
        let admin = connect(&server).await;
        let template = template(&admin, &server, migrations, migrate).await;
        let name = text(
            &admin,
            "SELECT 'test_' || replace(gen_random_uuid()::text, '-', '')",
            None,
        )
        .await;
        run(
            &admin,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        Self {
            url: with_database(&server, &name),
            server,
            name,
        }
    }
}

impl Drop for FreshDatabase {
    /// Closes the connections that are left, and removes the database.
    ///
    /// What goes wrong is left to the end of the server: a test must not fail, or hide why it failed, by tidying up.
    fn drop(&mut self) {
        let server = self.server.clone();
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A thread of its own: the test may stand in a runtime, which cannot wait here.
        let tidying = thread::Builder::new().spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async move {
                let (client, connection) = tokio_postgres::connect(&server, NoTls).await?;
                tokio::spawn(connection);
                client.batch_execute(&statement).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        });
        let _ = tidying.map(JoinHandle::join);
    }
}

/// The name of the template with these migrations, which is made if it is not there.
async fn template(
    admin: &Client,
    server: &str,
    migrations: &str,
    migrate: impl AsyncFnOnce(&str),
) -> String {
    let label = format!("{migrations}{}", without::told());
    let template = text(admin, "SELECT 'template_' || md5($1)", Some(&label)).await;
    // Held by the connection, so that it is also given back by a test that panics or is killed.
    admin
        .execute(
            "SELECT pg_advisory_lock(hashtextextended($1, 0))",
            &[&template],
        )
        .await
        .unwrap_or_else(|error| panic!("the lock of {template}: {error:?}"));
    let there = admin
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&template])
        .await
        .unwrap_or_else(|error| panic!("the search for {template}: {error:?}"));
    if there.is_none() {
        make_template(admin, server, &template, migrate).await;
    }
    admin
        .execute(
            "SELECT pg_advisory_unlock(hashtextextended($1, 0))",
            &[&template],
        )
        .await
        .unwrap_or_else(|error| panic!("the lock of {template}: {error:?}"));
    template
}

/// The template gets its name at the end: a half-made one is never taken for it.
async fn make_template(
    admin: &Client,
    server: &str,
    template: &str,
    migrate: impl AsyncFnOnce(&str),
) {
    let unfinished = format!("unfinished_{template}");
    run(
        admin,
        &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"),
    )
    .await;
    run(
        admin,
        &format!("CREATE DATABASE {unfinished} TEMPLATE template0"),
    )
    .await;
    let made = with_database(server, &unfinished);
    migrate(&made).await;
    take_out(&made, &without::removals()).await;
    // A database to which somebody is connected cannot be copied.
    run(
        admin,
        &format!("ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false"),
    )
    .await;
    admin
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            &[&unfinished],
        )
        .await
        .unwrap_or_else(|error| panic!("the connections to {unfinished}: {error:?}"));
    run(
        admin,
        &format!("ALTER DATABASE {unfinished} RENAME TO {template}"),
    )
    .await;
}

async fn take_out(database: &str, removals: &[Removal]) {
    for removal in removals {
        let Removal::Statement(statement) = removal else {
            panic!("{NOT_THERE}: {removal:?} is for SQLite");
        };
        let done = connect(database).await.batch_execute(statement).await;
        done.unwrap_or_else(|error| panic!("{NOT_THERE}: {statement}: {error:?}"));
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("the Postgres server at {url}: {error:?}"));
    tokio::spawn(connection);
    client
}

async fn run(client: &Client, statement: &str) {
    client
        .batch_execute(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

async fn text(client: &Client, query: &str, parameter: Option<&str>) -> String {
    let row = match &parameter {
        Some(parameter) => client.query_one(query, &[parameter]).await,
        None => client.query_one(query, &[]).await,
    };
    row.unwrap_or_else(|error| panic!("{query}: {error:?}"))
        .get(0)
}

/// The URL of another database on the same server.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = match server.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (server, String::new()),
    };
    let (scheme, rest) = address
        .split_once("://")
        .unwrap_or_else(|| panic!("{server} is not a URL"));
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    format!("{scheme}://{authority}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_the_url_changes() {
        for (server, expected) in [
            ("postgres://a@h:1/b", "postgres://a@h:1/new"),
            ("postgres://a:p@h:1", "postgres://a:p@h:1/new"),
            (
                "postgres://h/b?sslmode=disable",
                "postgres://h/new?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "new"), expected);
        }
    }
}
