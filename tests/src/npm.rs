//! The gateways' own packages from npm, and scripts that use them.
#![allow(
    clippy::expect_used,
    reason = "it is for tests, where a panic is how one fails"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn directory() -> PathBuf {
    crate::repository_root().join("tests/npm")
}

/// Runs a script of `tests/npm` and answers what it wrote. The packages are installed when they are not there.
///
/// # Panics
/// When the script fails: what it said is told.
#[must_use]
pub fn run(script: &str, arguments: &[&str], input: &str) -> String {
    install();
    let mut child = Command::new("node")
        .arg(script)
        .args(arguments)
        .current_dir(directory())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node starts: see scripts/deps");
    let mut stdin = child.stdin.take().expect("the input was asked for");
    // A script that wants no input may have ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("node ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("results are text")
}

/// Installs the packages as the lock file names them, once.
fn install() {
    let directory = directory();
    let lock = File::create(directory.join(".installing")).expect("a lock file");
    // Held until this function ends: tests of several processes wait for each other.
    lock.lock().expect("the lock file is locked");
    let wanted = fs::read(directory.join("package-lock.json")).expect("the lock file of npm");
    let mark = directory.join("node_modules/.installed");
    if fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return;
    }
    let installed = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&directory)
        .stdin(Stdio::null())
        .output()
        .expect("npm starts: see scripts/deps");
    let said = String::from_utf8_lossy(&installed.stderr);
    assert!(installed.status.success(), "npm ci: {said}");
    fs::write(&mark, wanted).expect("a note of what is installed");
}
