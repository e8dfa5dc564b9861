//! A Redis server of one test.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::port::Port;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the server, says its process id, sends it the signals that it reads, and kills it at the end of its input.
///
/// The input also ends when the test process dies in any way, so that no server is left behind.
/// An interrupt from the keyboard must not end this guard before the server.
const GUARD: &str = r#"
trap '' INT TERM HUP
"$@" >&2 &
echo $!
while read -r signal; do kill -s "$signal" $!; done
kill -s KILL $!
wait
"#;

/// A Redis server of its own, for a test that stops, pauses, empties or restarts it. Killed when dropped.
///
/// It keeps nothing on disk: it is empty after a restart.
pub struct PrivateRedis {
    port: Port,
    server: Option<Server>,
}

struct Server {
    guard: Child,
    signals: ChildStdin,
    process_id: u32,
}

impl PrivateRedis {
    /// Starts a server on a free port and waits until it answers.
    pub async fn start() -> Self {
        let mut redis = Self {
            port: Port::reserve(),
            server: None,
        };
        redis.launch().await;
        redis
    }

    /// Where the server is, or will be again after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port.number())
    }

    /// Kills the server, paused or not. Connections break, and new ones are refused.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            drop(server.signals);
            server.guard.wait().expect("the guard of redis-server ends");
        }
    }

    /// Stops the server if it runs, and starts an empty one on the same port.
    pub async fn restart(&mut self) {
        self.stop();
        self.launch().await;
    }

    /// Stops the clock of the server: connections stay open and are accepted, and nothing is answered.
    pub async fn pause(&mut self) {
        self.signal("STOP");
        self.wait_until("paused", |state| state == 'T').await;
    }

    /// Lets a paused server go on, with what it was sent in the meantime.
    pub async fn resume(&mut self) {
        self.signal("CONT");
        self.wait_until("resumed", |state| state != 'T').await;
    }

    /// Removes every key.
    pub async fn flush(&self) {
        let answer = timeout(PATIENCE, ask(self.port.number(), "FLUSHALL"))
            .await
            .expect("redis-server answers")
            .expect("redis-server is reached");
        assert_eq!(answer, "+OK", "FLUSHALL");
    }

    async fn launch(&mut self) {
        let program = super::variable("BAYAR_TEST_REDIS_SERVER");
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard", &program])
            .args(["--bind", "127.0.0.1"])
            .args(["--port", &self.port.number().to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--dir", "/"])
            .args(["--loglevel", "warning"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let signals = guard.stdin.take().expect("the input was asked for");
        let mut said = BufReader::new(guard.stdout.take().expect("the output was asked for"));
        let mut process_id = String::new();
        said.read_line(&mut process_id)
            .expect("the guard says something");
        self.server = Some(Server {
            guard,
            signals,
            process_id: process_id.trim().parse().expect("a process id"),
        });
        if timeout(PATIENCE, answers(self.port.number()))
            .await
            .is_err()
        {
            let log = self.kill_and_read_log();
            panic!("{program} does not answer: {log}");
        }
    }

    fn kill_and_read_log(&mut self) -> String {
        let mut log = String::new();
        if let Some(mut server) = self.server.take() {
            drop(server.signals);
            if let Some(mut errors) = server.guard.stderr.take() {
                errors
                    .read_to_string(&mut log)
                    .expect("the log of redis-server is text");
            }
            server.guard.wait().expect("the guard of redis-server ends");
        }
        log
    }

    fn running(&mut self) -> &mut Server {
        self.server.as_mut().expect("the private Redis is stopped")
    }

    fn signal(&mut self, name: &str) {
        writeln!(self.running().signals, "{name}").expect("the guard of redis-server lives");
    }

    /// A signal takes effect a little later than it is sent.
    async fn wait_until(&mut self, what: &str, reached: impl Fn(char) -> bool) {
        let process_id = self.running().process_id;
        let waiting = async {
            while !reached(state_of(process_id)) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("redis-server is not {what}"));
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The letter that Linux gives for what a process does: `T` is stopped.
fn state_of(process_id: u32) -> char {
    let path = format!("/proc/{process_id}/stat");
    let line = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    line.rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next())
        .unwrap_or_else(|| panic!("{path}: {line}"))
}

async fn answers(port: u16) {
    while !ask(port, "PING")
        .await
        .is_ok_and(|answer| answer == "+PONG")
    {
        sleep(Duration::from_millis(5)).await;
    }
}

/// The first line of the answer.
async fn ask(port: u16, command: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream
        .write_all(format!("{command}\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    tokio::io::BufReader::new(stream)
        .read_line(&mut answer)
        .await?;
    Ok(answer.trim_end().to_owned())
}
