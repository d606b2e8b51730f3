//! One who listens: goes on from its last position whenever the stream ends, and remembers what it heard.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use hdrhistogram::Histogram;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

const AGAIN_AFTER: Duration = Duration::from_millis(50);
const READ_AT_ONCE: usize = 64 * 1024;

/// Where the server is now, and the last record that is to be heard, once that is known.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    pub address: SocketAddr,
    pub token: Arc<str>,
    pub until: Option<u64>,
}

/// Records by their sequences: how many, which (as a digest that tells orders and repeats apart), and the last.
#[derive(Debug, Default)]
pub struct Heard {
    pub count: u64,
    pub last: u64,
    digest: u64,
    pub taken_up_again: u64,
    pub ended_with_reason: u64,
}

impl Heard {
    pub fn add(&mut self, sequence: u64) {
        self.count += 1;
        self.last = sequence;
        // FNV's prime; each step depends on all before it.
        self.digest = (self.digest ^ sequence).wrapping_mul(0x0100_0000_01b3).rotate_left(17);
    }

    pub fn digest(&self) -> (u64, u64, u64) {
        (self.count, self.last, self.digest)
    }
}

/// From `recorded_at` to the reader, in µs, of records made while it was connected. Shared by all readers.
#[derive(Debug, Clone)]
pub struct Delays(Arc<Mutex<Histogram<u64>>>);

impl Default for Delays {
    fn default() -> Self {
        let minute = 60_000_000;
        Self(Arc::new(Mutex::new(Histogram::new_with_bounds(1, minute, 3).expect("valid bounds"))))
    }
}

impl Delays {
    fn add(&self, micros: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }

    pub fn at(&self, quantile: f64) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).value_at_quantile(quantile)
    }
}

pub struct Subscriber {
    path: String,
    whereabouts: watch::Receiver<Whereabouts>,
    delays: Delays,
    heard: Heard,
    connected_at: u64,
}

impl Subscriber {
    pub fn new(path: String, whereabouts: watch::Receiver<Whereabouts>, delays: Delays) -> Self {
        Self { path, whereabouts, delays, heard: Heard::default(), connected_at: 0 }
    }

    pub async fn run(mut self) -> Heard {
        while !self.has_all() {
            // Lost, ended or not there yet: it goes on from where it was.
            if self.follow().await.is_err() {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
        self.heard
    }

    fn has_all(&self) -> bool {
        self.whereabouts.borrow().until.is_some_and(|until| self.heard.last >= until)
    }

    /// Until all is heard, or until the stream ends (an error).
    async fn follow(&mut self) -> anyhow::Result<()> {
        let at = self.whereabouts.borrow_and_update().clone();
        let mut stream = TcpStream::connect(at.address).await?;
        let (path, after) = (&self.path, self.heard.last);
        // By HTTP/1.0, whose answers come without chunks.
        let request =
            format!("GET {path}?after=1:{after} HTTP/1.0\r\nAuthorization: Bearer {}\r\n\r\n", at.token);
        stream.write_all(request.as_bytes()).await?;
        self.connected_at = micros_now();
        let mut bytes = Vec::with_capacity(READ_AT_ONCE);
        self.read_head(&mut stream, &mut bytes).await?;
        self.heard.taken_up_again += u64::from(after > 0);
        loop {
            let whole = self.take_frames(&bytes)?;
            bytes.drain(..whole);
            if self.has_all() {
                return Ok(());
            }
            tokio::select! {
                read = stream.read_buf(&mut bytes) => anyhow::ensure!(read? > 0, "the stream broke off"),
                changed = self.whereabouts.changed() => changed?,
            }
        }
    }

    async fn read_head(&self, stream: &mut TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
        loop {
            anyhow::ensure!(stream.read_buf(bytes).await? > 0, "no answer");
            if let Some(end) = memmem::find(bytes, b"\r\n\r\n") {
                let status = &bytes[..end.min(12)];
                anyhow::ensure!(status.ends_with(b" 200"), "{}", String::from_utf8_lossy(status));
                bytes.drain(..end + 4);
                return Ok(());
            }
        }
    }

    /// Notes every whole frame, and answers how many bytes these are.
    fn take_frames(&mut self, bytes: &[u8]) -> anyhow::Result<usize> {
        let (mut taken, now) = (0, micros_now());
        while let Some(length) = memmem::find(&bytes[taken..], b"\n\n") {
            let frame = &bytes[taken..taken + length];
            taken += length + 2;
            if let Some(record) = frame.strip_prefix(b"id: 1:") {
                self.heard.add(number(record).context("a frame names its position")?);
                self.note_delay(record, now);
            } else if frame.starts_with(b"event: end\n") {
                self.heard.ended_with_reason += 1;
            }
        }
        Ok(taken)
    }

    fn note_delay(&self, record: &[u8], now: u64) {
        const FIELD: &[u8] = b",\"recorded_at\":";
        let recorded_at = memmem::find(record, FIELD).and_then(|at| number(&record[at + FIELD.len()..]));
        if let Some(recorded_at) = recorded_at.filter(|at| *at >= self.connected_at) {
            self.delays.add(now.saturating_sub(recorded_at));
        }
    }
}

/// The number with which these bytes begin.
fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[..digits]).ok()?.parse().ok()
}

fn micros_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_micros()).expect("before the year 586,000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_a_repeat_and_a_swap_are_told_from_the_right_order() {
        let of = |sequences: &[u64]| {
            let mut heard = Heard::default();
            sequences.iter().for_each(|sequence| heard.add(*sequence));
            heard.digest()
        };
        assert_eq!(of(&[1, 2, 3, 4]), of(&[1, 2, 3, 4]));
        for wrong in [&[1, 2, 4][..], &[1, 2, 2, 3, 4], &[1, 3, 2, 4], &[1, 2, 3, 5]] {
            assert_ne!(of(wrong), of(&[1, 2, 3, 4]), "{wrong:?}");
        }
    }
}
