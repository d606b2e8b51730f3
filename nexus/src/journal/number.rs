//! Numbers as journals write them: which mark is the decimal one, which groups digits.

use rust_decimal::Decimal;

use super::cursor::Cursor;

/// What is known about the marks in a commodity's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// As hledger reads them: of two kinds, the last is the decimal mark; one that stands alone is it too, unless it is
    /// repeated.
    #[default]
    Unknown,
    /// This one is the decimal mark, the other one groups.
    Decimal(char),
}

/// A number, and whether its mark might have been meant otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    pub value: Decimal,
    pub doubtful: bool,
}

/// Digits after the decimal mark of a price, more of which are rounded away; of an amount, refused.
const DECIMALS_MAX: usize = 18;
const DIGITS_MAX: usize = 28;

/// Whether rounding is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exactness {
    Exact,
    /// Prices: what they are multiplied with is rounded anyway.
    Rounded,
}

/// Reads digits with marks, without a sign.
pub fn parse(line: &mut Cursor<'_>, marks: Marks, exactness: Exactness) -> Result<Number, String> {
    let text = token(line);
    if !text.contains(|character: char| character.is_ascii_digit()) {
        return Err("a number is missing here".to_owned());
    }
    let compact: String = text
        .chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '\'' | '_'))
        .collect();
    let (decimal, doubtful) = decimal_mark(&compact, marks);
    let (whole, fraction) = match decimal {
        Some(at) => (&compact[..at], &compact[at + 1..]),
        None => (compact.as_str(), ""),
    };
    let repeated =
        decimal.and_then(|at| compact[at..].chars().next()).is_some_and(|mark| whole.contains(mark));
    if repeated || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?} is no number: its marks do not fit the decimal mark"));
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole = whole.trim_start_matches('0');
    let too_long = fraction.len() > DECIMALS_MAX || whole.len() + fraction.len() > DIGITS_MAX;
    if too_long && exactness == Exactness::Exact {
        return Err(format!("{text:?} has too many digits: 28 fit, 18 of them decimals"));
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let plain = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    let value = plain.parse().map_err(|_| format!("{text:?} has too many digits: 28 fit"))?;
    Ok(Number { value, doubtful })
}

/// Digits and marks; a blank belongs to it between two digits.
fn token<'a>(line: &mut Cursor<'a>) -> &'a str {
    let rest = line.rest();
    let mut end = 0;
    for (at, character) in rest.char_indices() {
        let after = &rest[at + character.len_utf8()..];
        let is_group = matches!(character, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\'' | '_')
            && at > 0
            && after.starts_with(|next: char| next.is_ascii_digit());
        if !(character.is_ascii_digit() || matches!(character, '.' | ',') || is_group) {
            break;
        }
        end = at + character.len_utf8();
    }
    let token = &rest[..end];
    line.take(token);
    token
}

fn decimal_mark(text: &str, marks: Marks) -> (Option<usize>, bool) {
    if let Marks::Decimal(mark) = marks {
        return (text.rfind(mark), false);
    }
    let (point, comma) = (text.rfind('.'), text.rfind(','));
    match (point, comma) {
        (Some(point), Some(comma)) => (Some(point.max(comma)), false),
        (Some(at), None) | (None, Some(at)) => {
            let mark = text[at..].chars().next().expect("it was found there");
            if text.matches(mark).count() > 1 {
                return (None, false);
            }
            // `1,000`: hledger reads one, many people mean a thousand.
            let doubtful =
                mark == ',' && text.len() - at == 4 && (1..=3).contains(&at) && !text.starts_with('0');
            (Some(at), doubtful)
        }
        (None, None) => (None, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, marks: Marks) -> String {
        match parse(&mut Cursor::new(text), marks, Exactness::Exact) {
            Ok(Number { value, doubtful }) => format!("{value}{}", if doubtful { "?" } else { "" }),
            Err(why) => why,
        }
    }

    #[test]
    fn the_decimal_mark_is_found_as_hledger_finds_it() {
        for (text, expected) in [
            ("1", "1"),
            ("1.50", "1.50"),
            ("1,50", "1.50"),
            ("18,000,000", "18000000"),
            ("1.234,50", "1234.50"),
            ("1,234.50", "1234.50"),
            ("1,925.940000", "1925.940000"),
            ("1 000 000,5", "1000000.5"),
            ("1'000.5", "1000.5"),
            ("1,000", "1.000?"),
            ("1.000", "1.000"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
        ] {
            assert_eq!(read(text, Marks::Unknown), expected, "{text}");
        }
        assert_eq!(read("1,000", Marks::Decimal('.')), "1000");
        assert_eq!(read("1.000", Marks::Decimal(',')), "1000");
        assert_eq!(read("1.000,5", Marks::Decimal(',')), "1000.5");
    }

    #[test]
    fn what_is_no_number_is_said() {
        assert_eq!(read("EUR", Marks::Unknown), "a number is missing here");
        assert!(read("1.500.000", Marks::Decimal('.')).contains("do not fit"));
        assert!(read("1.5,5", Marks::Decimal('.')).contains("do not fit"));
        assert!(read("0.1234567890123456789", Marks::Unknown).contains("too many digits"));
    }

    #[test]
    fn a_price_may_have_more_digits_than_are_kept() {
        let mut line = Cursor::new("53.6599999999999999998612221219");
        let price = parse(&mut line, Marks::Unknown, Exactness::Rounded).unwrap();
        assert_eq!(price.value.to_string(), "53.659999999999999999861222122");
    }
}
