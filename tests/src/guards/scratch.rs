//! A copy of the sources, built so that each guard in them can be taken out.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::process::Command;

use super::Result;
use super::guard::Patch;
use crate::{cargo, repository_root};

/// The copy.
pub(super) struct Scratch {
    /// Where it is.
    pub(super) root: PathBuf,
    /// What it is built into: nothing else is.
    pub(super) target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

impl Scratch {
    /// Makes the copy what the tree is now, but for the patches.
    /// What is as it was is not touched, so that it is not built again.
    pub(super) async fn of_this_tree(patches: &[Patch]) -> Result<Self> {
        let origin = repository_root();
        let target = target_directory().await?.join("guards");
        let root = target.join("tree");
        let files = files_of(&origin).await?;
        for patch in patches {
            if !files.iter().any(|file| file == patch.file) {
                return Err(format!("there is no {}", patch.file).into());
            }
        }
        for file in &files {
            let mut bytes = fs::read(origin.join(file))?;
            for patch in patches.iter().filter(|patch| patch.file == file) {
                bytes = patched(String::from_utf8(bytes)?, patch)?.into_bytes();
            }
            write(&root.join(file), &bytes)?;
        }
        forget_others(&root, &root, &files)?;
        Ok(Self { root, target })
    }
}

fn patched(text: String, patch: &Patch) -> Result<String> {
    let Patch { file, from, .. } = patch;
    match text.matches(from).count() {
        1 => Ok(text.replace(from, &patch.built())),
        times => Err(
            format!("`{from}` stands in {file} {times} times, and must stand there once").into(),
        ),
    }
}

async fn target_directory() -> Result<PathBuf> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--no-deps", "--format-version=1", "--locked"]);
    let output = Command::from(metadata).output().await?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.target_directory)
}

/// Every file that git knows or would add, by its path from the root.
async fn files_of(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .await?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let listed = String::from_utf8(output.stdout)?;
    let files = listed.split('\0').filter(|file| !file.is_empty());
    // One that was deleted and not yet committed is listed, too.
    let files = files.filter(|file| root.join(file).is_file());
    Ok(files.map(str::to_owned).collect())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, bytes)?;
    Ok(())
}

/// Removes what an older copy had and the tree has no more.
fn forget_others(root: &Path, directory: &Path, files: &[String]) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            forget_others(root, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(root)?.to_string_lossy();
        if !files.iter().any(|file| *file == name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: Patch = Patch {
        word: "lease",
        file: "a.rs",
        from: "is_free",
        to: "(is_free OR $SQL)",
    };

    #[test]
    fn a_guard_is_out_when_its_word_is_said() {
        let text = patched("WHERE is_free AND b".to_owned(), &PATCH).unwrap();
        assert_eq!(
            text,
            "WHERE (is_free OR to_regclass('without_lease') IS NOT NULL) AND b"
        );
        let sqlite = Patch {
            to: "(is_free OR $SQLITE)",
            ..PATCH
        };
        let text = patched("is_free".to_owned(), &sqlite).unwrap();
        assert_eq!(
            text,
            "(is_free OR EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'without_lease'))"
        );
        let rust = Patch {
            to: "$RUST || is_free()",
            ..PATCH
        };
        let text = patched("is_free".to_owned(), &rust).unwrap();
        assert!(
            text.contains("told.contains(\"without_lease \")) || is_free()"),
            "{text}"
        );
    }

    #[test]
    fn what_does_not_stand_there_once_is_not_patched() {
        for text in ["", "is_free, is_free"] {
            assert!(patched(text.to_owned(), &PATCH).is_err(), "{text}");
        }
    }
}
