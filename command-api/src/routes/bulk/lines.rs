//! A body taken apart into lines, none longer than a single request may be.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream::BoxStream};
use poem::Body;

use crate::{codes, limit, problem::Problem};

pub struct Lines {
    body: BoxStream<'static, std::io::Result<Bytes>>,
    /// The beginning of a line whose end has not come yet.
    partial: BytesMut,
    whole: VecDeque<Bytes>,
    ended: bool,
}

impl Lines {
    pub fn new(body: Body) -> Self {
        Self {
            body: body.into_bytes_stream().boxed(),
            partial: BytesMut::new(),
            whole: VecDeque::new(),
            ended: false,
        }
    }

    /// Whether the next line is here already, without waiting for the client.
    pub fn is_ready(&self) -> bool {
        !self.whole.is_empty()
    }

    /// The next line that is not blank.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if let Some(line) = self.whole.pop_front() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            match self.body.next().await {
                Some(Ok(chunk)) => self.split(chunk)?,
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(Problem::new(&codes::BAD_REQUEST)
                        .detail(format!("the body ended too early: {error}")));
                }
                None => {
                    self.ended = true;
                    let rest = std::mem::take(&mut self.partial).freeze();
                    self.take(rest);
                }
            }
        }
    }

    fn split(&mut self, mut chunk: Bytes) -> Result<(), Problem> {
        while let Some(end) = memchr::memchr(b'\n', &chunk) {
            let line = chunk.split_to(end + 1);
            if self.partial.is_empty() {
                self.check(line.len())?;
                self.take(line);
            } else {
                self.check(self.partial.len() + line.len())?;
                self.partial.extend_from_slice(&line);
                let line = self.partial.split().freeze();
                self.take(line);
            }
        }
        self.check(self.partial.len() + chunk.len())?;
        self.partial.extend_from_slice(&chunk);
        Ok(())
    }

    fn check(&mut self, length: usize) -> Result<(), Problem> {
        // The line's end does not count.
        if length <= limit::SINGLE_BYTES_MAX + 1 {
            return Ok(());
        }
        self.ended = true;
        self.whole.clear();
        Err(limit::too_large(limit::SINGLE_BYTES_MAX))
    }

    fn take(&mut self, line: Bytes) {
        if !line.iter().all(u8::is_ascii_whitespace) {
            self.whole.push_back(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn lines(chunks: &[&str]) -> Result<Vec<String>, Problem> {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok::<_, std::io::Error>((*chunk).to_owned())).collect();
        let mut lines = Lines::new(Body::from_bytes_stream(stream::iter(chunks)));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await? {
            all.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        Ok(all)
    }

    #[tokio::test]
    async fn lines_may_be_cut_anywhere() {
        assert_eq!(lines(&["a\nb", "b\r\n\n  \nc", "", "c\n", "d"]).await.unwrap(), ["a", "bb", "cc", "d"]);
        assert!(lines(&[]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_line_has_a_limit() {
        let half = "x".repeat(limit::SINGLE_BYTES_MAX / 2);
        assert_eq!(lines(&[&half, &half, "\n"]).await.unwrap().len(), 1);
        assert_eq!(lines(&[&half, &half, "x", "\n"]).await.unwrap_err().body.status, 413);
    }
}
