//! A wire between a server and its Postgres that breaks at a chosen moment of an append.
//!
//! It speaks just enough of the frontend/backend protocol (PostgreSQL documentation, 55.2) to see where an INSERT
//! begins and ends: the writer's session sends Bind, Execute and Sync for nothing but appends.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_postgres::config::Host;

const SOCKET: &str = ".s.PGSQL.5432";
/// Stands in the startup message of the session that appends.
const WRITER: &[u8] = b"nexus writer of shard";

const BUFFER: usize = 16 * 1024;

/// When the wire breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of the INSERT gets through.
    Before,
    /// Half of it gets through.
    Amid,
    /// All of it gets through, and nobody waits for it: it may still run when the server comes to look.
    After,
    /// It is committed; its answer is lost.
    BeforeReply,
}

pub struct Wire {
    socket: PathBuf,
    folder: PathBuf,
    next: Arc<Mutex<Option<Cut>>>,
}

impl Wire {
    /// Between the Postgres of this connection string and a socket in the folder.
    pub async fn start(url: &str, folder: PathBuf) -> anyhow::Result<Self> {
        let config: tokio_postgres::Config = url.parse()?;
        let Some(Host::Unix(far)) = config.get_hosts().first() else {
            anyhow::bail!("a private Postgres listens on a unix socket")
        };
        std::fs::create_dir_all(&folder)?;
        let listener = UnixListener::bind(folder.join(SOCKET)).context("cannot listen for the server")?;
        let wire = Self { socket: far.join(SOCKET), folder, next: Arc::default() };
        let (far, next) = (wire.socket.clone(), wire.next.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (far, next) = (far.clone(), next.clone());
                tokio::spawn(async move {
                    // However it ends, both sides see a closed socket: that is what a wire does.
                    let far = UnixStream::connect(&far).await?;
                    carry(near, far, &next).await
                });
            }
        });
        Ok(wire)
    }

    /// The same database by way of the wire.
    pub fn url(&self, url: &str) -> String {
        let host = |path: &Path| format!("host={}", path.display());
        let far = self.socket.parent().expect("a socket lies in a folder");
        url.replace(&host(far), &host(&self.folder))
    }

    /// Breaks at the next append. Returns when it has broken.
    pub async fn cut(&self, cut: Cut, limit: Duration) -> anyhow::Result<()> {
        *self.lock() = Some(cut);
        let broken = async {
            while self.lock().is_some() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(limit, broken)
            .await
            .map_err(|_| anyhow::anyhow!("no INSERT was met in {limit:?}"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Cut>> {
        self.next.lock().expect("nobody panics while holding it")
    }
}

async fn carry(mut near: UnixStream, mut far: UnixStream, next: &Mutex<Option<Cut>>) -> std::io::Result<()> {
    let mut out = BytesMut::with_capacity(BUFFER);
    // The startup message has a length and no type.
    while out
        .get(..4)
        .is_none_or(|length| out.len() < u32::from_be_bytes(length.try_into().expect("four bytes")) as usize)
    {
        if near.read_buf(&mut out).await? == 0 {
            return Ok(());
        }
    }
    let is_writer = memchr::memmem::find(&out, WRITER).is_some();
    far.write_all_buf(&mut out).await?;
    if !is_writer {
        tokio::io::copy_bidirectional(&mut near, &mut far).await?;
        return Ok(());
    }
    let mut back = BytesMut::with_capacity(BUFFER);
    loop {
        out.reserve(BUFFER);
        back.reserve(BUFFER);
        tokio::select! {
            read = near.read_buf(&mut out) => if read? == 0 { return Ok(()) },
            read = far.read_buf(&mut back) => {
                if read? == 0 { return Ok(()) }
                near.write_all_buf(&mut back).await?;
            }
        }
        while let Some(mut message) = whole_message(&mut out) {
            let cut = if message[0] == b'B' { next.lock().expect("as above").take() } else { None };
            match cut {
                None => far.write_all_buf(&mut message).await?,
                Some(Cut::Before) => return Ok(()),
                Some(Cut::Amid) => return far.write_all(&message[..message.len() / 2]).await,
                Some(cut) => {
                    far.write_all_buf(&mut message).await?;
                    return finish(near, far, out, cut).await;
                }
            }
        }
    }
}

/// The rest of the INSERT, up to its Sync; then, for one of the cuts, the answer to it, which goes nowhere.
async fn finish(
    mut near: UnixStream,
    mut far: UnixStream,
    mut out: BytesMut,
    cut: Cut,
) -> std::io::Result<()> {
    loop {
        while let Some(mut message) = whole_message(&mut out) {
            let last = message[0] == b'S';
            far.write_all_buf(&mut message).await?;
            if last && cut == Cut::BeforeReply {
                // Postgres sends its answers together when it is ready for the next query.
                far.read_buf(&mut BytesMut::with_capacity(BUFFER)).await?;
            }
            if last {
                return Ok(());
            }
        }
        if near.read_buf(&mut out).await? == 0 {
            return Ok(());
        }
    }
}

/// A type byte, four bytes of length (which count themselves), and so much.
fn whole_message(bytes: &mut BytesMut) -> Option<Bytes> {
    let length = bytes.get(1..5)?;
    let length = 1 + u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
    (bytes.len() >= length).then(|| bytes.split_to(length).freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_off_one_by_one_and_only_when_whole() {
        let mut bytes = BytesMut::from(&b"B\0\0\0\x06xyS\0\0\0\x04E\0\0\0"[..]);
        assert_eq!(whole_message(&mut bytes).as_deref(), Some(&b"B\0\0\0\x06xy"[..]));
        assert_eq!(whole_message(&mut bytes).as_deref(), Some(&b"S\0\0\0\x04"[..]));
        assert_eq!(whole_message(&mut bytes), None);
        assert_eq!(&bytes[..], b"E\0\0\0");
    }
}
