//! What no process may ever say in its log.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// What is a secret whatever a test does: cards, and how gateways begin theirs.
const ALWAYS: [&str; 6] = [
    "4242424242424242",
    "4000000000000002",
    "_secret_",
    "whsec_",
    "SB-Mid-server-",
    // The same, as Midtrans is told it.
    "U0ItTWlkLXNlcnZlci",
];

/// Settings with such a word in their name are secrets.
const WORDS: [&str; 3] = ["KEY", "SECRET", "PASSWORD"];

/// What is shorter could stand in a log by chance.
const SHORTEST: usize = 8;

/// The secrets of one installation. All its processes share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    pub(super) fn add(&self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.lock().insert(secret.to_owned());
        }
    }

    /// What a process is told when it starts.
    pub(super) fn add_settings_of(&self, command: &Command) {
        for (name, value) in command.get_envs() {
            let (name, value) = (name.to_string_lossy(), value.unwrap_or_default());
            if WORDS.iter().any(|word| name.contains(word)) {
                self.add(&value.to_string_lossy());
            }
        }
    }

    /// A key that a command made.
    pub(super) fn add_key_in(&self, result: &str) {
        let result: Value = serde_json::from_str(result).unwrap_or_default();
        if let Some(key) = result["key"].as_str() {
            self.add(key);
        }
    }

    /// Fails when a line of a log holds one of them.
    pub(super) fn must_not_stand_in(&self, log: &str, whose: impl Display) {
        if let Some((secret, line)) = self.told_in(log) {
            panic!("{whose} says the secret {secret} in {line}");
        }
    }

    fn told_in<'a>(&self, log: &'a str) -> Option<(String, &'a str)> {
        let known = self.lock();
        let all: Vec<_> = ALWAYS
            .into_iter()
            .chain(known.iter().map(String::as_str))
            .collect();
        log.lines().find_map(|line| {
            let secret = all.iter().find(|secret| line.contains(**secret))?;
            Some(((*secret).to_owned(), line))
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_secret_is_found_wherever_it_stands() {
        let secrets = Secrets::default();
        let mut command = Command::new("bayar");
        command
            .env("APP_KEY", "5a5a5a5a5a")
            .env("LOG_LEVEL", "information")
            .env("JWT_SECRET", "short");
        secrets.add_settings_of(&command);
        secrets.add_key_in(r#"{"id": 7, "key": "bk_1234567890"}"#);
        secrets.add("a password for tests");
        for line in [
            r#"{"key":"5a5a5a5a5a"}"#,
            "authorization: Bearer bk_1234567890",
            "a password for tests",
            "pi_1_secret_2",
            "card 4242424242424242",
        ] {
            let log = format!("one line\n{line}\nanother");
            let told = secrets.told_in(&log);
            assert_eq!(told.map(|(_, line)| line), Some(line));
        }
        assert_eq!(secrets.told_in("information about short things\n"), None);
    }

    #[test]
    #[should_panic(expected = "the server says the secret whsec_")]
    fn a_log_with_a_secret_fails_its_test() {
        Secrets::default().must_not_stand_in("the key is whsec_simulated", "the server");
    }
}
