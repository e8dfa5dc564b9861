//! Copies of a database, and going back to them.

use std::path::PathBuf;
use std::process::Command;

use bayar_testkit::servers::postgres_url;
use bayar_tests::program::Installation;
use bayar_tests::stage::Stage;

/// A copy, made while the server served.
pub struct Copy(PathBuf);

impl Copy {
    /// Makes one now. It waits on a thread that others need not wait for.
    pub fn of(stage: &Stage) -> Self {
        let file = stage
            .installation
            .data_dir()
            .with_file_name("copy-of-the-database");
        tokio::task::block_in_place(|| match stage.installation.database_url() {
            Some(url) => succeed(
                program("pg_dump")
                    .args(["--format=custom", "--file"])
                    .arg(&file)
                    .arg(url),
            ),
            None => {
                let path = file.to_str().unwrap();
                stage.installation.run(&["backup", "--force", path], "");
            }
        });
        Self(file)
    }

    /// Puts it in the place of what is there. No process may be at work.
    pub async fn restore(&self, installation: &Installation) {
        match installation.database_url() {
            Some(url) => {
                let name = url.split('?').next().unwrap();
                let name = name.rsplit('/').next().unwrap();
                let (admin, connection) =
                    tokio_postgres::connect(&postgres_url(), tokio_postgres::NoTls)
                        .await
                        .unwrap();
                tokio::spawn(connection);
                for statement in [
                    format!("DROP DATABASE {name} WITH (FORCE)"),
                    format!("CREATE DATABASE {name} TEMPLATE template0"),
                ] {
                    admin.batch_execute(&statement).await.unwrap();
                }
                succeed(
                    program("pg_restore")
                        .args(["--exit-on-error", "--dbname"])
                        .arg(url)
                        .arg(&self.0),
                );
            }
            None => {
                let data = installation.data_dir();
                for name in ["bayar.sqlite-wal", "bayar.sqlite-shm"] {
                    let _ = std::fs::remove_file(data.join(name));
                }
                std::fs::copy(&self.0, data.join("bayar.sqlite")).unwrap();
            }
        }
    }
}

fn program(name: &str) -> Command {
    #[expect(
        clippy::disallowed_methods,
        reason = "with-servers says where the programs are"
    )]
    let bin = std::env::var("BAYAR_TEST_PG_BIN").expect("run it by scripts/with-servers");
    Command::new(PathBuf::from(bin).join(name))
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
