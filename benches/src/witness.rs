//! Remembers every command that was sent and every answer, and holds both against the log.
//!
//! LOG-2 and LGR-5 from outside: an acknowledged command is in the log once, at the position that its answer named; an
//! unanswered one is there once or not at all, and a repeat with its key tells which; one that was answered "nothing was
//! recorded" is not there; nothing is there that nobody sent.

mod load;
mod report;

use std::collections::HashMap;
use std::time::Duration;

use crate::api::{Answer, Api, Page};
use crate::workload::Books;
pub use load::{Attempt, Heard, Load};
pub use report::Report;

/// How many answered commands are repeated per check, to see the same bytes again.
const REPEATS: usize = 50;
/// A database that was killed is back long before so many.
const RETRIES_MAX: u32 = 400;
const RETRY_PAUSE: Duration = Duration::from_millis(50);

pub struct Witness {
    pub books: Books,
    pub report: Report,
    commands: HashMap<String, Command>,
    /// Key → sequence, of all records of the ledger that a command of ours may have made.
    recorded: HashMap<String, u64>,
    /// Read up to here.
    read_up_to: Option<String>,
    /// Commands since the last check.
    unchecked: Vec<String>,
}

struct Command {
    body: Vec<u8>,
    heard: Heard,
}

impl Witness {
    pub fn new(books: &Books) -> Self {
        Self {
            books: books.clone(),
            report: Report::default(),
            commands: HashMap::new(),
            recorded: HashMap::new(),
            read_up_to: None,
            unchecked: Vec::new(),
        }
    }

    pub fn heard(&mut self, attempts: Vec<Attempt>) {
        for Attempt { key, body, heard } in attempts {
            self.unchecked.push(key.clone());
            let former = self.commands.insert(key, Command { body, heard });
            assert!(former.is_none(), "each attempt has its own key");
        }
    }

    /// Reads what the log has gained and compares. Afterwards no command's outcome is unknown.
    pub async fn check(&mut self, api: &mut Api) -> anyhow::Result<()> {
        self.read_on(api).await?;
        let keys = std::mem::take(&mut self.unchecked);
        let mut repeats = 0;
        for key in &keys {
            match self.commands[key].heard.clone() {
                Heard::Answer(answer) => {
                    self.check_answered(key, &answer);
                    if repeats < REPEATS {
                        repeats += 1;
                        self.check_repeat(api, key, &answer).await?;
                    }
                }
                Heard::NotRecorded(answer) => {
                    self.check_not_recorded(key, &answer);
                    self.resolve(api, key).await?;
                }
                Heard::Nothing => {
                    self.report.unanswered += 1;
                    let done = self.resolve(api, key).await?;
                    self.report.had_been_done += u64::from(done);
                    self.report.had_not_been_done += u64::from(!done);
                }
            }
        }
        let before = self.recorded.len();
        self.read_on(api).await?;
        let absent = keys.iter().filter(|key| !self.recorded.contains_key(*key)).count();
        self.report.violation_if(absent > 0, || format!("{absent} commands are not in the log at the end"));
        self.report.records = self.recorded.len() as u64;
        let gained = self.recorded.len() - before;
        let newly_done = self.report.take_newly_done();
        self.report.violation_if(gained as u64 != newly_done, || {
            format!("{gained} records came of {newly_done} retries of commands that had not been done")
        });
        Ok(())
    }

    fn check_answered(&mut self, key: &str, answer: &Answer) {
        self.report.acknowledged += 1;
        let logged = self.recorded.get(key).copied();
        match sequence_of(answer) {
            None => self.report.violation(format!("{key}: an answer without position: {}", answer.text())),
            Some(told) => self.report.violation_if(logged != Some(told), || {
                format!("{key}: acknowledged at {told}, but in the log at {logged:?}")
            }),
        }
    }

    fn check_not_recorded(&mut self, key: &str, answer: &Answer) {
        self.report.told_not_recorded += 1;
        let logged = self.recorded.get(key).copied();
        self.report.violation_if(logged.is_some(), || {
            format!("{key}: in the log at {logged:?}, but was told {}", answer.text())
        });
    }

    async fn check_repeat(&mut self, api: &mut Api, key: &str, answer: &Answer) -> anyhow::Result<()> {
        let again = self.retry(api, key).await?;
        self.report.repeated += 1;
        self.report.violation_if(again.status != answer.status || again.body != answer.body, || {
            format!(
                "{key}: answered {} {}, repeated {} {}",
                answer.status,
                answer.text(),
                again.status,
                again.text()
            )
        });
        Ok(())
    }

    /// The outcome was unknown: was it done? The log knows, and the retry must say the same.
    async fn resolve(&mut self, api: &mut Api, key: &str) -> anyhow::Result<bool> {
        let before = self.recorded.get(key).copied();
        let answer = self.retry(api, key).await?;
        let told = sequence_of(&answer);
        match before {
            Some(sequence) => {
                self.report.violation_if(told != Some(sequence), || {
                    format!("{key}: in the log at {sequence}, but its retry says {told:?}: {}", answer.text())
                });
            }
            None => {
                self.report.done_by_retry(told.is_some());
                let head = self.recorded.values().copied().max().unwrap_or(0);
                self.report.violation_if(told.is_none_or(|told| told <= head), || {
                    format!(
                        "{key}: not in the log up to {head}, but its retry says {told:?}: {}",
                        answer.text()
                    )
                });
            }
        }
        Ok(before.is_some())
    }

