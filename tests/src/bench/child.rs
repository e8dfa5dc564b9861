//! The programs that the measurement starts. Each ends with it, also when it fails.

use std::collections::VecDeque;
use std::io::{PipeReader, Read, pipe};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fs, thread};

use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::Result;
use super::clock::now;
use super::http::{Connection, RequestHead};

/// A program that runs until this is dropped.
pub(super) struct Program {
    name: &'static str,
    child: Child,
    id: u32,
    said: Tail,
}

impl Program {
    /// Starts a program. What it says is read, as whoever keeps the logs would, and its end is kept.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let (said, says) = pipe()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(says.try_clone()?)
            .stderr(says)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        // The command keeps its ends of the pipe, and must not: the pipe ends with the program.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let id = child.id().ok_or("a program that ended at once")?;
        Ok(Self {
            name,
            child,
            id,
            said: Tail::follow(said),
        })
    }

    /// Its process id.
    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    /// Waits until `path` is answered with 200.
    pub(super) async fn until_it_answers(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        let mut request = Vec::new();
        RequestHead::new("GET", path).write(&mut request, "", "");
        self.until(async || {
            let Ok(mut connection) = Connection::open(address).await else {
                return false;
            };
            let answer = connection.call(&request).await;
            answer.is_ok_and(|answer| answer.status == 200)
        })
        .await
    }

    /// Waits for something that this program brings about.
    pub(super) async fn until(&mut self, mut ready: impl AsyncFnMut() -> bool) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let begun = now();
        while !ready().await {
            self.still_runs()?;
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} is not ready:\n{}", self.name, self.said()).into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Fails when it has ended by itself.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("{} ended, {status}:\n{}", self.name, self.said()).into()),
        }
    }

    /// What it said last.
    pub(super) fn said(&self) -> String {
        self.said.text()
    }

    /// Ends it and waits until it has ended.
    pub(super) async fn stop(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// The end of what a program says.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    const LENGTH: usize = 4 * 1024;

    fn follow(mut said: PipeReader) -> Self {
        let tail = Self::default();
        let kept = tail.clone();
        thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = said.read(&mut chunk) {
                kept.keep(chunk.get(..read).unwrap_or_default());
            }
        });
        tail
    }

    fn keep(&self, chunk: &[u8]) {
        let end = chunk.len().saturating_sub(Self::LENGTH);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(chunk.get(end..).unwrap_or_default());
        let too_long = kept.len().saturating_sub(Self::LENGTH);
        kept.drain(..too_long);
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A port that is free now.
pub(super) fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A directory that is removed when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("bayar-bench.{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left for the system: there is nobody to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_ends_too_early_is_quoted() {
        let mut program = Program::start(
            "sh",
            Command::new("sh").args(["-c", "echo I cannot; exit 3"]),
        )
        .unwrap();
        let ended = program.until(async || false).await;
        let complaint = ended.unwrap_err().to_string();
        assert!(
            complaint.contains("sh ended, exit status: 3"),
            "{complaint}"
        );
    }

    #[tokio::test]
    async fn a_program_ends_with_its_owner() {
        let program = Program::start("sleep", Command::new("sleep").arg("600")).unwrap();
        let process = format!("/proc/{}/stat", program.id());
        assert!(Path::new(&process).exists());
        program.stop().await.unwrap();
        assert!(!Path::new(&process).exists());
    }

    #[test]
    fn only_the_end_of_a_long_speech_is_kept() {
        let tail = Tail::default();
        tail.keep(&[b'a'; 10_000]);
        tail.keep(b"bc");
        let text = tail.text();
        assert_eq!(text.len(), Tail::LENGTH);
        assert!(text.ends_with("aabc"));
    }
}
