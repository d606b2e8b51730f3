//! A line, and how far it has been read.

#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Passes over the text, if it comes next.
    pub fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    pub fn take_while(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !test(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// What stands before `end`, which is passed over; `None` where there is none.
    pub fn take_until(&mut self, end: &str) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(taken)
    }

    /// A word, and the blanks behind it.
    pub fn word(&mut self) -> &'a str {
        let word = self.take_while(|character| !character.is_whitespace());
        self.blanks();
        word
    }

    /// Text in double quotes; `\"` is a quote in it.
    pub fn quoted(&mut self) -> Option<String> {
        let inner = self.rest.strip_prefix('"')?;
        let mut out = String::new();
        let mut characters = inner.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &inner[at + 1..];
                    return Some(out);
                }
                '\\' => match characters.next()?.1 {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    other => out.push(other),
                },
                other => out.push(other),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_piece_by_piece() {
        let mut line = Cursor::new(r#"price  "say \"a\"" {x} rest"#);
        assert_eq!(line.word(), "price");
        assert_eq!(line.quoted().as_deref(), Some("say \"a\""));
        line.blanks();
        assert!(line.take("{"));
        assert_eq!(line.take_until("}"), Some("x"));
        assert_eq!((line.rest(), line.take_until("}")), (" rest", None));
        assert_eq!(Cursor::new("\"open").quoted(), None);
    }
}
