//! A process of `bayar serve`.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::{fmt, thread};

use super::secrets::Secrets;
use super::{Client, wait_until};

/// A server that runs until it is stopped or dropped. Whatever becomes of it, its log may hold no secret.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: Log,
    secrets: Secrets,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it said.
    pub log: String,
}

impl Server {
    /// Starts the command and waits until it serves, with all that it needs.
    pub(super) async fn start(
        command: &mut std::process::Command,
        secrets: Secrets,
    ) -> Result<Self, Ended> {
        secrets.add_settings_of(command);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("bayar starts");
        let errors = child.stderr.take().expect("the log was asked for");
        let (log, addresses) = Log::follow(errors);
        let mut address = None;
        let mut ended = None;
        wait_until("bayar serves or ends", async || {
            address = addresses.try_recv().ok();
            ended = child.try_wait().expect("the state of bayar");
            address.is_some() || ended.is_some()
        })
        .await;
        if let Some(status) = ended {
            // What it said last may still be on its way.
            log.end().await;
            let log = log.text();
            secrets.must_not_stand_in(&log, "a server that did not start");
            return Err(Ended { status, log });
        }
        let address = address.expect("waited for");
        let server = Self {
            address,
            child,
            log,
            secrets,
        };
        let anybody = server.anybody();
        wait_until("bayar is ready", async || {
            let answer = anybody.get("/readyz").await;
            answer.is_ok_and(|answer| answer.status == 200)
        })
        .await;
        Ok(server)
    }

    /// Somebody without a name.
    #[must_use]
    pub fn anybody(&self) -> Client {
        Client::new(self.address, "nobody")
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Asks it to end, as the system does, and does not wait.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Stops it where it is, as a machine that is put to sleep.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on from where it was.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(self) -> Ended {
        self.terminate();
        self.ended().await
    }

    /// Kills it: nothing of it runs any more.
    pub async fn kill(self) -> Ended {
        self.signal("KILL");
        self.ended().await
    }

    /// Asks it to end and waits until nothing of it runs any more.
    pub async fn end(&mut self) {
        self.terminate();
        let child = &mut self.child;
        wait_until("bayar has ended", async || {
            let ended = child.try_wait().expect("the state of bayar");
            ended.is_some()
        })
        .await;
    }

    /// Waits until it has ended.
    pub async fn ended(mut self) -> Ended {
        let child = &mut self.child;
        let mut ended = None;
        wait_until("bayar has ended", async || {
            ended = child.try_wait().expect("the state of bayar");
            ended.is_some()
        })
        .await;
        self.log.end().await;
        Ended {
            status: ended.expect("waited for"),
            log: self.log.text(),
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status();
        assert!(sent.expect("kill runs").success(), "signal {name} to {id}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            super::note(format_args!(
                "the end of the log of {}:\n{}",
                self.address,
                self.log.tail()
            ));
            return;
        }
        self.log.read_to_the_end();
        self.secrets
            .must_not_stand_in(&self.log.text(), format_args!("{self:?}"));
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server at {}", self.address)
    }
}

impl Ended {
    /// Whether it was killed at once, as a crash would.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        const SIGKILL: i32 = 9;
        self.status.signal() == Some(SIGKILL)
    }
}

/// What a process says, read all the time: one that nobody listens to stops when the pipe is full.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    has_ended: bool,
    reader: Option<JoinHandle<()>>,
}

impl Log {
    pub(super) fn follow(said: impl Read + Send + 'static) -> (Self, Receiver<SocketAddr>) {
        let log = Self::default();
        let kept = log.clone();
        let (found, addresses) = channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if line.contains("Bayar serves")
                    && let Some(address) = address_in(&line)
                {
                    // Nobody waits for it any more when the start was given up.
                    let _ = found.send(address);
                }
                kept.lock().lines.push(line);
            }
            kept.lock().has_ended = true;
        });
        log.lock().reader = Some(reader);
        (log, addresses)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn end(&self) {
        wait_until("the log has ended", async || self.lock().has_ended).await;
    }

    /// Waits until all was read that a process said which has ended.
    pub(super) fn read_to_the_end(&self) {
        let reader = self.lock().reader.take();
        if let Some(reader) = reader {
            let _ = reader.join();
        }
    }

    pub(super) fn text(&self) -> String {
        self.lock().lines.join("\n")
    }

    fn tail(&self) -> String {
        let kept = self.lock();
        let from = kept.lines.len().saturating_sub(20);
        kept.lines[from..].join("\n")
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(r#""address":""#)?;
    rest.split_once('"')?.0.parse().ok()
}
