//! The tests of both stores, built from the copy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::Result;
use super::guard::Store;
use super::scratch::Scratch;
use crate::cargo;

/// A test that a missing guard lets run for ever has noticed it, too; but nobody waits for that.
const AT_MOST: Duration = Duration::from_secs(240);

/// What a panic says when a guard is not there to be taken out: see `bayar_testkit::without`.
const NOT_THERE: &str = "the guard cannot be taken out";

/// The programs of the tests.
pub(super) struct Suite {
    programs: Vec<Program>,
}

struct Program {
    store: Store,
    path: PathBuf,
    /// The package, which is where its tests run.
    package: PathBuf,
}

/// What became of the tests that were run.
pub(super) struct Outcome {
    /// Those that failed.
    pub(super) failed: Vec<String>,
    /// All that was said.
    said: String,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Suite {
    /// Builds the tests of the copy as it is now.
    pub(super) async fn build(scratch: &Scratch) -> Result<Self> {
        let mut build = cargo();
        build
            .args([
                "test",
                "--no-run",
                "--locked",
                "--message-format=json",
                "--quiet",
            ])
            .args(["--package", "bayar-postgres", "--package", "bayar-embedded"])
            .args([
                "--lib",
                "--test",
                "postgres",
                "--test",
                "embedded",
                "--target-dir",
            ])
            .arg(&scratch.target)
            .current_dir(&scratch.root);
        let output = Command::from(build).kill_on_drop(true).output().await?;
        if !output.status.success() {
            return Err(format!("it does not build:\n{}", rendered(&output)).into());
        }
        let mut programs = Vec::new();
        for line in String::from_utf8(output.stdout)?.lines() {
            programs.extend(program(line)?);
        }
        for store in Store::ALL {
            if !programs.iter().any(|program| program.store == store) {
                return Err(format!("there are no tests on {store}").into());
            }
        }
        Ok(Self { programs })
    }

    /// Runs tests without something that stands in the tables. Each of them must be there.
    pub(super) async fn run(&self, store: Store, tests: &[&str], without: &str) -> Result<Outcome> {
        let mut ended = BTreeMap::new();
        let mut said = String::new();
        for program in self
            .programs
            .iter()
            .filter(|program| program.store == store)
        {
            said.push_str(&program.run(tests, without).await?);
        }
        if said.contains(NOT_THERE) {
            return Err(format!("{without}\n{said}").into());
        }
        for line in said.lines() {
            if let Some((name, end)) = ended_test(line) {
                ended.insert(name.to_owned(), end == "ok");
            }
        }
        let named: BTreeSet<_> = tests.iter().map(|test| (*test).to_owned()).collect();
        let run: BTreeSet<_> = ended.keys().cloned().collect();
        if named != run {
            let astray: Vec<_> = named.symmetric_difference(&run).collect();
            return Err(format!(
                "on {store} these were not run as they should: {astray:?}\n{said}"
            )
            .into());
        }
        let failed = ended.into_iter().filter(|(_, passed)| !passed);
        let failed = failed.map(|(name, _)| name).collect();
        Ok(Outcome { failed, said })
    }

    /// Runs tests with everything in place.
    pub(super) async fn must_pass(&self, store: Store, tests: &[&str]) -> Result<()> {
        if tests.is_empty() {
            return Ok(());
        }
        let outcome = self.run(store, tests, "").await?;
        match outcome.failed.as_slice() {
            [] => Ok(()),
            failed => Err(format!(
                "with every guard in place, {failed:?} fail:\n{}",
                outcome.said
            )
            .into()),
        }
    }
}

impl Program {
    async fn run(&self, tests: &[&str], without: &str) -> Result<String> {
        let mut command = Command::new(&self.path);
        command
            .args(["--exact", "--test-threads=2"])
            .args(tests)
            .env("BAYAR_TEST_WITHOUT", without)
            .env("CARGO_MANIFEST_DIR", &self.package)
            .current_dir(&self.package)
            .kill_on_drop(true);
        let ran = timeout(AT_MOST, command.output()).await;
        let output = ran.map_err(|_| format!("{tests:?} did not end without `{without}`"))??;
        Ok([output.stdout, output.stderr]
            .map(|said| String::from_utf8_lossy(&said).into_owned())
            .concat())
    }
}

/// The program that a message of cargo's tells of.
fn program(line: &str) -> Result<Option<Program>> {
    let message: Message = serde_json::from_str(line)?;
    if message.reason != "compiler-artifact" {
        return Ok(None);
    }
    let (Some(target), Some(path), Some(manifest)) =
        (message.target, message.executable, message.manifest_path)
    else {
        return Ok(None);
    };
    let store = match target.name.as_str() {
        "postgres" | "bayar_postgres" => Store::Postgres,
        "embedded" | "bayar_embedded" => Store::Sqlite,
        _ => return Ok(None),
    };
    let package = manifest.parent().unwrap_or_else(|| Path::new("/"));
    let package = package.to_owned();
    Ok(Some(Program {
        store,
        path,
        package,
    }))
}

/// The test that a line says the end of, and how it ended.
fn ended_test(line: &str) -> Option<(&str, &str)> {
    let (name, end) = line.strip_prefix("test ")?.split_once(" ... ")?;
    // One that must panic says so behind its name.
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    ["ok", "FAILED"].contains(&end).then_some((name, end))
}

/// What the compiler says, for people.
fn rendered(output: &Output) -> String {
    #[derive(Deserialize)]
    struct Line {
        message: Option<Said>,
    }
    #[derive(Deserialize)]
    struct Said {
        level: String,
        rendered: Option<String>,
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut said = String::new();
    for line in stdout.lines() {
        if let Ok(Line {
            message: Some(message),
        }) = serde_json::from_str(line)
            && message.level == "error"
        {
            said.push_str(&message.rendered.unwrap_or_default());
        }
    }
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    said
}

#[cfg(test)]
mod tests {
    use super::{ended_test, program};

    #[test]
    fn the_end_of_a_test_is_read() {
        assert_eq!(ended_test("test a::b ... ok"), Some(("a::b", "ok")));
        assert_eq!(ended_test("test a::b ... FAILED"), Some(("a::b", "FAILED")));
        assert_eq!(
            ended_test("test a - should panic ... ok"),
            Some(("a", "ok"))
        );
        for other in [
            "test result: ok. 1 passed",
            "running 1 test",
            "test a has been running for over 60 seconds",
        ] {
            assert_eq!(ended_test(other), None, "{other}");
        }
    }

    #[test]
    fn only_programs_of_tests_are_run() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"embedded"},"executable":"/t/embedded-1",
            "manifest_path":"/r/crates/embedded/Cargo.toml","fresh":true}"#;
        let found = program(line).unwrap().unwrap();
        assert_eq!(found.path.to_str(), Some("/t/embedded-1"));
        assert_eq!(found.package.to_str(), Some("/r/crates/embedded"));
        for other in [
            line.replace("\"/t/embedded-1\"", "null"),
            line.replace("compiler-artifact", "compiler-message"),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ] {
            assert!(program(&other).unwrap().is_none(), "{other}");
        }
    }
}
