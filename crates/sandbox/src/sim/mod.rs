//! Simulated Stripe and Midtrans: a program of its own that plays both gateways as they are
//! documented, and tries to break whoever uses them.
//!
//! It shares no code with the service, so that the two cannot agree on the same mistake. It keeps
//! its own [`book`]: an append-only account from which alone can be told what was open, what was
//! taken and what went back.
//!
//! - [`Simulator::start`] listens on the loopback address: Stripe under `/v1`, Snap under
//!   `/snap/v1`, Core under `/v2`, pages for the buyer, and the control API under `/_sim`.
//! - [`Handle`] is that control API for a test in the same process: [`Action`]s of buyers, banks
//!   and dashboards, [`Rule`]s for requests that go wrong, [`WebhookRule`]s for webhooks that do,
//!   and the simulated clock.
//!
//! Time runs like the real one until somebody advances it. Whatever has a time then happens:
//! sessions expire, keys are forgotten, webhooks are tried again, cards settle.

pub mod book;
mod calendar;
mod clock;
mod config;
pub mod control;
mod faults;
mod gateway;
mod http;
mod ids;
mod in_force;
mod midtrans;
mod pages;
mod pipeline;
mod serve;
mod state;
mod stripe;
mod table;
mod timeline;
mod webhooks;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use thiserror::Error;

use self::book::BookError;
pub use self::clock::Millis;
pub(crate) use self::clock::real_now;
pub use self::config::{MidtransAccount, RepeatedRefund, SigningTime, SimConfig, StripeAccount};
pub use self::control::{Action, ActionError, Handle, RefundMove};
pub use self::faults::{Fault, Rule};
pub use self::gateway::Gateway;
pub use self::serve::{ServeArgs, serve};
pub use self::webhooks::forge::Forgery;
pub use self::webhooks::{Delivery, DeliveryState, Tamper, WebhookRule, WebhookUrls};
use self::world::{Shared, World};

/// Why there is no simulator.
#[derive(Debug, Error)]
pub enum SimError {
    /// Nobody can listen there.
    #[error("the simulator cannot listen on port {port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// Its threads cannot be started.
    #[error("the simulator cannot be started")]
    Start(#[source] io::Error),
    /// Its book cannot be used.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// A running simulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    handle: Handle,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator on a thread of its own. It listens when this returns.
    ///
    /// # Errors
    /// When nobody can listen there, or the book cannot be used.
    pub fn start(config: SimConfig) -> Result<Self, SimError> {
        let port = config.port;
        let unheard = |source| SimError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        let public_url = config.public_url.clone();
        let public_url = public_url.unwrap_or_else(|| format!("http://{address}"));
        let config = Arc::new(config);
        let public_url = public_url.trim_end_matches('/').to_owned();
        let world = World::open(&config, public_url)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("simulator")
            .enable_all()
            .build()
            .map_err(SimError::Start)?;
        let shared = Arc::new(Shared::new(world, runtime.handle().clone()));
        let handle = Handle::new(Arc::clone(&shared));
        let closing = Arc::clone(&shared);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (started, hears) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let server = match http::server::start(&shared, listener) {
                        Ok(server) => server,
                        Err(error) => {
                            let _ = started.send(Err(error));
                            return;
                        }
                    };
                    let _ = started.send(Ok(()));
                    let control = server.handle();
                    let serving = tokio::spawn(server);
                    let sender = tokio::spawn(webhooks::run(shared));
                    let _ = stopped.await;
                    sender.abort();
                    control.stop(false).await;
                    let _ = serving.await;
                    closing.close();
                });
                runtime.shutdown_background();
            })
            .map_err(SimError::Start)?;
        match hears.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(SimError::Start(error)),
            Err(error) => return Err(SimError::Start(io::Error::other(error))),
        }
        Ok(Self {
            address,
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of everything, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a Stripe client takes as its base; it adds `/v1`.
    #[must_use]
    pub fn stripe_base(&self) -> String {
        self.url()
    }

    /// Where Snap is, without its path `/snap/v1`.
    #[must_use]
    pub fn snap_base(&self) -> String {
        self.url()
    }

    /// What the official clients take as the base of Snap; they add `/transactions`.
    #[must_use]
    pub fn snap_client_base(&self) -> String {
        format!("{}/snap/v1", self.url())
    }

    /// Where Core is, without its path `/v2`.
    #[must_use]
    pub fn core_base(&self) -> String {
        self.url()
    }

    /// What a test does to it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops it and waits until the port and the book are free.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.end();
    }
}
