//! A proxy that loses connections, requests and answers.

mod relay;
mod trigger;

use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError};

use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::relay::{Flow, Relay};
use self::trigger::{Trigger, TriggerAt};
use super::port::Port;

/// A proxy on a free port, between the service and its Postgres or Redis, that loses what a test wants lost.
///
/// It runs in a thread of its own, so that it goes on while the test waits.
pub struct Proxy {
    port: Port,
    scheme: String,
    path: String,
    relay: Arc<Relay>,
    accepting: Mutex<Option<Accepting>>,
    runtime: Option<Runtime>,
}

struct Accepting {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of the server of a URL, which must name its port. Everything passes.
    pub async fn in_front_of(url: &str) -> Self {
        let (scheme, rest) = url
            .split_once("://")
            .unwrap_or_else(|| panic!("{url} is not a URL"));
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (format!("{user}@"), address),
            None => (String::new(), authority),
        };
        let proxy = Self {
            port: Port::reserve(),
            scheme: format!("{scheme}://{user}"),
            path: path.to_owned(),
            relay: Arc::new(Relay {
                target: address.to_owned(),
                flow: watch::Sender::new(Flow::Pass),
                trigger: std::sync::Mutex::new(None),
            }),
            accepting: Mutex::new(None),
            runtime: Some(
                runtime::Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
                    .expect("a thread"),
            ),
        };
        proxy.pass().await;
        proxy
    }

    /// The URL that it was given, with its own address in place of the server's.
    #[must_use]
    pub fn url(&self) -> String {
        let address = format!("{}:{}", Ipv4Addr::LOCALHOST, self.port.number());
        format!("{}{address}{}", self.scheme, self.path)
    }

    /// Lets everything through, also what was held back.
    pub async fn pass(&self) {
        self.listen().await;
        self.relay.flow.send_replace(Flow::Pass);
    }

    /// Delivers nothing in either direction, and keeps connections open. New ones are accepted.
    ///
    /// What is sent in the meantime is delivered when everything passes again.
    pub async fn stall(&self) {
        self.relay.flow.send_replace(Flow::Stall);
        self.listen().await;
    }

    /// Closes every connection and refuses new ones.
    pub async fn cut(&self) {
        let accepting = self.accepting.lock().await.take();
        if let Some(Accepting { stop, task }) = accepting {
            // It ended already when nobody receives this.
            let _ = stop.send(());
            task.await.expect("the proxy does not panic");
        }
    }

    /// Loses the answer to the next request that contains these bytes, on whichever connection.
    ///
    /// The request reaches the server and is carried out. The answer is thrown away.
    /// The client sees its connection close only after the server is done with it.
    pub fn cut_after_request_containing(&self, bytes: &[u8]) {
        self.arm(TriggerAt::AfterRequest, bytes);
    }

    /// Loses the next request that contains these bytes, on whichever connection.
    ///
    /// Of the piece that completes these bytes, nothing reaches the server.
    /// The client sees its connection close only after the server is done with it.
    pub fn cut_before_request_containing(&self, bytes: &[u8]) {
        self.arm(TriggerAt::BeforeRequest, bytes);
    }

    /// Loses the next answer that contains these bytes, on whichever connection.
    ///
    /// Of the piece that completes these bytes, nothing reaches the client.
    /// The client sees its connection close only after the server is done with it.
    pub fn cut_before_answer_containing(&self, bytes: &[u8]) {
        self.arm(TriggerAt::BeforeAnswer, bytes);
    }

    /// Whether the last `cut_before_..` or `cut_after_..` still waits for its bytes.
    /// It happens once: afterwards everything passes.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.trigger().is_some()
    }

    fn arm(&self, at: TriggerAt, bytes: &[u8]) {
        *self.trigger() = Some(Trigger::new(at, bytes));
    }

    fn trigger(&self) -> std::sync::MutexGuard<'_, Option<Trigger>> {
        self.relay
            .trigger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn listen(&self) {
        let mut accepting = self.accepting.lock().await;
        if accepting.is_some() {
            return;
        }
        let runtime = self.runtime.as_ref().expect("taken only when dropped");
        let listener = {
            let _context = runtime.enter();
            self.port.listen()
        };
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(accept(listener, Arc::clone(&self.relay), stopped));
        *accepting = Some(Accepting { stop, task });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Does not wait, which the runtime of the test would not allow.
            runtime.shutdown_background();
        }
    }
}

/// Takes connections until it is told to stop. Then nobody listens, and every connection is closed.
async fn accept(listener: TcpListener, relay: Arc<Relay>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => {
                // An error is about a client that has gone already.
                if let Ok((client, _)) = accepted {
                    connections.spawn(relay::serve(Arc::clone(&relay), client));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}
