//! The simulator as a program.

use std::io::{self, Write};
use std::path::PathBuf;

use super::config::SimConfig;
use super::{SimError, Simulator};

/// What the program is told.
#[derive(Debug, Clone, Default)]
pub struct ServeArgs {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The file of the book.
    pub book: Option<PathBuf>,
    /// The base of the hosted pages as a browser reaches them.
    pub public_url: Option<String>,
    /// `sk_test_...`
    pub stripe_secret_key: Option<String>,
    /// Every one signs; several while one is rolled.
    pub stripe_webhook_secrets: Vec<String>,
    /// Where Stripe's webhooks go.
    pub stripe_webhook_url: Option<String>,
    /// The server key of Midtrans.
    pub midtrans_server_key: Option<String>,
    /// Where Midtrans' notifications go.
    pub midtrans_notification_url: Option<String>,
    /// Where ids and chances come from.
    pub seed: Option<u64>,
}

impl ServeArgs {
    /// The same as a configuration; what is not said stays as usual.
    #[must_use]
    pub fn into_config(self) -> SimConfig {
        let mut config = SimConfig {
            port: self.port,
            book: self.book,
            public_url: self.public_url,
            ..SimConfig::default()
        };
        if let Some(key) = self.stripe_secret_key {
            config.stripe.secret_keys = vec![key];
        }
        if !self.stripe_webhook_secrets.is_empty() {
            config.stripe.webhook_secrets = self.stripe_webhook_secrets;
        }
        config.stripe.webhook_url = self.stripe_webhook_url;
        if let Some(key) = self.midtrans_server_key {
            config.midtrans.server_key = key;
        }
        config.midtrans.notification_url = self.midtrans_notification_url;
        if let Some(seed) = self.seed {
            config.seed = seed;
        }
        config
    }
}

/// Runs the simulator until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub async fn serve(args: ServeArgs) -> Result<(), SimError> {
    let simulator = Simulator::start(args.into_config())?;
    let _ = writeln!(
        io::stdout(),
        "The simulated gateways listen at {0}\n\n  \
         Stripe    {0}/v1\n  Snap      {1}\n  Core      {0}/v2\n  \
         Control   {0}/_sim\n  To click  {0}/",
        simulator.url(),
        simulator.snap_client_base(),
    );
    let _ = wait_for_a_signal().await;
    simulator.stop();
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
async fn wait_for_a_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}
