//! A file's columns, and how a mapping names them.

/// The names that a file gives its columns, or how many it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Empty where the file has no header.
    names: Vec<String>,
    count: usize,
}

impl Columns {
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        Self { count: names.len(), names }
    }

    pub fn unnamed(count: usize) -> Self {
        Self { names: Vec::new(), count }
    }

    /// The index of a column: by its name, or by its place (`#1` is the first).
    pub fn find(&self, name: &str) -> Result<usize, String> {
        let mut same = self.names.iter().enumerate().filter(|(_, candidate)| *candidate == name);
        match (same.next(), same.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some((index, _)), Some(_)) => {
                Err(format!("two columns are called {name:?}; name one by its place: {{#{}}}", index + 1))
            }
            (None, _) => match name.strip_prefix('#').and_then(|place| place.parse::<usize>().ok()) {
                Some(place) if (1..=self.count).contains(&place) => Ok(place - 1),
                Some(place) => {
                    Err(format!("there is no column {place}: the file has {} columns", self.count))
                }
                None => Err(format!("there is no column {name:?}; {}", self.list())),
            },
        }
    }

    fn list(&self) -> String {
        if self.names.is_empty() {
            return format!(
                "the file has no header (file.header = false): name columns {{#1}} to {{#{}}}",
                self.count
            );
        }
        let names: Vec<String> = self.names.iter().map(|name| format!("{name:?}")).collect();
        let mut list = format!("the file has {}", names.join(", "));
        if self.count == 1 {
            list += " (one column: is file.delimiter right?)";
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_by_place() {
        let columns = Columns::named([" date", "amount", "text", "text"]);
        assert_eq!(columns.find("date"), Ok(0));
        assert_eq!(columns.find("#2"), Ok(1));
        assert_eq!(columns.find("#4"), Ok(3));
        assert!(columns.find("text").unwrap_err().contains("{#3}"));
        assert!(columns.find("#5").unwrap_err().contains("4 columns"));
        assert!(columns.find("Amount").unwrap_err().contains("\"amount\""));
        assert!(Columns::unnamed(3).find("date").unwrap_err().contains("{#3}"));
        assert!(Columns::named(["a;b"]).find("a").unwrap_err().contains("delimiter"));
    }
}
