use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use bayar_testkit::servers::{postgres_url, redis_url};

use super::support::{connect, count, eventually, is_reachable};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-servers");

/// Says where the servers are, and then waits for the end of its input.
const SAY_AND_WAIT: &str = r#"echo "$BAYAR_TEST_POSTGRES_URL $BAYAR_TEST_REDIS_URL"; read -r _"#;

/// The script as it is run outside of any other.
fn with_servers() -> Command {
    // A shell cannot catch an interrupt that was ignored when it started, as in the background of another.
    let mut command = Command::new("env");
    command
        .args(["--default-signal=INT", SCRIPT])
        .env_remove("BAYAR_TEST_POSTGRES_URL")
        .env_remove("BAYAR_TEST_REDIS_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// A running script, and where its servers are.
struct Running {
    script: Child,
    input: Option<ChildStdin>,
    postgres: String,
    redis: String,
}

impl Running {
    async fn new() -> Self {
        let mut script = with_servers()
            .args(["sh", "-c", SAY_AND_WAIT])
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(script.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (postgres, redis) = line.trim_end().split_once(' ').unwrap();
        let (postgres, redis) = (postgres.to_owned(), redis.to_owned());
        assert!(is_reachable(&postgres).await && is_reachable(&redis).await);
        Self {
            input: script.stdin.take(),
            script,
            postgres,
            redis,
        }
    }

    fn directory(&self) -> Option<String> {
        let prefix = format!("bayar-servers.{}.", self.script.id());
        let base = std::env::temp_dir();
        let names = fs::read_dir(base).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .find(|name| name.starts_with(&prefix))
    }

    async fn servers_are_gone(&self) -> bool {
        !is_reachable(&self.postgres).await && !is_reachable(&self.redis).await
    }

    fn signal(&self, name: &str) {
        let id = self.script.id().to_string();
        let kill = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "kill", name, &id])
            .status();
        assert!(kill.unwrap().success());
    }
}

#[test]
fn the_status_of_the_command_is_the_status_of_the_script() {
    let status = with_servers()
        .args(["sh", "-c", "exit 7"])
        .status()
        .unwrap();

    assert_eq!(status.code(), Some(7));
}

#[tokio::test]
async fn the_servers_and_their_files_go_with_the_command() {
    let mut running = Running::new().await;
    assert!(running.directory().is_some());

    drop(running.input.take());
    let status = running.script.wait().unwrap();

    // `read` tells the end of its input by a failure.
    assert_eq!(status.code(), Some(1));
    assert!(running.servers_are_gone().await);
    assert_eq!(running.directory(), None);
}

#[tokio::test]
async fn the_servers_and_their_files_go_with_a_signal() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let mut running = Running::new().await;

        running.signal(name);
        let status = running.script.wait().unwrap();

        assert_eq!(status.code(), Some(code), "{name}");
        assert!(running.servers_are_gone().await, "{name}");
        assert_eq!(running.directory(), None, "{name}");
    }
}

#[tokio::test]
async fn a_killed_script_leaves_no_server_and_the_next_one_removes_its_files() {
    let mut running = Running::new().await;

    running.script.kill().unwrap();
    running.script.wait().unwrap();

    eventually("the servers are gone", || running.servers_are_gone()).await;
    assert!(running.directory().is_some());
    assert!(with_servers().arg("true").status().unwrap().success());
    assert_eq!(running.directory(), None);
}

#[tokio::test]
async fn two_scripts_have_servers_of_their_own() {
    let one = Running::new().await;
    let mut other = Running::new().await;
    assert_ne!(one.postgres, other.postgres);
    assert_ne!(one.redis, other.redis);

    drop(other.input.take());
    other.script.wait().unwrap();

    assert!(is_reachable(&one.postgres).await && is_reachable(&one.redis).await);
    let mut one = one;
    drop(one.input.take());
    one.script.wait().unwrap();
}

#[test]
fn servers_that_are_there_are_used() {
    let output = Command::new(SCRIPT)
        .args(["sh", "-c"])
        .arg(r#"echo "$BAYAR_TEST_POSTGRES_URL $BAYAR_TEST_REDIS_URL $BAYAR_TEST_PG_BIN"; exit 3"#)
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stdout).unwrap();
    let words: Vec<_> = said.split_whitespace().collect();
    assert_eq!(words[..2], [postgres_url(), redis_url()]);
    assert!(Path::new(words[2]).join("pgbench").exists());
}

#[test]
fn one_server_alone_is_refused() {
    let status = with_servers()
        .env("BAYAR_TEST_REDIS_URL", "redis://127.0.0.1:1/0")
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .unwrap();

    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn postgres_keeps_its_word() {
    let client = connect(&postgres_url()).await;

    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let query =
            format!("SELECT count(*) FROM pg_settings WHERE name = '{setting}' AND setting = 'on'");
        assert_eq!(count(&client, &query).await, 1, "{setting}");
    }
}
