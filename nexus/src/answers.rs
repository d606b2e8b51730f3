//! How answers of the server read for people; several commands show the same things.

use serde_json::Value;

use crate::table::{Column, table};

/// A text in an answer; nothing where it is missing.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// Accounts with their balances: a line for each currency.
pub fn accounts(accounts: &[Value]) -> String {
    let mut rows = Vec::new();
    for account in accounts {
        let path = match text(account, "status") {
            "open" => text(account, "account").to_owned(),
            status => format!("{} ({status})", text(account, "account")),
        };
        let kind = text(account, "type");
        let mut balances = list(account, "balances").peekable();
        if balances.peek().is_none() {
            rows.push(vec![path.clone(), kind.to_owned(), String::new(), String::new()]);
        }
        for balance in balances {
            let posted = text(&balance["posted"], "balance").to_owned();
            rows.push(vec![path.clone(), kind.to_owned(), posted, text(balance, "currency").to_owned()]);
        }
    }
    let columns =
        [Column::Text("account"), Column::Text("type"), Column::Figure("balance"), Column::Text("currency")];
    table(&columns, rows)
}

/// What a transaction came to: its place, its id, and the balances after it.
pub fn posted(answer: &Value, verb: &str) -> String {
    let head = match answer["position"].as_str() {
        Some(position) => {
            format!("{verb} in {} as {}, position {position}.\n", text(answer, "ledger"), text(answer, "id"))
        }
        None => format!(
            "A dry run: this would be {} in {}. Nothing was recorded.\n",
            verb.to_lowercase(),
            text(answer, "ledger")
        ),
    };
    let opened: Vec<&str> = list(answer, "opened").map(|account| text(account, "account")).collect();
    let opened = match opened.len() {
        0 => String::new(),
        _ => format!("Opened on first use: {}\n", opened.join(", ")),
    };
    let rows = list(answer, "balances").map(|after| {
        let account =
            after["account"].as_str().map_or_else(|| format!("#{}", after["number"]), str::to_owned);
        let columns = ["debits", "credits", "balance", "currency"].map(|name| text(after, name).to_owned());
        std::iter::once(account).chain(columns).collect()
    });
    let columns = [
        Column::Text("account"),
        Column::Figure("debits"),
        Column::Figure("credits"),
        Column::Figure("balance"),
        Column::Text("currency"),
    ];
    format!("{head}{opened}\n{}", table(&columns, rows.collect()))
}

/// Whether the answer tells of something that was in the log before: at or before this position.
pub fn was_there(answer: &Value, head: &str) -> bool {
    match (sequence(text(answer, "position")), sequence(head)) {
        (Some(position), Some(head)) => position <= head,
        _ => false,
    }
}

/// The number behind the shard's: `1:17` → 17. Books have one shard.
fn sequence(position: &str) -> Option<u64> {
    position.split_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_at_or_before_the_head_was_there() {
        assert!(was_there(&json!({"position": "1:9"}), "1:10"));
        assert!(was_there(&json!({"position": "1:10"}), "1:10"));
        assert!(!was_there(&json!({"position": "1:11"}), "1:10"));
        assert!(!was_there(&json!({}), "1:10"));
    }

    #[test]
    fn an_account_without_a_balance_has_a_line_all_the_same() {
        let account = json!({"account": "assets:bank", "type": "asset", "status": "frozen", "balances": []});
        assert!(accounts(&[account]).contains("assets:bank (frozen)  asset"));
    }
}
