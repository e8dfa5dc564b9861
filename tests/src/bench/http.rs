//! A client of HTTP/1.1 that does no more than a load generator needs: it must cost far less than what it measures.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept between requests. It carries one request at a time.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// The answer in words, for a complaint.
    pub(super) fn excerpt(&self) -> String {
        let body: String = String::from_utf8_lossy(self.body)
            .chars()
            .take(400)
            .collect();
        format!("{} {body}", self.status)
    }
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 * 1024),
        })
    }

    /// Sends a whole request and waits for the whole answer.
    pub(super) async fn call(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        let (head, whole, status) = loop {
            self.receive().await?;
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                let head = end.saturating_add(4);
                let Head { status, length } = Head::read(&self.received, end)?;
                break (head, head.saturating_add(length), status);
            }
        };
        while self.received.len() < whole {
            self.receive().await?;
        }
        let body = self.received.get(head..).unwrap_or_default();
        if self.received.len() > whole {
            return Err(invalid("the answer is longer than it says"));
        }
        Ok(Answer { status, body })
    }

    async fn receive(&mut self) -> io::Result<()> {
        self.received.reserve(4 * 1024);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

struct Head {
    status: u16,
    length: usize,
}

impl Head {
    fn read(received: &[u8], end: usize) -> io::Result<Self> {
        let head = received.get(..end).unwrap_or_default();
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix(b"HTTP/1.1 "))
            .and_then(|line| number(line.get(..3)?))
            .and_then(|status| u16::try_from(status).ok())
            .ok_or_else(|| invalid("no status line of HTTP/1.1"))?;
        let length = lines
            .find_map(|line| header(line, b"content-length"))
            .map(number)
            .ok_or_else(|| invalid("an answer without Content-Length is not understood"))?
            .ok_or_else(|| invalid("a Content-Length that is no number"))?;
        Ok(Self { status, length })
    }
}

/// The value of the header `name`, where the line is that header.
fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Writes requests that differ in little: what never changes is put together once.
#[derive(Debug, Clone)]
pub(super) struct RequestHead(String);

impl RequestHead {
    pub(super) fn new(method: &str, path: &str) -> Self {
        Self(format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n"))
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{name}: {value}\r\n");
        self
    }

    /// The whole request, in place of what is in `request`.
    pub(super) fn write(&self, request: &mut Vec<u8>, more: &str, body: &str) {
        request.clear();
        request.extend_from_slice(self.0.as_bytes());
        request.extend_from_slice(more.as_bytes());
        if !body.is_empty() {
            request.extend_from_slice(b"Content-Type: application/json\r\nContent-Length: ");
            request.extend_from_slice(body.len().to_string().as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    /// What the client makes of a server that sends these pieces, one after the other.
    async fn answered(pieces: Vec<&'static [u8]>) -> io::Result<(u16, Vec<u8>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            for piece in pieces {
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
            request[..length].to_vec()
        });
        let mut connection = Connection::open(address).await?;
        let mut request = Vec::new();
        RequestHead::new("POST", "/x")
            .header("A", "b")
            .write(&mut request, "C: d\r\n", "{}");
        let answer = connection.call(&request).await;
        let answer = answer.map(|answer| (answer.status, answer.body.to_vec()));
        assert_eq!(server.await.unwrap(), request);
        answer
    }

    #[tokio::test]
    async fn an_answer_is_read_in_whatever_pieces_it_comes() {
        let pieces: Vec<&[u8]> = vec![
            b"HTTP/1.1 201 Created\r\nconTENT-length:",
            b"  5\r\nX: y\r\n\r",
            b"\nhe",
            b"llo",
        ];
        assert_eq!(answered(pieces).await.unwrap(), (201, b"hello".to_vec()));
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_understood_is_no_answer() {
        for bad in [
            &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nlonger",
            b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshorter",
            b"nonsense\r\n\r\n",
        ] {
            assert!(answered(vec![bad]).await.is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let mut request = b"left over".to_vec();
        RequestHead::new("POST", "/x").write(&mut request, "K: 1\r\n", "{\"a\":1}");
        let expected = "POST /x HTTP/1.1\r\nHost: bench\r\nK: 1\r\n\
             Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
        assert_eq!(String::from_utf8(request).unwrap(), expected);
    }
}
