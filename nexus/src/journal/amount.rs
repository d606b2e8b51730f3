//! Amounts with their commodities, costs and asserted balances, as hledger and beancount write them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    cursor::Cursor,
    model::{Amount, Assertion, Cost, Lot},
    number::{self, Exactness, Marks},
};

/// How amounts are written in this part of the journal.
#[derive(Debug, Clone, Default)]
pub struct Styles {
    /// Of commodities whose directive shows it.
    pub marks: BTreeMap<String, Marks>,
    /// Of all others.
    pub otherwise: Marks,
    /// `D`: of amounts that name none.
    pub commodity: Option<String>,
}

/// What stands behind an account.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub amount: Option<Amount>,
    pub price: Option<Cost>,
    pub lot: Option<Lot>,
    pub assertion: Option<Assertion>,
    /// A number in it that could be read in two ways.
    pub doubtful: Option<String>,
}

/// One reading of a line's amounts.
struct AmountReader<'a, 'b> {
    line: &'b mut Cursor<'a>,
    styles: &'b Styles,
    doubtful: Option<String>,
}

/// Where a commodity stands, seen from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    InFront,
    Behind,
}

impl Styles {
    fn marks(&self, commodity: &str) -> Marks {
        self.marks.get(commodity).copied().unwrap_or(self.otherwise)
    }

    /// One amount, and what follows it.
    pub fn amount<'a>(&self, text: &'a str, exactness: Exactness) -> Result<(Amount, &'a str), String> {
        let mut line = Cursor::new(text.trim());
        let amount = AmountReader { line: &mut line, styles: self, doubtful: None }.amount(exactness)?;
        line.blanks();
        Ok((amount, line.rest()))
    }

    /// Everything from an amount to the end of the line, in whatever order it comes.
    pub fn amounts(&self, text: &str) -> Result<Amounts, String> {
        let mut line = Cursor::new(text);
        let mut reader = AmountReader { line: &mut line, styles: self, doubtful: None };
        let mut found = Amounts::default();
        reader.line.blanks();
        if !reader.line.is_at_end() && !reader.line.rest().starts_with(['=', '@', '{']) {
            found.amount = Some(reader.amount(Exactness::Exact)?);
        }
        loop {
            reader.line.blanks();
            if reader.line.is_at_end() {
                break;
            } else if reader.line.rest().starts_with(['@', '(']) {
                found.price = Some(reader.price()?);
            } else if reader.line.rest().starts_with('{') {
                found.lot = Some(reader.lot()?);
            } else if reader.line.take("[") {
                reader.line.take_until("]").ok_or("a ] is missing")?;
            } else if reader.line.rest().starts_with('=') {
                found.assertion = Some(reader.assertion()?);
            } else {
                return Err(format!("{:?} is not understood here", reader.line.rest()));
            }
        }
        found.doubtful = reader.doubtful;
        Ok(found)
    }
}

impl AmountReader<'_, '_> {
    /// `-5 EUR`, `EUR -5`, `$-5`, `-$5`, `"a b" 5`, `5`.
    pub fn amount(&mut self, exactness: Exactness) -> Result<Amount, String> {
        let mut negative = self.sign();
        let left = self.symbol(Side::InFront)?;
        if !left.is_empty() {
            self.line.blanks();
            negative ^= self.sign();
        }
        let mut behind = self.line.clone();
        if self.line.rest().starts_with('(') {
            return Err("calculations are not done here: write the result".to_owned());
        }
        let commodity = if left.is_empty() {
            let commodity = {
                let mut ahead = AmountReader { line: &mut behind, styles: self.styles, doubtful: None };
                // Read twice: the marks of a number follow from the commodity behind it.
                number::parse(ahead.line, Marks::Unknown, Exactness::Rounded).ok();
                ahead.line.blanks();
                ahead.symbol(Side::Behind)?
            };
            match (&commodity[..], &self.styles.commodity) {
                ("", Some(usual)) => usual.clone(),
                _ => commodity,
            }
        } else {
            left.clone()
        };
        let from = self.line.rest();
        let number = number::parse(self.line, self.styles.marks(&commodity), exactness)?;
        if number.doubtful {
            self.doubtful = Some(from[..from.len() - self.line.rest().len()].to_owned());
        }
        if left.is_empty() {
            let before = self.line.clone();
            self.line.blanks();
            if self.symbol(Side::Behind)?.is_empty() {
                *self.line = before;
            }
        }
        let value = if negative { -number.value } else { number.value };
        Ok(Amount { number: value, commodity })
    }

    fn sign(&mut self) -> bool {
        let negative = self.line.take("-");
        if negative || self.line.take("+") {
            self.line.blanks();
        }
        negative
    }

    /// A commodity's name, in quotes or not; empty where none stands here.
    fn symbol(&mut self, side: Side) -> Result<String, String> {
        if self.line.rest().starts_with('"') {
            return self.line.quoted().ok_or_else(|| "a quote is not closed".to_owned());
        }
        // Beancount's names may go on with digits and the like. In front of a number, digits are the number's.
        let is_name = self.line.rest().starts_with(|first: char| first.is_ascii_uppercase());
        let goes_on = |character: char| {
            side == Side::Behind && is_name && (character.is_ascii_digit() || "._-'".contains(character))
        };
        Ok(self.line.take_while(|character| is_symbol(character) || goes_on(character)).to_owned())
    }

    fn price(&mut self) -> Result<Cost, String> {
        let total = if self.line.take("@@") || self.line.take("(@@)") {
            true
        } else if self.line.take("@") || self.line.take("(@)") {
            false
        } else {
            return Err(format!("{:?} is not understood here", self.line.rest()));
        };
        self.line.blanks();
        let amount = self.amount(Exactness::Rounded)?;
        Ok(if total { Cost::Total(amount) } else { Cost::Each(amount) })
    }

