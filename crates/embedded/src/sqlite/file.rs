//! The file: who may open it, and how.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bayar_app::port::Source;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use thiserror::Error;

/// Why a database file was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another server has it.
    #[error("another server has the database open: it holds {0}")]
    InUse(PathBuf),
    /// The path cannot be handed to SQLite.
    #[error("the path of the database is not text: {0}")]
    NotText(PathBuf),
    /// A file or its directory cannot be made or opened.
    #[error("cannot open {0}")]
    File(PathBuf, #[source] io::Error),
    /// SQLite does not take it.
    #[error("cannot use {0} as a database")]
    Database(PathBuf, #[source] Source),
    /// The program ends.
    #[error("the program ended before the database was open")]
    Interrupted,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Where the database is.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: String,
    busy_timeout: Duration,
}

impl DatabaseFile {
    /// Takes a path, and makes the file and its directory for their owner only when they are missing.
    pub(super) fn prepare(path: &Path, busy_timeout: Duration) -> Result<Self, OpenError> {
        let refused = |error| OpenError::File(path.to_owned(), error);
        let absolute = std::path::absolute(path).map_err(refused)?;
        if let Some(directory) = absolute.parent() {
            make_directory(directory).map_err(refused)?;
        }
        make_file(&absolute).map_err(refused)?;
        // One file has one name, so that the lock beside it is one, too. An absolute name is never read as a URI.
        let real = absolute.canonicalize().map_err(refused)?;
        let real = real.into_os_string().into_string();
        Ok(Self {
            path: real.map_err(|_| OpenError::NotText(path.to_owned()))?,
            busy_timeout,
        })
    }

    /// Makes sure that no other server has the file, for as long as the answer lives.
    pub(super) fn lock(&self) -> Result<File, OpenError> {
        let path = PathBuf::from(format!("{}.lock", self.path));
        let opened = for_owner_only(OpenOptions::new().create(true).truncate(false)).open(&path);
        let lock = opened.map_err(|error| OpenError::File(path.clone(), error))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path)),
            Err(TryLockError::Error(error)) => Err(OpenError::File(path, error)),
        }
    }

    /// Opens a connection. Each setting is made on each connection: SQLite remembers none but the journal's.
    pub(super) fn connect(&self, access: Access) -> Result<SqliteConnection, Source> {
        let mut connection = SqliteConnection::establish(&self.path)?;
        // First, for the next ones may have to wait.
        let wait = self.busy_timeout.as_millis();
        connection.batch_execute(&format!("PRAGMA busy_timeout = {wait}"))?;
        let journal: String =
            sql::<Text>("PRAGMA journal_mode = WAL").get_result(&mut connection)?;
        if journal != "wal" {
            return Err(format!("its journal is {journal}, and cannot be made wal").into());
        }
        connection.batch_execute("PRAGMA synchronous = FULL")?;
        // On a Mac, a sync without this stops at the disk's own memory. Elsewhere it is nothing.
        connection.batch_execute("PRAGMA fullfsync = ON")?;
        connection.batch_execute("PRAGMA foreign_keys = ON")?;
        if access == Access::Read {
            connection.batch_execute("PRAGMA query_only = ON")?;
        }
        Ok(connection)
    }

    /// Whether `path`, in a directory without links, is the database or one of the files that belong to it.
    pub(super) fn owns(&self, path: &Path) -> bool {
        let belongs = |suffix: &str| {
            let name = path.to_str().and_then(|path| path.strip_suffix(suffix));
            name == Some(&self.path)
        };
        ["", "-wal", "-shm", "-journal", ".lock"]
            .into_iter()
            .any(belongs)
    }
}

/// Options that make a new file for its owner only: it holds who paid what.
pub(super) fn for_owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.read(true).write(true)
}

/// Makes an empty file when there is none.
///
/// A file that is there is never opened here: to close it would take away the locks that SQLite holds on it in this
/// process, and another process could then throw away its journal. For the same reason only one does this at a time.
fn make_file(path: &Path) -> io::Result<()> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match for_owner_only(OpenOptions::new().create_new(true)).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::BigInt;

    use super::*;

    #[test]
    fn every_connection_is_safe_and_strict() {
        let name = format!("bayar-embedded-settings-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let wait = Duration::from_millis(1234);
        let file = DatabaseFile::prepare(&directory.join("bayar.db"), wait).unwrap();
        for (access, query_only) in [(Access::Write, 0), (Access::Read, 1)] {
            // Twice: the first one finds a new file, the second one a file that has its journal.
            for _ in 0..2 {
                let mut connection = file.connect(access).unwrap();
                let mut setting = |name: &str| -> i64 {
                    let pragma = sql::<BigInt>(&format!("PRAGMA {name}"));
                    pragma.get_result(&mut connection).unwrap()
                };
                const FULL: i64 = 2;
                assert_eq!(setting("synchronous"), FULL);
                assert_eq!(setting("fullfsync"), 1);
                assert_eq!(setting("foreign_keys"), 1);
                assert_eq!(setting("busy_timeout"), 1234);
                assert_eq!(setting("query_only"), query_only);
                let journal = sql::<Text>("PRAGMA journal_mode");
                let journal: String = journal.get_result(&mut connection).unwrap();
                assert_eq!(journal, "wal");
            }
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
