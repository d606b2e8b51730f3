//! The file: its hash, its header, its rows with the lines they stand on.

use std::{
    fs::File,
    io::{self, BufRead, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use csv::StringRecord;
use encoding_rs::Encoding;
use sha2::{Digest, Sha256};

use super::{
    columns::Columns,
    decode::Decoded,
    mapping::{Faults, FileMapping},
};

/// What the importer adds to rows that were refused. A file that ends with these columns is one of its own.
pub const NOTES: [&str; 5] = ["nexus_reason", "nexus_code", "nexus_pointer", "nexus_key", "nexus_line"];
const NOTE_KEY: usize = 3;

/// How the file is written, checked.
#[derive(Debug, Clone, Copy)]
pub struct FileFormat {
    pub delimiter: u8,
    pub quote: Option<u8>,
    pub encoding: &'static Encoding,
    header: bool,
    skip: u64,
}

pub struct Source {
    reader: csv::Reader<Decoded<Counted<File>>>,
    /// Where the text begins that `reader` reads.
    start: u64,
    /// A first row that was read to see how many columns there are.
    first: Option<StringRecord>,
    pub layout: Layout,
    pub columns: Columns,
    pub sha256: String,
    pub progress: Progress,
}

/// What a file of refused rows repeats.
#[derive(Debug, Clone)]
pub struct Layout {
    pub path: PathBuf,
    pub format: FileFormat,
    /// The lines before the header, as they were.
    pub preamble: String,
    /// The names of the columns, without the importer's own.
    pub header: Option<StringRecord>,
    /// How many columns are the file's own, where the importer's follow.
    own: Option<usize>,
}

/// How much of the file has been read.
#[derive(Debug, Clone)]
pub struct Progress {
    pub bytes_total: u64,
    bytes_read: Arc<AtomicU64>,
}

/// A row, and the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    pub line: u64,
    pub record: StringRecord,
    /// The key that an earlier import noted.
    pub key: Option<String>,
}

impl FileFormat {
    pub fn from_mapping(file: &FileMapping, faults: &mut Faults) -> Option<Self> {
        let one = |text: &str| match text.as_bytes() {
            [byte] if byte.is_ascii() => Ok(*byte),
            _ => Err(format!("{text:?} is not one ASCII character")),
        };
        let delimiter = if file.delimiter == "tab" { Ok(b'\t') } else { one(&file.delimiter) };
        let delimiter =
            faults.take("file.delimiter", delimiter.map_err(|why| format!("{why} (nor \"tab\")")));
        let quote = if file.quote.is_empty() { Ok(None) } else { one(&file.quote).map(Some) };
        let quote = faults.take("file.quote", quote);
        let encoding = Encoding::for_label(file.encoding.as_bytes()).ok_or_else(|| {
            format!("{:?} is no encoding; try \"utf-8\", \"windows-1252\", \"latin1\"", file.encoding)
        });
        let encoding = faults.take("file.encoding", encoding);
        Some(Self {
            delimiter: delimiter?,
            quote: quote?,
            encoding: encoding?,
            header: file.header,
            skip: file.skip,
        })
    }
}

impl Source {
    pub fn open(path: &Path, format: FileFormat) -> Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
        let (sha256, bytes_total) = hash(&file).with_context(|| format!("{name} cannot be read"))?;
        let progress = Progress { bytes_total, bytes_read: Arc::default() };
        let file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
        let counted = Counted { inner: file, count: Arc::clone(&progress.bytes_read) };
        let mut text = Decoded::new(counted, format.encoding);
        let mut preamble = String::new();
        for _ in 0..format.skip {
            text.read_line(&mut preamble)?;
        }
        let start = text.bytes_read();
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(format.delimiter).quoting(format.quote.is_some());
        let mut reader = builder.quote(format.quote.unwrap_or(b'"')).from_reader(text);
        let mut first = StringRecord::new();
        let is_empty = !reader.read_record(&mut first)?;
        let own = own_columns(&first);
        let mut layout = Layout { path: path.to_owned(), format, preamble, header: None, own };
        let columns = match (own, format.header) {
            _ if is_empty => Columns::unnamed(0),
            // A file of refused rows has a header even when the file it came from had none.
            (Some(own), false) => Columns::unnamed(own),
            (None, false) => Columns::unnamed(first.len()),
            (_, true) => {
                let header: StringRecord = first.iter().take(own.unwrap_or(first.len())).collect();
                let columns = Columns::named(&header);
                layout.header = Some(header);
                columns
            }
        };
        let is_row = !is_empty && !format.header && own.is_none();
        Ok(Self { reader, start, first: is_row.then_some(first), layout, columns, sha256, progress })
    }

    /// The next row. Quoted fields may run over lines; the row's line is its first.
    pub fn next(&mut self) -> Result<Option<SourceRow>> {
        let mut record = StringRecord::new();
        match self.first.take() {
            Some(first) => record = first,
            None => {
                let name = self.layout.path.display();
                if !self.reader.read_record(&mut record).with_context(|| format!("{name} cannot be read"))? {
                    return Ok(None);
                }
            }
        }
        let position = record.position().cloned().unwrap_or_else(csv::Position::new);
        let blank_lines = self.reader.get_mut().blank_lines().from(self.start + position.byte());
        let line = self.layout.format.skip + position.line() + blank_lines;
        let Some(own) = self.layout.own else { return Ok(Some(SourceRow { line, record, key: None })) };
        let key = record.get(own + NOTE_KEY).map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned);
        Ok(Some(SourceRow { line, record: record.iter().take(own).collect(), key }))
    }
}

