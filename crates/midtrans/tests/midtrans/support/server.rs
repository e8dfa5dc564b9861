//! A server that gives one answer after another, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers.
    Of(u16, String),
    /// Answers, with one more header.
    With(u16, &'static str, String),
    /// Says nothing, and keeps the connection.
    Hang,
    /// Closes the connection without a word.
    Drop,
    /// Promises more than it sends.
    Cut(String),
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `POST /path`.
    pub line: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(told, _)| told == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub struct Server {
    pub base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<VecDeque<Reply>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn of(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<VecDeque<Reply>>> =
            Arc::new(Mutex::new(script.into_iter().collect()));
        let task = tokio::spawn(serve(listener, Arc::clone(&seen), Arc::clone(&script)));
        Self {
            base,
            seen,
            script,
            task,
        }
    }

    /// What it was asked. Everything that was written down has to have been asked for.
    pub fn seen(&self) -> Vec<Seen> {
        let left = self.script.lock().unwrap().len();
        assert_eq!(left, 0, "answers that nobody asked for: {:?}", self.lines());
        self.seen.lock().unwrap().clone()
    }

    /// The first lines of it.
    pub fn lines(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| seen.line.clone()).collect()
    }
}

async fn serve(
    listener: TcpListener,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<VecDeque<Reply>>>,
) {
    let mut kept = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let Some(request) = request(&mut stream).await else {
            continue;
        };
        seen.lock().unwrap().push(request);
        let reply = script.lock().unwrap().pop_front();
        let (status, header, body, length) = match reply {
            Some(Reply::Of(status, body)) => (status, String::new(), body.clone(), body.len()),
            Some(Reply::With(status, header, body)) => {
                (status, format!("{header}\r\n"), body.clone(), body.len())
            }
            Some(Reply::Cut(body)) => (200, String::new(), body.clone(), body.len() + 100),
            Some(Reply::Hang) => {
                kept.push(stream);
                continue;
            }
            Some(Reply::Drop) => continue,
            // More was asked than was written down: the test counts the lines.
            None => (599, String::new(), "the script is over".to_owned(), 18),
        };
        let answer = format!(
            "HTTP/1.1 {status} Told\r\nconnection: close\r\ncontent-length: {length}\r\n{header}\r\n{body}"
        );
        drop(stream.write_all(answer.as_bytes()).await);
        drop(stream.shutdown().await);
    }
}

async fn request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let line = lines
        .next()
        .unwrap()
        .trim_end_matches(" HTTP/1.1")
        .to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes[head + 4..].to_vec();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    while body.len() < length {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.ok()?;
        if read == 0 {
            return None;
        }
        body.extend_from_slice(&buffer[..read]);
    }
    Some(Seen {
        line,
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
