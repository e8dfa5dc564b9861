//! The server that is measured: `bayar serve`, as anybody would run it, but for the limits of requests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::Result;
use super::child::{Program, free_port};
use super::database::PRICE;
use super::http::{Connection, RequestHead};
use super::load::Writer;

/// How it is started.
#[derive(Clone)]
pub(super) struct Setup {
    /// The program.
    pub(super) program: PathBuf,
    /// Where it runs: a directory without a `.env`.
    pub(super) directory: PathBuf,
    pub(super) database_url: String,
    pub(super) redis_url: Option<String>,
    /// How many threads serve requests.
    pub(super) workers: usize,
    /// Settings besides those that every run has.
    pub(super) more: Vec<(String, String)>,
}

/// A server that answers.
pub(super) struct Server {
    program: Program,
    pub(super) address: SocketAddr,
}

/// Somebody who pays.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) id: i64,
    token: String,
}

const PASSWORD: &str = "a password for measuring";

/// Signs the tokens of a run.
pub(super) const JWT_SECRET: &str = "a secret for measuring and for nothing else";

impl Setup {
    /// The program with its settings, and with none of ours.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .env("DATABASE_URL", &self.database_url)
            .env("APP_KEY", "5a".repeat(32))
            .env("JWT_SECRET", JWT_SECRET)
            .env("STRIPE_SECRET_KEY", "sk_test_x")
            .env("HTTP_WORKERS", self.workers.to_string())
            .env("LOG_FORMAT", "json");
        for limit in ["API", "PAYMENTS", "LOGIN", "SERVICE"] {
            command.env(format!("RATE_LIMIT_{limit}"), "off");
        }
        if let Some(url) = &self.redis_url {
            command.env("REDIS_URL", url);
        }
        for (name, value) in &self.more {
            command.env(name, value);
        }
        command.kill_on_drop(true);
        command
    }

    /// Runs one of its commands to the end. Answers what it prints.
    pub(super) async fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start bayar: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?)
        } else {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(format!("bayar {} failed: {complaint}", arguments.join(" ")).into())
        }
    }

    /// Adds an account, with a password that every account of a run has.
    pub(super) async fn add_customer(&self, email: &str) -> Result<()> {
        let arguments = [
            "users",
            "add",
            email,
            "--role",
            "customer",
            "--password-stdin",
            "--json",
        ];
        self.run(&arguments, PASSWORD).await?;
        Ok(())
    }

    /// The same program and place, with another database.
    pub(super) fn with_database(&self, database_url: &str) -> Self {
        Self {
            database_url: database_url.to_owned(),
            ..self.clone()
        }
    }

    /// The same with one more setting.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.more.push((name.to_owned(), value.into()));
        self
    }

    /// Starts one of its commands that goes on until it is stopped.
    pub(super) fn begin(&self, name: &'static str, arguments: &[&str]) -> Result<Program> {
        Program::start(name, &mut self.command(arguments))
    }

    /// Starts the server without waiting for it.
    pub(super) fn launch(&self) -> Result<Server> {
        self.launch_with(&["serve"])
    }

    /// Starts a server that leaves work that is due alone, and waits until it is ready.
    pub(super) async fn start_without_work(&self) -> Result<Server> {
        let mut server = self.launch_with(&["serve", "--no-scheduler"])?;
        server.until_it_answers("/readyz").await?;
        Ok(server)
    }

    fn launch_with(&self, arguments: &[&str]) -> Result<Server> {
        let address = free_port()?;
        let mut command = self.command(arguments);
        command.env("BIND_ADDRESS", address.to_string());
        let program = Program::start("bayar serve", &mut command)?;
        Ok(Server { program, address })
    }

    /// Starts the server and waits until it is ready.
    pub(super) async fn start(&self) -> Result<Server> {
        let mut server = self.launch()?;
        server.until_it_answers("/readyz").await?;
        Ok(server)
    }
}

impl Server {
    pub(super) const fn id(&self) -> u32 {
        self.program.id()
    }

    pub(super) async fn until_it_answers(&mut self, path: &str) -> Result<()> {
        self.program.until_it_answers(self.address, path).await
    }

    /// Waits until it has noticed whether Redis is there.
    pub(super) async fn until_redis_is(&mut self, state: &str) -> Result<()> {
        let address = self.address;
        self.program
            .until(async || {
                let ready = get(address, "/readyz").await;
                ready.is_ok_and(|ready| ready.get("redis") == Some(&json!(state)))
            })
            .await
    }

