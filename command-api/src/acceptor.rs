//! Takes connections in: no Nagle delay, calm when descriptors run out, a cap on open ones, an end to idle and dripping ones.
//!
//! hyper's own header timeout needs a timer that poem does not give it, and poem's idle timeout wakes a second task at
//! every read and write. So the connection itself looks at the clock, when it has nothing to read or has just read.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use poem::{
    http::uri::Scheme,
    listener::{Acceptor, TcpAcceptor},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

/// How long to wait after a failed accept, which is mostly "too many open files" and would fail again at once.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// A request that is still arriving after this long must have arrived at `ARRIVAL_RATE_MIN` or faster.
const ARRIVAL_GRACE: Duration = Duration::from_secs(10);
const ARRIVAL_RATE_MIN: u64 = 256;

pub struct DoorAcceptor {
    inner: TcpAcceptor,
    slots: Arc<Semaphore>,
    idle_timeout: Duration,
}

impl DoorAcceptor {
    pub fn new(inner: TcpAcceptor, connections_max: usize, idle_timeout: Duration) -> Self {
        Self { inner, slots: Arc::new(Semaphore::new(connections_max)), idle_timeout }
    }
}

impl Acceptor for DoorAcceptor {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    /// Waits for a free slot first: beyond the cap, connections queue in the kernel's backlog.
    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match self.inner.accept().await {
                Ok((stream, local, remote, scheme)) => {
                    // Without it a small answer can wait 40 ms for the client's delayed acknowledgement.
                    let _ = stream.set_nodelay(true);
                    return Ok((Connection::new(stream, slot, self.idle_timeout), local, remote, scheme));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }
}

/// One open connection; its slot is free again when it is dropped.
pub struct Connection {
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
