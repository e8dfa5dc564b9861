//! A Postgres server of one test.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::NoTls;

use super::port::Port;

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the server, and ends it at once at the end of its input: also when the test dies in any way.
const GUARD: &str = r#"
trap '' INT TERM HUP
"$@" >&2 &
read -r _
kill -s QUIT $!
wait
"#;

/// A server of its own, for a test that restarts it or wants it set up otherwise. Removed when dropped.
pub struct PrivatePostgres {
    directory: PathBuf,
    port: Port,
    running: Option<(Child, ChildStdin)>,
}

impl PrivatePostgres {
    /// Makes a server. `prepare` puts files into its data directory, and `settings` and `access` are added to its
    /// `postgresql.conf` and in place of its `pg_hba.conf`.
    pub async fn start(prepare: impl FnOnce(&Path), settings: &str, access: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let directory = std::env::temp_dir().join(format!(
            "bayar-postgres-{}-{}",
            std::process::id(),
            MADE.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir(&directory).unwrap();
        give_away(&directory);
        let data = directory.join("data");
        let mut initdb = as_postgres("initdb");
        initdb.arg("--pgdata").arg(&data);
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        succeed(initdb.args(["--no-locale", "--no-sync"]));
        prepare(&data);
        let conf = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
        let conf = format!("{conf}\n{settings}\n");
        std::fs::write(data.join("postgresql.conf"), conf).unwrap();
        std::fs::write(data.join("pg_hba.conf"), format!("{access}\n")).unwrap();

        let mut server = Self {
            directory,
            port: Port::reserve(),
            running: None,
        };
        server.launch().await;
        server
    }

    /// Where it is for those who come by the network, with more parameters.
    #[must_use]
    pub fn url(&self, host: &str, parameters: &str) -> String {
        let port = self.port.number();
        format!("postgres://postgres@{host}:{port}/postgres?{parameters}")
    }

    /// Where it is for those who come by its socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        let directory = self.directory.display().to_string().replace('/', "%2F");
        let port = self.port.number();
        format!("postgres://postgres@{directory}:{port}/postgres")
    }

    /// Where its files are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Ends it as a crash would: every connection breaks, and nothing is written any more.
    pub fn crash(&mut self) {
        if let Some((mut guard, input)) = self.running.take() {
            drop(input);
            guard.wait().unwrap();
        }
    }

    /// Starts it again.
    pub async fn launch(&mut self) {
        let mut postgres = as_postgres("postgres");
        postgres.arg("-D").arg(self.data());
        postgres.args(["-p", &self.port.number().to_string()]);
        postgres.args(["-c", "listen_addresses=127.0.0.1"]);
        let socket = format!("unix_socket_directories={}", self.directory.display());
        postgres.args(["-c", &socket]);
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(postgres.get_program())
            .args(postgres.get_args())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = guard.stdin.take().unwrap();
        let mut log = guard.stderr.take().unwrap();
        self.running = Some((guard, input));
        let url = self.socket_url();
        let answers = async {
            while tokio_postgres::connect(&url, NoTls).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, answers).await.is_err() {
            self.crash();
            let mut said = String::new();
            log.read_to_string(&mut said).unwrap();
            panic!("the private server does not start: {said}");
        }
        // A server that nobody listens to stops when the pipe is full.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.crash();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Leaves a file or directory to whoever runs the server, and to nobody else.
pub fn give_away(path: &Path) {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    if is_root() {
        succeed(Command::new("chown").arg("postgres").arg(path));
    }
}

/// Runs a command that must succeed.
pub fn succeed(command: &mut Command) {
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

/// One of the programs of Postgres, which refuse to run as root.
fn as_postgres(program: &str) -> Command {
    let program = PathBuf::from(super::variable("BAYAR_TEST_PG_BIN")).join(program);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=postgres",
        "--regid=postgres",
        "--init-groups",
        "--",
    ]);
    command.arg(program);
    // The directory of the test is closed to others.
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let uid = Command::new("id").arg("-u").output().unwrap().stdout;
    uid.trim_ascii() == b"0"
}
