//! hledger's journals, line by line; most of Ledger's read the same.

use std::str::FromStr;

use super::{
    account::{Names, declared_type},
    amount::Styles,
    comment,
    cursor::Cursor,
    date,
    fault::Place,
    model::{Item, Kind, Posting, Price, Status, Transaction},
    number::{Exactness, Marks},
    source::{Lines, Loader},
};

/// What directives set for the lines below them, up to the end of their file.
#[derive(Debug, Clone, Default)]
pub struct State {
    names: Names,
    pub styles: Styles,
    year: Option<i32>,
}

impl State {
    pub fn new(decimal: Option<char>) -> Self {
        let mut state = Self::default();
        state.styles.otherwise = decimal.map_or(Marks::Unknown, Marks::Decimal);
        state
    }
}

/// Reads a file.
pub fn read(loader: &mut Loader, lines: &mut Lines<'_>, state: &mut State) {
    while let Some((place, line)) = lines.next() {
        let line = line.trim_end();
        let Some(first) = line.chars().next() else { continue };
        match first {
            ';' | '#' | '*' | '%' | '|' => {}
            _ if first.is_whitespace() => {
                if !line.trim_start().starts_with([';', '#']) {
                    loader.fault(
                        &place,
                        "an indented line belongs to nothing: a date, or a directive, is missing above",
                    );
                }
            }
            '0'..='9' => match header(&place, line, state) {
                Ok(transaction) => transaction_below(loader, lines, state, transaction),
                Err(why) => {
                    loader.fault(&place, why);
                    lines.skip_indented();
                }
            },
            '~' => {
                loader.leave_out(&place, format!("periodic rule `{line}`"));
                lines.skip_indented();
            }
            '=' => {
                loader.leave_out(&place, format!("auto posting rule `{line}`"));
                lines.skip_indented();
            }
            _ => {
                if let Err(why) = directive(loader, lines, state, &place, line) {
                    loader.fault(&place, why);
                }
            }
        }
    }
}

/// `2024-01-31=2024-02-01 * (17) words ; comment`
fn header(place: &Place, line: &str, state: &State) -> Result<Transaction, String> {
    let (line, comment) = comment::split(line);
    let mut line = Cursor::new(line);
    let dates = line.word();
    let (date, second) = dates.split_once('=').map_or((dates, None), |(date, second)| (date, Some(second)));
    let date = date::parse(date, state.year)?;
    let mut tags = comment::tags(comment);
    if let Some(second) = second {
        let second = date::parse(second, Some(chrono::Datelike::year(&date)))?;
        tags.push(("date2".to_owned(), second.to_string()));
    }
    let status = status(&mut line);
    let code = if line.take("(") { line.take_until(")").map(str::to_owned) } else { None };
    line.blanks();
    Ok(Transaction {
        place: place.clone(),
        date,
        status,
        code: code.filter(|code| !code.is_empty()),
        description: line.rest().trim().to_owned(),
        comment: comment.to_owned(),
        tags,
        postings: Vec::new(),
    })
}

fn status(line: &mut Cursor<'_>) -> Option<Status> {
    let status = match line.peek() {
        Some('*') => Status::Cleared,
        Some('!') => Status::Pending,
        _ => return None,
    };
    line.take("*");
    line.take("!");
    line.blanks();
    Some(status)
}

/// The postings and comments below a header.
fn transaction_below(
    loader: &mut Loader,
    lines: &mut Lines<'_>,
    state: &State,
    mut transaction: Transaction,
) {
    let mut is_whole = true;
    while let Some((place, line)) = lines.next_indented() {
        let line = line.trim();
        if let Some(text) = line.strip_prefix(';') {
            let (comment, tags) = match transaction.postings.last_mut() {
                Some(posting) => (&mut posting.comment, &mut posting.tags),
                None => (&mut transaction.comment, &mut transaction.tags),
            };
            comment::add(comment, text);
            tags.extend(comment::tags(text));
            continue;
        }
        match posting(&place, line, state) {
            Ok((posting, doubtful)) => {
                if let Some(number) = doubtful {
                    let mend = "a `commodity` or `decimal-mark` directive says otherwise";
                    loader.warn(
                        &place,
                        format!("{number} was read with a decimal comma, as hledger does; {mend}"),
                    );
                }
                transaction.postings.push(posting);
            }
            Err(why) => {
                loader.fault(&place, why);
                is_whole = false;
            }
        }
    }
    for posting in &transaction.postings {
        if posting.tags.iter().any(|(name, _)| name == "date") {
            loader.warn(
                &posting.place,
                "the posting's own date is kept as a tag; it is entered at its transaction's date",
            );
        }
    }
    if is_whole {
        loader.journal.items.push(Item::Transaction(Box::new(transaction)));
    }
}

