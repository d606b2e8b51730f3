//! Where a row's amount stands, and on which side of the account it is.

use csv::StringRecord;
use event_schemas::{AccountPath, Direction, Quantity};

use super::{
    columns::Columns,
    mapping::{AmountMapping, AmountTable, Faults, Flow, Positive},
    number::NumberFormat,
    posting::RowFault,
    rule::Tests,
    template::Template,
};

pub enum Amount {
    /// A minus lowers what the account holds.
    Signed(Template),
    /// The sign follows from other columns.
    Marked { value: Template, out_when: Tests },
    /// What came in and what went out, in two columns.
    InOut { r#in: Template, out: Template },
    /// The account's own debits and credits, in two columns.
    DebitCredit { debit: Template, credit: Template },
}

/// An amount with a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub value: Quantity,
    /// Whether a positive `value` is a debit; else it is what the mapping calls positive.
    debits: bool,
}

impl Amount {
    pub fn bind(mapping: &AmountMapping, columns: &Columns, at: &str, faults: &mut Faults) -> Option<Self> {
        let mut template =
            |key: &str, text: &str| faults.take(format!("{at}{key}"), Template::parse(text, columns));
        match mapping {
            AmountMapping::Signed(text) => template("", text).map(Self::Signed),
            AmountMapping::Table(table) => match table {
                AmountTable {
                    value: Some(value),
                    out_when,
                    r#in: None,
                    out: None,
                    debit: None,
                    credit: None,
                } => {
                    let value = template(".value", value);
                    let Some(out_when) = out_when else { return value.map(Self::Signed) };
                    let tests_at = format!("{at}.out_when");
                    let out_when = Tests::bind(out_when, columns, &tests_at, faults);
                    if out_when.is_empty() {
                        faults.add(tests_at, "has no test that could hold");
                    }
                    Some(Self::Marked { value: value?, out_when })
                }
                AmountTable {
                    value: None,
                    out_when: None,
                    r#in: Some(r#in),
                    out: Some(out),
                    debit: None,
                    credit: None,
                } => {
                    let (r#in, out) = (template(".in", r#in), template(".out", out));
                    Some(Self::InOut { r#in: r#in?, out: out? })
                }
                AmountTable {
                    value: None,
                    out_when: None,
                    r#in: None,
                    out: None,
                    debit: Some(debit),
                    credit: Some(credit),
                } => {
                    let (debit, credit) = (template(".debit", debit), template(".credit", credit));
                    Some(Self::DebitCredit { debit: debit?, credit: credit? })
                }
                _ => {
                    faults.add(
                        at,
                        "a table has either value (and out_when), or in and out, or debit and credit",
                    );
                    None
                }
            },
        }
    }

    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Signed(value) => value.columns().collect(),
            Self::Marked { value, out_when } => value.columns().chain(out_when.columns()).collect(),
            Self::InOut { r#in: one, out: other } | Self::DebitCredit { debit: one, credit: other } => {
                one.columns().chain(other.columns()).collect()
            }
        }
    }

    /// `may_be_empty`: then it is zero.
    pub fn read(
        &self,
        record: &StringRecord,
        numbers: &NumberFormat,
        at: &str,
        may_be_empty: bool,
    ) -> Result<Movement, RowFault> {
        let fault = |why: String| RowFault { code: "amount_unreadable", at: at.to_owned(), why };
        let parse = |template: &Template| -> Result<Option<Quantity>, RowFault> {
            match template.text(record) {
                text if text.is_empty() => Ok(None),
                text => numbers.parse(&text).map(Some).map_err(fault),
            }
        };
        let zero = Quantity::new(0, 0);
        let given = |value: Option<Quantity>| match value {
            None if !may_be_empty => Err(fault("it is empty".into())),
            value => Ok(value.unwrap_or(zero)),
        };
        let unsigned = |value: Option<Quantity>| match value {
            Some(value) if value.minor < 0 => {
                Err(fault(format!("{value} has a sign, in a column that says the direction already")))
            }
            value => Ok(value),
        };
        let either = |plus: &Template, minus: &Template| {
            let (plus, minus) = (unsigned(parse(plus)?)?, unsigned(parse(minus)?)?);
            match (plus.filter(|value| value.minor != 0), minus.filter(|value| value.minor != 0)) {
                (Some(_), Some(_)) => Err(fault("both columns hold an amount".into())),
                (None, Some(minus)) => Ok(Quantity::new(-minus.minor, minus.scale)),
                (Some(plus), None) => Ok(plus),
                (None, None) => given(plus.or(minus)),
            }
        };
        let (value, debits) = match self {
            Self::Signed(value) => (given(parse(value)?)?, false),
            Self::Marked { value, out_when } => {
                let value = given(unsigned(parse(value)?)?)?;
                let sign = if out_when.pass(record) { -1 } else { 1 };
                (Quantity::new(sign * value.minor, value.scale), false)
            }
            Self::InOut { r#in, out } => (either(r#in, out)?, false),
            Self::DebitCredit { debit, credit } => (either(debit, credit)?, true),
        };
        Ok(Movement { value, debits })
    }
}

impl Movement {
    /// The side of the account that the amount is on.
    pub fn side(&self, account: &AccountPath, positive: Positive, at: &str) -> Result<Direction, RowFault> {
        let plus = match positive {
            _ if self.debits => Direction::Debit,
            Positive::Debit => Direction::Debit,
            Positive::Credit => Direction::Credit,
            Positive::Increases => account.account_type().map(|kind| kind.normal_side()).ok_or_else(|| RowFault {
                code: "side_unknown",
                at: at.to_owned(),
                why: format!(
                    "the name of {account} does not tell on which side it grows: set positive to \"debit\" or \"credit\""
                ),
            })?,
        };
        Ok(if self.value.minor < 0 { plus.opposite() } else { plus })
    }
}

/// Whether an entry on this side raises or lowers what the account holds.
pub fn flow(side: Direction, account: &AccountPath) -> Flow {
    let raises = account.account_type().map_or(Direction::Debit, |kind| kind.normal_side());
    if side == raises { Flow::In } else { Flow::Out }
}
