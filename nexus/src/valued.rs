//! How values read for people: what has none and why, and by which rates the others were made.

use serde_json::Value;

use crate::{
    answers::{list, text},
    table::{Column, table},
};

/// Below a table with values. `unconverted` is that of the whole.
pub fn footnotes(unconverted: &Value, valuation: &Value) -> String {
    let mut notes = String::new();
    let amount = |money: &Value| {
        // The trial balance tells both sides.
        let amount = match money["amount"].as_str() {
            Some(amount) => amount.to_owned(),
            None => format!("{} and {}", text(money, "debit_balance"), text(money, "credit_balance")),
        };
        let why = match text(money, "reason") {
            "no_rate_yet" => "no rate in effect yet",
            _ => "no rate is known",
        };
        format!("  {amount} {}: {why}\n", text(money, "currency"))
    };
    let missing: String = unconverted.as_array().into_iter().flatten().map(amount).collect();
    if !missing.is_empty() {
        notes += &format!("\nNot converted, and in no value:\n{missing}");
    }
    let rates: Vec<Vec<String>> = list(valuation, "rates")
        .map(|rate| {
            vec![
                format!("1 {}", text(rate, "base")),
                text(rate, "rate").to_owned(),
                text(rate, "quote").to_owned(),
                text(rate, "effective_at").to_owned(),
                text(rate, "source").to_owned(),
            ]
        })
        .collect();
    if !rates.is_empty() {
        let columns = [
            Column::Figure("rate"),
            Column::Figure(""),
            Column::Text(""),
            Column::Text("in effect from"),
            Column::Text("source"),
        ];
        notes += &format!("\n{}", table(&columns, rates));
    }
    notes
}
