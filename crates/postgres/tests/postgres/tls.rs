//! Encrypted connections: the certificate of the server is verified, or there is no connection.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{client, connect, reasons};
use bayar_app::port::store::{StoreError, Upkeep};
use bayar_testkit::servers::{PrivatePostgres, give_away, postgres_url, succeed};

/// Whoever comes by the network must encrypt. The socket is for the test itself.
const ACCESS: &str = "local all all trust\nhostssl all all 127.0.0.1/32 trust";

/// An authority that signs certificates.
fn authority(directory: &Path, name: &str) -> PathBuf {
    let (key, certificate) = (file(directory, name, "key"), file(directory, name, "crt"));
    let subject = format!("/CN={name}");
    succeed(
        openssl(&[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", &subject])
        .args(["-addext", "keyUsage=critical,keyCertSign"])
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(&certificate),
    );
    certificate
}

/// A certificate for `localhost`, and for no address.
fn certify(directory: &Path, authority: &str) {
    let names = file(directory, "server", "ext");
    std::fs::write(&names, "subjectAltName=DNS:localhost").unwrap();
    succeed(
        openssl(&["req", "-new", "-newkey", "rsa:2048", "-nodes"])
            .args(["-subj", "/CN=localhost"])
            .arg("-keyout")
            .arg(file(directory, "server", "key"))
            .arg("-out")
            .arg(file(directory, "server", "csr")),
    );
    succeed(
        openssl(&["x509", "-req", "-days", "2"])
            .arg("-in")
            .arg(file(directory, "server", "csr"))
            .arg("-CA")
            .arg(file(directory, authority, "crt"))
            .arg("-CAkey")
            .arg(file(directory, authority, "key"))
            .arg("-CAcreateserial")
            .arg("-extfile")
            .arg(names)
            .arg("-out")
            .arg(file(directory, "server", "crt")),
    );
}

fn openssl(arguments: &[&str]) -> Command {
    let mut openssl = Command::new("openssl");
    openssl.args(arguments);
    openssl
}

fn file(directory: &Path, name: &str, kind: &str) -> PathBuf {
    directory.join(format!("{name}.{kind}"))
}

async fn encrypting_server() -> PrivatePostgres {
    let prepare = |data: &Path| {
        authority(data, "ours");
        authority(data, "another");
        certify(data, "ours");
        for kind in ["key", "crt"] {
            give_away(&file(data, "server", kind));
        }
    };
    let settings = "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'";
    PrivatePostgres::start(prepare, settings, ACCESS).await
}

async fn works(url: &str) {
    let store = connect(url);
    store.migrate().await.unwrap();
    store.now().await.unwrap();
}

/// Answers why there is no connection.
async fn refused(url: &str) -> String {
    match connect(url).now().await {
        Err(StoreError::Unavailable(source)) => reasons(&*source),
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_when_its_certificate_is_verified_and_only_then() {
    let server = encrypting_server().await;
    let with = |host: &str, mode: &str, authority: &str| {
        let roots = file(&server.data(), authority, "crt");
        let roots = roots.display().to_string().replace('/', "%2F");
        server.url(host, &format!("sslmode={mode}&sslrootcert={roots}"))
    };
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        works(&with("localhost", mode, "ours")).await;

        let reason = refused(&with("localhost", mode, "another")).await;
        assert!(reason.contains("UnknownIssuer"), "{mode}: {reason}");

        let reason = refused(&with("127.0.0.1", mode, "ours")).await;
        assert!(reason.contains("not valid for name"), "{mode}: {reason}");
    }
    let reason = refused(&server.url("localhost", "sslmode=disable")).await;
    assert!(reason.contains("no encryption"), "{reason}");
    // Nothing said means not encrypted, on this machine.
    let reason = refused(&server.url("localhost", "application_name=x")).await;
    assert!(reason.contains("no encryption"), "{reason}");
    // No authority of the system signed it.
    let reason = refused(&server.url("localhost", "sslmode=require")).await;
    assert!(reason.contains("UnknownIssuer"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_encrypted_is_encrypted() {
    let server = encrypting_server().await;
    let roots = file(&server.data(), "ours", "crt");
    let roots = roots.display().to_string().replace('/', "%2F");
    let store = connect(&server.url("localhost", &format!("sslmode=require&sslrootcert={roots}")));
    store.migrate().await.unwrap();
    store.now().await.unwrap();
    let client = client(&server.socket_url()).await;
    let query = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'bayar'";
    let sessions = client.query(query, &[]).await.unwrap();
    assert!(!sessions.is_empty());
    assert!(sessions.iter().all(|session| session.get("ssl")));
}

/// The shared server of the tests speaks no TLS.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_encrypt_is_reached_only_by_those_who_do_not_insist() {
    let server = postgres_url();
    let reason = refused(&format!("{server}?sslmode=require")).await;
    assert!(reason.contains("server does not support TLS"), "{reason}");
    for mode in ["disable", "prefer"] {
        let url = format!("{server}?sslmode={mode}");
        connect(&url).schema().await.unwrap();
    }
}
