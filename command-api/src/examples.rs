//! What the documentation proposes to send. Tried one after the other on empty books, each is carried out.

use serde_json::{Value, json};

/// The bodies, by the names of their schemas.
pub fn bodies() -> [(&'static str, Value); 13] {
    [
        ("NewLedger", json!({ "id": "household", "name": "Our household", "time_zone": "Europe/Prague" })),
        ("NewAccount", json!({ "path": "assets:bank:checking", "name": "Everyday account" })),
        (
            "Transaction",
            json!({
                "id": "groceries-2026-11-23",
                "description": "Groceries",
                "entries": [
                    { "account": "expenses:food", "direction": "debit", "amount": "12.34", "currency": "EUR" },
                    { "account": "assets:bank:checking", "direction": "credit", "amount": "12.34", "currency": "EUR" },
                ],
            }),
        ),
        ("Reversal", json!({ "description": "Brought back" })),
        ("NewPath", json!({ "path": "assets:bank:main" })),
        ("Reason", json!({ "reason": "card stolen" })),
        ("NewLimits", json!({ "currency": "EUR", "floor": "-500.00" })),
        ("NewAsset", json!({ "currency": "POINTS", "scale": 0, "name": "Loyalty points" })),
        (
            "NewRate",
            json!({ "base": "EUR", "quote": "CZK", "rate": "25.10", "source": "Czech National Bank" }),
        ),
        (
            "Questions",
            json!({ "questions": [
                "/v1/ledgers/household/balances?below=assets",
                "/v1/ledgers/household/balances?account=expenses:food",
            ] }),
        ),
        (
            "NewBudget",
            json!({
                "budget": "groceries", "account": "expenses:food", "currency": "EUR", "amount": "400.00",
                "period": "month", "carry_over": "remaining",
            }),
        ),
        (
            "NewPlan",
            json!({
                "account": "expenses:food", "currency": "EUR", "amount": "450.00", "period": "month",
                "carry_over": "remaining",
            }),
        ),
        ("BudgetEnd", json!({ "reason": "no longer needed" })),
    ]
}

/// Parameters for which nothing is proposed: a place in a list is found in the page before, and one key for all that
/// is tried would make all but the first a conflict.
pub const NOT_PROPOSED: [&str; 3] = ["after", "Idempotency-Key", "Last-Event-ID"];
