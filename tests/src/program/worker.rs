//! A process of `bayar schedule work`.

use std::process::{Child, Command, ExitStatus, Stdio};

/// A process that does due work until it is stopped or dropped.
pub struct Worker {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Worker {
    pub(super) fn start(command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self {
            child: child.expect("bayar starts"),
            ended: None,
        }
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
    }
}
