//! Keeps the crates of the workspace the shape that `docs/ARCHITECTURE.md` describes.
//!
//! Each module holds rules as a table and a pure function that answers with what breaks them;
//! its tests show the function a broken example.
//! This file loads the real workspace and holds it against the rules.

mod domain_tree;
mod faults;
mod figures;
mod guards;
mod manifests;
mod members;
mod sources;

use std::{error::Error, fs, io, path::Path};

use bayar_tests::{cargo, repository_root};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::{
    manifests::Manifest,
    members::{Dependency, Member},
    sources::Source,
};

type TestResult = Result<(), Box<dyn Error>>;

#[test]
fn members_depend_only_on_what_the_table_allows() -> TestResult {
    let members = load_members(&load_workspace()?);
    assert!(!members.is_empty());
    assert_none(&members::violations(&members));
    Ok(())
}

#[test]
fn members_take_lints_and_versions_from_the_workspace() -> TestResult {
    let mut found = Vec::new();
    for package in load_workspace()?.packages {
        let manifest = Manifest {
            path: from_root(package.manifest_path.as_std_path()),
            text: fs::read_to_string(&package.manifest_path)?,
        };
        found.extend(manifests::violations(&manifest)?);
    }
    assert_none(&found);
    Ok(())
}

#[test]
fn the_domain_names_no_runtime_no_io_and_no_clock() -> TestResult {
    let sources = load_sources("crates/domain/src")?;
    assert!(!sources.is_empty());
    let mut found = Vec::new();
    for source in &sources {
        found.extend(sources::impure_names(source)?);
    }
    assert_none(&found);
    Ok(())
}

#[test]
fn in_the_server_only_the_wiring_names_an_adapter() -> TestResult {
    let mut found = Vec::new();
    for source in &load_sources("crates/server/src")? {
        found.extend(sources::adapters_outside_wiring(source)?);
    }
    assert_none(&found);
    Ok(())
}

#[test]
fn every_fault_of_the_list_has_its_tests() -> TestResult {
    let mut sources = Vec::new();
    for directory in faults::SOURCES {
        sources.extend(load_sources(directory)?);
    }
    assert!(!sources.is_empty());
    let document = fs::read_to_string(repository_root().join(faults::DOCUMENT))?;
    assert_none(&faults::violations(&document, &sources));
    Ok(())
}

#[test]
fn everything_that_is_counted_is_described() -> TestResult {
    let mut sources = Vec::new();
    for member in load_members(&load_workspace()?) {
        sources.extend(load_sources(&format!("{}/src", member.directory))?);
    }
    assert!(!sources.is_empty());
    assert_none(&figures::undescribed(&sources)?);
    Ok(())
}

#[test]
fn what_is_taken_out_of_a_copy_is_there_to_be_taken_out() -> TestResult {
    let guards = bayar_tests::guards::all();
    assert!(!guards.is_empty());
    assert_none(&guards::violations(&guards, &guards::Tree::load()?));
    Ok(())
}

#[test]
fn the_domain_stands_on_small_pure_crates_alone() -> TestResult {
    let output = cargo().args(domain_tree::CARGO_TREE).output()?;
    let tree = String::from_utf8(output.stdout)?;
    let complaint = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "cargo tree failed: {complaint}");
    assert_none(&domain_tree::violations(&domain_tree::parse(&tree)?));
    Ok(())
}

#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// The members and what their manifests say; their dependencies are not resolved.
fn load_workspace() -> Result<Metadata, cargo_metadata::Error> {
    MetadataCommand::new()
        .manifest_path(repository_root().join("Cargo.toml"))
        .no_deps()
        .exec()
}

fn load_members(workspace: &Metadata) -> Vec<Member> {
    workspace
        .packages
        .iter()
        .map(|package| Member {
            name: package.name.to_string(),
            directory: from_root(package.manifest_path.with_file_name("").as_std_path()),
            dependencies: package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .map(|dependency| Dependency {
                    name: dependency.name.clone(),
                    only_for_tests: dependency.kind == cargo_metadata::DependencyKind::Development,
                    renamed: dependency.rename.is_some(),
                })
                .collect(),
        })
        .collect()
}

/// Every Rust file below a directory of the repository; none when it does not exist yet.
fn load_sources(directory: &str) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut open = vec![repository_root().join(directory)];
    while let Some(directory) = open.pop() {
        if !directory.exists() {
            continue;
        }
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                found.push(Source {
                    path: from_root(&path),
                    text,
                });
            }
        }
    }
    Ok(found)
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(repository_root())
        .unwrap_or(path)
        .display()
        .to_string()
}
