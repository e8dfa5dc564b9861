//! A process of `bayar schedule work`.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::secrets::Secrets;
use super::server::Log;

/// A process that does due work until it is stopped or dropped. Its log may hold no secret.
pub struct Worker {
    child: Child,
    ended: Option<ExitStatus>,
    log: Log,
    secrets: Secrets,
    never: Option<&'static str>,
}

impl Worker {
    pub(super) fn start(command: &mut Command, secrets: Secrets) -> Self {
        secrets.add_settings_of(command);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("bayar starts");
        let (log, _) = Log::follow(child.stderr.take().expect("the log was asked for"));
        Self {
            child,
            ended: None,
            log,
            secrets,
            never: None,
        }
    }

    /// Its log may not hold these words either.
    #[must_use]
    pub const fn that_never_says(mut self, words: &'static str) -> Self {
        self.never = Some(words);
        self
    }

    /// Asks it to end, as the system does, and waits until it has.
    pub fn stop(&mut self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(sent.expect("kill runs").success(), "the worker had ended");
        self.ended = Some(self.child.wait().expect("the state of bayar"));
    }

    /// Whether nobody ended it, and it did not end by itself.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it was stopped and left its work well.
    #[must_use]
    pub fn ended_well(&self) -> bool {
        self.ended.is_some_and(|ended| ended.success())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            self.log.read_to_the_end();
            let log = self.log.text();
            self.secrets.must_not_stand_in(&log, "a worker");
            if let Some(words) = self.never {
                let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).collect();
                assert!(lines.is_empty(), "{lines:#?}");
            }
        }
    }
}
