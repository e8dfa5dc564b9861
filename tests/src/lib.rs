//! What the tests of the whole system share.
//!
//! The tests themselves stand in `tests/tests`, one program for each subject.
//! This crate is never published and no other member depends on it.

pub mod bench;
pub mod guards;
pub mod npm;
pub mod program;
pub mod stage;

use std::{env, ffi::OsString, path::PathBuf, process::Command};

/// The root of the repository whose tests run.
///
/// Asked for while they run and not fixed when they are built:
/// two clones that share a target directory share this program too.
#[must_use]
pub fn repository_root() -> PathBuf {
    let package = from_cargo("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
    let mut root = PathBuf::from(package);
    root.pop();
    root
}

/// The cargo that runs these tests, at the root of the repository.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(from_cargo("CARGO", "cargo"));
    command.current_dir(repository_root());
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells the programs it runs where they are through their environment only"
)]
fn from_cargo(variable: &str, otherwise: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| otherwise.into())
}
