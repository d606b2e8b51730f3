//! `--balances`: what each row's account held after it, in the order of the file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Rows are answered nearly in order; what comes early waits here.
pub struct Balances {
    path: PathBuf,
    writer: csv::Writer<BufWriter<File>>,
    next: u64,
    waiting: BTreeMap<u64, Option<Balance>>,
}

/// On the side on which the account grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub line: u64,
    pub key: String,
    pub account: String,
    pub date: String,
    pub currency: String,
    pub balance: String,
    pub position: String,
}

impl Balances {
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("{} cannot be made", path.display()))?;
        let mut writer = csv::Writer::from_writer(BufWriter::new(file));
        writer.write_record(["line", "key", "account", "date", "currency", "balance", "position"])?;
        Ok(Self { path: path.to_owned(), writer, next: 0, waiting: BTreeMap::new() })
    }

    /// The outcome of the file's `ordinal`-th posting, counted from 0. `None`: it was refused, or its turn comes later.
    pub fn settle(&mut self, ordinal: u64, balance: Option<Balance>) -> Result<()> {
        if ordinal < self.next {
            // A row that was tried again when its turn was over.
            return balance.map_or(Ok(()), |balance| self.write(&balance));
        }
        self.waiting.insert(ordinal, balance);
        while let Some(balance) = self.waiting.remove(&self.next) {
            self.next += 1;
            if let Some(balance) = balance {
                self.write(&balance)?;
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<PathBuf> {
        // An import that broke off leaves gaps.
        for balance in std::mem::take(&mut self.waiting).into_values().flatten() {
            self.write(&balance)?;
        }
        self.writer.flush().with_context(|| format!("{} cannot be written", self.path.display()))?;
        Ok(self.path)
    }

    fn write(&mut self, balance: &Balance) -> Result<()> {
        let Balance { line, key, account, date, currency, balance, position } = balance;
        let record = [&line.to_string(), key, account, date, currency, balance, position];
        self.writer.write_record(record).with_context(|| format!("{} cannot be written", self.path.display()))
    }
}
