//! One HTTP/1.1 keep-alive connection: hand-built request bytes out, a borrowed response back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;

use super::response::{Dechunker, Framing, Head, Malformed, parse_head};

const BUFFER_START: usize = 16 * 1024;
const RESPONSE_MAX: usize = 256 * 1024 * 1024;
/// Requests up to this size are written before anything is read. Larger ones are written and read at the same
/// time: a server that streams its answers while it reads would otherwise wait for us for ever.
const WRITE_FIRST_MAX: usize = 32 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error("connection lost: {0}")]
    Io(#[from] std::io::Error),
    #[error("connection closed before the answer was whole")]
    Closed,
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("no answer within {0:?}")]
    TooLate(Duration),
}

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    inbox: Inbox,
    open: bool,
}

#[derive(Debug)]
pub struct Response<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Response<'_> {
    /// The first part of the body as text, for messages.
    pub fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(400)]).into_owned();
        format!("{} {text}", self.status)
    }
}

impl Connection {
    pub async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbox: Inbox::new(), open: true })
    }

    /// False once the server has said that it closes, or an exchange failed.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// After an error the outcome of the request is unknown and the connection is spent.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Response<'_>, ExchangeError> {
        self.open = false;
        let (mut reader, mut writer) = self.stream.split();
        let received = if request.len() <= WRITE_FIRST_MAX {
            writer.write_all(request).await?;
            self.inbox.receive(&mut reader).await?
        } else {
            let mut receiving = std::pin::pin!(self.inbox.receive(&mut reader));
            tokio::select! {
                biased;
                // An answer before we have sent everything (a 413, say) counts, but the connection is out of step.
                received = &mut receiving => Received { keep_alive: false, ..received? },
                written = writer.write_all(request) => match written {
                    Ok(()) => receiving.await?,
                    Err(_) => Received { keep_alive: false, ..receiving.await? },
                },
            }
        };
        self.open = received.keep_alive;
        Ok(Response {
            status: received.status,
            body: &self.inbox.bytes[received.head_len..received.body_end],
        })
    }

    pub async fn exchange_within(
        &mut self,
        request: &[u8],
        limit: Duration,
    ) -> Result<Response<'_>, ExchangeError> {
        tokio::time::timeout(limit, self.exchange(request))
            .await
            .map_err(|_| ExchangeError::TooLate(limit))?
    }

    /// Sends bytes and reads nothing: for clients that hang up on purpose.
    pub async fn send_only(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.open = false;
        self.stream.write_all(bytes).await
    }

    /// Hangs up like a client that crashed: its machine resets the connection and drops what was not sent yet.
    pub fn reset_when_dropped(&self) -> std::io::Result<()> {
        self.stream.set_zero_linger()
    }
}

#[derive(Debug)]
struct Received {
    status: u16,
    head_len: usize,
    body_end: usize,
    keep_alive: bool,
}

/// The bytes of the response under way. Kept between exchanges, so that nothing is allocated per request.
#[derive(Debug)]
struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
}

impl Inbox {
    fn new() -> Self {
        Self { bytes: vec![0; BUFFER_START], filled: 0 }
    }

    async fn receive(&mut self, reader: &mut ReadHalf<'_>) -> Result<Received, ExchangeError> {
        self.filled = 0;
        let head = self.receive_head(reader).await?;
        let (body_end, raw_end) = self.receive_body(reader, head).await?;
        if raw_end != self.filled {
            return Err(Malformed("bytes after the response").into());
        }
        Ok(Received { status: head.status, head_len: head.len, body_end, keep_alive: head.keep_alive })
    }

    async fn receive_head(&mut self, reader: &mut ReadHalf<'_>) -> Result<Head, ExchangeError> {
        loop {
            if self.read_more(reader).await? == 0 {
                return Err(ExchangeError::Closed);
            }
            while let Some(head) = parse_head(&self.bytes[..self.filled])? {
                if head.status >= 200 {
                    return Ok(head);
                }
                // 1xx is interim: drop it and look for the real one.
                self.bytes.copy_within(head.len..self.filled, 0);
                self.filled -= head.len;
            }
        }
    }

    /// Where the (decoded) body ends, and where the raw bytes of the response end.
    async fn receive_body(
        &mut self,
        reader: &mut ReadHalf<'_>,
        head: Head,
    ) -> Result<(usize, usize), ExchangeError> {
        match head.framing {
            Framing::Length(len) => {
                let end = head.len.saturating_add(len);
                while self.filled < end {
                    if self.read_more(reader).await? == 0 {
                        return Err(ExchangeError::Closed);
                    }
                }
                Ok((end, end))
            }
            Framing::Chunked => {
                let mut dechunker = Dechunker::new(head.len);
                while !dechunker.advance(&mut self.bytes[..self.filled])? {
                    if self.read_more(reader).await? == 0 {
                        return Err(ExchangeError::Closed);
                    }
                }
                Ok((dechunker.body_end(), dechunker.raw_end()))
            }
            Framing::UntilClose => {
                while self.read_more(reader).await? > 0 {}
                Ok((self.filled, self.filled))
            }
        }
    }

    async fn read_more(&mut self, reader: &mut ReadHalf<'_>) -> Result<usize, ExchangeError> {
        if self.bytes.len() - self.filled < 4096 {
            if self.bytes.len() >= RESPONSE_MAX {
                return Err(Malformed("response too long").into());
            }
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        let read = reader.read(&mut self.bytes[self.filled..]).await?;
        self.filled += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loadgen::echo_server::{EchoServer, Manner};

    async fn check(manner: Manner, body: &[u8]) {
        let server = EchoServer::start(manner).await;
        let mut connection = Connection::connect(server.address).await.unwrap();
        let mut request = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        for _ in 0..3 {
            let response = connection.exchange(&request).await.unwrap();
            assert_eq!(response.status, 200);
            assert_eq!(response.body, body);
            assert!(connection.is_open());
        }
    }

    #[tokio::test]
    async fn a_body_comes_back_whole_with_a_length_or_in_chunks() {
        for manner in [Manner::Length, Manner::Chunked, Manner::Continue] {
            check(manner, b"hello").await;
            check(manner, b"").await;
            check(manner, &vec![b'x'; 20_000]).await;
        }
    }

    #[tokio::test]
    async fn a_large_request_to_a_server_that_streams_its_answer_does_not_lock_up() {
        check(Manner::StreamWhileReading, &vec![b'y'; 16 * 1024 * 1024]).await;
    }

    #[tokio::test]
    async fn a_connection_that_ends_mid_answer_is_an_error_and_spent() {
        let server = EchoServer::start(Manner::CutShort).await;
        let mut connection = Connection::connect(server.address).await.unwrap();
        let outcome = connection.exchange(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab").await;
        assert!(matches!(outcome, Err(ExchangeError::Closed | ExchangeError::Io(_))));
        assert!(!connection.is_open());
    }
}
