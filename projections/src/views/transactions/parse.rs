//! Reads the language of filters, by recursive descent. What it does not take it names, with the place.

use chrono::NaiveDate;
use event_schemas::{AccountPath, AssetCode, Direction, EffectiveAt, Quantity};

use super::{
    filter::{Comparison, Condition, Filter, Kind, When, field_said_twice},
    terms::words,
};

pub const FILTER_CHARACTERS_MAX: usize = 2_000;
/// How deep parentheses may stand in each other.
const DEPTH_MAX: usize = 16;
const CONDITIONS_MAX: usize = 64;

/// A filter that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: found {found}, expected {expected}")]
pub struct InvalidFilter {
    /// Counted from 1.
    pub at: usize,
    pub found: String,
    pub expected: String,
}

/// The filter that the text says. Nothing finds everything.
pub fn parse(text: &str) -> Result<Filter, InvalidFilter> {
    let mut parser = Parser { text, at: 0, depth: 0, conditions: 0 };
    if text.chars().count() > FILTER_CHARACTERS_MAX {
        let after = text.char_indices().nth(FILTER_CHARACTERS_MAX).map_or(0, |(at, _)| at);
        return Err(parser.fault_at(
            after,
            "more".to_owned(),
            &format!("the end: a filter has at most {FILTER_CHARACTERS_MAX} characters"),
        ));
    }
    parser.skip_blanks();
    if parser.rest().is_empty() {
        return Ok(Filter::all());
    }
    let filter = parser.any(Place::Top)?;
    if parser.rest().is_empty() { Ok(filter) } else { Err(parser.fault("`and`, `or` or the end")) }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    depth: usize,
    conditions: usize,
}

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    InEntry,
}

const CONDITION: &str = "a condition such as account:assets:bank, `not`, `entry(` or `(`";
const FIELDS: &str = "one of account, amount, currency, category, tag, direction, effective, recorded, text, reference, \
    metadata.NAME, id, actor or kind";
const ENTRY_FIELDS: &str = "inside of entry(…) one of account, amount, currency, category, tag or direction";

