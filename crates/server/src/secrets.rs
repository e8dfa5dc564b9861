//! The keys of an installation that was given none: made once, and kept beside its database file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use bayar_app::port::Random;
use thiserror::Error;
use zeroize::Zeroizing;

/// A key that is kept cannot be used.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("the key in {} cannot be read or written", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The file holds something else.
    #[error("{} does not hold 64 hexadecimal digits", .0.display())]
    Content(PathBuf),
}

/// The key that is kept in `directory` under `name`. It is made when it is not there.
///
/// Of two processes that make it at once, one wins, and both use that one.
///
/// # Errors
/// When it can neither be read nor written.
pub fn kept(
    directory: &Path,
    name: &str,
    random: &dyn Random,
) -> Result<Zeroizing<[u8; 32]>, SecretError> {
    let path = directory.join(name);
    let refused = |error| SecretError::File(path.clone(), error);
    if !path.try_exists().map_err(refused)? {
        let mut directories = fs::DirBuilder::new();
        let made = directories.recursive(true).mode(0o700).create(directory);
        made.map_err(refused)?;
        make(&path, random).map_err(refused)?;
    }
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(refused)?);
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *key).map_err(|_| SecretError::Content(path.clone()))?;
    Ok(key)
}

/// Writes a new key aside and links it to its place, so that nobody ever reads half of one.
fn make(path: &Path, random: &dyn Random) -> io::Result<()> {
    let mut key = Zeroizing::new([0; 32]);
    random.fill(&mut *key);
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let aside = path.with_extension(hex::encode(suffix));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?;
    let text = Zeroizing::new(hex::encode(*key));
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| match fs::hard_link(&aside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    fs::remove_file(&aside)?;
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use bayar_testkit::random::SeededRandom;

    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("bayar-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn a_key_is_made_once_and_kept_for_its_owner_alone() {
        let directory = directory("kept");
        let random = SeededRandom::new(1);
        let key = kept(&directory, "app.key", &random).unwrap();
        assert_eq!(kept(&directory, "app.key", &random).unwrap(), key);
        assert_ne!(kept(&directory, "jwt.key", &random).unwrap(), key);
        let mode = fs::metadata(directory.join("app.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_file_with_something_else_is_refused() {
        let directory = directory("content");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("app.key"), "0123").unwrap();
        let refused = kept(&directory, "app.key", &SeededRandom::new(1)).unwrap_err();
        assert!(matches!(refused, SecretError::Content(_)));
        fs::remove_dir_all(&directory).unwrap();
    }
}
