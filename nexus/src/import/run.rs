//! The whole import: rows through exchanges to outcomes, with another exchange where one was not enough.

use std::{collections::VecDeque, path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use event_schemas::Position;
use tokio::sync::mpsc;

use super::{
    answer::{KEY_REUSED, Outcome, RecordedEvent, USED_AT},
    balances::{Balance, Balances},
    conflict::{Comparer, Verdict},
    exchange::{Answered, Broken, Exchange},
    key::ATTEMPTS_MAX,
    ledger::Ledger,
    progress::Display,
    reader::{Read, Row},
    rejects::{Reason, Rejects},
};
use crate::exit::Exit;

/// Conflicts that are looked up together.
const CONFLICTS_TOGETHER: usize = 1_000;
/// Exchanges that bring nothing, one after the other, before the import gives up.
const FRUITLESS_MAX: u32 = 6;
/// Before another try, doubled each time.
const BACKOFF: Duration = Duration::from_millis(250);
/// Refusals that a dry run shows.
const SHOWN_MAX: u64 = 20;

pub struct Import {
    pub ledger: Ledger,
    pub dry_run: bool,
    pub sha256: String,
    /// The end of the log before the first row.
    pub head: Position,
    pub comparer: Comparer,
    pub balances: Option<Balances>,
    pub rejects: Rejects,
    pub display: Display,
    pub counts: Counts,
    /// Rows that go first in the next exchange.
    pub waiting: VecDeque<Row>,
    /// Rows whose key was used up by an old refusal: they go last, under another key.
    pub again: VecDeque<Row>,
    pub conflicts: Vec<(Row, Position)>,
}

/// What became of the rows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub posted: u64,
    pub already_there: u64,
    pub refused: u64,
    pub skipped: u64,
    pub moves_nothing: u64,
}

/// How an exchange ended, if not by an error.
struct Ended {
    answered: u64,
    trouble: Option<String>,
}

impl Counts {
    pub fn rows(&self) -> u64 {
        let Self { posted, already_there, refused, skipped, moves_nothing } = self;
        posted + already_there + refused + skipped + moves_nothing
    }
}

impl Import {
    /// Until every row has an outcome.
    pub async fn run(&mut self, mut groups: mpsc::Receiver<Result<Vec<Read>>>) -> Result<()> {
        let mut source_ended = false;
        let mut fruitless = 0;
        loop {
            let ended = self.exchange(&mut groups, &mut source_ended).await?;
            self.resolve_conflicts().await?;
            if self.waiting.is_empty() && source_ended {
                self.waiting.append(&mut self.again);
                if self.waiting.is_empty() {
                    return Ok(());
                }
            }
            let Some(trouble) = ended.trouble else { continue };
            fruitless = if ended.answered == 0 { fruitless + 1 } else { 1 };
            if fruitless == FRUITLESS_MAX {
                bail!(
                    "{trouble}\n{} rows have their outcome; import the file again to go on: none is posted twice",
                    self.counts.rows()
                );
            }
            self.display.say(&format!("{trouble}; trying again"));
            tokio::time::sleep(BACKOFF * 2_u32.pow(fruitless)).await;
        }
    }

