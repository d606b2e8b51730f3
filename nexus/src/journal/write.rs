//! Writes a journal that hledger reads: whatever a ledger holds, in words that cannot be taken for something else.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use event_schemas::{AccountType, AssetCode};

/// Writes one thing after the other.
pub struct Writer<W> {
    out: W,
}

/// A transaction's head, as far as hledger has a place for it.
#[derive(Debug, Default)]
pub struct Head<'a> {
    /// `2026-01-31`
    pub date: String,
    /// `*`, `!`, or nothing.
    pub mark: &'static str,
    pub code: &'a str,
    pub description: &'a str,
    /// Names and texts.
    pub tags: Vec<(String, String)>,
}

/// A posting: its amount with its sign.
#[derive(Debug)]
pub struct Line<'a> {
    pub account: &'a str,
    pub amount: String,
    pub currency: &'a str,
    pub comment: String,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W) -> Self {
        Self { out }
    }

    pub fn comment(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            writeln!(self.out, "; {line}")?;
        }
        Ok(())
    }

    pub fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// How many decimals a commodity has, and which mark is before them.
    pub fn commodity(&mut self, code: &str, scale: u8) -> io::Result<()> {
        writeln!(self.out, "commodity 1000.{} {}", "0".repeat(usize::from(scale)), quoted(code))
    }

    pub fn account(&mut self, path: &str, kind: AccountType) -> io::Result<()> {
        let letter = match kind {
            AccountType::Asset => 'A',
            AccountType::Liability => 'L',
            AccountType::Equity => 'E',
            AccountType::Income => 'R',
            AccountType::Expense => 'X',
        };
        writeln!(self.out, "account {path}  ; type:{letter}")
    }

    pub fn price(&mut self, date: &str, base: AssetCode, quote: AssetCode, rate: &str) -> io::Result<()> {
        writeln!(self.out, "P {date} {} {rate} {}", quoted(base.as_str()), quoted(quote.as_str()))
    }

    pub fn transaction(&mut self, head: &Head<'_>, lines: &[Line<'_>]) -> io::Result<()> {
        let Head { date, mark, code, description, tags } = head;
        let mut text = format!("\n{date} {mark}").trim_end().to_owned();
        let description = one_line(description).replace(';', ",");
        // An empty code keeps a description that begins like a mark or a code from being taken for one.
        if !code.is_empty() || description.starts_with(['*', '!', '(']) {
            let _ = write!(text, " ({})", one_line(code).replace([')', ';'], "_"));
        }
        if !description.is_empty() {
            let _ = write!(text, " {description}");
        }
        writeln!(self.out, "{text}")?;
        for (name, value) in tags {
            let value = one_line(value);
            writeln!(self.out, "{}", format!("    ; {}:{value}", tag_name(name)).trim_end())?;
        }
        let width = lines.iter().map(|line| line.account.chars().count()).max().unwrap_or_default();
        let digits = lines.iter().map(|line| line.amount.len()).max().unwrap_or_default();
        for Line { account, amount, currency, comment } in lines {
            let mut text = format!("    {account:<width$}  {amount:>digits$} {}", quoted(currency));
            let comment = one_line(comment);
            if !comment.is_empty() {
                let _ = write!(text, "  ; {comment}");
            }
            writeln!(self.out, "{text}")?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What hledger would read as something else: two blanks end a name, some signs begin something.
pub fn is_writable(path: &str) -> bool {
    let trouble = ["  ", " ;", "\t"].iter().any(|text| path.contains(text));
    !trouble && !path.starts_with(['(', '[', '*', '!', ';', '"'])
}

/// Codes with digits and the like stand in quotes.
fn quoted(code: &str) -> String {
    match code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => code.to_owned(),
        false => format!("\"{code}\""),
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// A tag's name ends at its colon, and has no blank.
fn tag_name(name: &str) -> String {
    let plain = |character: char| {
        if character.is_whitespace() || ":,;".contains(character) { '-' } else { character }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn whatever_a_ledger_holds_is_written_so_that_it_stays_itself() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.comment("from a ledger\nof two lines").unwrap();
        writer.commodity("EUR", 2).unwrap();
        writer.commodity("USD-3", 0).unwrap();
        writer.account("in", AccountType::Income).unwrap();
        let [base, quote] = ["USD-3", "EUR"].map(|code| AssetCode::parse(code).unwrap());
        writer.price("2024-01-01", base, quote, "0.92").unwrap();
        let line = |account, amount: &str, currency| Line {
            account,
            amount: amount.to_owned(),
            currency,
            comment: "two\nlines".to_owned(),
        };
        let head = Head {
            date: "2024-01-01".to_owned(),
            mark: "*",
            code: "",
            description: "(not a code); nor\na comment",
            tags: vec![("a b:c".to_owned(), "d".to_owned()), ("empty".to_owned(), String::new())],
        };
        writer.transaction(&head, &[line("assets:a", "5.00", "EUR"), line("in", "-5.00", "EUR")]).unwrap();
        let head = Head { date: "2024-01-02".to_owned(), ..Head::default() };
        writer.transaction(&head, &[line("assets:a", "5", "USD-3"), line("in", "-5", "USD-3")]).unwrap();
        writer.finish().unwrap();
        expect![[r#"
            ; from a ledger
            ; of two lines
            commodity 1000.00 EUR
            commodity 1000. "USD-3"
            account in  ; type:R
            P 2024-01-01 "USD-3" 0.92 EUR

            2024-01-01 * () (not a code), nor a comment
                ; a-b-c:d
                ; empty:
                assets:a   5.00 EUR  ; two lines
                in        -5.00 EUR  ; two lines

            2024-01-02
                assets:a   5 "USD-3"  ; two lines
                in        -5 "USD-3"  ; two lines
        "#]]
        .assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn some_names_cannot_be_written() {
        assert!(is_writable("assets:my bank (old)"));
        for path in ["assets:a  b", "(assets)", "* a", "assets ;a"] {
            assert!(!is_writable(path), "{path}");
        }
    }
}
