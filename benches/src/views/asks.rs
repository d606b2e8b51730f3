//! Questions, one after the other, each made from random numbers.

use std::time::Duration;

use crate::loadgen::closed_loop::ClosedLoop;
use crate::loadgen::{Response, Source, Summary};
use crate::server::Server;
use crate::workload::keys::SplitMix;

pub struct Asks<F> {
    token: String,
    random: SplitMix,
    path: F,
    units: Units,
}

/// What of an answer is counted.
#[derive(Debug, Clone, Copy)]
pub enum Units {
    /// The answer itself.
    Answers,
    /// Each thing in it: each place where this stands.
    Things(&'static str),
    /// Things too, and there are to be so many.
    Exactly(u64, &'static str),
}

impl<F: FnMut(&mut SplitMix) -> String + Send + 'static> Asks<F> {
    pub fn new(token: &str, seed: u64, units: Units, path: F) -> Self {
        Self { token: token.to_owned(), random: SplitMix(seed), path, units }
    }
}

impl<F: FnMut(&mut SplitMix) -> String + Send + 'static> Source for Asks<F> {
    fn next(&mut self, request: &mut Vec<u8>) {
        let path = (self.path)(&mut self.random);
        request.clear();
        request.extend_from_slice(
            format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n", self.token)
                .as_bytes(),
        );
    }

    fn judge(&mut self, response: &Response) -> Result<u64, String> {
        if response.status != 200 {
            return Err(response.excerpt());
        }
        let count = |thing: &str| memchr::memmem::find_iter(response.body, thing).count() as u64;
        match self.units {
            Units::Answers => Ok(1),
            Units::Things(thing) => Ok(count(thing)),
            Units::Exactly(wanted, thing) if count(thing) == wanted => Ok(wanted),
            Units::Exactly(wanted, thing) => Err(format!("{} instead of {wanted}", count(thing))),
        }
    }
}

/// One connection per source, each asking again as soon as it is answered.
pub async fn ask<F>(
    server: &Server,
    name: &str,
    length: Duration,
    sources: Vec<Asks<F>>,
) -> anyhow::Result<Summary>
where
    F: FnMut(&mut SplitMix) -> String + Send + 'static,
{
    let closed = ClosedLoop {
        name: name.to_owned(),
        address: server.address,
        warm_up: length / 5,
        length,
        requests_max: u64::MAX,
    };
    let summary = closed.run(sources).await?;
    let answers: u64 = summary.by_status.values().sum();
    let is_empty = summary.errors == 0 && summary.units_acknowledged == 0;
    anyhow::ensure!(!is_empty, "{name}: {answers} answers, and nothing in them");
    summary.flawless(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_by_its_status_and_by_what_is_in_it() {
        let judge = |status, units, body: &'static [u8]| {
            Asks::new("", 1, units, |_| String::new())
                .judge(&Response { status, body })
                .map_err(|error| error.to_string())
        };
        let two: &[u8] = br#"{"lines":[{"a":1},{"a":2}]}"#;
        assert_eq!(judge(200, Units::Answers, two), Ok(1));
        assert_eq!(judge(200, Units::Things("\"a\":"), two), Ok(2));
        assert_eq!(judge(200, Units::Things("\"b\":"), two), Ok(0));
        assert_eq!(judge(200, Units::Exactly(2, "\"a\":"), two), Ok(2));
        assert_eq!(judge(200, Units::Exactly(3, "\"a\":"), two), Err("2 instead of 3".to_owned()));
        assert_eq!(judge(422, Units::Answers, b"too long"), Err("422 too long".to_owned()));
    }
}
