//! A mapping that has been fitted to a file's columns, and what it makes of a row.

use std::collections::BTreeMap;

use csv::StringRecord;
use event_schemas::{AccountPath, AssetCode, Direction, EffectiveAt, Quantity};

use super::{
    amount::{self, Amount},
    columns::Columns,
    date::DateFormat,
    key::{self, Kind, Occurrences},
    mapping::{ExtraMapping, Faults, Flow, Mapping, Positive, RuleMapping},
    number::NumberFormat,
    posting::{Leg, PROVENANCE_NAMES, Posting, RowFault},
    rule::Tests,
    template::Template,
};

pub struct Plan {
    numbers: NumberFormat,
    dates: DateFormat,
    id: Option<Template>,
    account: Template,
    date: Template,
    amount: Amount,
    positive: Positive,
    currency: Template,
    text: Option<Template>,
    reference: Option<Template>,
    category: Option<Template>,
    counter: Option<Template>,
    metadata: BTreeMap<String, Template>,
    rules: Vec<Rule>,
    extras: Vec<Extra>,
    skip: Vec<Tests>,
    /// A row with fewer columns cannot be read.
    columns_min: usize,
    occurrences: Occurrences,
}

struct Rule {
    when: Tests,
    flow: Option<Flow>,
    counter: Option<Template>,
    category: Option<Template>,
}

struct Extra {
    at: String,
    amount: Amount,
    positive: Positive,
    account: Option<Template>,
    counter: Template,
    currency: Option<Template>,
    category: Option<Template>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    Posting(Box<Posting>),
    /// The mapping leaves it out.
    Skipped,
    /// All its amounts are zero.
    MovesNothing,
}

/// Fits templates to columns and remembers which columns are needed.
struct Binder<'a> {
    columns: &'a Columns,
    faults: Faults,
    highest: Option<usize>,
}

impl Binder<'_> {
    fn template(&mut self, at: &str, text: &str) -> Option<Template> {
        let template = self.faults.take(at, Template::parse(text, self.columns))?;
        self.need(template.columns());
        Some(template)
    }

    fn optional(&mut self, at: &str, text: Option<&String>) -> Option<Template> {
        self.template(at, text?)
    }

    fn tests(&mut self, at: &str, when: &BTreeMap<String, super::mapping::TestMapping>) -> Tests {
        let tests = Tests::bind(when, self.columns, at, &mut self.faults);
        self.need(tests.columns());
        tests
    }

    fn amount(&mut self, at: &str, mapping: &super::mapping::AmountMapping) -> Option<Amount> {
        let amount = Amount::bind(mapping, self.columns, at, &mut self.faults)?;
        self.need(amount.columns());
        Some(amount)
    }

    fn need(&mut self, columns: impl IntoIterator<Item = usize>) {
        self.highest = columns.into_iter().chain(self.highest).max();
    }

    fn rule(&mut self, at: &str, rule: &RuleMapping) -> Rule {
        let when = self.tests(&format!("{at}.when"), &rule.when);
        if when.is_empty() && rule.flow.is_none() && rule.when.is_empty() {
            self.faults
                .add(at, "has no test, so it would hold for every row; put its values under [row] instead");
        }
        if rule.counter.is_none() && rule.category.is_none() {
            self.faults.add(at, "sets nothing; give it counter or category");
        }
        Rule {
            when,
            flow: rule.flow,
            counter: self.optional(&format!("{at}.counter"), rule.counter.as_ref()),
            category: self.optional(&format!("{at}.category"), rule.category.as_ref()),
        }
    }

    fn extra(&mut self, at: String, extra: &ExtraMapping, positive: Positive) -> Option<Extra> {
        let amount = self.amount(&format!("{at}.amount"), &extra.amount);
        let counter = self.template(&format!("{at}.counter"), &extra.counter);
        let account = self.optional(&format!("{at}.account"), extra.account.as_ref());
        let currency = self.optional(&format!("{at}.currency"), extra.currency.as_ref());
        let category = self.optional(&format!("{at}.category"), extra.category.as_ref());
        let positive = extra.positive.unwrap_or(positive);
        Some(Extra { at, amount: amount?, positive, account, counter: counter?, currency, category })
    }
}

