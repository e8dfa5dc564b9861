//! Lints and versions are decided once, for the whole workspace.

use toml::{Table, Value};

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// A member's `Cargo.toml`.
pub struct Manifest {
    pub path: String,
    pub text: String,
}

/// What the manifest decides by itself.
pub fn violations(manifest: &Manifest) -> Result<Vec<String>, toml::de::Error> {
    let Manifest { path, text } = manifest;
    let table: Table = text.parse()?;
    let mut found = Vec::new();
    if !table.get("lints").is_some_and(is_inherited) {
        found.push(format!("{path}: [lints] must be `workspace = true`"));
    }
    for (name, dependency) in dependencies(&table) {
        if !is_inherited(dependency) {
            found.push(format!("{path}: {name} must be `workspace = true`"));
        }
    }
    Ok(found)
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Of every kind, for all platforms and for one.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let for_one_platform = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(for_one_platform)
        .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)))
        .filter_map(Value::as_table)
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(text: &str) -> Vec<String> {
        let manifest = Manifest {
            path: "Cargo.toml".to_owned(),
            text: text.to_owned(),
        };
        violations(&manifest).unwrap_or_else(|error| vec![error.to_string()])
    }

    #[test]
    fn a_manifest_that_inherits_everything_is_accepted() {
        let found = found_in(
            r#"
        [dependencies]
        chrono.workspace = true
        serde = { workspace = true, optional = true }
        [target."cfg(unix)".dev-dependencies]
        proptest.workspace = true
        [lints]
        workspace = true
        "#,
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_manifest_without_the_lints_is_refused() {
        let refusal = ["Cargo.toml: [lints] must be `workspace = true`"];
        assert_eq!(found_in(""), refusal);
        assert_eq!(found_in("[lints]\nworkspace = false"), refusal);
        assert_eq!(found_in("[lints.rust]\nunsafe_code = \"allow\""), refusal);
    }

    #[test]
    fn a_version_of_its_own_is_refused() {
        for dependency in [
            "[dependencies]\nserde = \"1\"",
            "[dependencies]\nserde = { version = \"1\" }",
            "[dependencies.serde]\nversion = \"1\"",
            "[dev-dependencies]\nserde = \"1\"",
            "[build-dependencies]\nserde = { git = \"https://example.com/serde\" }",
            "[target.\"cfg(unix)\".dependencies]\nserde = \"1\"",
        ] {
            let found = found_in(&format!("{dependency}\n[lints]\nworkspace = true"));
            assert_eq!(
                found,
                ["Cargo.toml: serde must be `workspace = true`"],
                "{dependency}"
            );
        }
    }
}
