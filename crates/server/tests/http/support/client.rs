use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::{Answer, Server};

/// A request, byte for byte as it goes out.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

pub fn get(target: &str) -> Request {
    Request::new("GET", target)
}

pub fn post(target: &str) -> Request {
    Request::new("POST", target)
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Adds a header: the same name twice stands there twice.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("Authorization", format!("Bearer {}", token.as_ref()))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Some(body.into()),
            ..self.header("Content-Type", content_type)
        }
    }

    /// A body that does not say what it is.
    pub fn bare_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Some(body.into()),
            ..self
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let length = self.body.as_ref().map(|body| body.len().to_string());
        let own = [
            ("Host", Some("localhost".to_owned())),
            ("Connection", Some("close".to_owned())),
            ("Content-Length", length),
        ];
        for (name, value) in own {
            let is_given = self.headers.iter().any(|(given, _)| given == name);
            if let Some(value) = value.filter(|_| !is_given) {
                bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    pub fn send(&self, server: &Server) -> Answer {
        let bytes = talk(server, &self.bytes());
        match self.method.as_str() {
            "HEAD" => Answer::read_head(&bytes),
            _ => Answer::read(&bytes),
        }
    }
}

/// Sends bytes and reads the answer.
pub fn exchange(server: &Server, bytes: &[u8]) -> Answer {
    Answer::read(&talk(server, bytes))
}

/// Sends bytes and reads all that comes back.
pub fn talk(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(server);
    // A server that has seen enough may close before it has taken everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset && !answer.is_empty() => {}
        Err(error) => panic!("no answer: {error}"),
    }
    answer
}

/// How a client goes away.
#[derive(Debug, Clone, Copy)]
pub enum Leaving {
    /// It hangs up.
    Properly,
    /// It breaks off: the server meets an error while it works.
    Abruptly,
}

/// Sends bytes and goes away.
pub fn send_and_leave(server: &Server, bytes: &[u8], leaving: Leaving) {
    server.wait(async {
        let stream = tokio::net::TcpStream::connect(server.address()).await;
        let mut stream = stream.unwrap();
        stream.write_all(bytes).await.unwrap();
        match leaving {
            Leaving::Properly => {}
            Leaving::Abruptly => stream.set_zero_linger().unwrap(),
        }
    });
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
