//! Named steps at which a test can have the process killed.
//!
//! Without the feature `failpoints`, which no build that serves has, they are nothing.

#[cfg(feature = "failpoints")]
static ARMED: std::sync::OnceLock<String> = std::sync::OnceLock::new();

/// Has the process killed at the step `name`. Only the first call counts.
#[cfg(feature = "failpoints")]
pub fn arm(name: String) {
    tracing::warn!(name, "this process will be killed at a step");
    ARMED.get_or_init(|| name);
}

/// The step `name` is reached.
#[cfg(feature = "failpoints")]
pub(crate) fn hit(name: &str) {
    if ARMED.get().is_some_and(|armed| armed == name) {
        // Nothing may run after this line: no destructor, no flush, as when the machine loses power.
        let id = std::process::id().to_string();
        let _ = std::process::Command::new("kill")
            .args(["-9", &id])
            .status();
        loop {
            std::thread::park();
        }
    }
}

/// The step `name` is reached.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn hit(_name: &str) {}
