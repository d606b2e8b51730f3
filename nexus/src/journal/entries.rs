//! Settled transactions become what the ledger is asked to post: entries that balance in each currency.

use std::collections::BTreeMap;

use event_schemas::{AccountPath, AccountType, AssetCode, Direction, EffectiveAt, Quantity};
use rust_decimal::Decimal;

use super::{
    assets::Assets,
    fault::Fault,
    map::Map,
    model::{Book, Cost, Posting as Written, Status},
    running::{Move, Settled},
};
use crate::import::{
    key::{Kind, Occurrences, named},
    posting::{Condition, Leg, Posting},
};

/// Turns transactions into postings, one after the other.
pub struct Converter<'a> {
    pub assets: &'a Assets,
    pub map: &'a Map,
    pub conversion: &'a AccountPath,
    pub virtual_counter: &'a AccountPath,
    /// Types of the accounts: the sign of a balance follows from them.
    pub types: &'a BTreeMap<AccountPath, AccountType>,
    pub occurrences: Occurrences,
    /// Whether asserted balances are checked against the ledger too.
    pub preconditions: bool,
}

/// What a transaction came to, in each book.
#[derive(Debug, Default)]
pub struct Entered {
    pub postings: Vec<Posting>,
    /// All amounts are zero.
    pub moves_nothing: bool,
}

/// The server's limits on texts, in characters.
const DESCRIPTION_MAX: usize = 500;
const REFERENCE_MAX: usize = 140;
const LABEL_MAX: usize = 100;
const CONTENT_MAX: usize = 500;
const TAGS_MAX: usize = 20;
/// Of metadata, beside what the importer adds.
const TEXTS_MAX: usize = 40;

impl Converter<'_> {
    pub fn enter(&mut self, settled: &Settled) -> Result<Entered, Fault> {
        let mut entered = Entered::default();
        for book in [Book::Real, Book::Virtual] {
            entered.postings.extend(self.posting(settled, book)?);
        }
        entered.moves_nothing = entered.postings.is_empty();
        Ok(entered)
    }

    fn posting(&mut self, settled: &Settled, book: Book) -> Result<Option<Posting>, Fault> {
        let transaction = &settled.transaction;
        let mut legs = Vec::new();
        let mut long_memos = BTreeMap::new();
        let mut sums: BTreeMap<AssetCode, Decimal> = BTreeMap::new();
        for Move { posting, amount } in &settled.moves {
            let written = &transaction.postings[*posting];
            if written.kind.book() != book || amount.number.is_zero() {
                continue;
            }
            let currency = self.assets.code(&amount.commodity);
            let sum = sums.entry(currency).or_default();
            *sum =
                sum.checked_add(amount.number).ok_or_else(|| written.place.fault("too large an amount"))?;
            let rest: String = written.comment.chars().skip(DESCRIPTION_MAX).collect();
            for (index, piece) in pieces(&rest).enumerate() {
                long_memos.insert(format!("memo.{}.{}", legs.len() + 1, index + 2), piece);
            }
            legs.push(Leg {
                memo: Some(cut(&written.comment, DESCRIPTION_MAX)).filter(|memo| !memo.is_empty()),
                tags: tags(written),
                ..leg(written.path()?, amount.number, currency)
            });
        }
        if legs.is_empty() {
            return Ok(None);
        }
        let counter = match book {
            Book::Real => self.conversion,
            Book::Virtual => self.virtual_counter,
        };
        for (currency, sum) in sums.into_iter().filter(|(_, sum)| !sum.is_zero()) {
            legs.push(leg(counter.clone(), -sum, currency));
        }
        let (reference, mut metadata) = texts(settled, book);
        metadata.extend(long_memos.into_iter().take(TEXTS_MAX - metadata.len().min(TEXTS_MAX)));
        let effective_at = EffectiveAt::Date(transaction.date);
        Ok(Some(Posting {
            key: self.key(settled, book, &legs, effective_at),
            effective_at,
            description: Some(cut(&transaction.description, DESCRIPTION_MAX)).filter(|text| !text.is_empty()),
            reference,
            metadata,
            preconditions: self.conditions(settled, book),
            legs,
        }))
    }

    /// The tag that the map names, or a hash of what moves where. Comments and marks may change without making another.
    fn key(
        &mut self,
        settled: &Settled,
        book: Book,
        legs: &[Leg],
        effective_at: EffectiveAt,
    ) -> event_schemas::Key {
        let transaction = &settled.transaction;
        let is_id = |(name, _): &&(String, String)| self.map.id.as_ref() == Some(name);
        if let Some((_, id)) = transaction.tags.iter().find(is_id) {
            return named(&if book == Book::Real { id.clone() } else { format!("{id}/virtual") });
        }
        let mut text = format!(
            "{book:?}\n{}\n{}\n",
            transaction.code.as_deref().unwrap_or_default(),
            transaction.description
        );
        for Move { posting, amount } in &settled.moves {
            let written = &transaction.postings[*posting];
            if written.kind.book() == book && !amount.number.is_zero() {
                text +=
                    &format!("{}\t{}\t{}\n", written.account, amount.number.normalize(), amount.commodity);
            }
        }
        let first = &legs[0];
        let amount = match first.direction {
            Direction::Debit => first.amount,
            Direction::Credit => Quantity::new(-first.amount.minor, first.amount.scale),
        };
        let kind =
            Kind { account: &first.account, currency: &first.currency, effective_at, amount, text: &text };
        self.occurrences.key(&kind)
    }

    /// Balances that accounts must have, so that those asserted come out.
    fn conditions(&self, settled: &Settled, book: Book) -> Vec<Condition> {
        let expects = settled.expects.iter().filter(|expect| self.preconditions && expect.book == book);
        let conditions = expects.filter_map(|expect| {
            let account = AccountPath::parse(&expect.account).ok()?;
            let normal = self.types.get(&account)?.normal_side();
            let number = expect.amount.number;
            let held = quantity(if normal == Direction::Debit { number } else { -number });
            Some(Condition {
                account,
                currency: self.assets.find(&expect.amount.commodity)?,
                at_least: held.to_string(),
                at_most: held.to_string(),
            })
        });
        conditions.collect()
    }
}

