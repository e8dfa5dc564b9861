use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

use secrecy::ExposeSecret;

use super::{LONG, faults_of, load};
use crate::config::{Config, Environment, Origin};

/// A file that is gone with the test.
pub(super) struct TempFile(PathBuf);

impl TempFile {
    pub(super) fn new(content: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-config-{}-{count}", process::id());
        let path = env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_secret_comes_from_a_file_without_the_end_of_its_line() {
    let with_secret_in = |file: &TempFile| {
        Environment::from_pairs([
            ("IDP_ISSUER", "https://id.example"),
            ("IDP_AUDIENCE", "bayar"),
            ("IDP_ALGORITHM", "HS256"),
            ("IDP_SECRET_FILE", file.path()),
        ])
    };
    let short = &LONG[..31];
    for end in ["", "\n", "\r\n"] {
        // 32 bytes are enough, and only the space makes them so many.
        let file = TempFile::new(format!("{short} {end}"));
        assert!(Config::load(&with_secret_in(&file)).is_ok(), "{end:?}");
        let file = TempFile::new(format!("{short}{end}"));
        assert!(Config::load(&with_secret_in(&file)).is_err(), "{end:?}");
    }
}

#[test]
fn a_list_of_keys_comes_from_a_file_too() {
    let file = TempFile::new(format!("{LONG}, {LONG} of yesterday\n"));
    let config = load(&[("JWT_SECRET_FILE", file.path())]);
    let ring = config.keys.jwt.as_ref().unwrap();
    let secrets: Vec<_> = ring
        .all()
        .map(|secret| secret.expose_secret().to_owned())
        .collect();
    assert_eq!(secrets, [LONG.to_owned(), format!("{LONG} of yesterday")]);
    let mut settings = config.settings().iter();
    let shown = settings
        .find(|setting| setting.name == "JWT_SECRET")
        .unwrap();
    assert_eq!(shown.from, Origin::File);
    assert_eq!(shown.value, "(secret, set)");
}

#[test]
fn a_file_may_have_a_mebibyte() {
    let large = TempFile::new(vec![b'x'; 1024 * 1024]);
    let config = load(&[("JWT_SECRET_FILE", large.path())]);
    let secret = config.keys.jwt.unwrap().current;
    assert_eq!(secret.expose_secret().len(), 1024 * 1024);
}

#[test]
fn a_secret_and_its_file_are_not_both_set() {
    let file = TempFile::new(LONG);
    assert_eq!(
        faults_of(&[("JWT_SECRET", LONG), ("JWT_SECRET_FILE", file.path())]),
        ["JWT_SECRET: is set, and so is JWT_SECRET_FILE; keep one of the two"]
    );
}

#[test]
fn what_is_wrong_in_a_file_is_a_fault_of_the_file() {
    let short = TempFile::new("hunter2\n");
    assert_eq!(
        faults_of(&[("JWT_SECRET_FILE", short.path())]),
        ["JWT_SECRET_FILE: entry 1 has fewer than 32 bytes"]
    );
    let empty = TempFile::new("\n");
    assert_eq!(
        faults_of(&[("JWT_SECRET_FILE", empty.path())]),
        ["JWT_SECRET_FILE: the file is empty"]
    );
    let binary = TempFile::new([0xff, 0xfe]);
    assert_eq!(
        faults_of(&[("JWT_SECRET_FILE", binary.path())]),
        ["JWT_SECRET_FILE: the file cannot be read: stream did not contain valid UTF-8"]
    );
    let huge = TempFile::new(vec![b'x'; 1024 * 1024 + 1]);
    assert_eq!(
        faults_of(&[("JWT_SECRET_FILE", huge.path())]),
        ["JWT_SECRET_FILE: the file cannot be read: it is larger than 1 MiB"]
    );
}

#[test]
fn a_secret_in_the_place_of_its_file_is_not_shown() {
    assert_eq!(
        faults_of(&[("STRIPE_SECRET_KEY_FILE", "sk_live_hunter2")]),
        ["STRIPE_SECRET_KEY_FILE: the file cannot be read: No such file or directory (os error 2)"]
    );
}
