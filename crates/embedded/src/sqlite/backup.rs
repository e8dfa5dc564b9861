//! A copy of the database, made while it serves.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use bayar_app::port::StoreError;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use thiserror::Error;

use super::SqliteStore;
use super::error::Failure;
use super::file::{Access, DatabaseFile, for_owner_only};
use super::pool::blocking;

/// What is done when there is a file where the copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no copy is made.
    Keep,
    /// The copy takes its place, all at once.
    Replace,
}

/// Why a copy was not made.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// The copy would take the place of the database.
    #[error("{0} belongs to the database itself")]
    Itself(PathBuf),
    /// The path cannot be handed to SQLite.
    #[error("the path of the copy is not text: {0}")]
    NotText(PathBuf),
    /// The file cannot be made.
    #[error("cannot write {0}")]
    File(PathBuf, #[source] io::Error),
    /// The database cannot be read, or the copy not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SqliteStore {
    /// Copies the database into a new file, as it is at one moment, while it serves.
    /// The file is there whole and on the disk, or not at all.
    ///
    /// # Errors
    /// When there is a file already that is to be kept, or the copy cannot be made.
    pub async fn backup(&self, to: &Path, existing: Existing) -> Result<(), BackupError> {
        let (file, to) = (self.file.clone(), to.to_owned());
        blocking(move || copy(&file, &to, existing)).await
    }
}

fn copy(file: &DatabaseFile, to: &Path, existing: Existing) -> Result<(), BackupError> {
    let refused = |error| BackupError::File(to.to_owned(), error);
    let must_be_free = || match (existing, to.try_exists()) {
        (Existing::Keep, Ok(true)) => Err(BackupError::Exists(to.to_owned())),
        (Existing::Keep | Existing::Replace, Ok(_)) => Ok(()),
        (_, Err(error)) => Err(refused(error)),
    };
    must_be_free()?;
    let name = to
        .file_name()
        .ok_or_else(|| refused(io::ErrorKind::InvalidInput.into()))?;
    let directory = std::path::absolute(to).and_then(|to| match to.parent() {
        Some(directory) => directory.canonicalize(),
        None => Err(io::ErrorKind::InvalidInput.into()),
    });
    let directory = directory.map_err(refused)?;
    let place = directory.join(name);
    if file.owns(&place) {
        return Err(BackupError::Itself(to.to_owned()));
    }

    let mut partial_name = name.to_owned();
    partial_name.push(format!(".{}.partial", std::process::id()));
    let partial = Partial(directory.join(partial_name));
    let not_text = || BackupError::NotText(to.to_owned());
    let partial_text = partial.0.to_str().ok_or_else(not_text)?;
    // SQLite writes into a file that is there, if it is empty: so it never belongs to anybody else.
    for_owner_only(OpenOptions::new().create_new(true))
        .open(&partial.0)
        .map_err(refused)?;
    vacuum_into(file, partial_text)?;
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    sync(&partial.0).map_err(refused)?;
    must_be_free()?;
    fs::rename(&partial.0, &place).map_err(refused)?;
    // Without this the name of the file could be lost with the power.
    if cfg!(unix) {
        sync(&directory).map_err(refused)?;
    }
    Ok(())
}

fn vacuum_into(file: &DatabaseFile, to: &str) -> Result<(), StoreError> {
    let mut connection = file
        .connect(Access::Write)
        .map_err(StoreError::Unavailable)?;
    let copied = sql_query("VACUUM INTO ?")
        .bind::<Text, _>(to)
        .execute(&mut connection);
    copied
        .map(|_| ())
        .map_err(|error| Failure::Sql(error).into())
}

/// A file that is removed unless it was renamed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.0.display(), "a broken copy is left behind");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