impl Plan {
    /// All that does not fit is told at once.
    pub fn bind(mapping: &Mapping, columns: &Columns) -> Result<Self, Faults> {
        let mut binder = Binder { columns, faults: Faults::default(), highest: None };
        let row = &mapping.row;
        let numbers = numbers(mapping, &mut binder.faults);
        let dates = binder.faults.take(
            "file.dates",
            DateFormat::from_mapping(&mapping.file.dates).map_err(|why| {
                format!(
                    "{why}; it is \"ymd\", \"dmy\", \"mdy\", \"instant\", or a pattern such as \"%d.%m.%Y\""
                )
            }),
        );
        let id = binder.optional("row.id", row.id.as_ref());
        let account = binder.template("row.account", &row.account);
        let date = binder.template("row.date", &row.date);
        let amount = binder.amount("row.amount", &row.amount);
        let currency = binder.template("row.currency", &row.currency);
        let text = binder.optional("row.text", row.text.as_ref());
        let reference = binder.optional("row.reference", row.reference.as_ref());
        let category = binder.optional("row.category", row.category.as_ref());
        let counter = binder.optional("row.counter", row.counter.as_ref());
        let mut metadata = BTreeMap::new();
        for (name, value) in &row.metadata {
            let at = format!("row.metadata.{name}");
            if PROVENANCE_NAMES.contains(&name.as_str()) {
                binder.faults.add(&at, "is set by the importer; call it otherwise");
            }
            metadata.extend(binder.template(&at, value).map(|value| (name.clone(), value)));
        }
        let rules = mapping.rule.iter().enumerate();
        let rules = rules.map(|(index, rule)| binder.rule(&format!("rule[{}]", index + 1), rule)).collect();
        let mut extras = Vec::new();
        for (index, extra) in mapping.extra.iter().enumerate() {
            extras.extend(binder.extra(format!("extra[{}]", index + 1), extra, row.positive));
        }
        let mut skip = Vec::new();
        for (index, tests) in mapping.skip.iter().enumerate() {
            let at = format!("skip[{}].when", index + 1);
            let tests = binder.tests(&at, &tests.when);
            if tests.is_empty() {
                binder.faults.add(at, "has no test, so every row would be left out");
            }
            skip.push(tests);
        }
        let columns_min = binder.highest.map_or(0, |highest| highest + 1);
        match (numbers, dates, account, date, amount, currency) {
            (Some(numbers), Some(dates), Some(account), Some(date), Some(amount), Some(currency))
                if binder.faults.0.is_empty() =>
            {
                Ok(Self {
                    numbers,
                    dates,
                    id,
                    account,
                    date,
                    amount,
                    positive: row.positive,
                    currency,
                    text,
                    reference,
                    category,
                    counter,
                    metadata,
                    rules,
                    extras,
                    skip,
                    columns_min,
                    occurrences: Occurrences::default(),
                })
            }
            _ => Err(binder.faults),
        }
    }

    /// `key`: what an earlier import noted as the row's key.
    pub fn map(&mut self, record: &StringRecord, key: Option<&str>) -> Result<Mapped, RowFault> {
        if record.len() < self.columns_min {
            let (has, needs) = (record.len(), self.columns_min);
            return Err(fault(
                "columns_missing",
                "row",
                format!("it has {has} columns, and {needs} are read"),
            ));
        }
        if self.skip.iter().any(|tests| tests.pass(record)) {
            return Ok(Mapped::Skipped);
        }
        if record.iter().any(|value| value.contains('\u{fffd}')) {
            return Err(fault(
                "not_in_encoding",
                "file.encoding",
                "a character cannot be read: the file is in another encoding".into(),
            ));
        }
        let account = path(&self.account, "row.account", record)?;
        let effective_at = self.date(record)?;
        let currency = currency(&self.currency, "row.currency", record)?;
        let movement = self.amount.read(record, &self.numbers, "row.amount", false)?;
        let side = movement.side(&account, self.positive, "row.positive")?;
        let flow = amount::flow(side, &account);
        let rule = self.rules.iter().find(|rule| rule.holds(record, flow));
        let mut legs = Vec::with_capacity(2 + 2 * self.extras.len());
        let amount = magnitude(movement.value);
        if amount.minor != 0 {
            let counter =
                rule.and_then(|rule| rule.counter.as_ref()).or(self.counter.as_ref()).ok_or_else(|| {
                    let why = "no rule holds for the row, and row.counter is not set";
                    fault("counter_missing", "row.counter", why.into())
                })?;
            let counter = path(counter, "row.counter", record)?;
            let category = rule.and_then(|rule| rule.category.as_ref()).or(self.category.as_ref());
            legs.push(Leg::new(account.clone(), side, amount, currency));
            legs.push(Leg {
                category: category.and_then(|category| filled(category, record)),
                ..Leg::new(counter, side.opposite(), amount, currency)
            });
        }
        for extra in &self.extras {
            extra.add_legs(record, &self.numbers, &account, currency, &mut legs)?;
        }
        if legs.is_empty() {
            return Ok(Mapped::MovesNothing);
        }
        let text = self.text.as_ref().and_then(|text| filled(text, record));
        let key = match (key, self.id.as_ref().and_then(|id| filled(id, record))) {
            (Some(key), _) => key::named(key),
            (None, Some(id)) => key::named(&id),
            (None, None) => {
                let signed = if side == Direction::Debit { amount.minor } else { -amount.minor };
                self.occurrences.key(&Kind {
                    account: &account,
                    currency: &currency,
                    effective_at,
                    amount: Quantity::new(signed, amount.scale),
                    text: text.as_deref().unwrap_or_default(),
                })
            }
        };
        let metadata = self.metadata.iter();
        let metadata =
            metadata.filter_map(|(name, value)| Some((name.clone(), filled(value, record)?))).collect();
        let reference = self.reference.as_ref().and_then(|reference| filled(reference, record));
        Ok(Mapped::Posting(Box::new(Posting {
            key,
            effective_at,
            description: text,
            reference,
            metadata,
            preconditions: Vec::new(),
            legs,
        })))
    }

