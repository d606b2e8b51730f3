//! Rows that were refused: a file that can be mended and imported again with the same mapping, or a list of places in a
//! journal, which is mended itself.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use csv::StringRecord;

use super::source::{Layout, NOTES};

pub enum Rejects {
    File(RejectsFile),
    /// A journal's transactions, each with its place and why.
    List(Vec<String>),
}

pub struct RejectsFile {
    layout: Layout,
    /// Where it is to be, if not beside the file.
    wished: Option<PathBuf>,
    file: Option<(PathBuf, BufWriter<File>)>,
}

/// Why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub why: String,
    pub code: String,
    pub pointer: String,
}

impl Rejects {
    pub fn add(
        &mut self,
        record: &StringRecord,
        line: u64,
        key: Option<&str>,
        reason: &Reason,
    ) -> Result<()> {
        match self {
            Rejects::File(file) => file.add(record, line, key, reason),
            Rejects::List(list) => {
                let Reason { why, code, pointer } = reason;
                list.push(format!("{}: {why} ({code} {pointer})", place(record, line)));
                Ok(())
            }
        }
    }

    /// Where a row stands, for a message.
    pub fn place(&self, record: &StringRecord, line: u64) -> String {
        match self {
            Rejects::File(_) => format!("line {line}"),
            Rejects::List(_) => place(record, line),
        }
    }
}

/// A journal's record holds the name of the file.
fn place(record: &StringRecord, line: u64) -> String {
    format!("{}:{line}", record.get(0).unwrap_or_default())
}

impl RejectsFile {
    pub fn new(layout: Layout, wished: Option<PathBuf>) -> Self {
        Self { layout, wished, file: None }
    }

    /// `key`: the row's key, if it came so far. It goes into the file, so that the mended row is known by it: without, the
    /// second of two twins would be the first of its kind in the new file.
    fn add(&mut self, record: &StringRecord, line: u64, key: Option<&str>, reason: &Reason) -> Result<()> {
        let line = line.to_string();
        let notes = [&*reason.why, &*reason.code, &*reason.pointer, key.unwrap_or_default(), &*line];
        let row = self.encoded(record.iter().chain(notes))?;
        if self.file.is_none() {
            self.file = Some(self.create(record.len())?);
        }
        let (path, file) = self.file.as_mut().expect("it was just made");
        file.write_all(&row).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Where they are, if there are any.
    pub fn finish(self) -> Result<Option<PathBuf>> {
        let Some((path, mut file)) = self.file else { return Ok(None) };
        file.flush().with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Some(path))
    }

    fn create(&self, columns: usize) -> Result<(PathBuf, BufWriter<File>)> {
        let (path, file) = match &self.wished {
            Some(path) => (
                path.clone(),
                File::create(path).with_context(|| format!("{} cannot be made", path.display()))?,
            ),
            None => create_beside(&self.layout.path)?,
        };
        let mut file = BufWriter::new(file);
        let format = &self.layout.format;
        // UTF-16 is read, but not written: a byte order mark says that this is UTF-8, whatever the mapping says.
        let is_other = format.encoding.output_encoding() != format.encoding;
        let mut head = if is_other { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        head.extend(self.encode(&self.layout.preamble));
        let places: Vec<String> = (1..=columns).map(|place| place.to_string()).collect();
        head.extend(match &self.layout.header {
            Some(header) => self.encoded(header.iter().chain(NOTES))?,
            None => self.encoded(places.iter().map(String::as_str).chain(NOTES))?,
        });
        file.write_all(&head).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok((path, file))
    }

    fn encoded<'a>(&self, values: impl Iterator<Item = &'a str>) -> Result<Vec<u8>> {
        let format = &self.layout.format;
        let style = if format.quote.is_some() { csv::QuoteStyle::Necessary } else { csv::QuoteStyle::Never };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(format.delimiter)
            .quote(format.quote.unwrap_or(b'"'))
            .quote_style(style)
            .from_writer(Vec::new());
        if format.quote.is_some() {
            writer.write_record(values)?;
        } else {
            // Nothing can be quoted, so a note must not hold what would cut it.
            let cut = [char::from(format.delimiter), '\n', '\r'];
            writer.write_record(values.map(|value| value.replace(cut, " ")))?;
        }
        let text = String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?;
        Ok(self.encode(&text))
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        let encoding = self.layout.format.encoding;
        encoding.encode(text).0.into_owned()
    }
}

/// `bank.rejected.csv` beside `bank.csv`; `bank.rejected-2.csv` if that is there, for somebody may be mending it.
fn create_beside(source: &Path) -> Result<(PathBuf, File)> {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let extension = source.extension().map_or("csv".into(), |extension| extension.to_string_lossy());
    for number in 1_u32.. {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = source.with_file_name(format!("{stem}.rejected{number}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("{} cannot be made; name another: --rejects", path.display()));
            }
        }
    }
    unreachable!("there are not that many files")
}
