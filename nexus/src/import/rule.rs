//! Tests on a row's columns: which rule counts, which rows are left out, which amounts are negative.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::{
    columns::Columns,
    mapping::{Faults, TestMapping},
};

/// All of these must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tests(Vec<(usize, Test)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    OneOf(Vec<String>),
    Contains(String),
    StartsWith(String),
    Empty(bool),
}

impl Tests {
    pub fn bind(
        tests: &BTreeMap<String, TestMapping>,
        columns: &Columns,
        at: &str,
        faults: &mut Faults,
    ) -> Self {
        let mut bound = Vec::new();
        for (column, test) in tests {
            let at = format!("{at}.{column}");
            // `{column}`, as everywhere else in the mapping, is understood too.
            let name = column.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(column);
            let Some(index) = faults.take(&at, columns.find(name)) else { continue };
            let tests = Test::all(test);
            if tests.is_empty() {
                faults.add(at, "says nothing; give contains, starts_with or empty");
            }
            bound.extend(tests.into_iter().map(|test| (index, test)));
        }
        Self(bound)
    }

    pub fn pass(&self, record: &StringRecord) -> bool {
        self.0.iter().all(|(column, test)| test.passes(record.get(*column).unwrap_or_default().trim()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|(column, _)| *column)
    }
}

impl Test {
    fn all(test: &TestMapping) -> Vec<Self> {
        match test {
            TestMapping::Is(text) => vec![Self::OneOf(vec![text.trim().to_owned()])],
            TestMapping::OneOf(texts) => {
                vec![Self::OneOf(texts.iter().map(|text| text.trim().to_owned()).collect())]
            }
            TestMapping::Like(like) => {
                let contains = like.contains.as_ref().map(|text| Self::Contains(text.to_lowercase()));
                let starts = like.starts_with.as_ref().map(|text| Self::StartsWith(text.to_lowercase()));
                contains.into_iter().chain(starts).chain(like.empty.map(Self::Empty)).collect()
            }
        }
    }

    /// Whole texts are compared exactly, parts of them without regard to case.
    fn passes(&self, value: &str) -> bool {
        match self {
            Self::OneOf(texts) => texts.iter().any(|text| text == value),
            Self::Contains(part) => value.to_lowercase().contains(part),
            Self::StartsWith(part) => value.to_lowercase().starts_with(part),
            Self::Empty(empty) => value.is_empty() == *empty,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_passes_when_every_test_holds() {
        #[derive(serde::Deserialize)]
        struct When {
            when: BTreeMap<String, TestMapping>,
        }
        let pass = |when: &str, row: [&str; 2]| {
            let when: When = toml::from_str(&format!("when = {when}")).unwrap();
            let mut faults = Faults::default();
            let tests = Tests::bind(&when.when, &Columns::named(["kind", "text"]), "when", &mut faults);
            assert_eq!(faults.0, []);
            tests.pass(&StringRecord::from(row.to_vec()))
        };
        assert!(pass("{}", ["a", "b"]));
        assert!(pass("{ kind = 'VKLAD' }", [" VKLAD ", ""]));
        assert!(!pass("{ kind = 'VKLAD' }", ["vklad", ""]));
        assert!(pass("{ kind = ['A', 'B'] }", ["B", ""]));
        assert!(pass("{ text = { contains = 'MÜLLER' } }", ["", "Bäckerei Müller"]));
        assert!(pass("{ '{text}' = { starts_with = 'bäck' } }", ["", "Bäckerei Müller"]));
        assert!(pass("{ kind = { empty = true }, text = { empty = false } }", [" ", "x"]));
        assert!(!pass("{ kind = 'A', text = 'B' }", ["A", "C"]));
    }
}