    /// One request: as many rows as it takes.
    async fn exchange(
        &mut self,
        groups: &mut mpsc::Receiver<Result<Vec<Read>>>,
        source_ended: &mut bool,
    ) -> Result<Ended> {
        let sha256 = self.sha256.clone();
        let mut exchange = Exchange::begin(&self.ledger, self.dry_run, &sha256);
        // Rows that the server could not take just now. What follows waits for them: an account's rows are to be posted in
        // their order.
        let mut held = Vec::new();
        let mut ended = Ended { answered: 0, trouble: None };
        loop {
            while exchange.has_room() && !self.waiting.is_empty() {
                let count = self.waiting.len().min(super::reader::GROUP_ROWS);
                exchange.send(self.waiting.drain(..count));
            }
            if *source_ended && self.waiting.is_empty() {
                exchange.close();
            }
            tokio::select! {
                answers = exchange.answers() => match answers {
                    Ok(Some(answers)) => {
                        for Answered { row, outcome } in answers {
                            if outcome.status == 503 {
                                ended.trouble = Some(outcome.body.reason().why);
                                held.push(row);
                                exchange.close();
                            } else {
                                ended.answered += 1;
                                self.settle(row, &outcome)?;
                            }
                        }
                        if self.conflicts.len() >= CONFLICTS_TOGETHER {
                            self.resolve_conflicts().await?;
                        }
                        self.display.rows(self.counts.rows());
                    }
                    Ok(None) => break,
                    Err(Broken::Fatal(error)) => return Err(error),
                    Err(Broken::Passing(why)) => {
                        ended.trouble = Some(why);
                        break;
                    }
                },
                group = groups.recv(), if !*source_ended && exchange.has_room() && self.waiting.is_empty() => {
                    match group {
                        Some(group) => {
                            let rows = self.take(group?)?;
                            exchange.send(rows);
                        }
                        None => *source_ended = true,
                    }
                }
            }
        }
        held.extend(exchange.unanswered());
        held.sort_unstable_by_key(|row| row.ordinal);
        for row in held.into_iter().rev() {
            self.waiting.push_front(row);
        }
        Ok(ended)
    }

    /// Counts what is not sent, and gives what is.
    fn take(&mut self, group: Vec<Read>) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(group.len());
        for read in group {
            match read {
                Read::Row(row) => rows.push(row),
                Read::Skipped => self.counts.skipped += 1,
                Read::MovesNothing => self.counts.moves_nothing += 1,
                Read::Fault { line, record, key, fault } => {
                    let reason = Reason { why: fault.why, code: fault.code.to_owned(), pointer: fault.at };
                    self.reject(&record, line, key.as_deref(), &reason)?;
                }
            }
        }
        Ok(rows)
    }

    fn settle(&mut self, row: Row, outcome: &Outcome) -> Result<()> {
        let body = &outcome.body;
        let was_there = body.position.is_some_and(|position| position <= self.head);
        if outcome.status < 300 {
            let balance = body.balance_of_first(&row.posting.legs);
            return self.there(row, body.position, balance, was_there);
        }
        if body.code == KEY_REUSED {
            let used_at = body.figures.get(USED_AT).and_then(|used_at| used_at.parse().ok());
            if let Some(used_at) = used_at {
                self.conflicts.push((row, used_at));
                return Ok(());
            }
        }
        // A refusal from an earlier import has used the key up. Since then the cause may have been mended.
        if was_there && row.attempt < ATTEMPTS_MAX {
            return self.try_again(row);
        }
        self.refuse(row, &body.reason())
    }

    async fn resolve_conflicts(&mut self) -> Result<()> {
        let conflicts = std::mem::take(&mut self.conflicts);
        if conflicts.is_empty() {
            return Ok(());
        }
        let places: Vec<Position> = conflicts.iter().map(|(_, place)| *place).collect();
        let records = self.comparer.records(&places).await?;
        for (row, place) in conflicts {
            let recorded = records.get(&place);
            match self.comparer.verdict(&row.posting.legs, recorded).await? {
                Verdict::SameRow(balance) => self.there(row, Some(place), balance, true)?,
                Verdict::Refused if row.attempt < ATTEMPTS_MAX => self.try_again(row)?,
                Verdict::Refused | Verdict::Other => self.refuse(row, &other_money(place, recorded))?,
            }
        }
        Ok(())
    }

    fn there(
        &mut self,
        row: Row,
        position: Option<Position>,
        balance: Option<String>,
        was_there: bool,
    ) -> Result<()> {
        *(if was_there { &mut self.counts.already_there } else { &mut self.counts.posted }) += 1;
        let Some(balances) = &mut self.balances else { return Ok(()) };
        let leg = &row.posting.legs[0];
        let balance = balance.map(|balance| Balance {
            line: row.line,
            key: row.key().to_string(),
            account: leg.account.to_string(),
            date: row.posting.effective_at.to_string(),
            currency: leg.currency.as_str().to_owned(),
            balance,
            position: position.map(|position| position.to_string()).unwrap_or_default(),
        });
        balances.settle(row.ordinal, balance)
    }

    fn try_again(&mut self, mut row: Row) -> Result<()> {
        row.attempt += 1;
        if let Some(balances) = &mut self.balances {
            balances.settle(row.ordinal, None)?;
        }
        self.again.push_back(row);
        Ok(())
    }

    fn refuse(&mut self, row: Row, reason: &Reason) -> Result<()> {
        if let Some(balances) = &mut self.balances {
            balances.settle(row.ordinal, None)?;
        }
        self.reject(&row.record, row.line, Some(row.posting.key.as_str()), reason)
    }

    fn reject(
        &mut self,
        record: &csv::StringRecord,
        line: u64,
        key: Option<&str>,
        reason: &Reason,
    ) -> Result<()> {
        self.counts.refused += 1;
        if !self.dry_run {
            return self.rejects.add(record, line, key, reason);
        }
        if self.counts.refused <= SHOWN_MAX {
            let Reason { why, code, pointer } = reason;
            let place = self.rejects.place(record, line);
            self.display.say(&format!("{place} would be refused ({code} {pointer}): {why}"));
        }
        Ok(())
    }
}

