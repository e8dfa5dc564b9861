//! TLS, with certificates made for the test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use bayar_redis::{RedisConfig, RedisHelpers};
use bayar_testkit::servers::PrivateRedis;
use tokio::net::TcpListener;

use crate::support::{PATIENCE, connect, everything_is_away, everything_works, look, open};

#[tokio::test]
async fn a_server_with_a_certificate_of_our_authority_is_used() {
    let server = Tls::start().await;
    let helpers = server
        .connect("127.0.0.1", Some(server.certificates.read("ca.pem")))
        .await;
    everything_works(&helpers, "over TLS").await;
}

#[tokio::test]
async fn a_server_with_a_certificate_of_another_authority_is_away() {
    let server = Tls::start().await;
    let others = Certificates::make();
    everything_is_away(
        &server
            .connect("127.0.0.1", Some(others.read("ca.pem")))
            .await,
    )
    .await;
    everything_is_away(&server.connect("127.0.0.1", None).await).await;
}

#[tokio::test]
async fn a_server_with_a_certificate_for_another_name_is_away() {
    let server = Tls::start().await;
    let authorities = server.certificates.read("ca.pem");
    everything_is_away(&server.connect("localhost", Some(authorities)).await).await;
}

#[tokio::test]
async fn speaking_plainly_to_a_server_with_tls_is_away() {
    let server = Tls::start().await;
    let url = format!("redis://127.0.0.1:{}", server.port);
    everything_is_away(&connect(&url).await).await;
}

#[tokio::test]
async fn speaking_tls_to_a_plain_server_is_away() {
    let server = PrivateRedis::start().await;
    let url = server.url().replace("redis://", "rediss://");
    everything_is_away(&connect(&url).await).await;
}

/// A Redis that also listens with TLS.
struct Tls {
    port: u16,
    certificates: Certificates,
    _server: PrivateRedis,
}

impl Tls {
    async fn start() -> Self {
        let server = PrivateRedis::start().await;
        let certificates = Certificates::make();
        let mut redis = look(&server.url()).await;
        for _ in 0..10 {
            let port = free_port().await;
            let mut set = redis::cmd("CONFIG");
            set.arg("SET")
                .arg("tls-cert-file")
                .arg(certificates.path("server.pem"))
                .arg("tls-key-file")
                .arg(certificates.path("server.key"))
                .arg("tls-ca-cert-file")
                .arg(certificates.path("ca.pem"))
                .arg("tls-auth-clients")
                .arg("no")
                .arg("tls-port")
                .arg(port);
            match set.query_async::<()>(&mut redis).await {
                Ok(()) => {
                    return Self {
                        port,
                        certificates,
                        _server: server,
                    };
                }
                // Somebody was quicker.
                Err(error) if error.to_string().contains("listen") => {}
                Err(error) => panic!("this redis-server does not speak TLS: {error}"),
            }
        }
        panic!("no free port");
    }

    async fn connect(&self, host: &str, authorities: Option<Vec<u8>>) -> RedisHelpers {
        let config = RedisConfig {
            authorities,
            command_timeout: PATIENCE,
            connect_timeout: PATIENCE,
            ..RedisConfig::new(format!("rediss://{host}:{}", self.port))
        };
        open(&config).await
    }
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// An authority, and a certificate by it for 127.0.0.1.
struct Certificates(PathBuf);

impl Certificates {
    fn make() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("bayar-redis-tls-{}-{number}", process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        openssl(
            &directory,
            &format!("{new} -subj /CN=authority -keyout ca.key -out ca.pem"),
        );
        let from = "-CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE";
        let name = "-subj /CN=redis -addext subjectAltName=IP:127.0.0.1";
        openssl(
            &directory,
            &format!("{new} {from} {name} -keyout server.key -out server.pem"),
        );
        Self(directory)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // What is left behind lies in the directory for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .output()
        .expect("openssl is installed");
    assert!(
        output.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