    fn date(&self, record: &StringRecord) -> Result<EffectiveAt, RowFault> {
        self.dates.parse(&self.date.text(record)).map_err(|why| fault("date_unreadable", "row.date", why))
    }
}

impl Rule {
    fn holds(&self, record: &StringRecord, flow: Flow) -> bool {
        self.flow.is_none_or(|wanted| wanted == flow) && self.when.pass(record)
    }
}

impl Extra {
    fn add_legs(
        &self,
        record: &StringRecord,
        numbers: &NumberFormat,
        row_account: &AccountPath,
        row_currency: AssetCode,
        legs: &mut Vec<Leg>,
    ) -> Result<(), RowFault> {
        let at = |key: &str| format!("{}.{key}", self.at);
        let movement = self.amount.read(record, numbers, &at("amount"), true)?;
        let amount = magnitude(movement.value);
        if amount.minor == 0 {
            return Ok(());
        }
        let account = match &self.account {
            Some(account) => path(account, &at("account"), record)?,
            None => row_account.clone(),
        };
        let currency = match &self.currency {
            Some(template) => currency(template, &at("currency"), record)?,
            None => row_currency,
        };
        let side = movement.side(&account, self.positive, &at("positive"))?;
        let counter = path(&self.counter, &at("counter"), record)?;
        let category = self.category.as_ref().and_then(|category| filled(category, record));
        legs.push(Leg::new(account, side, amount, currency));
        legs.push(Leg { category, ..Leg::new(counter, side.opposite(), amount, currency) });
        Ok(())
    }
}

fn numbers(mapping: &Mapping, faults: &mut Faults) -> Option<NumberFormat> {
    let file = &mapping.file;
    let one = |text: &str| -> Result<char, String> {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) if !one.is_ascii_digit() && !"+-()".contains(one) => Ok(one),
            _ => Err(format!("{text:?} is not one character that can stand between digits")),
        }
    };
    let decimal = faults.take("file.decimal", one(&file.decimal));
    // Without separators many write `thousands = ""`.
    let thousands = file.thousands.as_deref().filter(|text| !text.is_empty());
    let thousands = thousands.map(|text| faults.take("file.thousands", one(text)));
    let format = match thousands {
        Some(thousands) => NumberFormat { decimal: decimal?, thousands: Some(thousands?) },
        None => NumberFormat { decimal: decimal?, thousands: None },
    };
    if Some(format.decimal) == format.thousands {
        faults.add("file.thousands", "is the same as file.decimal");
    }
    Some(format)
}

fn fault(code: &'static str, at: &str, why: String) -> RowFault {
    RowFault { code, at: at.to_owned(), why }
}

fn path(template: &Template, at: &str, record: &StringRecord) -> Result<AccountPath, RowFault> {
    let text = template.path(record).map_err(|why| fault("account_unreadable", at, why))?;
    AccountPath::parse(&text)
        .map_err(|error| fault("account_unreadable", at, format!("{text:?} is no account: {error}")))
}

fn currency(template: &Template, at: &str, record: &StringRecord) -> Result<AssetCode, RowFault> {
    let text = template.text(record);
    AssetCode::parse(&text)
        .map_err(|error| fault("currency_unreadable", at, format!("{text:?} is no currency: {error}")))
}

fn filled(template: &Template, record: &StringRecord) -> Option<String> {
    Some(template.text(record)).filter(|text| !text.is_empty())
}

fn magnitude(value: Quantity) -> Quantity {
    // An amount of at most 28 digits is far from the end of an i128.
    Quantity::new(value.minor.abs(), value.scale)
}
