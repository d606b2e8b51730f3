//! The files of a journal: the one that is named and those that it includes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{
    beancount,
    fault::{Fault, Faults, Place},
    hledger,
    model::{Journal, LeftOut},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// hledger's, and most of Ledger's
    Hledger,
    Beancount,
}

/// What is being read.
pub struct Loader {
    pub journal: Journal,
    pub faults: Vec<Fault>,
    hash: Sha256,
    /// Files that are open, the innermost last.
    open: Vec<PathBuf>,
}

/// The lines of a file.
pub struct Lines<'a> {
    file: Arc<str>,
    lines: std::iter::Peekable<std::iter::Enumerate<std::str::Lines<'a>>>,
}

impl Format {
    pub fn of(path: &Path) -> Format {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("beancount" | "bean") => Format::Beancount,
            _ => Format::Hledger,
        }
    }
}

/// Reads a journal; what cannot be read is told all at once. `decimal` is the mark of numbers that could be read in two
/// ways.
pub fn read(path: &Path, format: Format, decimal: Option<char>) -> Result<Journal> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let journal = Journal {
        format,
        items: Vec::new(),
        prices: Vec::new(),
        types: BTreeMap::new(),
        conversion: None,
        decimals: BTreeMap::new(),
        left_out: Vec::new(),
        warnings: Vec::new(),
        sha256: String::new(),
    };
    let mut loader = Loader { journal, faults: Vec::new(), hash: Sha256::new(), open: Vec::new() };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    match format {
        Format::Hledger => loader.file(path, &name, &text, |loader, lines| {
            hledger::read(loader, lines, &mut hledger::State::new(decimal));
        }),
        Format::Beancount => loader.file(path, &name, &text, |loader, lines| {
            beancount::read(loader, lines, &mut beancount::State::default());
        }),
    }
    Faults(loader.faults).none()?;
    loader.journal.sha256 = loader.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(loader.journal)
}

impl Loader {
    pub fn fault(&mut self, place: &Place, why: impl Into<String>) {
        self.faults.push(place.fault(why));
    }

    pub fn leave_out(&mut self, place: &Place, what: impl Into<String>) {
        self.journal.left_out.push(LeftOut { place: place.clone(), what: what.into() });
    }

    pub fn warn(&mut self, place: &Place, what: impl Into<String>) {
        self.journal.warnings.push(LeftOut { place: place.clone(), what: what.into() });
    }

    fn file(&mut self, path: &Path, name: &str, text: &str, read: impl FnOnce(&mut Self, &mut Lines<'_>)) {
        self.hash.update((text.len() as u64).to_be_bytes());
        self.hash.update(text);
        self.open.push(path.to_owned());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = Lines { file: name.into(), lines: text.lines().enumerate().peekable() };
        read(self, &mut lines);
        self.open.pop();
    }

    /// Reads the files that an `include` names, relative to the file that it stands in. `*` and `?` stand for parts of a
    /// file's name.
    pub fn include(&mut self, place: &Place, wanted: &str, mut read: impl FnMut(&mut Self, &mut Lines<'_>)) {
        let including = self.open.last().cloned().unwrap_or_default();
        let pattern = including.parent().unwrap_or(Path::new("")).join(wanted);
        let files = match matching(&pattern) {
            Ok(files) if !files.is_empty() => files,
            Ok(_) => return self.fault(place, format!("{wanted}: there is no such file beside this one")),
            Err(error) => return self.fault(place, format!("{wanted} cannot be looked for: {error}")),
        };
        let is_pattern = wanted.contains(['*', '?']);
        for file in files {
            if self.open.contains(&file) {
                // A pattern that matches the file it stands in means the others.
                if !is_pattern {
                    self.fault(place, format!("{wanted} is being read already: files include each other"));
                }
                continue;
            }
            match fs::read_to_string(&file) {
                Ok(text) => {
                    let name = Path::new(wanted).with_file_name(file.file_name().unwrap_or_default());
                    self.file(&file, &name.to_string_lossy(), &text, &mut read);
                }
                Err(error) => self.fault(place, format!("{wanted} cannot be read: {error}")),
            }
        }
    }
}

impl<'a> Lines<'a> {
    pub fn next(&mut self) -> Option<(Place, &'a str)> {
        let (index, line) = self.lines.next()?;
        Some((
            Place { file: Arc::clone(&self.file), line: u32::try_from(index + 1).unwrap_or(u32::MAX) },
            line,
        ))
    }

    /// The next line, if it goes on with the entry above: it is indented and not blank.
    pub fn next_indented(&mut self) -> Option<(Place, &'a str)> {
        let (_, line) = self.lines.peek()?;
        let goes_on = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if goes_on { self.next() } else { None }
    }

    pub fn skip_indented(&mut self) {
        while self.next_indented().is_some() {}
    }
}

/// The files that a path with a pattern in its last part names, in the order of their names.
fn matching(pattern: &Path) -> std::io::Result<Vec<PathBuf>> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !name.contains(['*', '?']) {
        return Ok(if pattern.is_file() { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let folder = pattern.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.file_name().to_string_lossy().into_owned();
        if !found.starts_with('.') && fits(&found, &name) && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn fits(name: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| fits(&name[at..], rest))
        }
        Some(wanted) => {
            let Some(found) = name.chars().next() else { return false };
            (wanted == '?' || wanted == found)
                && fits(&name[found.len_utf8()..], &pattern[wanted.len_utf8()..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_files() {
        for (pattern, name, expected) in [
            ("*.journal", "a.journal", true),
            ("*.journal", "a.journals", false),
            ("20??.*", "2024.j", true),
            ("20??.*", "20é4.j", true),
            ("*", "", true),
            ("a*b*c", "a__b_c", true),
            ("a*b*c", "a__c", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn includes_are_read_once_and_not_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("all.journal", "include 20*.journal\n");
        write("2023.journal", "2023-01-01 a\n a  1\n b\n");
        write("2024.journal", "2024-01-01 b\n a  1\n b\n");
        let journal = read(&folder.path().join("all.journal"), Format::Hledger, None).unwrap();
        assert_eq!(journal.items.len(), 2);
        assert_eq!(journal.sha256.len(), 64);

        write("2024.journal", "include all.journal\ninclude other.journal\n");
        let faults = read(&folder.path().join("all.journal"), Format::Hledger, None).unwrap_err().to_string();
        assert!(faults.starts_with("2024.journal:1: all.journal is being read already"), "{faults}");
        assert!(faults.contains("2024.journal:2: other.journal: there is no such file"), "{faults}");
    }
}