impl Written {
    /// The account, as the ledger names it.
    pub fn path(&self) -> Result<AccountPath, Fault> {
        let path = AccountPath::parse(&self.account);
        path.map_err(|error| self.place.fault(format!("{:?} is no account: {error}", self.account)))
    }
}

fn leg(account: AccountPath, number: Decimal, currency: AssetCode) -> Leg {
    let direction = if number.is_sign_negative() { Direction::Credit } else { Direction::Debit };
    Leg::new(account, direction, quantity(number.abs()), currency)
}

/// Without zeros at its end, so that the same money is the same value however it is written.
fn quantity(number: Decimal) -> Quantity {
    let number = number.normalize();
    let scale = u8::try_from(number.scale()).expect("a scale is at most 28");
    Quantity::new(number.mantissa(), scale)
}

/// What a posting says beside its money.
fn tags(written: &Written) -> Vec<String> {
    let mut tags = Vec::new();
    match &written.price {
        Some(Cost::Each(each)) => tags.push(format!("price: {each}")),
        Some(Cost::Total(total)) => tags.push(format!("total price: {total}")),
        None => {}
    }
    tags.extend(written.lot.as_ref().map(|lot| format!("lot: {}", lot.text)));
    tags.extend(written.status.map(|status| format!("status: {}", word(status))));
    tags.extend(written.tags.iter().map(|(name, value)| format!("{name}: {value}").trim_end().to_owned()));
    tags.truncate(TAGS_MAX);
    tags.iter().map(|tag| cut(tag, LABEL_MAX)).collect()
}

/// The transaction's code as its reference, everything else that it says as metadata.
fn texts(settled: &Settled, book: Book) -> (Option<String>, BTreeMap<String, String>) {
    let transaction = &settled.transaction;
    let mut metadata = BTreeMap::new();
    metadata.insert("source_file".to_owned(), cut(&transaction.place.file, CONTENT_MAX));
    if book == Book::Virtual {
        metadata.insert("book".to_owned(), "virtual".to_owned());
    }
    if let Some(status) = transaction.status {
        metadata.insert("status".to_owned(), word(status).to_owned());
    }
    for (index, piece) in pieces(&transaction.comment).enumerate() {
        metadata
            .insert(if index == 0 { "comment".to_owned() } else { format!("comment.{}", index + 1) }, piece);
    }
    let rest: String = transaction.description.chars().skip(DESCRIPTION_MAX).collect();
    for (index, piece) in pieces(&rest).enumerate() {
        metadata.insert(format!("description.{}", index + 2), piece);
    }
    let mut reference = None;
    match &transaction.code {
        Some(code) if code.chars().count() <= REFERENCE_MAX => reference = Some(code.clone()),
        Some(code) => {
            metadata.insert("code".to_owned(), cut(code, CONTENT_MAX));
        }
        None => {}
    }
    for (name, value) in &transaction.tags {
        if metadata.len() < TEXTS_MAX && !crate::import::posting::PROVENANCE_NAMES.contains(&name.as_str()) {
            metadata.entry(cut(name, LABEL_MAX)).or_insert_with(|| cut(value, CONTENT_MAX));
        }
    }
    (reference, metadata)
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Cleared => "cleared",
    }
}

fn cut(text: &str, length_max: usize) -> String {
    text.chars().take(length_max).collect()
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters.chunks(CONTENT_MAX).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter().take(TEXTS_MAX / 4)
}