    /// `{5 EUR}`, `{=5 EUR}`, `{{50 EUR}}`, `{5 EUR, 2024-01-31, "label"}`, `{}`.
    fn lot(&mut self) -> Result<Lot, String> {
        let total = self.line.take("{{");
        let (open, close) = if total { ("{{", "}}") } else { ("{", "}") };
        if !total {
            self.line.take(open);
        }
        let inner = self.line.take_until(close).ok_or_else(|| format!("a {close} is missing"))?.trim();
        let text = format!("{open}{inner}{close}");
        let first = inner.trim_start_matches('=').split(',').next().unwrap_or_default().trim();
        let mut line = Cursor::new(first);
        let mut reader = AmountReader { line: &mut line, styles: self.styles, doubtful: None };
        let is_date = super::date::parse(first, None).is_ok();
        if first.is_empty() || first == "*" || first.starts_with('"') || is_date {
            return Ok(Lot { cost: None, text });
        }
        if first.contains('#') {
            return Err(format!("{text}: a cost of two parts is not read: write {{{{the whole cost}}}}"));
        }
        let amount = reader.amount(Exactness::Rounded)?;
        Ok(Lot { cost: Some(if total { Cost::Total(amount) } else { Cost::Each(amount) }), text })
    }

    fn assertion(&mut self) -> Result<Assertion, String> {
        self.line.take("=");
        let total = self.line.take("=");
        let inclusive = self.line.take("*");
        self.line.blanks();
        let amount = self.amount(Exactness::Exact)?;
        self.line.blanks();
        if self.line.rest().starts_with('@') {
            // The cost of what is asserted; hledger reads over it too.
            self.price()?;
        }
        Ok(Assertion { amount, total, inclusive })
    }
}

/// What an unquoted commodity may consist of.
fn is_symbol(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_ascii_digit()
        && !"-+.,;:@*/^?!<>&|=(){}[]\"\\#~%'".contains(character)
}

impl Cost {
    /// What `number` of something costs, with the number's sign.
    pub fn of(&self, number: Decimal) -> Option<Amount> {
        match self {
            Cost::Each(each) => {
                Some(Amount { number: number.checked_mul(each.number)?, commodity: each.commodity.clone() })
            }
            Cost::Total(total) => {
                let number = if number.is_sign_negative() { -total.number.abs() } else { total.number.abs() };
                Some(Amount { number, commodity: total.commodity.clone() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Styles::default().amounts(text) {
            Err(why) => why,
            Ok(Amounts { amount, price, lot, assertion, doubtful }) => {
                let mut out = amount.map(|amount| amount.to_string()).unwrap_or_default();
                match price {
                    Some(Cost::Each(each)) => out += &format!(" @ {each}"),
                    Some(Cost::Total(total)) => out += &format!(" @@ {total}"),
                    None => {}
                }
                if let Some(Lot { cost, text }) = lot {
                    out += &format!(" {text} {cost:?}");
                }
                if let Some(Assertion { amount, total, inclusive }) = assertion {
                    out += &format!(
                        " {}{} {amount}",
                        if total { "==" } else { "=" },
                        if inclusive { "*" } else { "" }
                    );
                }
                if let Some(doubtful) = doubtful {
                    out += &format!(" ({doubtful}?)");
                }
                out
            }
        }
    }

    #[test]
    fn amounts_are_read_however_they_are_written() {
        for (text, expected) in [
            ("", ""),
            ("$-17,783.72", "-17783.72 $"),
            ("-$3000", "-3000 $"),
            ("$18,000,000", "18000000 $"),
            ("5 APPL@$2000", "5 APPL @ 2000 $"),
            ("2", "2"),
            ("59820 bytes", "59820 bytes"),
            ("EUR5", "5 EUR"),
            ("EUR 5", "5 EUR"),
            ("5EUR", "5 EUR"),
            ("+ 5 EUR", "5 EUR"),
            ("1,000 🐑", "1.000 🐑 (1,000?)"),
            ("3 \"green apples\" @@ $5", "3 green apples @@ 5 $"),
            (
                "331.296869 LMVTX @ $53.6599999999999999998612221219",
                "331.296869 LMVTX @ 53.659999999999999999861222122 $",
            ),
            ("$9.42 = $0", "9.42 $ = 0 $"),
            ("==* 0", " ==* 0"),
            ("-20 EUR @ 7.53 HRK = 0 EUR", "-20 EUR @ 7.53 HRK = 0 EUR"),
            ("10 A1B", "10 A1B"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn lots_are_read() {
        let amount = |number: &str| Amount { number: number.parse().unwrap(), commodity: "USD".to_owned() };
        let lot = |text| Styles::default().amounts(text).unwrap().lot.unwrap();
        let each = Some(Cost::Each(amount("118.71")));
        assert_eq!(lot("-12 ITOT {118.71 USD} @ 138.95 USD").cost, each);
        assert_eq!(lot("-12 ITOT {118.71 USD, 2014-02-03, \"first\"}").cost, each);
        assert_eq!(lot("-12 ITOT {2014-02-03}").cost, None);
        assert_eq!(lot("-12 ITOT {}").cost, None);
        assert_eq!(lot("2 ITOT {{237.42 USD}}").cost, Some(Cost::Total(amount("237.42"))));
        assert!(read("2 ITOT {3 # 4 USD}").contains("two parts"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(read("5 EUR rest"), "\"rest\" is not understood here");
        assert_eq!(read("EUR"), "a number is missing here");
        assert_eq!(read("(2 * 3) EUR"), "calculations are not done here: write the result");
        assert_eq!(read("5 \"EUR"), "a quote is not closed");
    }
}
