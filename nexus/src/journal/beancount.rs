//! Beancount's files, directive by directive.

use rust_decimal::Decimal;

use super::{
    account::declared_type,
    amount::Styles,
    comment,
    cursor::Cursor,
    date,
    fault::Place,
    model::{Check, Item, Kind, Pad, Posting, Price, Status, Transaction},
    number::{Exactness, Marks},
    source::{Lines, Loader},
};

/// What directives set for the lines below them.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// `pushtag`.
    tags: Vec<String>,
}

/// Whether a text in quotes is still open at the end of a line.
const QUOTED_LINES_MAX: usize = 1_000;

/// Reads a file.
pub fn read(loader: &mut Loader, lines: &mut Lines<'_>, state: &mut State) {
    while let Some((place, line)) = lines.next() {
        let line = line.trim_end();
        let entry = whole_entry(line, lines);
        let entry = entry.trim_end();
        // Whatever begins otherwise is a heading of an outline, or a comment.
        let Some(first) = entry.chars().next().filter(char::is_ascii_alphanumeric) else { continue };
        let read = match first.is_ascii_digit() {
            true => dated(loader, lines, state, &place, entry),
            false => undated(loader, state, &place, entry),
        };
        if let Err(why) = read {
            loader.fault(&place, why);
            lines.skip_indented();
        }
    }
}

/// The line, with those below it that its open quotes reach.
fn whole_entry(line: &str, lines: &mut Lines<'_>) -> String {
    let mut entry = line.to_owned();
    let mut more = 0;
    while without_comment(&entry).1 && more < QUOTED_LINES_MAX {
        let Some((_, line)) = lines.next() else { break };
        entry.push('\n');
        entry.push_str(line.trim_end());
        more += 1;
    }
    entry
}

/// The text before a comment, and whether a quote is open at its end.
fn without_comment(text: &str) -> (&str, bool) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return (&text[..at], false),
            _ => {}
        }
    }
    (text, quoted)
}

fn undated(loader: &mut Loader, state: &mut State, place: &Place, line: &str) -> Result<(), String> {
    let mut cursor = Cursor::new(without_comment(line).0);
    match cursor.word() {
        "option" => {
            let name = cursor.quoted().unwrap_or_default();
            cursor.blanks();
            let value = cursor.quoted().unwrap_or_default();
            let kind = match name.as_str() {
                "name_assets" => Some("asset"),
                "name_liabilities" => Some("liability"),
                "name_equity" => Some("equity"),
                "name_income" => Some("income"),
                "name_expenses" => Some("expense"),
                _ => None,
            };
            if let Some(kind) = kind.and_then(declared_type) {
                loader.journal.types.insert(value, kind);
            }
        }
        "include" => {
            let file = cursor.quoted().ok_or("an include names a file in quotes")?;
            let state = state.clone();
            loader.include(place, &file, |loader, lines| read(loader, lines, &mut state.clone()));
        }
        "pushtag" => state.tags.push(cursor.rest().trim().to_owned()),
        "poptag" => {
            let tag = cursor.rest().trim();
            state.tags.retain(|pushed| pushed != tag);
        }
        "plugin" => loader.leave_out(place, format!("`{line}`: what it does to entries is not done here")),
        "pushmeta" | "popmeta" => loader.leave_out(place, format!("`{line}`")),
        word => {
            return Err(format!(
                "`{word}` is not understood: no date and no directive; a comment begins with ;"
            ));
        }
    }
    Ok(())
}

fn dated(
    loader: &mut Loader,
    lines: &mut Lines<'_>,
    state: &State,
    place: &Place,
    entry: &str,
) -> Result<(), String> {
    let mut cursor = Cursor::new(without_comment(entry).0.trim_end());
    let date = date::parse(cursor.word(), None)?;
    let word = cursor.word();
    let styles = styles();
    match word {
        "*" | "!" | "txn" | "P" => {
            let transaction = header(place, date, word, &mut cursor, state)?;
            return body(loader, lines, transaction);
        }
        "balance" => {
            let account = cursor.word().to_owned();
            let check = check(place, date, account, cursor.rest(), &styles)?;
            loader.journal.items.push(Item::Check(check));
        }
        "pad" => {
            let (account, from) = (cursor.word().to_owned(), cursor.word().to_owned());
            loader.journal.items.push(Item::Pad(Pad { place: place.clone(), date, account, from }));
        }
        "price" => {
            let commodity = cursor.word().to_owned();
            let (amount, _) = styles.amount(cursor.rest(), Exactness::Rounded)?;
            loader.journal.prices.push(Price { place: place.clone(), date, commodity, amount });
        }
        "open" | "commodity" => {}
        "close" | "event" | "note" | "document" | "query" | "custom" => {
            let head = entry.lines().next().unwrap_or_default();
            loader.leave_out(place, format!("directive `{head}`"));
        }
        _ => return Err(format!("`{word}` is no directive that is understood")),
    }
    lines.skip_indented();
    Ok(())
}

/// Commas group digits.
fn styles() -> Styles {
    Styles { otherwise: Marks::Decimal('.'), ..Styles::default() }
}

