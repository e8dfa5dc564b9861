//! A small HTTP client for webhooks: one POST on one connection, over plain http.
//!
//! Webhooks of a simulator go to the machine it runs on, so it needs no TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer is read further than this.
const LIMIT: usize = 64 * 1024;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
}

/// Posts a JSON body and waits for the answer.
pub async fn post(
    url: &str,
    headers: &[(String, String)],
    body: &str,
    patience: Duration,
) -> Result<Answer, String> {
    match timeout(patience, send(url, headers, body)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(format!("no answer within {patience:?}")),
    }
}

async fn send(url: &str, headers: &[(String, String)], body: &str) -> Result<Answer, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("only http:// is spoken here, not {url}"))?;
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, "/".to_owned()),
    };
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let address = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => authority.to_owned(),
        _ => format!("{authority}:80"),
    };
    let wrong = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| format!("{what}: {error}")
    };
    let connected = TcpStream::connect(address.as_str()).await;
    let mut stream = connected.map_err(wrong("cannot connect"))?;
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    let written = stream.write_all(request.as_bytes()).await;
    written.map_err(wrong("cannot send"))?;
    read(&mut stream).await
}

async fn read(stream: &mut TcpStream) -> Result<Answer, String> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        let read = stream.read(&mut buffer).await;
        match read {
            Ok(0) => break,
            Ok(count) => bytes.extend(buffer.iter().take(count)),
            // Somebody who answers and resets has answered.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(format!("cannot read the answer: {error}")),
        }
        if bytes.len() > LIMIT || is_whole(&bytes) {
            break;
        }
    }
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| "no answer that is HTTP".to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = header(head, "content-length").and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn parse(text: &str) -> Option<Answer> {
    let (head, _) = text.split_once("\r\n\r\n")?;
    let first = head.lines().next()?;
    let mut words = first.split(' ');
    if !words.next()?.starts_with("HTTP/1.") {
        return None;
    }
    let status = words.next()?.parse().ok()?;
    let location = header(head, "location").map(str::to_owned);
    Some(Answer { status, location })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_and_where_it_points() {
        let text = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n";
        let answer = Answer {
            status: 307,
            location: Some("/b".to_owned()),
        };
        assert!(is_whole(text.as_bytes()));
        assert_eq!(parse(text), Some(answer));
        assert_eq!(parse("hello"), None);
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx"));
    }
}
