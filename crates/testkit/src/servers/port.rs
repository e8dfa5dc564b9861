//! A port that stays ours while nobody listens on it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// A free port of the loopback interface, kept from others by a socket that is bound to it and never listens.
///
/// Whoever listens on it stops and starts again without losing it: while nobody does, connections are refused.
/// On Linux several sockets may be bound to one port as long as only one of them listens.
pub(super) struct Port {
    number: u16,
    _reservation: TcpSocket,
}

impl Port {
    pub(super) fn reserve() -> Self {
        let reservation = bind(0);
        let number = reservation
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        Self {
            number,
            _reservation: reservation,
        }
    }

    pub(super) const fn number(&self) -> u16 {
        self.number
    }

    /// Listens, within a tokio runtime.
    pub(super) fn listen(&self) -> TcpListener {
        bind(self.number)
            .listen(1024)
            .expect("nobody else listens on a reserved port")
    }
}

fn bind(number: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_reuseaddr(true)
        .expect("a new socket takes its options");
    socket
        .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, number)))
        .expect("a port of the loopback interface");
    socket
}
