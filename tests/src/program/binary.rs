//! The program that is tested.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// What only the build with fail points contains.
const MARK: &str = "BAYAR_KILL_AT";

/// The program `bayar` beside the tests, with fail points. It is built when it is missing, older than its sources,
/// or without them: a run of all tests builds it by itself, and a run of one of them may not.
pub(super) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a running test has a file");
        // TARGET/PROFILE/deps/TEST, or TARGET/PROFILE/PROGRAM.
        let parent = test.parent().expect("the test lies in a directory");
        let profile = if parent.ends_with("deps") {
            parent.parent().expect("the tests of a profile")
        } else {
            parent
        };
        let program = profile.join("bayar");
        let lock = File::create(profile.join("bayar-for-tests.lock")).expect("a lock file");
        // Held until this function ends: the tests of several processes build one after the other.
        lock.lock().expect("the lock file is locked");
        if !is_usable(&program) {
            build(profile);
            assert!(
                has_fail_points(&program),
                "{} was built, and has no fail points",
                program.display()
            );
        }
        program
    })
}

fn is_usable(program: &Path) -> bool {
    let built = fs::metadata(program).and_then(|file| file.modified());
    built.is_ok_and(|built| !is_older_than_sources(built)) && has_fail_points(program)
}

fn has_fail_points(program: &Path) -> bool {
    let found = Command::new("grep")
        .args(["--quiet", "--text", "--fixed-strings", MARK])
        .arg(program)
        .status();
    found.expect("grep runs").success()
}

fn is_older_than_sources(built: SystemTime) -> bool {
    let root = crate::repository_root();
    let crates = [
        "domain", "app", "postgres", "redis", "embedded", "stripe", "midtrans", "server",
    ];
    let mut directories: Vec<_> = crates
        .map(|name| root.join("crates").join(name).join("src"))
        .into();
    directories.push(root.join("migrations"));
    while let Some(directory) = directories.pop() {
        // A crate that is not written yet has no sources.
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries {
            let entry = entry.expect("a directory of sources is read");
            let about = entry.metadata().expect("a source is looked at");
            if about.is_dir() {
                directories.push(entry.path());
            } else if about.modified().expect("a source has a time") > built {
                return true;
            }
        }
    }
    false
}

fn build(profile: &Path) {
    let name = profile.file_name().and_then(|name| name.to_str());
    let name = match name.expect("a profile has a name") {
        "debug" => "dev",
        other => other,
    };
    let target = profile
        .parent()
        .expect("a profile lies in a target directory");
    let built = crate::cargo()
        .args(["build", "--quiet", "--package", "bayar", "--bin", "bayar"])
        .args(["--features", "failpoints", "--profile", name])
        .arg("--target-dir")
        .arg(target)
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "bayar cannot be built: {said}");
}
