//! What lets people pay, or us act, stays out of logs.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use bayar_app::port::gateway::PaymentGateway as _;
use bayar_app::port::store::Operation;
use bayar_domain::Mode;
use bayar_midtrans::{MidtransConfig, Retries, Timeouts};
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;

use super::support::{Fixture, Reply, SERVER_KEY, Server, TOKEN, transaction};

/// What is logged by the thread that made it. Other tests of the program log as well.
#[derive(Clone)]
struct Kept {
    thread: ThreadId,
    lines: Arc<Mutex<Vec<u8>>>,
}

impl Kept {
    fn new() -> Self {
        Self {
            thread: thread::current().id(),
            lines: Arc::default(),
        }
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if thread::current().id() == self.thread {
            self.lines.lock().unwrap().extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const AUTHORIZATION: &str = "U0ItTWlkLXNlcnZlci1hYmMxMjM6";
const CARD: &str = "48111111-1114";

#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let kept = Kept::new();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let personal = r#"{"error_messages":["customer budi@example.com is not welcome"]}"#;
    let server = Server::of([
        Reply::Of(200, transaction("paused", "")),
        Reply::Of(200, transaction("p\\nforged line", "")),
        Reply::Of(200, r#"{"status_code":"404"}"#.to_owned()),
        Reply::Drop,
        Reply::Of(502, format!("<html>{TOKEN}</html>")),
        Reply::Of(400, personal.to_owned()),
    ])
    .await;
    let fixture = Fixture::at(&server).with_page();
    let unknown = fixture.gateway.read(&fixture.place()).await.unwrap();
    fixture.gateway.read(&fixture.place()).await.unwrap();
    let request = fixture.gateway.to_close(&fixture.place()).unwrap();
    let error = fixture.send(Operation::Close, &request).await.unwrap_err();
    assert_eq!(server.seen().len(), 6);

    let log = String::from_utf8(kept.lines.lock().unwrap().clone()).unwrap();
    assert!(log.contains("midtrans tells what we do not know"), "{log}");
    assert!(log.contains("midtrans is asked again"), "{log}");
    let ours: String = log
        .lines()
        .filter(|line| line.contains("bayar_midtrans"))
        .collect();
    let shown = format!(
        "{error} {error:?} {unknown:?} {:?} {request:?}",
        fixture.gateway
    );
    for text in [ours.as_str(), shown.as_str(), log.as_str()] {
        for secret in [SERVER_KEY, AUTHORIZATION, TOKEN, CARD, "budi"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert!(!log.contains("\nforged"), "{log}");
}

#[test]
fn a_configuration_does_not_show_its_key() {
    let config = MidtransConfig {
        server_key: SecretString::from(SERVER_KEY),
        snap_base: "https://app.sandbox.midtrans.com".to_owned(),
        api_base: "https://api.sandbox.midtrans.com".to_owned(),
        mode: Mode::Test,
        merchant: None,
        timeouts: Timeouts::default(),
        retries: Retries::default(),
    };
    assert!(!format!("{config:?}").contains(SERVER_KEY));
}
