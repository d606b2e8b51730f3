//! How reports read for people: a line for each currency of a name, names indented under those above them.

use chrono_tz::Tz;
use serde_json::Value;

use super::super::statement;
use crate::{
    answers::{list, text},
    table::{Column, table},
    valued::footnotes,
};

pub fn trial_balance(ledger: &str, answer: &Value) -> String {
    let columns = ["debits", "credits", "debit_balance", "credit_balance"];
    let currency = answer["valuation"]["currency"].as_str();
    let rows_of = |name: &str, figures: &Value| {
        let row = |name: String, money: &Value, currency: &str| {
            let figures = columns.map(|column| text(money, column).to_owned());
            [name].into_iter().chain(figures).chain([currency.to_owned()]).collect::<Vec<String>>()
        };
        let money = list(figures, "amounts").map(|money| (money, text(money, "currency").to_owned()));
        let value = currency.map(|currency| (&figures["value"], format!("in {currency}")));
        let rows = money.chain(value).enumerate();
        rows.map(|(at, (money, currency))| {
            row(if at == 0 { name.to_owned() } else { String::new() }, money, &currency)
        })
        .collect::<Vec<_>>()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in list(answer, "lines") {
        rows.extend(rows_of(&indented(line, 0), line));
    }
    rows.push(Vec::new());
    rows.extend(rows_of("total", &answer["totals"]));
    let heads = [
        Column::Text("account"),
        Column::Figure("debits"),
        Column::Figure("credits"),
        Column::Figure("debit balance"),
        Column::Figure("credit balance"),
        Column::Text("currency"),
    ];
    let notes = footnotes(&answer["totals"]["unconverted"], &answer["valuation"]);
    format!("{}{}{notes}", head("Trial balance", ledger, answer), table(&heads, rows))
}

pub fn balance_sheet(ledger: &str, answer: &Value) -> String {
    let mut report = Rows::of(answer);
    report.part("Assets", &answer["assets"]);
    report.sum("Total assets", &answer["assets"]["total"]);
    report.part("Liabilities", &answer["liabilities"]);
    report.sum("Total liabilities", &answer["liabilities"]["total"]);
    report.part("Equity", &answer["equity"]);
    report.figures("  retained and current earnings", &answer["earnings"]);
    report.sum("Total equity", &answer["total_equity"]);
    report.sum("Total liabilities and equity", &answer["total_liabilities_and_equity"]);
    if let Some(difference) = answer["rounding_difference"]
        .as_str()
        .filter(|text| text.contains(['1', '2', '3', '4', '5', '6', '7', '8', '9']))
    {
        report.rows.push(vec!["Rounding".to_owned(), String::new(), String::new(), difference.to_owned()]);
    }
    let [assets, liabilities, equity] =
        ["assets", "liabilities", "equity"].map(|part| &answer[part]["total"]);
    let missing = unconverted(&[assets, liabilities, equity, &answer["earnings"]]);
    let notes = footnotes(&missing, &answer["valuation"]);
    format!("{}{}{notes}", head("Balance sheet", ledger, answer), report.table())
}

pub fn income_statement(ledger: &str, answer: &Value) -> String {
    let mut report = Rows::of(answer);
    report.part("Income", &answer["income"]);
    report.sum("Total income", &answer["income"]["total"]);
    report.part("Expenses", &answer["expenses"]);
    report.sum("Total expenses", &answer["expenses"]["total"]);
    report.sum("Net income", &answer["net_income"]);
    let [income, expenses] = ["income", "expenses"].map(|part| &answer[part]["total"]);
    let missing = unconverted(&[&answer["net_income"], income, expenses]);
    let notes = footnotes(&missing, &answer["valuation"]);
    format!("{}{}{notes}", head("Income statement", ledger, answer), report.table())
}

/// An account that goes on from the page before stands under one head with what came before.
pub fn general_ledger(ledger: &str, answer: &Value, zone: Tz) -> String {
    let mut told = head("General ledger", ledger, answer);
    let parts: Vec<&Value> = list(answer, "accounts").collect();
    for parts in parts.chunk_by(|a, b| a["number"] == b["number"]) {
        let first = parts[0];
        let mut rows = statement::balances("opening balance", &first["opening"], false);
        rows.extend(
            parts.iter().flat_map(|part| list(part, "lines")).map(|line| statement::row(line, zone, false)),
        );
        rows.extend(statement::balances("closing balance", &first["closing"], false));
        let lines = table(&statement::columns(false), rows);
        told += &format!("{} ({})\n{lines}\n", text(first, "account"), text(first, "type"));
    }
    told
}

/// Each currency once, with the amount of the first that has any of it: what is as much on both sides is nothing in their
/// difference, and yet in the value of neither.
fn unconverted(figures: &[&Value]) -> Value {
    let mut missing: Vec<&Value> = Vec::new();
    for money in figures.iter().flat_map(|figures| list(figures, "unconverted")) {
        let is_zero = !text(money, "amount").contains(|digit| ('1'..='9').contains(&digit));
        if !is_zero && missing.iter().all(|told| told["currency"] != money["currency"]) {
            missing.push(money);
        }
    }
    missing.into_iter().cloned().collect()
}

fn head(what: &str, ledger: &str, answer: &Value) -> String {
    let time = |word: &str, name: &str| {
        answer[name].as_str().map(|time| format!(" {word} {time}")).unwrap_or_default()
    };
    let times = time("at", "at") + &time("from", "from") + &time("to", "to");
    format!("{what} of {ledger}{times}, as known at {}\n\n", text(answer, "known_at"))
}

/// A name under the one above it.
fn indented(line: &Value, by: usize) -> String {
    let path = text(line, "account");
    let depth = usize::try_from(line["depth"].as_u64().unwrap_or(1)).unwrap_or(1);
    let name = path.rsplit(':').next().unwrap_or(path);
    format!("{}{name}", "  ".repeat(by + depth.saturating_sub(1)))
}

/// Rows of account, amount, currency, and value where values were asked for.
struct Rows<'a> {
    rows: Vec<Vec<String>>,
    valued_in: Option<&'a str>,
}