/// `! (assets:cash)  5 EUR @ $2 = 10 EUR ; comment`
fn posting(place: &Place, line: &str, state: &State) -> Result<(Posting, Option<String>), String> {
    let mut cursor = Cursor::new(line);
    let status = status(&mut cursor);
    let (name, rest) = split_account(cursor.rest());
    let (rest, comment) = comment::split(rest);
    let inner = |open: char, close: char| name.strip_prefix(open).and_then(|name| name.strip_suffix(close));
    let (name, kind) = match (inner('(', ')'), inner('[', ']')) {
        (Some(name), _) => (name, Kind::Virtual),
        (_, Some(name)) => (name, Kind::BalancedVirtual),
        _ => (name, Kind::Real),
    };
    let found = state.styles.amounts(rest)?;
    let posting = Posting {
        place: place.clone(),
        account: state.names.resolve(name.trim()),
        kind,
        status,
        amount: found.amount,
        price: found.price,
        lot: found.lot,
        assertion: found.assertion,
        comment: comment.to_owned(),
        tags: comment::tags(comment),
    };
    Ok((posting, found.doubtful))
}

/// An account's name ends at two blanks, a tab, or a comment.
fn split_account(text: &str) -> (&str, &str) {
    let ends = ["  ", "\t", " ;"].iter().filter_map(|end| text.find(end));
    match ends.min() {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

fn directive(
    loader: &mut Loader,
    lines: &mut Lines<'_>,
    state: &mut State,
    place: &Place,
    line: &str,
) -> Result<(), String> {
    let mut cursor = Cursor::new(line.trim_start_matches(['!', '@']));
    let word = cursor.word();
    let rest = cursor.rest();
    match word {
        "account" => account(loader, lines, state, place, rest),
        "alias" => alias(state, rest)?,
        "apply" => match rest.split_once(char::is_whitespace) {
            Some(("account", parent)) => state.names.push_parent(parent.trim()),
            Some(("year", year)) => state.year = Some(number(year)?),
            _ => return Err(format!("`{line}` is not understood")),
        },
        "comment" | "test" => {
            while let Some((_, line)) = lines.next() {
                if line.trim().strip_prefix("end").is_some_and(|rest| rest.trim() == word) {
                    break;
                }
            }
        }
        "commodity" => commodity(loader, lines, state, rest)?,
        "D" => {
            let (amount, _) = state.styles.amount(comment::split(rest).0, Exactness::Exact)?;
            set_style(state, rest, &amount.commodity);
            state.styles.commodity = Some(amount.commodity);
        }
        "decimal-mark" => {
            let mark = comment::split(rest).0.trim();
            let mark = mark.chars().next().filter(|first| matches!(first, '.' | ',') && mark.len() == 1);
            state.styles.otherwise = Marks::Decimal(mark.ok_or("a decimal mark is . or ,")?);
        }
        "end" => match rest {
            "aliases" => state.names.forget_aliases(),
            "apply account" | "apply" => state.names.pop_parent(),
            _ => {}
        },
        "include" => {
            let state = state.clone();
            loader.include(place, comment::split(rest).0, |loader, lines| {
                read(loader, lines, &mut state.clone())
            });
        }
        "P" => {
            let price = price(place, rest, state)?;
            loader.journal.prices.push(price);
        }
        "Y" | "year" => state.year = Some(number(rest)?),
        "payee" | "tag" | "N" | "C" | "bucket" | "A" | "assert" | "check" | "define" | "expr" | "eval"
        | "capture" | "value" => {
            loader.leave_out(place, format!("directive `{line}`"));
            lines.skip_indented();
        }
        _ if word.len() == 5 && word.starts_with('Y') => state.year = Some(number(&word[1..])?),
        _ => {
            return Err(format!(
                "`{line}` is not understood: no date and no directive; a comment begins with ;"
            ));
        }
    }
    Ok(())
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("{text:?} is no year"))
}

/// `account assets:cash  ; type:C`
fn account(loader: &mut Loader, lines: &mut Lines<'_>, state: &State, place: &Place, rest: &str) {
    let (name, rest) = split_account(rest);
    let name = state.names.resolve(name.trim());
    let mut comment = comment::split(rest).1.to_owned();
    while let Some((_, line)) = lines.next_indented() {
        comment::add(&mut comment, line.trim().trim_start_matches(';'));
    }
    for (tag, value) in comment::tags(&comment) {
        if tag != "type" {
            continue;
        }
        match declared_type(&value) {
            Some(kind) => {
                if matches!(value.to_ascii_lowercase().as_str(), "v" | "conversion") {
                    loader.journal.conversion = Some(name.clone());
                }
                loader.journal.types.insert(name.clone(), kind);
            }
            None => loader.fault(place, format!("type:{value}: a type is A, L, E, R, X, C or V")),
        }
    }
}

fn alias(state: &mut State, rest: &str) -> Result<(), String> {
    // A pattern may have a = in it.
    let end = rest.strip_prefix('/').and_then(|pattern| pattern.find('/')).map_or(0, |end| end + 2);
    let (before, new) = rest[end..].split_once('=').ok_or("an alias reads `alias old = new`")?;
    let old = format!("{}{before}", &rest[..end]);
    state.names.add_alias(old.trim(), comment::split(new).0.trim())
}

/// `commodity $1,000.00`, or `commodity $` with `format $1,000.00` below it.
fn commodity(
    loader: &mut Loader,
    lines: &mut Lines<'_>,
    state: &mut State,
    rest: &str,
) -> Result<(), String> {
    let mut shown = vec![comment::split(rest).0];
    while let Some((_, line)) = lines.next_indented() {
        shown.extend(line.trim().strip_prefix("format").map(|format| comment::split(format.trim()).0));
    }
    for text in shown {
        if !text.contains(|character: char| character.is_ascii_digit())
            || text.starts_with('"') && text.ends_with('"')
        {
            continue;
        }
        let name = state.styles.amount(text, Exactness::Exact)?.0.commodity;
        set_style(state, text, &name);
        let amount = state.styles.amount(text, Exactness::Exact)?.0;
        loader.journal.decimals.insert(amount.commodity, amount.number.scale());
    }
    Ok(())
}

/// The last mark of the number that a directive shows is the decimal one.
fn set_style(state: &mut State, shown: &str, commodity: &str) {
    let outside = shown.replace(commodity, "");
    let marks: Vec<char> = outside.chars().filter(|character| matches!(character, '.' | ',')).collect();
    if let Some(last) = marks.last() {
        let repeated = marks.iter().filter(|mark| *mark == last).count() > 1;
        let decimal = match (repeated, last) {
            (false, mark) => *mark,
            (true, '.') => ',',
            (true, _) => '.',
        };
        state.styles.marks.insert(commodity.to_owned(), Marks::Decimal(decimal));
    }
}

/// `2024-01-31 15:50:00 USD $1.36`
fn price(place: &Place, rest: &str, state: &State) -> Result<Price, String> {
    let mut line = Cursor::new(comment::split(rest).0);
    let date = date::parse(line.word(), state.year)?;
    if line.rest().split_whitespace().next().is_some_and(|word| word.contains(':')) {
        line.word();
    }
    let commodity = if line.rest().starts_with('"') {
        let name = line.quoted().ok_or("a quote is not closed")?;
        line.blanks();
        name
    } else {
        line.word().to_owned()
    };
    let (amount, rest) = state.styles.amount(line.rest(), Exactness::Rounded)?;
    if !rest.is_empty() {
        return Err(format!("{rest:?} is not understood here"));
    }
    Ok(Price { place: place.clone(), date, commodity, amount })
}
