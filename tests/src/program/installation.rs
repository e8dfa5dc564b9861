//! Everything that processes of one installation share: their settings, their database and the people in it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::binary::binary;
use super::secrets::Secrets;
use super::{Client, Ended, Server, Store, Worker};

/// The currency of every order.
pub const CURRENCY: &str = "PHP";

const PASSWORD: &str = "a password for tests";

/// An installation.
pub struct Installation {
    /// A directory of its own, without a file `.env`.
    directory: PathBuf,
    settings: Vec<(String, String)>,
    database_url: Option<String>,
    /// What its processes may not say.
    secrets: Secrets,
}

impl Installation {
    /// One that stores in a SQLite file. Removed when dropped.
    #[must_use]
    pub fn on_sqlite() -> Self {
        Self::new(None)
    }

    /// One that stores in this database.
    #[must_use]
    pub fn on_postgres(url: &str) -> Self {
        Self::new(Some(url.to_owned()))
    }

    fn new(database_url: Option<String>) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-program-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).expect("a directory for the test");
        let secrets = Secrets::default();
        secrets.add(PASSWORD);
        Self {
            directory,
            settings: Vec::new(),
            database_url,
            secrets,
        }
    }

    /// Adds a setting of the program.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Gives a setting to the processes that start from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(each, _)| each != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Where the data directory is.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Where the database server is, when there is one.
    #[must_use]
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// What is stored.
    pub async fn store(&self) -> Store {
        match &self.database_url {
            Some(url) => Store::postgres(url).await,
            None => Store::sqlite(self.data_dir().join("bayar.sqlite")),
        }
    }

    /// What is stored while no process runs. A SQLite file is copied:
    /// whoever opens it also clears up after the dead, and here that is for the next server to do.
    pub async fn store_of_the_dead(&self) -> Store {
        let Some(url) = &self.database_url else {
            let copy = self.directory.join("copy");
            let _ = std::fs::remove_dir_all(&copy);
            std::fs::create_dir(&copy).expect("a directory for the copy");
            for name in ["bayar.sqlite", "bayar.sqlite-wal"] {
                let from = self.data_dir().join(name);
                if from.exists() {
                    std::fs::copy(from, copy.join(name)).expect("the file is copied");
                }
            }
            return Store::sqlite(copy.join("bayar.sqlite"));
        };
        Store::postgres(url).await
    }

    /// Starts a server.
    pub async fn serve(&self) -> Server {
        self.try_serve(&[], &[])
            .await
            .unwrap_or_else(|ended| panic!("bayar serve: {ended:?}"))
    }

    /// Starts a server that kills itself when it comes to that step.
    pub async fn serve_until(&self, step: &str) -> Server {
        self.try_serve(&[], &[("BAYAR_KILL_AT", step)])
            .await
            .unwrap_or_else(|ended| panic!("bayar serve: {ended:?}"))
    }

    /// Starts a server with more arguments and variables.
    ///
    /// # Errors
    /// When it ends instead of serving.
    pub async fn try_serve(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Server, Ended> {
        let mut command = self.command();
        // Nothing happens by itself: what a test sees, it has asked for.
        command.args(["serve", "--no-scheduler"]).args(arguments);
        command.envs(variables.iter().copied());
        Server::start(&mut command, self.secrets.clone()).await
    }

    /// Starts a server that also does what is due.
    pub async fn serve_and_work(&self, variables: &[(&str, &str)]) -> Server {
        let mut command = self.command();
        command.arg("serve").envs(variables.iter().copied());
        let server = Server::start(&mut command, self.secrets.clone()).await;
        server.unwrap_or_else(|ended| panic!("bayar serve: {ended:?}"))
    }

    /// Starts a process that does due work and nothing else.
    #[must_use]
    pub fn work(&self) -> Worker {
        let mut command = self.command();
        Worker::start(command.args(["schedule", "work"]), self.secrets.clone())
    }

    /// Brings the database up to date.
    pub fn migrate(&self) {
        self.run(&["migrate"], "");
    }

    /// Somebody who pays, with an account, signed in at a server.
    pub async fn customer(&self, email: &str, server: &Server) -> (i64, Client) {
        let arguments = ["users", "add", email, "--password-stdin", "--json"];
        let added = self.run(&arguments, PASSWORD);
        let added: Value = serde_json::from_str(&added).expect("the account as JSON");
        let credentials = json!({ "email": email, "password": PASSWORD });
        let anybody = server.anybody();
        let login = anybody.post("/api/login", &[], &credentials);
        let login = login.await.expect("an answer to the login");
        let login = login.json();
        let token = login["token"].as_str().expect("a token");
        self.secrets.add(token);
        let id = added["id"].as_i64().expect("the id of the account");
        (id, Client::new(server.address, token))
    }

    /// An application's back end.
    #[must_use]
    pub fn service(&self, name: &str, server: &Server) -> Client {
        let added = self.run(&["keys", "add", name, "--json"], "");
        let added: Value = serde_json::from_str(&added).expect("the key as JSON");
        let key = added["key"].as_str().expect("a key");
        Client::new(server.address, key)
    }

    /// What is known about an order.
    #[must_use]
    pub fn explain(&self, order_number: &str) -> Value {
        let told = self.run(&["payments", "explain", order_number, "--json"], "");
        serde_json::from_str(&told).expect("the explanation as JSON")
    }

    /// Runs a command. Answers how it ended and all that it said.
    #[must_use]
    pub fn ran(&self, arguments: &[&str]) -> (ExitStatus, String) {
        let mut command = self.command();
        let output = command.args(arguments).stdin(Stdio::null()).output();
        let output = output.expect("bayar runs");
        let said = [output.stdout, output.stderr].concat();
        (output.status, String::from_utf8_lossy(&said).into_owned())
    }

    /// Runs a command. Answers how it ended and its result, without what it said on the way.
    #[must_use]
    pub fn told(&self, arguments: &[&str]) -> (ExitStatus, String) {
        let mut command = self.command();
        let output = command.args(arguments).stdin(Stdio::null()).output();
        let output = output.expect("bayar runs");
        let result = String::from_utf8(output.stdout).expect("results are text");
        (output.status, result)
    }

    /// Runs a command that must succeed. Answers its result.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command();
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bayar starts");
        let mut stdin = child.stdin.take().expect("the input was asked for");
        // A command that wants no input may have ended already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().expect("bayar ends");
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "bayar {arguments:?}: {said}");
        let result = String::from_utf8(stdout).expect("results are text");
        if let ["keys", "add", ..] = arguments {
            self.secrets.add_key_in(&result);
        }
        result
    }

    /// The program with the settings, and with none of those of whoever runs the tests.
    /// The system ends it with the thread of the test that started it, however that ends.
    fn command(&self) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(binary())
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", PROGRAMS)
            .env("BIND_ADDRESS", "127.0.0.1:0")
            .env("DATA_DIR", self.data_dir())
            .env("APP_KEY", "5a".repeat(32))
            .env("JWT_SECRET", "a secret for tests and for nothing else")
            .env("STRIPE_SECRET_KEY", "sk_test_x")
            .env("SHUTDOWN_TIMEOUT", "20s")
            .env("LOG_FORMAT", "json");
        for limit in ["API", "PAYMENTS", "LOGIN", "SERVICE"] {
            command.env(format!("RATE_LIMIT_{limit}"), "off");
        }
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        command.envs(
            self.settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        command
    }
}

/// Where `kill` is, with which a process kills itself.
const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";

impl Drop for Installation {
    fn drop(&mut self) {
        // What cannot be removed is left to the system: there is nobody to tell.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Writes an amount as the API takes it.
#[must_use]
pub fn amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
