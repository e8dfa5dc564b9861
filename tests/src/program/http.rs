//! A plain client: it sends a request once, never again, and says when the connection breaks.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Somebody who calls a server.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    token: String,
}

/// A connection of a client. Its requests follow each other, over a new stream where the server ended the old one
/// as it had said it would.
pub struct Connection {
    client: Client,
    stream: TcpStream,
    is_last: bool,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, as text.
    pub text: String,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Somebody whom this token proves, at the server with this address.
    #[must_use]
    pub fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            token: token.to_owned(),
        }
    }

    /// What proves who it is.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same one, at another server.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self::new(address, &self.token)
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(&self) -> io::Result<Connection> {
        Ok(Connection {
            stream: self.open().await?,
            client: self.clone(),
            is_last: false,
        })
    }

    async fn open(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Asks for something on a connection of its own.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn get(&self, path: &str) -> io::Result<Answer> {
        self.connect().await?.call("GET", path, &[], "").await
    }

    /// Sends something on a connection of its own.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> io::Result<Answer> {
        self.connect().await?.post(path, headers, body).await
    }
}

impl Connection {
    /// Sends something.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> io::Result<Answer> {
        self.call("POST", path, headers, &body.to_string()).await
    }

    async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n",
            self.client.token
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = body.len();
        request.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        if self.is_last {
            self.stream = self.client.open().await?;
        }
        self.stream.write_all(request.as_bytes()).await?;
        let answer = self.answer().await?;
        self.is_last = answer.header("Connection") == Some("close");
        Ok(answer)
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let mut received = Vec::new();
        let mut chunk = vec![0; 16 * 1024];
        loop {
            if let Some(answer) = parse(&received)? {
                return Ok(answer);
            }
            let length = self.stream.read(&mut chunk).await?;
            if length == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            received.extend_from_slice(&chunk[..length]);
        }
    }
}

/// The answer, when all of it is there.
fn parse(received: &[u8]) -> io::Result<Option<Answer>> {
    let invalid = || io::Error::from(ErrorKind::InvalidData);
    let Some(head) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = str::from_utf8(&received[..head]).map_err(|_| invalid())?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .ok_or_else(invalid)?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length
        .and_then(|(_, length)| length.parse().ok())
        .ok_or_else(invalid)?;
    let body = &received[head + 4..];
    if body.len() < length {
        return Ok(None);
    }
    let text = str::from_utf8(&body[..length]).map_err(|_| invalid())?;
    Ok(Some(Answer {
        status,
        text: text.to_owned(),
        headers,
    }))
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(each, _)| each.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body, which is JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }

    /// The code of an error.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let code = self.json().get("code").cloned();
        code.as_ref().and_then(Value::as_str).map(ToOwned::to_owned)
    }

    /// The number at that place of the body.
    #[must_use]
    pub fn number(&self, pointer: &str) -> i64 {
        let found = self.json().pointer(pointer).and_then(Value::as_i64);
        found.unwrap_or_else(|| panic!("no {pointer} in {}: {}", self.status, self.text))
    }
}
