//! Nothing that is secret or about a person leaves the adapter sideways.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use bayar_app::port::gateway::PaymentGateway as _;
use tracing_subscriber::fmt::MakeWriter;

use crate::fixtures::{
    SECRET_KEY, Where, config, error, gateway, paid_session, patched, send_open, session,
};
use crate::server::{Act, Server, answer, text};

/// What is logged by the thread that made it. Other tests of the program log as well.
#[derive(Clone)]
struct Log {
    thread: ThreadId,
    lines: Arc<Mutex<Vec<u8>>>,
}

impl Log {
    fn new() -> Self {
        Self {
            thread: thread::current().id(),
            lines: Arc::default(),
        }
    }
}

impl Write for Log {
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

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_error_or_debug_output_holds_a_secret() {
    let log = Log::new();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let card = error("card_error", "card_declined");
    let personal = patched(
        card,
        serde_json::json!({"payment_intent": {"id": "pi_secret"}}),
    );
    let mut odd = paid_session();
    odd["payment_intent"]["amount_received"] = "jane@example.com".into();
    let mut shown = String::new();
    let mut script: Vec<Act> = vec![answer(200, &session()), answer(402, &personal)];
    script.extend((0..3).map(|_| text(500, "jane@example.com")));
    script.extend((0..3).map(|_| Act::HangUp));
    let server = Server::start(script).await;
    let stripe = gateway(&server);
    for _ in 0..4 {
        shown.push_str(&format!("{:?}", send_open(&stripe).await));
    }
    assert!(server.is_over());
    let server = Server::start([answer(200, &odd), text(200, "jane@example.com")]).await;
    let known = Where::known();
    for _ in 0..2 {
        let failed = gateway(&server).read(&known.place()).await.unwrap_err();
        shown.push_str(&format!("{failed} {failed:?}"));
    }
    shown.push_str(&format!("{stripe:?} {:?}", config(&server.base)));
    shown.push_str(&String::from_utf8(log.lines.lock().unwrap().clone()).unwrap());

    // Something was written, and it says what went wrong.
    assert!(shown.contains("did not carry out"), "{shown}");
    assert!(shown.contains("card_declined"), "{shown}");
    assert!(shown.contains("req_77"), "{shown}");
    let secret = SECRET_KEY.trim_start_matches("sk_test_");
    for hidden in [secret, "jane", "example", "pi_secret", "cs_test_1"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}
