use std::future::Future;
use std::process::Command;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a test watches that nothing happens.
pub(crate) const A_WHILE: Duration = Duration::from_millis(200);

pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

/// Whether the server of a URL takes connections.
pub(crate) async fn is_reachable(url: &str) -> bool {
    TcpStream::connect(address_of(url)).await.is_ok()
}

/// The host and port of a URL.
pub(crate) fn address_of(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap();
    let authority = rest.split('/').next().unwrap();
    authority.rsplit('@').next().unwrap().to_owned()
}

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// One test of this program, to be run again in a process of its own that knows by `PLAYED` which part it plays.
pub(crate) fn the_test_again(name: &str, part: &str) -> Command {
    // Also when its file was replaced by a build in the meantime.
    let mut command = Command::new("/proc/self/exe");
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(PLAYED, part);
    command
}

const PLAYED: &str = "BAYAR_TEST_PLAYED";

/// What `the_test_again` was told. Nothing when the test runs by itself.
pub(crate) fn part() -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is set for this process by the test that started it"
    )]
    std::env::var(PLAYED).ok()
}
