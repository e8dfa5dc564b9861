//! A server of HTTP that does what it was told, request by request, and remembers each of them to the last byte.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is done with one request.
pub enum Act {
    /// It is answered.
    Answer {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: String,
    },
    /// It is answered, and the connection ends before the answer does.
    CutOff(String),
    /// It is read, and the connection is closed.
    HangUp,
    /// It is read, and nothing follows.
    Silence,
}

pub fn answer(status: u16, body: &Value) -> Act {
    text(status, &body.to_string())
}

pub fn text(status: u16, body: &str) -> Act {
    Act::Answer {
        status,
        headers: vec![("request-id", "req_77")],
        body: body.to_owned(),
    }
}

pub fn with(status: u16, headers: &[(&'static str, &'static str)], body: &Value) -> Act {
    Act::Answer {
        status,
        headers: headers.to_vec(),
        body: body.to_string(),
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

#[derive(Default)]
struct Book {
    script: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

pub struct Server {
    pub base: String,
    book: Arc<Book>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::new(Book {
            script: Mutex::new(script.into_iter().collect()),
            ..Book::default()
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&book)));
        Self { base, book, task }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.book.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.book.connections.load(Ordering::SeqCst)
    }

    /// Whether everything was asked for that was expected to be.
    pub fn is_over(&self) -> bool {
        self.book.script.lock().unwrap().is_empty()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, book: Arc<Book>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        book.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve(stream, Arc::clone(&book)));
    }
}

async fn serve(mut stream: TcpStream, book: Arc<Book>) {
    let mut buffer = Vec::new();
    while let Some(seen) = request(&mut stream, &mut buffer).await {
        book.seen.lock().unwrap().push(seen);
        let act = book.script.lock().unwrap().pop_front();
        match act.unwrap_or_else(|| text(418, "nobody expected this request")) {
            Act::Answer {
                status,
                headers,
                body,
            } => {
                let mut head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                let whole = format!("{head}\r\n{body}");
                // Who has heard enough hangs up.
                if stream.write_all(whole.as_bytes()).await.is_err() {
                    return;
                }
            }
            Act::CutOff(body) => {
                let length = body.len() + 100;
                let part = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(part.as_bytes()).await.unwrap();
                return;
            }
            Act::HangUp => return,
            Act::Silence => std::future::pending().await,
        }
    }
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    const END: &[u8] = b"\r\n\r\n";
    loop {
        let end = buffer.windows(END.len()).position(|window| window == END);
        if let Some(end) = end {
            let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let mut first = lines.next().unwrap().split(' ');
            let headers: HashMap<String, String> = lines
                .map(|line| line.split_once(": ").unwrap())
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length");
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            let begin = end + END.len();
            if buffer.len() >= begin + length {
                let body = buffer[begin..begin + length].to_vec();
                buffer.drain(..begin + length);
                return Some(Seen {
                    method: first.next().unwrap().to_owned(),
                    target: first.next().unwrap().to_owned(),
                    headers,
                    body: String::from_utf8(body).unwrap(),
                });
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