    /// Signs a customer in.
    pub(super) async fn sign_in(&self, email: &str) -> Result<Customer> {
        let body = json!({ "email": email, "password": PASSWORD }).to_string();
        let mut request = Vec::new();
        RequestHead::new("POST", "/api/login").write(&mut request, "", &body);
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.call(&request).await?;
        if answer.status != 200 {
            return Err(format!("cannot sign in: {}", answer.excerpt()).into());
        }
        let answer: Value = serde_json::from_slice(answer.body)?;
        let token = answer.get("token").and_then(Value::as_str);
        let id = answer.pointer("/user/id").and_then(Value::as_i64);
        Ok(Customer {
            id: id.ok_or("an account without an id")?,
            token: token.ok_or("a login without a token")?.to_owned(),
        })
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}

impl Customer {
    fn head(&self, method: &str, path: &str) -> RequestHead {
        RequestHead::new(method, path).header("Authorization", &self.authorization())
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Opens a payment for the consultation with the number of the request, under a key of its own.
    pub(super) fn create(&self) -> Writer {
        let head = self.head("POST", "/api/v1/payments");
        Arc::new(move |number, request| {
            let key = format!("X-Idempotency-Key: {}\r\n", key(number));
            head.write(request, &key, &wish(number));
        })
    }

    /// Asks for a path that ends with the number of the request.
    pub(super) fn numbered(&self) -> Writer {
        let authorization = self.authorization();
        Arc::new(move |number, request| {
            RequestHead::new("POST", &format!("/{number}"))
                .header("Authorization", &authorization)
                .header("Content-Length", "0")
                .write(request, "", "");
        })
    }

    /// Opens again what was opened for these consultations, in turn.
    pub(super) fn create_again(&self, consultations: std::ops::Range<u64>) -> Writer {
        let create = self.create();
        let count = consultations.end.saturating_sub(consultations.start).max(1);
        Arc::new(move |number, request| {
            create(consultations.start.saturating_add(number % count), request);
        })
    }

    /// Opens a checkout for the payment in the place of the number, the first place being 0.
    pub(super) fn process(&self, payments: Arc<[i64]>) -> Writer {
        let authorization = self.authorization();
        Arc::new(move |number, request| {
            // There is no payment 0: to ask for more than there are ends the run.
            let payment = place(&payments, number).unwrap_or(0);
            RequestHead::new("POST", &format!("/api/v1/payments/{payment}/process"))
                .header("Authorization", &authorization)
                .header("Content-Length", "0")
                .write(request, "", "");
        })
    }

    /// Reads these payments in turn.
    pub(super) fn show(&self, payments: Arc<[i64]>) -> Writer {
        let authorization = self.authorization();
        let count = u64::try_from(payments.len()).unwrap_or(u64::MAX).max(1);
        Arc::new(move |number, request| {
            let payment = place(&payments, number % count).unwrap_or(0);
            RequestHead::new("GET", &format!("/api/v1/payments/{payment}"))
                .header("Authorization", &authorization)
                .write(request, "", "");
        })
    }

    /// Reads always the same.
    pub(super) fn read(&self, path: &str) -> Writer {
        let head = self.head("GET", path);
        Arc::new(move |_, request| head.write(request, "", ""))
    }
}

fn place(payments: &[i64], number: u64) -> Option<i64> {
    payments.get(usize::try_from(number).ok()?).copied()
}

/// The key of the wish with a number.
pub(super) fn key(number: u64) -> String {
    format!("payment-1705321200000-{number:012}")
}

fn wish(number: u64) -> String {
    format!(r#"{{"consultation_id":{number},"amount":"{PRICE}","payment_method":"stripe"}}"#)
}

async fn get(address: SocketAddr, path: &str) -> Result<Value> {
    let mut request = Vec::new();
    RequestHead::new("GET", path).write(&mut request, "", "");
    let mut connection = Connection::open(address).await?;
    Ok(serde_json::from_slice(
        connection.call(&request).await?.body,
    )?)
}

/// The program that was built beside this one.
pub(super) fn beside_this_program(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let program = this.parent().unwrap_or(Path::new(".")).join(name);
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("{name} is not built: use `make bench`").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_json_with_a_key_of_its_own() {
        let customer = Customer {
            id: 1,
            token: "t".to_owned(),
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let create = customer.create();
        create(7, &mut first);
        create(8, &mut second);
        let text = String::from_utf8(first.clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Authorization: Bearer t"));
        assert!(head.contains("X-Idempotency-Key: payment-1705321200000-000000000007"));
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["consultation_id"], 7);
        assert_ne!(first, second);
        let again = customer.create_again(7..9);
        again(2, &mut second);
        assert_eq!(first, second);
    }

    #[test]
    fn a_payment_is_processed_once_and_read_in_turn() {
        let customer = Customer {
            id: 1,
            token: "t".to_owned(),
        };
        let payments: Arc<[i64]> = Arc::new([31, 35]);
        let first_line = |writer: &Writer, number| {
            let mut request = Vec::new();
            writer(number, &mut request);
            let text = String::from_utf8(request).unwrap();
            text.lines().next().unwrap().to_owned()
        };
        let process = customer.process(Arc::clone(&payments));
        let (right, none) = (first_line(&process, 1), first_line(&process, 2));
        assert_eq!(right, "POST /api/v1/payments/35/process HTTP/1.1");
        assert_eq!(none, "POST /api/v1/payments/0/process HTTP/1.1");
        let again = first_line(&customer.show(payments), 3);
        assert_eq!(again, "GET /api/v1/payments/35 HTTP/1.1");
    }
}
