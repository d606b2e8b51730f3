//! Amounts as files write them, read exactly or not at all.

use event_schemas::Quantity;

/// How a file writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFormat {
    /// The sign between units and fractions.
    pub decimal: char,
    /// The sign between groups of digits, if there may be one. A blank stands for every kind of blank.
    pub thousands: Option<char>,
}

const BLANKS: &[char] = &[' ', '\u{a0}', '\u{2009}', '\u{202f}'];
const APOSTROPHES: &[char] = &['\'', '\u{2019}'];

impl NumberFormat {
    /// Reads `-1.234,50`, `1.234,50-`, `(1.234,50)` and the like. The result has no zeros at its end, so that the same
    /// money is the same value however many decimals a file writes.
    pub fn parse(&self, text: &str) -> Result<Quantity, String> {
        let (negative, digits) = sign(text.trim());
        let fault = |why: &str| format!("{text:?} is no amount: {why}");
        let (whole, fraction) = match digits.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (digits, None),
        };
        let whole = self.ungrouped(whole).map_err(|why| fault(&why))?;
        let fraction = fraction.map_or(Ok(""), |digits| {
            if is_number(digits) { Ok(digits.trim_end_matches('0')) } else { Err(fault(&self.expected())) }
        })?;
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        let plain = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
        let quantity = Quantity::parse(&plain).map_err(|error| fault(&error.to_string()))?;
        Ok(if negative { Quantity::new(-quantity.minor, quantity.scale) } else { quantity })
    }

    fn ungrouped(&self, whole: &str) -> Result<String, String> {
        let groups: Vec<&str> = match self.thousands {
            Some(blank) if BLANKS.contains(&blank) => whole.split(BLANKS).collect(),
            Some(mark) if APOSTROPHES.contains(&mark) => whole.split(APOSTROPHES).collect(),
            Some(mark) => whole.split(mark).collect(),
            None => vec![whole],
        };
        if !groups.iter().all(|group| is_number(group)) {
            return Err(self.expected());
        }
        // A decimal point that is taken for a separator would make a hundredfold of the money. So groups are counted:
        // three digits at the end; two or three before, as India writes them.
        if groups.len() > 1 {
            let (first, last) = (groups[0], groups[groups.len() - 1]);
            let inner = &groups[1..groups.len() - 1];
            if last.len() != 3 || first.len() > 3 || !inner.iter().all(|group| matches!(group.len(), 2 | 3)) {
                return Err("its groups of digits have a wrong length (file.thousands, file.decimal)".into());
            }
        }
        Ok(groups.concat())
    }

    fn expected(&self) -> String {
        let thousands = match self.thousands {
            Some(mark) => format!("{mark:?} between groups"),
            None => "nothing between groups".to_owned(),
        };
        format!(
            "expected digits with {:?} before decimals and {thousands} (file.decimal, file.thousands)",
            self.decimal
        )
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The sign, before or behind, and the digits. Parentheses are a minus.
fn sign(text: &str) -> (bool, &str) {
    const MINUS: &[char] = &['-', '\u{2212}'];
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return (true, inner.trim());
    }
    let negative = text.strip_prefix(MINUS).or_else(|| text.strip_suffix(MINUS));
    let positive = text.strip_prefix('+').or_else(|| text.strip_suffix('+'));
    match (negative, positive) {
        (Some(rest), _) => (true, rest.trim()),
        (None, rest) => (false, rest.unwrap_or(text).trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(decimal: char, thousands: Option<char>, text: &str) -> String {
        match (NumberFormat { decimal, thousands }).parse(text) {
            Ok(quantity) => quantity.to_string(),
            Err(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for (text, expected) in [
            ("1.234.567,50", "1234567.5"),
            ("0,10", "0.1"),
            ("-0,10", "-0.1"),
            ("12,00", "12"),
            ("12", "12"),
            ("1.200", "1200"),
            ("007,5", "7.5"),
            ("12,34-", "-12.34"),
            ("(12,34)", "-12.34"),
            ("\u{2212}12,34", "-12.34"),
            (" + 12,34 ", "12.34"),
            ("-0,00", "0"),
            ("9999999999999999999999999,99", "9999999999999999999999999.99"),
        ] {
            assert_eq!(read(',', Some('.'), text), expected, "{text}");
        }
        assert_eq!(read('.', Some('\''), "1\u{2019}234.5"), "1234.5");
        assert_eq!(read(',', Some(' '), "1\u{a0}234\u{202f}567,5"), "1234567.5");
        assert_eq!(read('.', Some(','), "12,34,567.89"), "1234567.89");
    }

    #[test]
    fn what_could_be_another_amount_is_refused() {
        for text in
            ["", "-", "12.34", "1.23,45", "12,", ",5", "1,2,3", "12a", "1e3", "--1", "1.2345", "1234.567"]
        {
            assert_eq!(read(',', Some('.'), text), "refused", "{text}");
        }
        for text in ["1,234.50", "1 234.50", "12,34"] {
            assert_eq!(read('.', None, text), "refused", "{text}");
        }
    }
}
