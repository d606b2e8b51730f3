//! Text with columns in it, such as `liabilities:customers:{account_id}`: how a mapping says where a value comes from.

use csv::StringRecord;

use super::columns::Columns;

/// A constant is a template without columns; a column is a template of nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(usize),
}

impl Template {
    /// `{name}` and `{#3}` stand for columns, `{{` and `}}` for braces.
    pub fn parse(text: &str, columns: &Columns) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            let (name, after) = match rest.split_once('}') {
                Some(split) if brace == "{" => split,
                _ => return Err(format!("{text:?} has a lone {brace:?}; a brace itself is written twice")),
            };
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Column(columns.find(name.trim())?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The text, without blanks at its ends and with single ones in it.
    pub fn text(&self, record: &StringRecord) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Column(index) => text.push_str(record.get(*index).unwrap_or_default()),
            }
        }
        let mut words = text.split_whitespace();
        let mut collapsed = words.next().unwrap_or_default().to_owned();
        for word in words {
            collapsed.push(' ');
            collapsed.push_str(word);
        }
        collapsed
    }

    /// The text as an account's path. A column beside other text fills just one name of it: a colon in the file must not
    /// open an account elsewhere in the tree.
    pub fn path(&self, record: &StringRecord) -> Result<String, String> {
        if let [Part::Column(_)] = self.parts[..] {
            return Ok(self.text(record));
        }
        for part in &self.parts {
            let Part::Column(index) = part else { continue };
            let value = record.get(*index).unwrap_or_default().trim();
            if value.is_empty() {
                return Err(format!("column {} is empty, and an account is named by it", index + 1));
            }
            if value.contains(':') {
                return Err(format!(
                    "column {} holds {value:?}: a colon would name another account",
                    index + 1
                ));
            }
        }
        Ok(self.text(record))
    }

    /// The highest column that it needs.
    pub fn columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Column(index) => Some(*index),
            Part::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::parse(text, &Columns::named(["id", "text"]))
    }

    #[test]
    fn columns_stand_where_the_braces_are() {
        let record = StringRecord::from(vec!["7", "  Weekly \n market "]);
        for (text, expected) in [
            ("EUR", "EUR"),
            ("{id}", "7"),
            ("liabilities:customers:{id}", "liabilities:customers:7"),
            ("{text} ({#1}) {{x}}", "Weekly market (7) {x}"),
            ("", ""),
        ] {
            assert_eq!(template(text).unwrap().text(&record), expected, "{text}");
        }
        assert!(template("{amount}").unwrap_err().contains("no column"));
        assert!(template("{id").unwrap_err().contains("lone"));
        assert!(template("id}").unwrap_err().contains("lone"));
    }

    #[test]
    fn a_column_beside_text_fills_one_name_of_a_path() {
        let record = StringRecord::from(vec!["a:b", ""]);
        assert_eq!(template("{id}").unwrap().path(&record).unwrap(), "a:b");
        assert!(template("assets:{id}").unwrap().path(&record).is_err());
        assert!(template("assets:{text}").unwrap().path(&record).is_err());
        assert_eq!(template("assets:x").unwrap().path(&record).unwrap(), "assets:x");
    }
}