    async fn retry(&mut self, api: &mut Api, key: &str) -> anyhow::Result<Answer> {
        let url = self.books.path("transactions");
        let mut last = String::new();
        for _ in 0..RETRIES_MAX {
            let body = &self.commands[key].body;
            match api.call("POST", &url, Some(key), "application/json", body).await {
                Ok(answer) if answer.status < 500 => return Ok(answer),
                Ok(answer) => last = answer.text(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        anyhow::bail!("{key}: no outcome after {RETRIES_MAX} retries: {last}")
    }

    /// The whole log once more: what an earlier check found is still there, at the same place, and nothing beside it.
    pub async fn check_all_again(&mut self, api: &mut Api) -> anyhow::Result<()> {
        assert!(self.unchecked.is_empty(), "checked before");
        self.read_up_to = None;
        let found_before = std::mem::take(&mut self.recorded);
        self.read_on(api).await?;
        for (key, sequence) in &found_before {
            let now = self.recorded.get(key);
            self.report.violation_if(now != Some(sequence), || {
                format!("{key}: was in the log at {sequence}, is now at {now:?}")
            });
        }
        let (before, now) = (found_before.len(), self.recorded.len());
        self.report.violation_if(before != now, || format!("{before} records have become {now}"));
        Ok(())
    }

    /// Reading may take a few tries, too, where the database has just been killed.
    async fn page(&self, api: &mut Api) -> anyhow::Result<Page> {
        let mut tries = 0;
        loop {
            match api.events_page(&self.books, self.read_up_to.as_deref()).await {
                Err(_) if tries < RETRIES_MAX => tries += 1,
                page => return page,
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn read_on(&mut self, api: &mut Api) -> anyhow::Result<()> {
        loop {
            let page = self.page(api).await?;
            for event in &page.events {
                if !matches!(event.kind.as_str(), "transaction_posted" | "command_refused")
                    || is_setup(&event.key)
                {
                    continue;
                }
                let sent = self.commands.contains_key(&event.key);
                self.report
                    .violation_if(!sent, || format!("nobody sent {}, record {}", event.key, event.seq));
                if let Some(former) = self.recorded.insert(event.key.clone(), event.seq) {
                    let again = event.seq;
                    self.report
                        .violation(format!("{}: in the log twice, at {former} and {again}", event.key));
                }
            }
            // A page may be empty and have a next: other ledgers share the log.
            let last = page.events.last().map(|event| format!("1:{}", event.seq));
            self.read_up_to = page.next.clone().or(last).or(self.read_up_to.take());
            if page.next.is_none() {
                return Ok(());
            }
        }
    }
}

/// The keys under which the ledger was opened and funded.
fn is_setup(key: &str) -> bool {
    ["open-", "floor-", "fund-"].iter().any(|prefix| key.starts_with(prefix))
}

/// Of a 201 or a recorded refusal, which both name their position.
fn sequence_of(answer: &Answer) -> Option<u64> {
    if !matches!(answer.status, 201 | 422) {
        return None;
    }
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("position")?.as_str()?.split_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod fake_ledger;

#[cfg(test)]
mod tests {
    use super::fake_ledger::{Flaw, start};
    use super::*;
    use crate::loadgen::Connection;
    use crate::workload::Target;

    /// Ten commands, one after the other, then the check.
    async fn report(flaw: Flaw) -> Report {
        let address = start(flaw).await;
        let mut witness = Witness::new(&Books::new("drill", 10));
        let target = Target::new("POST", &witness.books.path("transactions"), "", "application/json");
        let mut attempts = Vec::new();
        for number in 0..10 {
            let (key, body) = (format!("k{number}"), b"{}".to_vec());
            let mut request = Vec::new();
            target.write(Some(&key), &body, &mut request);
            let mut connection = Connection::connect(address).await.unwrap();
            let answer = connection.exchange(&request).await.ok();
            let answer = answer.map(|answer| Answer { status: answer.status, body: answer.body.to_vec() });
            attempts.push(Attempt { key, body, heard: Heard::of(answer) });
        }
        witness.heard(attempts);
        let mut api = Api::new(address, "");
        witness.check(&mut api).await.unwrap();
        witness.check_all_again(&mut api).await.unwrap();
        witness.report
    }

    #[tokio::test]
    async fn a_ledger_that_keeps_its_word_has_no_violations_also_when_answers_are_lost() {
        let found = report(Flaw::None).await;
        assert_eq!((found.acknowledged, found.unanswered, found.violations), (10, 0, 0), "{found:?}");
        let found = report(Flaw::SilentAfterDoing).await;
        assert_eq!((found.acknowledged, found.unanswered, found.had_been_done), (9, 1, 1), "{found:?}");
        assert_eq!(found.violations, 0, "{found:?}");
        let found = report(Flaw::SilentBeforeDoing).await;
        assert_eq!((found.acknowledged, found.unanswered, found.had_been_done), (9, 1, 0), "{found:?}");
        assert_eq!((found.violations, found.records), (0, 10), "{found:?}");
        let found = report(Flaw::Declines).await;
        assert_eq!((found.acknowledged, found.unanswered, found.told_not_recorded), (9, 0, 1), "{found:?}");
        assert_eq!((found.violations, found.records), (0, 10), "{found:?}");
    }

    #[tokio::test]
    async fn every_broken_word_is_a_violation() {
        for flaw in [
            Flaw::ForgetsAcknowledged,
            Flaw::RecordsTwice,
            Flaw::TellsAnotherPosition,
            Flaw::ForgetsKeys,
            Flaw::AnswersRepeatsOtherwise,
            Flaw::Invents,
            Flaw::DeniesWhatItRecords,
            Flaw::ForgetsLater,
        ] {
            let report = report(flaw).await;
            assert!(report.violations > 0, "{flaw:?}: {report:?}");
        }
    }
}