impl Progress {
    /// Of something that has been read already.
    pub fn done(bytes_total: u64) -> Self {
        Self { bytes_total, bytes_read: Arc::new(AtomicU64::new(bytes_total)) }
    }

    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }
}

fn own_columns(first: &StringRecord) -> Option<usize> {
    let own = first.len().checked_sub(NOTES.len())?;
    first.iter().skip(own).eq(NOTES).then_some(own)
}

fn hash(mut file: &File) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        hash.update(&buffer[..length]);
        total += length as u64;
    }
    let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hex, total))
}

/// Counts what has been read, for the progress bar.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(out)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[allow(clippy::type_complexity, reason = "line, cells, and what is wrong with them, read once below")]
    fn rows(bytes: &[u8], mapping: &str) -> (Columns, Vec<(u64, Vec<String>, Option<String>)>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mapping: FileMapping = toml::from_str(mapping).unwrap();
        let format = FileFormat::from_mapping(&mapping, &mut Faults::default()).unwrap();
        let mut source = Source::open(file.path(), format).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = source.next().unwrap() {
            rows.push((row.line, row.record.iter().map(str::to_owned).collect(), row.key));
        }
        assert_eq!(source.progress.bytes_read(), source.progress.bytes_total);
        (source.columns, rows)
    }

    fn row(line: u64, values: &[&str]) -> (u64, Vec<String>, Option<String>) {
        (line, values.iter().map(|value| (*value).to_owned()).collect(), None)
    }

    #[test]
    fn rows_come_with_their_lines() {
        for file in ["a;b\n1;\"x\ny\"\n\n2;z\n", "a;b\r\n1;\"x\ny\"\r\n\r\n2;z"] {
            let (columns, read) = rows(file.as_bytes(), "delimiter = ';'");
            assert_eq!(columns, Columns::named(["a", "b"]));
            assert_eq!(read, [row(2, &["1", "x\ny"]), row(5, &["2", "z"])]);
        }

        let (columns, read) = rows(
            b"Konto 7\n\n1\tM\xfcller\n",
            "delimiter = 'tab'\nheader = false\nskip = 2\nencoding = 'latin1'",
        );
        assert_eq!(columns, Columns::unnamed(2));
        assert_eq!(read, [row(3, &["1", "Müller"])]);
        assert_eq!(rows(b"", "").1, []);
    }

    #[test]
    fn a_file_of_refused_rows_brings_its_keys() {
        let notes = NOTES.join(",");
        let (columns, read) =
            rows(format!("a,b,{notes}\n1,2,why,code,,row-x,9\n3,4,why,code,,,10\n").as_bytes(), "");
        assert_eq!(columns, Columns::named(["a", "b"]));
        assert_eq!(read[0].2.as_deref(), Some("row-x"));
        assert_eq!(read[1], row(3, &["3", "4"]));
        let (columns, read) =
            rows(format!("1,2,{notes}\n1,2,why,code,,row-x,9\n").as_bytes(), "header = false");
        assert_eq!(columns, Columns::unnamed(2));
        assert_eq!(read.len(), 1);
    }
}
