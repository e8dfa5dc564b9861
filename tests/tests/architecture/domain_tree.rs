//! What the domain is built from: small crates that compute, and nothing that waits, reads or ticks.

use std::collections::BTreeSet;

const DOMAIN: &str = "bayar-domain";

/// Asks for the crates that `bayar-domain` is built from when it is built alone,
/// with all its features, on any platform: one a line, its features after `|`.
/// Other members may switch on more; features add up across a build.
#[rustfmt::skip] // a command line
pub const CARGO_TREE: &[&str] = &[
    "tree", "--locked", "--package", DOMAIN, "--all-features", "--edges", "normal,build",
    "--target", "all", "--no-dedupe", "--prefix", "none", "--format", "{p}|{f}",
];

#[rustfmt::skip] // a table
const ALLOWED: &[&str] = &[
    DOMAIN,
    "chrono", "num-traits",
    "rust_decimal", "arrayvec",
    "serde", "serde_core", "serde_derive",
    "thiserror", "thiserror-impl",
    // only while building
    "autocfg", "proc-macro2", "quote", "syn", "unicode-ident",
];

/// The features with which chrono reads the clock of the machine.
const CLOCK: &[&str] = &["clock", "now"];

/// A crate of the tree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    name: String,
    features: Vec<String>,
}

/// Reads what [`CARGO_TREE`] prints.
pub fn parse(tree: &str) -> Result<BTreeSet<Package>, String> {
    let lines = tree.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| package(line).ok_or_else(|| format!("cannot read `{line}`")))
        .collect()
}

/// Reads `chrono v0.4.45|clock,std`.
fn package(line: &str) -> Option<Package> {
    let (package, features) = line.split_once('|')?;
    let (name, _version_and_place) = package.split_once(' ')?;
    let features = features.split(',').filter(|feature| !feature.is_empty());
    Some(Package {
        name: name.to_owned(),
        features: features.map(str::to_owned).collect(),
    })
}

/// What does not belong below the domain.
pub fn violations(tree: &BTreeSet<Package>) -> Vec<String> {
    let mut found = Vec::new();
    if !tree.iter().any(|package| package.name == DOMAIN) {
        found.push(format!("the tree of {DOMAIN} does not hold {DOMAIN}"));
    }
    for Package { name, features } in tree {
        if !ALLOWED.contains(&name.as_str()) {
            found.push(format!("{DOMAIN} must not be built from {name}"));
        }
        if name == "chrono" {
            let clock = features
                .iter()
                .filter(|feature| CLOCK.contains(&feature.as_str()));
            found.extend(
                clock.map(|feature| format!("{DOMAIN} must not have chrono's `{feature}`")),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURE_TREE: &str = "\
bayar-domain v0.1.0 (/home/someone/bayar/crates/domain)|serde
chrono v0.4.45|serde,std
num-traits v0.2.19|
autocfg v1.5.0|
serde_derive v1.0.229 (proc-macro)|default
";

    fn found_in(tree: &str) -> Vec<String> {
        violations(&parse(tree).unwrap())
    }

    #[test]
    fn a_pure_tree_is_accepted() {
        assert_eq!(found_in(PURE_TREE), Vec::<String>::new());
    }

    #[test]
    fn a_runtime_in_the_tree_is_refused() {
        let found = found_in(&format!("{PURE_TREE}tokio v1.54.1|rt"));
        assert_eq!(found, ["bayar-domain must not be built from tokio"]);
    }

    #[test]
    fn a_clock_in_chrono_is_refused() {
        let found = found_in(&PURE_TREE.replace("|serde,std", "|clock,now,serde,std"));
        assert_eq!(
            found,
            [
                "bayar-domain must not have chrono's `clock`",
                "bayar-domain must not have chrono's `now`"
            ]
        );
    }

    #[test]
    fn a_tree_without_the_domain_is_refused() {
        assert_eq!(
            found_in(""),
            ["the tree of bayar-domain does not hold bayar-domain"]
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error() {
        assert_eq!(parse("chrono"), Err("cannot read `chrono`".to_owned()));
    }
}
