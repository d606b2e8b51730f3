//! A tiny HTTP server for the load generator's own tests: it sends each body back, in the manner asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::response::{Framing, parse_head};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Length,
    Chunked,
    /// `100 Continue` first.
    Continue,
    /// Every part that comes in goes out at once, as a chunk.
    StreamWhileReading,
    /// Announces more than it sends and hangs up.
    CutShort,
    /// Hangs up without a word on every tenth request, and answers 503 on every tenth plus five.
    Flaky,
}

pub struct EchoServer {
    pub address: SocketAddr,
    /// Requests read whole, answered or not.
    pub requests: Arc<AtomicU64>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl EchoServer {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicU64::new(0));
        let counter = requests.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, manner, counter.clone()));
            }
        });
        Self { address, requests, accepting }
    }
}

async fn serve(mut stream: TcpStream, manner: Manner, requests: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let Some((head_len, body_len)) = read_head(&mut stream, &mut bytes).await? else { return Ok(()) };
        if manner == Manner::StreamWhileReading {
            stream_back(&mut stream, bytes.split_off(head_len), body_len).await?;
            bytes.clear();
            continue;
        }
        while bytes.len() < head_len + body_len {
            stream.read_buf(&mut bytes).await?;
        }
        let body = bytes.split_off(head_len);
        bytes.clear();
        let count = requests.fetch_add(1, Ordering::Relaxed);
        let len = body.len();
        let head = match manner {
            Manner::Flaky if count.is_multiple_of(10) => return Ok(()),
            Manner::Flaky if count % 10 == 5 => {
                stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await?;
                continue;
            }
            Manner::Length | Manner::Flaky => format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n"),
            Manner::Continue => {
                format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n")
            }
            Manner::CutShort => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", len + 1),
            Manner::Chunked | Manner::StreamWhileReading => {
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".into()
            }
        };
        stream.write_all(head.as_bytes()).await?;
        if manner == Manner::Chunked {
            for part in body.chunks(7_000) {
                write_chunk(&mut stream, part).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        } else {
            stream.write_all(&body).await?;
        }
        if manner == Manner::CutShort {
            return Ok(());
        }
    }
}

/// Lengths of head and body of the next request; `None` when the client has gone.
async fn read_head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Option<(usize, usize)>> {
    loop {
        // A request's header lines read like a response's, once its first line is replaced.
        if let Some(line) = memchr::memmem::find(bytes, b"\r\n") {
            let as_response = [b"HTTP/1.1 200", &bytes[line..]].concat();
            if let Some(head) = parse_head(&as_response).expect("the generator sends well-formed heads") {
                let body_len = if let Framing::Length(len) = head.framing { len } else { 0 };
                return Ok(Some((head.len - 12 + line, body_len)));
            }
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

async fn stream_back(stream: &mut TcpStream, first: Vec<u8>, body_len: usize) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
    let mut part = first;
    part.reserve(64 * 1024);
    let mut left = body_len;
    loop {
        left -= part.len();
        write_chunk(stream, &part).await?;
        if left == 0 {
            return stream.write_all(b"0\r\n\r\n").await;
        }
        part.clear();
        stream.read_buf(&mut part).await?;
    }
}

async fn write_chunk(stream: &mut TcpStream, part: &[u8]) -> std::io::Result<()> {
    if part.is_empty() {
        return Ok(());
    }
    stream.write_all(format!("{:x}\r\n", part.len()).as_bytes()).await?;
    stream.write_all(part).await?;
    stream.write_all(b"\r\n").await
}
