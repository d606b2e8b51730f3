//! Takes connections in and serves them: no Nagle delay, calm when descriptors run out, a cap on open ones, an end to idle and dripping ones.
//!
//! Not poem's own server: each time that a connection is woken it looks at three stop signals that all connections share,
//! under locks, and its idle timeout wakes a second task at every read and write. Here the connection itself looks at the
//! clock, when it has nothing to read or has just read.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use poem::{
    Addr, Endpoint, Request, Response,
    endpoint::BoxEndpoint,
    http::{self, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, Sleep},
};

use crate::server::ServerConfig;

/// How long to wait after a failed accept, which is mostly "too many open files" and would fail again at once.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// A request that is still arriving after this long must have arrived at `ARRIVAL_RATE_MIN` or faster.
const ARRIVAL_GRACE: Duration = Duration::from_secs(10);
const ARRIVAL_RATE_MIN: u64 = 256;

/// HTTP/2: header bytes of one request.
const HEADERS_BYTES_MAX: u32 = 16 * 1024;

/// Answers until `stopped`, then takes no connection more and lets requests in flight end.
pub(crate) async fn serve(
    listener: TcpListener,
    endpoint: BoxEndpoint<'static, Response>,
    config: &ServerConfig,
    stopped: impl Future<Output = ()>,
) {
    let endpoint = Arc::new(endpoint);
    let slots = Arc::new(Semaphore::new(config.connections_max));
    let (closing, is_closing) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            (stream, remote, slot) = accept(&listener, &slots) => {
                let local = stream.local_addr().unwrap_or(remote);
                let connection = Connection::new(stream, slot, config.idle_timeout);
                connections.spawn(answer(connection, local, remote, Arc::clone(&endpoint), is_closing.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(());
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.grace, all_ended).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests did not end in time: their connections are closed"
        );
        connections.shutdown().await;
    }
}

/// Waits for a free slot first: beyond the cap, connections queue in the kernel's backlog.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                // Without it a small answer can wait 40 ms for the client's delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                return (stream, remote, slot);
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

/// Answers the requests of one connection until its end; from `is_closing` on, only the one in flight.
async fn answer(
    connection: Connection,
    local: SocketAddr,
    remote: SocketAddr,
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    mut is_closing: watch::Receiver<()>,
) {
    let service = hyper::service::service_fn(move |request: http::Request<Incoming>| {
        let endpoint = Arc::clone(&endpoint);
        async move {
            let local = LocalAddr(Addr::SocketAddr(local));
            let remote = RemoteAddr(Addr::SocketAddr(remote));
            let request = Request::from((request, local, remote, Scheme::HTTP));
            Ok::<_, Infallible>(http::Response::from(endpoint.get_response(request).await))
        }
    });
    let mut protocol = auto::Builder::new(TokioExecutor::new());
    protocol.http2().max_header_list_size(HEADERS_BYTES_MAX);
    let mut serving = pin!(protocol.serve_connection_with_upgrades(TokioIo::new(connection), service));
    tokio::select! {
        biased;
        _ = serving.as_mut() => return,
        _ = is_closing.changed() => serving.as_mut().graceful_shutdown(),
    }
    // What a client did wrong, or that it went away, ends its connection and nothing else.
    let _ = serving.await;
}

/// One open connection; its slot is free again when it is dropped.
struct Connection {
    stream: TcpStream,
    _slot: OwnedSemaphorePermit,
    idle_timeout: Duration,
    idle_check: Pin<Box<Sleep>>,
    active_at: Instant,
    /// When the request that is being read began to arrive, and how much of it has.
    arriving: Option<(Instant, u64)>,
}

impl Connection {
    fn new(stream: TcpStream, slot: OwnedSemaphorePermit, idle_timeout: Duration) -> Self {
        Self {
            stream,
            _slot: slot,
            idle_timeout,
            idle_check: Box::pin(tokio::time::sleep(idle_timeout)),
            active_at: Instant::now(),
            arriving: None,
        }
    }

    /// Nothing to read: is it because nobody has said anything for too long?
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.idle_check.as_mut().poll(context));
            let due = self.active_at + self.idle_timeout;
            if due <= Instant::now() {
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the connection was idle"));
            }
            self.idle_check.as_mut().reset(due);
        }
    }

    fn note_arrival(&mut self, bytes: u64) -> io::Result<()> {
        self.active_at = Instant::now();
        let (since, so_far) = self.arriving.get_or_insert((self.active_at, 0));
        *so_far += bytes;
        let taken = self.active_at - *since;
        if taken > ARRIVAL_GRACE && *so_far < taken.as_secs() * ARRIVAL_RATE_MIN {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the request arrives too slowly"));
        }
        Ok(())
    }

    fn note_answer(&mut self) {
        self.active_at = Instant::now();
        self.arriving = None;
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                let bytes = (buffer.filled().len() - before) as u64;
                Poll::Ready(if bytes == 0 { Ok(()) } else { self.note_arrival(bytes) })
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_idle(context).map(Err),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.note_answer();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        self.note_answer();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
