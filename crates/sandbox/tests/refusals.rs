//! Everybody knows the passwords of the demonstration: it does not stand where something real does.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

/// Longer than a refusal takes on a busy machine. A demonstration that serves never ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a demonstration would put what it keeps. Removed when dropped.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("sandbox-{}-{name}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts the demonstration, which must end by itself. Answers what it complains about.
async fn complaint(place: &Place, settings: &[(&str, &str)]) -> String {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_bayar-sandbox"));
    demo.current_dir(&place.0)
        .env_clear()
        .env("BIND_ADDRESS", "127.0.0.1:0")
        // What goes with a real database, so that nothing else is wrong.
        .env("APP_KEY", "5a".repeat(32))
        .env("JWT_SECRET", "5a".repeat(32))
        .envs(settings.iter().copied())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, demo.output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("it serves with {settings:?}"));
    let Output { status, stderr, .. } = ended.unwrap();
    assert!(!status.success(), "{settings:?}");
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn a_real_database_is_refused_before_anything_is_written() {
    let place = Place::new("database");
    // Nobody answers there: it is refused, and not tried.
    let url = "postgres://postgres@127.0.0.1:1/shop";
    let said = complaint(&place, &[("DATABASE_URL", url)]).await;
    assert!(
        said.contains("DATABASE_URL is not for a demonstration"),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(&place.0).unwrap().count(), 0);
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    let place = Place::new("address");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let said = complaint(&place, &[("BIND_ADDRESS", address)]).await;
        assert!(
            said.contains("BIND_ADDRESS is not for a demonstration"),
            "{said}"
        );
    }
    assert_eq!(std::fs::read_dir(&place.0).unwrap().count(), 0);
}
