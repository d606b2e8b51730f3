//! Who listens to a stream, byte by byte: server-sent events, or the frames of a WebSocket.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

use crate::kit::{Door, soon};

pub struct Listener {
    stream: BufReader<TcpStream>,
    is_socket: bool,
}

pub fn sequence_of(record: &Value) -> u64 {
    record["seq"].as_u64().unwrap()
}

impl Listener {
    /// Server-sent events. By HTTP/1.0, whose answers come without chunks.
    pub async fn open(door: &Door, path: &str, token: &str, header: &str) -> Self {
        let stream = TcpStream::connect(door.address).await.unwrap();
        Self::ask(stream, &format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n{header}")).await
    }

    /// One for whom the kernel keeps little.
    pub async fn open_narrow(door: &Door, path: &str, token: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(door.address).await.unwrap();
        Self::ask(stream, &format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n")).await
    }

    pub async fn open_socket(door: &Door, path: &str, token: &str) -> Self {
        let stream = TcpStream::connect(door.address).await.unwrap();
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let head = format!("GET {path} HTTP/1.1\r\nHost: door\r\nAuthorization: Bearer {token}\r\n{upgrade}");
        Self::ask(stream, &head).await
    }

    async fn ask(mut stream: TcpStream, head: &str) -> Self {
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        let mut listener = Self { stream: BufReader::new(stream), is_socket: false };
        let status = listener.line().await.unwrap();
        listener.is_socket = status.contains(" 101 ");
        assert!(listener.is_socket || status.contains(" 200 "), "{status}");
        while !listener.line().await.unwrap().is_empty() {}
        listener
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = soon(self.stream.read_line(&mut line)).await.unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next object, whatever it is. `None`: the stream has ended.
    pub async fn next(&mut self) -> Option<Value> {
        if self.is_socket { self.message().await } else { self.event().await }
    }

    /// The next so many objects that are no signs of life.
    pub async fn items(&mut self, count: usize) -> Vec<Value> {
        let mut items = Vec::new();
        while items.len() < count {
            let item = self.next().await.expect("the stream goes on");
            if item.as_object().unwrap().len() > 1 {
                items.push(item);
            }
        }
        items
    }

    /// The next so many records.
    pub async fn records(&mut self, count: usize) -> Vec<Value> {
        let items = self.items(count).await;
        items.into_iter().map(|mut item| item["record"].take()).collect()
    }

    async fn event(&mut self) -> Option<Value> {
        let (mut id, mut name, mut data) = (String::new(), String::new(), None);
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("id", value)) => id = value.to_owned(),
                Some(("event", value)) => name = value.to_owned(),
                Some(("data", value)) => data = Some(serde_json::from_str::<Value>(value).unwrap()),
                _ => break assert_eq!(line, ""),
            }
        }
        let data = data.unwrap();
        assert_eq!(data["position"], id, "what a browser sends when it reconnects");
        let kind = if data.get("end").is_some() {
            "end"
        } else if data.as_object().unwrap().len() == 1 {
            "heartbeat"
        } else {
            ""
        };
        assert_eq!(name, kind);
        Some(data)
    }

    /// A frame of a server is not masked: a byte of kind, the length, the text (RFC 6455, 5.2).
    async fn message(&mut self) -> Option<Value> {
        let kind = soon(self.stream.read_u8()).await.ok()?;
        if kind == 0x88 {
            return None;
        }
        assert_eq!(kind, 0x81, "a whole text");
        let length = match soon(self.stream.read_u8()).await.unwrap() {
            126 => u64::from(soon(self.stream.read_u16()).await.unwrap()),
            127 => soon(self.stream.read_u64()).await.unwrap(),
            length => u64::from(length),
        };
        let mut text = vec![0; usize::try_from(length).unwrap()];
        soon(self.stream.read_exact(&mut text)).await.unwrap();
        Some(serde_json::from_slice(&text).unwrap())
    }
}
