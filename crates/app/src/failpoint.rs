//! Named steps at which a test lets something happen to the process.
//!
//! Without the feature `failpoints`, which no build that serves has, they are nothing.

#[cfg(feature = "failpoints")]
pub use armed::{arm, arm_by_file};

#[cfg(feature = "failpoints")]
pub(crate) use armed::hit;

/// The step `name` is reached.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn hit(_name: &str) -> Result<(), crate::Trouble> {
    Ok(())
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;
    use std::thread;
    use std::time::Duration;

    use crate::Trouble;
    use crate::port::StoreError;

    static ARMED: OnceLock<String> = OnceLock::new();
    static FILE: OnceLock<PathBuf> = OnceLock::new();

    /// Has the process killed at the step `name`. Only the first call counts.
    pub fn arm(name: String) {
        tracing::warn!(name, "this process will be killed at a step");
        ARMED.get_or_init(|| name);
    }

    /// Has happen what stands in this file whenever it is there: what happens, at which step, and at which of its turns.
    ///
    /// When it happens, `.reached` is added to the name of the file. `kill` ends the process;
    /// `error` is a store that is not there; `unsure` is a store that does not say what it did;
    /// `pause` lasts until the file is gone. Only the first call counts.
    pub fn arm_by_file(file: PathBuf) {
        tracing::warn!(file = %file.display(), "something will happen to this process at a step");
        FILE.get_or_init(|| file);
    }

    /// The step `name` is reached.
    pub(crate) fn hit(name: &str) -> Result<(), Trouble> {
        if ARMED.get().is_some_and(|armed| armed == name) {
            die();
        }
        match FILE.get() {
            Some(file) => happen(file, name),
            None => Ok(()),
        }
    }

    fn happen(file: &Path, name: &str) -> Result<(), Trouble> {
        let Ok(told) = fs::read_to_string(file) else {
            return Ok(());
        };
        let mut words = told.split_whitespace();
        let (Some(what), Some(step), Some(turn)) = (words.next(), words.next(), words.next())
        else {
            return Ok(());
        };
        if step != name {
            return Ok(());
        }
        let turn: u32 = turn.parse().map_err(Trouble::fault)?;
        if turn > 1 {
            let left = turn.saturating_sub(1);
            return fs::write(file, format!("{what} {step} {left}")).map_err(Trouble::fault);
        }
        let reached = file.with_extension("reached");
        // Of several who come here at once, one is the first.
        if fs::rename(file, &reached).is_err() {
            return Ok(());
        }
        match what {
            "kill" => die(),
            "error" => Err(StoreError::Unavailable("a test wants it".into()).into()),
            "unsure" => Err(StoreError::Unsure("a test wants it".into()).into()),
            "pause" => {
                while reached.exists() {
                    thread::park_timeout(Duration::from_millis(2));
                }
                Ok(())
            }
            other => Err(Trouble::fault(format!("nothing is called {other}"))),
        }
    }

    /// Nothing may run after this: no destructor, no flush, as when the machine loses power.
    fn die() -> ! {
        let id = std::process::id().to_string();
        let _ = std::process::Command::new("kill")
            .args(["-9", &id])
            .status();
        loop {
            thread::park();
        }
    }
}