fn other_money(place: Position, recorded: Option<&RecordedEvent>) -> Reason {
    let what = match recorded {
        Some(event) if event.kind == "transaction_posted" => "a transaction with other money".to_owned(),
        Some(event) => format!("another record ({})", event.kind),
        None => "a record that this key may not read".to_owned(),
    };
    Reason {
        why: format!(
            "the row's key was used at {place} by {what}: mend the row, or the id that makes its key"
        ),
        code: KEY_REUSED.to_owned(),
        pointer: "/id".to_owned(),
    }
}

/// What is printed at the end.
pub struct Report {
    pub file: PathBuf,
    /// What the file holds: rows, transactions.
    pub unit: &'static str,
    pub counts: Counts,
    pub elapsed: Duration,
    pub dry_run: bool,
    pub rejects: Option<PathBuf>,
    pub balances: Option<PathBuf>,
}

impl Report {
    /// Fails where something was refused.
    pub fn exit(&self, one: &str) -> Result<()> {
        match self.counts.refused {
            0 => Ok(()),
            1 => Err(Exit::Refused.because(format!("one {one} was refused"))),
            refused => Err(Exit::Refused.because(format!("{refused} {one}s were refused"))),
        }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use super::progress::{grouped, per_second};
        let Counts { posted, already_there, refused, skipped, moves_nothing } = self.counts;
        let rows = self.counts.rows();
        let (seconds, rate) = (self.elapsed.as_secs_f64(), grouped(per_second(rows, self.elapsed)));
        let (file, unit) = (self.file.display(), self.unit);
        writeln!(to, "{file}: {} {unit} in {seconds:.1} s, {rate} {unit}/s", grouped(rows))?;
        let posted_word = if self.dry_run { "would be posted" } else { "posted" };
        let refused_word = if self.dry_run { "would be refused" } else { "refused" };
        let always = [(posted_word, posted), ("already there", already_there), (refused_word, refused)];
        let others = [("left out by the mapping", skipped), ("move no money", moves_nothing)];
        for (word, count) in always.into_iter().chain(others.into_iter().filter(|(_, count)| *count > 0)) {
            writeln!(to, "{:>12}  {word}", grouped(count))?;
        }
        if let Some(balances) = &self.balances {
            writeln!(to, "balances: {}", balances.display())?;
        }
        if let Some(rejects) = &self.rejects {
            writeln!(to, "refused rows, to be mended and imported again: {}", rejects.display())?;
        }
        if self.dry_run {
            writeln!(
                to,
                "nothing was changed; each row was tried on the books as they are, without the rows before it"
            )?;
        }
        Ok(())
    }
}