/// `* "payee" "narration" #tag ^link`
fn header(
    place: &Place,
    date: chrono::NaiveDate,
    flag: &str,
    cursor: &mut Cursor<'_>,
    state: &State,
) -> Result<Transaction, String> {
    let mut texts = Vec::new();
    let mut words: Vec<String> = state.tags.clone();
    loop {
        cursor.blanks();
        match cursor.peek() {
            None => break,
            Some('"') => texts.push(cursor.quoted().ok_or("a quote is not closed")?),
            Some('#' | '^') => words.push(cursor.word().to_owned()),
            Some('|') => {
                cursor.take("|");
            }
            Some(_) => return Err(format!("{:?} is not understood here", cursor.rest())),
        }
    }
    let (payee, narration) = match texts.len() {
        0 => (String::new(), String::new()),
        1 => (String::new(), texts.remove(0)),
        2 => (texts.remove(0), texts.remove(0)),
        _ => return Err("a transaction has a payee and a narration, and no third text".to_owned()),
    };
    let mut tags = Vec::new();
    for (sign, name) in [('#', "tags"), ('^', "links")] {
        let of_kind: Vec<&str> = words.iter().filter_map(|word| word.strip_prefix(sign)).collect();
        if !of_kind.is_empty() {
            tags.push((name.to_owned(), of_kind.join(" ")));
        }
    }
    // As hledger writes both.
    let description = match (payee.is_empty(), narration.is_empty()) {
        (true, _) => narration,
        (false, true) => payee,
        (false, false) => format!("{payee} | {narration}"),
    };
    Ok(Transaction {
        place: place.clone(),
        date,
        status: Some(if flag == "!" { Status::Pending } else { Status::Cleared }),
        code: None,
        description,
        comment: String::new(),
        tags,
        postings: Vec::new(),
    })
}

/// The postings and metadata below a header.
fn body(loader: &mut Loader, lines: &mut Lines<'_>, mut transaction: Transaction) -> Result<(), String> {
    let mut is_whole = true;
    while let Some((place, line)) = lines.next_indented() {
        let line = whole_entry(line, lines);
        let (text, _) = without_comment(&line);
        let comment = line[text.len()..].trim_start_matches(';').trim().to_owned();
        let text = text.trim();
        let (comments, tags) = match transaction.postings.last_mut() {
            Some(posting) => (&mut posting.comment, &mut posting.tags),
            None => (&mut transaction.comment, &mut transaction.tags),
        };
        if text.is_empty() {
            comment::add(comments, &comment);
            continue;
        }
        if let Some(pair) = metadata(text) {
            tags.push(pair);
            continue;
        }
        if text.starts_with(['#', '^']) {
            tags.push(("tags".to_owned(), text.to_owned()));
            continue;
        }
        match posting(&place, text, comment) {
            Ok(posting) => transaction.postings.push(posting),
            Err(why) => {
                loader.fault(&place, why);
                is_whole = false;
            }
        }
    }
    if is_whole {
        loader.journal.items.push(Item::Transaction(Box::new(transaction)));
    }
    Ok(())
}

/// `name: value`; names begin with a small letter, accounts with a capital one.
fn metadata(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(':')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character));
    if !is_name {
        return None;
    }
    let value = value.trim();
    let text = Cursor::new(value).quoted().unwrap_or_else(|| value.to_owned());
    Some((name.to_owned(), text))
}

fn posting(place: &Place, text: &str, comment: String) -> Result<Posting, String> {
    let mut cursor = Cursor::new(text);
    let status = match cursor.peek() {
        Some('*') => Some(Status::Cleared),
        Some('!') => Some(Status::Pending),
        _ => None,
    };
    if status.is_some() {
        cursor.word();
    }
    let account = cursor.word().to_owned();
    if !account.contains(':') && !account.starts_with(|first: char| first.is_uppercase()) {
        return Err(format!("{text:?} is no posting: an account begins with a capital letter"));
    }
    let found = styles().amounts(cursor.rest())?;
    Ok(Posting {
        place: place.clone(),
        account,
        kind: Kind::Real,
        status,
        amount: found.amount,
        price: found.price,
        lot: found.lot,
        assertion: None,
        comment,
        tags: Vec::new(),
    })
}

/// `3219.17 ~ 0.01 USD`; without a tolerance, one unit of the last digit.
fn check(
    place: &Place,
    date: chrono::NaiveDate,
    account: String,
    rest: &str,
    styles: &Styles,
) -> Result<Check, String> {
    let (number, tolerance) = match rest.split_once('~') {
        Some((number, tolerance)) => (number.trim(), Some(tolerance.trim())),
        None => (rest.trim(), None),
    };
    let (mut amount, _) = styles.amount(number, Exactness::Exact)?;
    let tolerance = match tolerance {
        Some(tolerance) => {
            let tolerance = styles.amount(tolerance, Exactness::Exact)?.0;
            amount.commodity = tolerance.commodity;
            tolerance.number
        }
        None if amount.number.scale() == 0 => Decimal::ZERO,
        None => Decimal::new(1, amount.number.scale()),
    };
    Ok(Check { place: place.clone(), date, account, amount, tolerance })
}
