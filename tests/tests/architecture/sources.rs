//! What a source may name.
//!
//! Sources are read as Rust tokens, so comments, documentation and texts may say anything.

use proc_macro2::{Delimiter, LexError, TokenStream, TokenTree};

use crate::members::ADAPTERS;

/// What a pure crate never names.
const IMPURE: &[&str] = &[
    "async",
    "await",
    "tokio",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
];

/// The wiring: a file, and those of the directory beside it.
const WIRING: [&str; 2] = ["crates/server/src/wiring.rs", "crates/server/src/wiring/"];

/// A Rust file, with its path from the root of the repository.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Where a source of the domain names a runtime, the world outside or a clock.
pub fn impure_names(source: &Source) -> Result<Vec<String>, LexError> {
    forbidden_names(source, IMPURE)
}

/// Where a source of the server names an adapter, unless it is the wiring.
pub fn adapters_outside_wiring(source: &Source) -> Result<Vec<String>, LexError> {
    let [file, directory] = WIRING;
    if source.path == file || source.path.starts_with(directory) {
        return Ok(Vec::new());
    }
    let crates: Vec<String> = ADAPTERS
        .iter()
        .map(|adapter| adapter.replace('-', "_"))
        .collect();
    let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
    forbidden_names(source, &crates)
}

fn forbidden_names(source: &Source, forbidden: &[&str]) -> Result<Vec<String>, LexError> {
    let mut found = Vec::new();
    for name in names(&source.text)? {
        for path in forbidden.iter().filter(|path| name.contains(path)) {
            found.push(format!(
                "{}:{} must not name {path}",
                source.path, name.line
            ));
        }
    }
    found.dedup();
    Ok(found)
}

/// A path as it is used: `use std::{env, fs}` names `std::env` and `std::fs`.
struct Name {
    line: usize,
    segments: Vec<String>,
}

impl Name {
    fn contains(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split("::").collect();
        self.segments
            .windows(path.len())
            .any(|window| window == path)
    }
}

fn names(text: &str) -> Result<Vec<Name>, LexError> {
    let mut found = Vec::new();
    collect(text.parse()?, &[], &mut found);
    Ok(found)
}

/// Collects the names in `tokens`, each below `parent`.
fn collect(tokens: TokenStream, parent: &[String], found: &mut Vec<Name>) {
    let mut open: Option<Name> = None;
    let mut colons = 0;
    for token in tokens {
        if let TokenTree::Punct(punct) = &token
            && punct.as_char() == ':'
        {
            colons += 1;
            continue;
        }
        // Without `::` before it, a token begins something new.
        let before = open.take_if(|_| colons != 2);
        found.extend(before);
        colons = 0;
        match token {
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                let name = open.get_or_insert_with(|| Name {
                    line,
                    segments: parent.to_vec(),
                });
                name.segments.push(ident.to_string());
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let above = open.take().map(|name| name.segments).unwrap_or_default();
                collect(group.stream(), &above, found);
            }
            TokenTree::Group(group) => collect(group.stream(), &[], found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => found.extend(open.take()),
        }
    }
    found.extend(open);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn impure(text: &str) -> Vec<String> {
        impure_names(&source("money.rs", text)).unwrap()
    }

    #[test]
    fn a_pure_source_is_accepted() {
        let text = r#"
            //! Never `tokio`, never `std::env`.
            use std::{collections::BTreeMap, fmt};
            /// Knows no `SystemTime`.
            pub struct Instant { now: fmt::Result } // std::fs
            /* std::net */
            pub fn paid(at: Instant) -> &'static str { "std::env async fn tokio" }
            const BUILT_AS: &str = env!("CARGO_PKG_NAME");
        "#;
        assert_eq!(impure(text), Vec::<String>::new());
    }

    #[test]
    fn each_impure_name_is_refused() {
        for (text, name) in [
            ("async fn pay() {}", "async"),
            ("fn pay() { let pay = async {}; }", "async"),
            ("fn pay() { charge().await }", "await"),
            ("use tokio::sync::Mutex;", "tokio"),
            ("fn pay(time: tokio::time::Instant) {}", "tokio"),
            ("use std::env;", "std::env"),
            ("fn pay() { std::env::var(\"KEY\") }", "std::env"),
            (
                "use std::{collections::{BTreeMap, BTreeSet}, env};",
                "std::env",
            ),
            ("use {std::{fs::{self, File}}};", "std::fs"),
            ("use std::io::*;", "std::io"),
            ("fn pay(to: ::std::net::TcpStream) {}", "std::net"),
            ("fn pay() { std::process::exit(1) }", "std::process"),
            ("fn pay() { std :: thread :: spawn(pay) }", "std::thread"),
            ("use std::time::SystemTime;", "SystemTime"),
            (
                "use std::time::{Duration, SystemTime as Clock};",
                "SystemTime",
            ),
            ("fn pay() { Instant::now() }", "Instant::now"),
            (
                "macro_rules! pay { () => { std::time::Instant::now() } }",
                "Instant::now",
            ),
        ] {
            assert_eq!(
                impure(text),
                [format!("money.rs:1 must not name {name}")],
                "{text}"
            );
        }
    }

    #[test]
    fn a_refusal_tells_the_line() {
        assert_eq!(
            impure("\n\nuse std::fs;"),
            ["money.rs:3 must not name std::fs"]
        );
    }

    #[test]
    fn a_source_that_cannot_be_read_is_an_error() {
        assert!(impure_names(&source("money.rs", "fn pay() {")).is_err());
    }

    #[test]
    fn the_wiring_may_name_the_adapters() {
        let names = |path| {
            let source = source(path, "use bayar_postgres::PgStore;");
            adapters_outside_wiring(&source).unwrap()
        };
        assert!(names("crates/server/src/wiring.rs").is_empty());
        assert!(names("crates/server/src/wiring/gateways.rs").is_empty());
        assert!(!names("crates/server/src/wiring_too.rs").is_empty());
    }

    #[test]
    fn a_handler_that_names_an_adapter_is_refused() {
        for adapter in [
            "bayar_postgres",
            "bayar_redis",
            "bayar_embedded",
            "bayar_stripe",
            "bayar_midtrans",
        ] {
            for text in [
                format!("use {adapter}::Thing;"),
                format!("fn pay(by: &{adapter}::Thing) {{}}"),
            ] {
                let handler = source("crates/server/src/http/payments.rs", &text);
                let refusal =
                    format!("crates/server/src/http/payments.rs:1 must not name {adapter}");
                assert_eq!(
                    adapters_outside_wiring(&handler).unwrap(),
                    [refusal],
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_handler_may_name_the_application() {
        let handler = source(
            "crates/server/src/http/payments.rs",
            "use bayar_app::payments::create;",
        );
        assert_eq!(
            adapters_outside_wiring(&handler).unwrap(),
            Vec::<String>::new()
        );
    }
}
