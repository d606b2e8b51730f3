//! What transactions are made of: entries, the accounts that they opened, and what had to hold beforehand.
//!
//! Entries are the hot part of every log, so they are written and read by hand; a test holds this against serde.

use serde::{Deserialize, Serialize};

use crate::codec::{Reader, Unreadable, write_number, write_string, write_value};
use crate::{AccountNumber, AccountPath, AccountType, AssetCode, Direction, Position, Quantity, Sealed};

/// One side of a transaction: a debit or a credit of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub account: AccountNumber,
    /// The account's path at that time, unless the ledger hides paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<AccountPath>,
    pub account_type: AccountType,
    pub direction: Direction,
    pub amount: Quantity,
    pub currency: AssetCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<Sealed<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<Box<str>>,
    /// This entry is the account's n-th, counted from 1.
    pub number: u64,
    pub after: After,
}

/// An account's totals in the entry's currency, after the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    pub debits: Quantity,
    pub credits: Quantity,
    /// Absent: zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_debits: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_credits: Option<Quantity>,
}

/// An account that a transaction opened, because it was the first to name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenedAccount {
    pub account: AccountNumber,
    pub path: Sealed<AccountPath>,
    pub account_type: AccountType,
}

/// What the caller asked to be true before the transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preconditions {
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub balances: Vec<BalanceCondition>,
    /// No record after this position changed the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged_since: Option<Position>,
}

/// Bounds on an account's posted balance, on its normal side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BalanceCondition {
    pub account: AccountNumber,
    pub currency: AssetCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Quantity>,
}

fn write_quantity(out: &mut Vec<u8>, before: &str, quantity: Quantity) {
    out.extend_from_slice(before.as_bytes());
    out.push(b'"');
    quantity.write(out);
    out.push(b'"');
}

impl Entry {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"account\":");
        write_number(out, self.account.0);
        if let Some(path) = &self.path {
            out.extend_from_slice(b",\"path\":");
            write_string(out, path.as_bytes());
        }
        out.extend_from_slice(b",\"account_type\":\"");
        out.extend_from_slice(self.account_type.as_str().as_bytes());
        out.extend_from_slice(match self.direction {
            Direction::Debit => b"\",\"direction\":\"debit\"",
            Direction::Credit => b"\",\"direction\":\"credit\"",
        });
        write_quantity(out, ",\"amount\":", self.amount);
        out.extend_from_slice(b",\"currency\":\"");
        out.extend_from_slice(self.currency.as_bytes());
        out.push(b'"');
        if let Some(category) = &self.category {
            out.extend_from_slice(b",\"category\":");
            write_string(out, category.as_bytes());
        }
        if let Some(memo) = &self.memo {
            out.extend_from_slice(b",\"memo\":");
            write_value(out, memo);
        }
        if !self.tags.is_empty() {
            out.extend_from_slice(b",\"tags\":");
            write_value(out, &self.tags);
        }
        out.extend_from_slice(b",\"number\":");
        write_number(out, self.number);
        write_quantity(out, ",\"after\":{\"debits\":", self.after.debits);
        write_quantity(out, ",\"credits\":", self.after.credits);
        if let Some(pending) = self.after.pending_debits {
            write_quantity(out, ",\"pending_debits\":", pending);
        }
        if let Some(pending) = self.after.pending_credits {
            write_quantity(out, ",\"pending_credits\":", pending);
        }
        out.extend_from_slice(b"}}");
    }

    #[inline(always)]
    fn read(reader: &mut Reader<'_>) -> Result<Entry, Unreadable> {
        reader.expect("{\"account\":")?;
        let account = AccountNumber(reader.u32()?);
        let path =
            if reader.take(",\"path\":") { Some(reader.parsed(AccountPath::parse_bytes)?) } else { None };
        reader.expect(",\"account_type\":")?;
        let account_type = reader.parsed(AccountType::parse_bytes)?;
        let direction = if reader.take(",\"direction\":\"debit\"") {
            Direction::Debit
        } else {
            reader.expect(",\"direction\":\"credit\"")?;
            Direction::Credit
        };
        reader.expect(",\"amount\":")?;
        let amount = reader.parsed(Quantity::parse_bytes)?;
        reader.expect(",\"currency\":")?;
        let currency = reader.parsed(AssetCode::parse_bytes)?;
        let category = if reader.take(",\"category\":") { Some(reader.string()?.into()) } else { None };
        let memo = if reader.take(",\"memo\":") { Some(reader.text()?) } else { None };
        let tags = if reader.take(",\"tags\":") { reader.value()? } else { Vec::new() };
        reader.expect(",\"number\":")?;
        let number = reader.u64()?;
        reader.expect(",\"after\":{\"debits\":")?;
        let debits = reader.parsed(Quantity::parse_bytes)?;
        reader.expect(",\"credits\":")?;
        let credits = reader.parsed(Quantity::parse_bytes)?;
        let mut pending = |field: &str| {
            if reader.take(field) { reader.parsed(Quantity::parse_bytes).map(Some) } else { Ok(None) }
        };
        let pending_debits = pending(",\"pending_debits\":")?;
        let pending_credits = pending(",\"pending_credits\":")?;
        reader.expect("}}")?;
        let after = After { debits, credits, pending_debits, pending_credits };
        Ok(Entry {
            account,
            path,
            account_type,
            direction,
            amount,
            currency,
            category,
            memo,
            tags,
            number,
            after,
        })
    }
}

/// Appends `,"opened":[…]` where there are any.
pub(super) fn write_opened(opened: &[OpenedAccount], out: &mut Vec<u8>) {
    if !opened.is_empty() {
        out.extend_from_slice(b",\"opened\":");
        write_value(out, opened);
    }
}

/// Appends `,"entries":[…]`.
pub(super) fn write_entries(entries: &[Entry], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"entries\":");
    for (index, entry) in entries.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        entry.write(out);
    }
    assert!(!entries.is_empty(), "LGR-1: a transaction has entries");
    out.push(b']');
}

pub(super) fn read_entries(reader: &mut Reader<'_>) -> Result<Vec<Entry>, Unreadable> {
    reader.expect(",\"entries\":[")?;
    let mut entries = Vec::with_capacity(2);
    loop {
        entries.push(Entry::read(reader)?);
        if !reader.take(",") {
            break;
        }
    }
    reader.expect("]")?;
    Ok(entries)
}

/// Two entries with every field, for examples.
pub(super) fn example() -> Vec<Entry> {
    let currency = AssetCode::parse("EUR").expect("a valid code");
    let entry = |account: u32, path: &str, direction, after| Entry {
        account: AccountNumber(account),
        path: Some(AccountPath::parse(path).expect("a valid path")),
        account_type: AccountType::Asset,
        direction,
        amount: Quantity::new(1234, 2),
        currency,
        category: None,
        memo: None,
        tags: Vec::new(),
        number: 1,
        after,
    };
    let zero = Quantity::new(0, 2);
    let moved = Quantity::new(1234, 2);
    let debit = After { debits: moved, credits: zero, pending_debits: None, pending_credits: None };
    let credit = After {
        debits: Quantity::new(150_000, 2),
        credits: moved,
        pending_debits: None,
        pending_credits: Some(Quantity::new(5, 2)),
    };
    let mut food = entry(8, "expenses:food", Direction::Debit, debit);
    food.account_type = AccountType::Expense;
    food.category = Some("groceries".into());
    food.memo = Some(Sealed::Plain("apples \"and\" pears".to_owned()));
    food.tags = vec!["market".into(), "weekly".into()];
    vec![food, Entry { number: 41, ..entry(7, "assets:bank:checking", Direction::Credit, credit) }]
}
