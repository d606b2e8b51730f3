//! A ledger of a few lines that goes wrong on purpose, so that we know what the witness would see.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    /// Does the command, then hangs up instead of answering.
    SilentAfterDoing,
    /// Hangs up before doing anything.
    SilentBeforeDoing,
    /// Answers and forgets to record.
    ForgetsAcknowledged,
    /// Records it twice.
    RecordsTwice,
    /// Answers with the next command's position.
    TellsAnotherPosition,
    /// Records a repeat anew.
    ForgetsKeys,
    /// Answers a repeat in other words.
    AnswersRepeatsOtherwise,
    /// Puts a record of nobody's into the log.
    Invents,
    /// Does nothing, and says so.
    Declines,
    /// Records, and says that it has not.
    DeniesWhatItRecords,
    /// Has lost a record when the log is read from the start once more.
    ForgetsLater,
}

/// Stands for a record of another ledger in the same log.
const OTHER_LEDGERS: &str = "";

struct State {
    /// Key of each record, in order from sequence 1.
    log: Vec<String>,
    keys: HashMap<String, usize>,
    commands: usize,
    readings: usize,
}

/// Only the seventh command meets the flaw (repeats: all of them).
const STRUCK: usize = 7;

pub async fn start(flaw: Flaw) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = vec![OTHER_LEDGERS.to_owned(); 2 * PAGE + 1];
    let state = Arc::new(Mutex::new(State { log, keys: HashMap::new(), commands: 0, readings: 0 }));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream, state.clone(), flaw));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, flaw: Flaw) -> std::io::Result<()> {
    loop {
        let mut bytes = Vec::new();
        let request = loop {
            if let Some(request) = whole(&bytes) {
                break request;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        };
        let answer = if request.starts_with("GET") {
            Some(events(&request, &mut state.lock().unwrap(), flaw))
        } else {
            post(&request, &mut state.lock().unwrap(), flaw)
        };
        let Some((status, body)) = answer else { return Ok(()) };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).await?;
    }
}

fn whole(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: usize = header(head, "Content-Length")?.parse().unwrap();
    (body.len() == length).then(|| text.to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn post(request: &str, state: &mut State, flaw: Flaw) -> Option<(u16, String)> {
    let key = header(request, "Idempotency-Key").unwrap().to_owned();
    let answer = |sequence: usize, note: &str| Some((201, format!(r#"{{"position":"1:{sequence}"{note}}}"#)));
    if let Some(sequence) = state.keys.get(&key).filter(|_| flaw != Flaw::ForgetsKeys) {
        return answer(
            *sequence,
            if flaw == Flaw::AnswersRepeatsOtherwise { r#","again":true"# } else { "" },
        );
    }
    state.commands += 1;
    let struck = state.commands == STRUCK;
    if struck && flaw == Flaw::SilentBeforeDoing {
        return None;
    }
    let not_recorded = Some((503, r#"{"code":"not_recorded"}"#.to_owned()));
    if struck && flaw == Flaw::Declines {
        return not_recorded;
    }
    let sequence = state.log.len() + 1;
    state.keys.insert(key.clone(), sequence);
    match flaw {
        Flaw::ForgetsAcknowledged if struck => return answer(sequence, ""),
        Flaw::RecordsTwice if struck => state.log.extend([key.clone(), key]),
        Flaw::Invents if struck => state.log.extend([key, "nobody's".to_owned()]),
        _ => state.log.push(key),
    }
    match flaw {
        Flaw::SilentAfterDoing if struck => None,
        Flaw::DeniesWhatItRecords if struck => not_recorded,
        Flaw::TellsAnotherPosition if struck => answer(sequence + 1, ""),
        _ => answer(sequence, ""),
    }
}

/// A page looks at so many records, ours or not.
const PAGE: usize = 3;

fn events(request: &str, state: &mut State, flaw: Flaw) -> (u16, String) {
    if !request.contains("after=") {
        state.readings += 1;
        if flaw == Flaw::ForgetsLater && state.readings == 2 {
            state.log.pop();
        }
    }
    let after =
        request.split_once("after=1:").map_or("0", |(_, rest)| rest.split([' ', '&']).next().unwrap());
    let after: usize = after.parse().unwrap();
    let end = state.log.len().min(after + PAGE);
    let records = (after + 1..).zip(&state.log[after..end]).filter(|(_, key)| *key != OTHER_LEDGERS);
    let events: Vec<String> = records
        .map(|(seq, key)| format!(r#"{{"seq":{seq},"type":"transaction_posted","key":"{key}"}}"#))
        .collect();
    let next = if end < state.log.len() { format!(r#","next":"1:{end}""#) } else { String::new() };
    (200, format!(r#"{{"events":[{}]{next}}}"#, events.join(",")))
}