impl<'a> Rows<'a> {
    fn of(answer: &'a Value) -> Rows<'a> {
        Rows { rows: Vec::new(), valued_in: answer["valuation"]["currency"].as_str() }
    }

    fn part(&mut self, name: &str, part: &Value) {
        self.rows.push(vec![name.to_owned()]);
        for line in list(part, "lines") {
            self.figures(&indented(line, 1), line);
        }
    }

    /// With a blank line after it.
    fn sum(&mut self, name: &str, figures: &Value) {
        self.figures(name, figures);
        self.rows.push(Vec::new());
    }

    /// The value, of all its amounts, stands beside the first.
    fn figures(&mut self, name: &str, figures: &Value) {
        let mut amounts = list(figures, "amounts").peekable();
        let mut value = self.valued_in.map(|_| text(figures, "value").to_owned());
        if amounts.peek().is_none() {
            self.rows.push(
                [name.to_owned(), "0".to_owned(), String::new()].into_iter().chain(value.take()).collect(),
            );
        }
        let mut name = name.to_owned();
        for money in amounts {
            let cells = [
                std::mem::take(&mut name),
                text(money, "amount").to_owned(),
                text(money, "currency").to_owned(),
            ];
            self.rows.push(cells.into_iter().chain(value.take()).collect());
        }
    }

    fn table(mut self) -> String {
        while self.rows.last().is_some_and(Vec::is_empty) {
            self.rows.pop();
        }
        let mut columns = vec![Column::Text("account"), Column::Figure("amount"), Column::Text("currency")];
        if self.valued_in.is_some() {
            columns.push(Column::Figure("value"));
        }
        table(&columns, self.rows)
    }
}