impl<'a> Parser<'a> {
    fn any(&mut self, place: Place) -> Result<Filter, InvalidFilter> {
        let first = self.all(place)?;
        let mut items = vec![first];
        while self.takes_word("or") {
            items.push(self.all(place)?);
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Filter::Or(items) })
    }

    fn all(&mut self, place: Place) -> Result<Filter, InvalidFilter> {
        let (mut items, mut starts) = (Vec::new(), Vec::new());
        loop {
            self.skip_blanks();
            starts.push(self.at);
            items.push(self.one(place)?);
            self.skip_blanks();
            let ends = self.rest().is_empty() || self.rest().starts_with(')') || self.is_at_word("or");
            // Two conditions beside each other are joined by `and`.
            if !self.takes_word("and") && ends {
                break;
            }
        }
        if place == Place::Top
            && let Some((field, second)) = field_said_twice(&items)
            && items.iter().any(|item| item.joins() && item.only_field() != Some(field))
        {
            let field = field.as_str();
            return Err(self.fault_at(
                starts[second],
                format!("a second {field}"),
                &format!(
                    "one: an entry has one {field}; put what is said of each entry in parentheses of its own"
                ),
            ));
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Filter::And(items) })
    }

    fn one(&mut self, place: Place) -> Result<Filter, InvalidFilter> {
        if self.takes_word("not") {
            return self.deeper(|parser| parser.one(place).map(|inside| Filter::Not(Box::new(inside))));
        }
        let start = self.at;
        if self.takes("(") {
            return self.deeper(|parser| parser.inside(place));
        }
        if self.takes_word("entry") {
            if place == Place::InEntry {
                return Err(self.fault_at(start, "`entry`".to_owned(), ENTRY_FIELDS));
            }
            self.expect("(")?;
            let inside = self.deeper(|parser| parser.inside(Place::InEntry))?;
            return Ok(Filter::Entry(Box::new(inside)));
        }
        self.condition(place).map(Filter::Is)
    }

    /// An expression and its closing parenthesis.
    fn inside(&mut self, place: Place) -> Result<Filter, InvalidFilter> {
        let filter = self.any(place)?;
        self.expect(")")?;
        Ok(filter)
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, InvalidFilter>,
    ) -> Result<T, InvalidFilter> {
        if self.depth == DEPTH_MAX {
            return Err(self.fault(&format!("at most {DEPTH_MAX} parentheses and `not`s in each other")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn condition(&mut self, place: Place) -> Result<Condition, InvalidFilter> {
        self.skip_blanks();
        let start = self.at;
        let said = self.run(|c| c.is_ascii_alphanumeric() || c == '_');
        let name = said.to_ascii_lowercase();
        if name.is_empty() {
            return Err(self.fault(CONDITION));
        }
        if self.conditions == CONDITIONS_MAX {
            let expected = format!("the end: a filter has at most {CONDITIONS_MAX} conditions");
            return Err(self.fault_at(start, format!("`{said}`"), &expected));
        }
        self.conditions += 1;
        let condition = self.of_field(&name, said, start)?;
        if place == Place::InEntry && condition.field().is_none() {
            return Err(self.fault_at(start, format!("`{said}`"), ENTRY_FIELDS));
        }
        Ok(condition)
    }

    fn of_field(&mut self, name: &str, said: &str, start: usize) -> Result<Condition, InvalidFilter> {
        let condition = match name {
            "account" => {
                let below = self.equals()? == Sign::Colon;
                let path = self
                    .value("an account's path, such as assets:bank", |text| AccountPath::parse(text).ok())?;
                Condition::Account { path, below }
            }
            "amount" => {
                let comparison = self.comparison()?;
                let positive = |text: &str| Quantity::parse(text).ok().filter(|quantity| quantity.minor >= 0);
                Condition::Amount(comparison, self.value("an amount, such as 12.50", positive)?)
            }
            "currency" => Condition::Currency(
                self.equal_to("a currency's code, such as EUR", |text| AssetCode::parse(text).ok())?,
            ),
            "category" => Condition::Category(self.equal_to("a category", text)?),
            "tag" => Condition::Tag(self.equal_to("a tag", text)?),
            "direction" => Condition::Direction(self.equal_to("debit or credit", |text| match text {
                "debit" => Some(Direction::Debit),
                "credit" => Some(Direction::Credit),
                _ => None,
            })?),
            "effective" => Condition::Effective(self.comparison()?, self.value(WHEN, when)?),
            "recorded" => Condition::Recorded(self.comparison()?, self.value(WHEN, when)?),
            "id" => Condition::Id(self.equal_to("a transaction's id", text)?),
            "actor" => Condition::Actor(self.equal_to("an actor, such as key:dev", text)?),
            "kind" => Condition::Kind(self.equal_to("posted or reversal", |text| match text {
                "posted" => Some(Kind::Posted),
                "reversal" => Some(Kind::Reversal),
                _ => None,
            })?),
            "reference" => Condition::Reference(self.equal_to("a reference", text)?),
            "metadata" => {
                self.expect(".")?;
                let expected = "a name, as in metadata.shop:corner or metadata.\"my shop\":corner";
                let name = self.raw(expected, |c| !c.is_whitespace() && !":=<>()\"".contains(c))?;
                Condition::Metadata { name, value: self.equal_to("a value", text)? }
            }
            "text" => Condition::Text(self.equal_to("words, such as rent or \"rent march\"", |text| {
                let words: Vec<String> = words(text).collect();
                (!words.is_empty()).then_some(words)
            })?),
            _ => return Err(self.fault_at(start, format!("`{said}`"), FIELDS)),
        };
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Comparison, InvalidFilter> {
        self.skip_blanks();
        // The longer ones first.
        let signs = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
            (":", Comparison::Equal),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.takes(sign));
        found.map(|(_, comparison)| comparison).ok_or_else(|| self.fault("one of : = < <= > >="))
    }

    fn equals(&mut self) -> Result<Sign, InvalidFilter> {
        self.skip_blanks();
        if self.takes(":") {
            Ok(Sign::Colon)
        } else if self.takes("=") {
            Ok(Sign::Equal)
        } else {
            Err(self.fault("`:` or `=`"))
        }
    }

    fn equal_to<T>(
        &mut self,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, InvalidFilter> {
        self.equals()?;
        self.value(expected, read)
    }

    fn value<T>(&mut self, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, InvalidFilter> {
        self.skip_blanks();
        let start = self.at;
        let value = self.raw(expected, |c| !c.is_whitespace() && !"()\"".contains(c))?;
        read(&value).ok_or_else(|| self.fault_at(start, format!("`{value}`"), expected))
    }

    /// A run of such characters, or anything in quotes.
    fn raw(&mut self, expected: &str, plain: impl Fn(char) -> bool) -> Result<String, InvalidFilter> {
        if !self.takes("\"") {
            let run = self.run(plain).to_owned();
            return if run.is_empty() { Err(self.fault(expected)) } else { Ok(run) };
        }
        let mut value = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                // Postgres keeps no NUL, so no text has it.
                '\0' => return Err(self.fault_at(self.at + at, "the character NUL".to_owned(), expected)),
                character => value.push(character),
            }
        }
        self.at = self.text.len();
        Err(self.fault("a closing quote"))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn run(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let run = &rest[..rest.find(|c| !of(c) || c == '\0').unwrap_or(rest.len())];
        self.at += run.len();
        run
    }

    fn takes(&mut self, what: &str) -> bool {
        let is_next = self.rest().starts_with(what);
        self.at += if is_next { what.len() } else { 0 };
        is_next
    }

    fn expect(&mut self, what: &str) -> Result<(), InvalidFilter> {
        self.skip_blanks();
        if self.takes(what) { Ok(()) } else { Err(self.fault(&format!("`{what}`"))) }
    }

    fn is_at_word(&self, word: &str) -> bool {
        let rest = self.rest();
        let is_next = rest.get(..word.len()).is_some_and(|next| next.eq_ignore_ascii_case(word));
        // `android:…` would be a field.
        is_next && !rest[word.len()..].starts_with(|c: char| c.is_alphanumeric() || "_:=<>.".contains(c))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let is_next = self.is_at_word(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    /// What stands here is not what is expected.
    fn fault(&mut self, expected: &str) -> InvalidFilter {
        self.skip_blanks();
        let rest = self.rest();
        let word: String = rest.chars().take_while(|c| !c.is_whitespace()).take(24).collect();
        let found = if word.is_empty() { "the end".to_owned() } else { format!("`{word}`") };
        self.fault_at(self.at, found, expected)
    }

    fn fault_at(&self, at: usize, found: String, expected: &str) -> InvalidFilter {
        InvalidFilter { at: self.text[..at].chars().count() + 1, found, expected: expected.to_owned() }
    }
}

#[derive(PartialEq, Eq)]
enum Sign {
    Colon,
    Equal,
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

const WHEN: &str = "a time: 2026, 2026-03, 2026-03-31 or 2026-03-31T12:00:00Z";

fn when(text: &str) -> Option<When> {
    let first_of = |year_and_month: &str| {
        let is_plain = year_and_month
            .bytes()
            .enumerate()
            .all(|(at, byte)| byte.is_ascii_digit() || at == 4 && byte == b'-');
        let first = format!("{year_and_month}-01").parse::<NaiveDate>().ok();
        first.filter(|_| is_plain && !year_and_month.starts_with("0000"))
    };
    match text.len() {
        4 => first_of(&format!("{text}-01")).map(When::Year),
        7 => first_of(text).map(When::Month),
        _ => match text.parse().ok()? {
            EffectiveAt::Instant(instant) => Some(When::Instant(instant)),
            EffectiveAt::Date(day) => Some(When::Day(day)),
        },
    }
}
