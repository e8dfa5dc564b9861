//! What happens to one connection.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::trigger::{Seen, Side, Trigger, TriggerAt};

/// A server ends a session some moments after its client has gone; one that does not is left.
const PATIENCE: Duration = Duration::from_secs(10);

const PIECE: usize = 16 * 1024;

/// What all connections of a proxy share.
pub(super) struct Relay {
    pub(super) target: String,
    pub(super) flow: watch::Sender<Flow>,
    pub(super) trigger: Mutex<Option<Trigger>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Pass,
    Stall,
}

/// What the two directions of a connection tell each other.
#[derive(Default)]
struct Cut {
    /// From here on nothing of what the server says reaches the client.
    answers_are_lost: AtomicBool,
    /// The server has carried out what it was asked: it gets nothing more.
    done: Notify,
    /// The server was not asked: it gets nothing more.
    refused: Notify,
}

pub(super) async fn serve(relay: Arc<Relay>, client: TcpStream) {
    let Ok(server) = TcpStream::connect(&relay.target).await else {
        return; // which closes the client's connection
    };
    // Small requests and answers must not wait for each other.
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let cut = Cut::default();
    // A half that is dropped says to its side that there is no more, and the other direction goes on.
    // An error ends both: that is how a connection breaks.
    let _ = tokio::try_join!(
        requests(&relay, &cut, from_client, to_server),
        answers(&relay, &cut, from_server, to_client),
    );
}

async fn requests(
    relay: &Relay,
    cut: &Cut,
    mut client: OwnedReadHalf,
    server: OwnedWriteHalf,
) -> io::Result<()> {
    let mut flow = relay.flow.subscribe();
    let mut seen = Seen::default();
    let mut buffer = vec![0; PIECE];
    loop {
        let length = tokio::select! {
            length = client.read(&mut buffer) => length?,
            () = cut.done.notified() => return Ok(()),
        };
        let piece = &buffer[..length];
        if piece.is_empty() {
            return Ok(());
        }
        match relay.fires(&mut seen, piece, Side::Request) {
            Some(TriggerAt::BeforeRequest) => {
                cut.refused.notify_one();
                return Ok(());
            }
            // Before the request is sent, so that its answer cannot be faster.
            Some(TriggerAt::AfterRequest) => cut.answers_are_lost.store(true, Ordering::SeqCst),
            Some(TriggerAt::BeforeAnswer) | None => {}
        }
        deliver(&server, piece, &mut flow).await?;
    }
}

async fn answers(
    relay: &Relay,
    cut: &Cut,
    mut server: OwnedReadHalf,
    client: OwnedWriteHalf,
) -> io::Result<()> {
    let mut flow = relay.flow.subscribe();
    let mut seen = Seen::default();
    let mut buffer = vec![0; PIECE];
    loop {
        let length = tokio::select! {
            length = server.read(&mut buffer) => length?,
            () = cut.refused.notified() => {
                until_closed(&mut server).await;
                return Ok(());
            }
        };
        let piece = &buffer[..length];
        if piece.is_empty() {
            return Ok(());
        }
        if relay.fires(&mut seen, piece, Side::Answer).is_some() {
            cut.answers_are_lost.store(true, Ordering::SeqCst);
        }
        if cut.answers_are_lost.load(Ordering::SeqCst) {
            cut.done.notify_one();
            until_closed(&mut server).await;
            return Ok(());
        }
        deliver(&client, piece, &mut flow).await?;
    }
}

/// Lets the server, which gets nothing more, finish what it has and close.
async fn until_closed(server: &mut OwnedReadHalf) {
    let mut thrown_away = vec![0; PIECE];
    let closing = async {
        while server
            .read(&mut thrown_away)
            .await
            .is_ok_and(|length| length > 0)
        {}
    };
    let _ = timeout(PATIENCE, closing).await;
}

/// Sends a piece, but nothing of it while the flow is stalled.
async fn deliver(
    side: &OwnedWriteHalf,
    mut piece: &[u8],
    flow: &mut watch::Receiver<Flow>,
) -> io::Result<()> {
    while !piece.is_empty() {
        if flow.wait_for(|flow| *flow == Flow::Pass).await.is_err() {
            return Err(ErrorKind::NotConnected.into());
        }
        side.writable().await?;
        // The flow cannot change while it is borrowed: once it is stalled, nothing is sent any more.
        let current = flow.borrow();
        if *current == Flow::Pass {
            match side.try_write(piece) {
                Ok(sent) => piece = &piece[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

impl Relay {
    /// Takes the trigger if it waits for something on this side and this piece completes it.
    fn fires(&self, seen: &mut Seen, piece: &[u8], side: Side) -> Option<TriggerAt> {
        let mut armed = self.trigger.lock().unwrap_or_else(PoisonError::into_inner);
        let fires = match armed.as_ref() {
            Some(trigger) if trigger.at.side() == side => trigger.completed_by(seen, piece),
            Some(_) | None => {
                seen.forget();
                false
            }
        };
        if fires {
            armed.take().map(|trigger| trigger.at)
        } else {
            None
        }
    }
}
