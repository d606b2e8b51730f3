//! Budgets and analytics over HTTP, with the example of docs/budgets.md.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::keys::Scope;
use expect_test::{Expect, expect};
use kit::{Door, open_books_with_views};
use serde_json::{Value, json};

struct World {
    door: Door,
    token: String,
    last: String,
}

impl World {
    async fn new() -> World {
        let door = open_books_with_views().await;
        let token = door.key(Scope::ALL, &["*"]).await;
        let mut world = World { door, token, last: String::new() };
        world.post("", json!({ "id": "household", "time_zone": "Europe/Prague" })).await;
        world
    }

    async fn post(&mut self, path: &str, body: Value) {
        let path =
            if path.is_empty() { "/v1/ledgers".to_owned() } else { format!("/v1/ledgers/household{path}") };
        let key = format!("k{}", self.last.replace(':', "-"));
        let answer = self.door.command(&path, &self.token, &key, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["position"].as_str().unwrap().clone_into(&mut self.last);
    }

    /// Money from the second account to the first.
    async fn pay(&mut self, day: &str, to: &str, from: &str, amount: &str, category: Option<&str>) {
        let mut debit = json!({ "account": to, "direction": "debit", "amount": amount, "currency": "EUR" });
        let mut credit =
            json!({ "account": from, "direction": "credit", "amount": amount, "currency": "EUR" });
        for entry in [&mut debit, &mut credit] {
            let is_expense = entry["account"].as_str().unwrap().starts_with("expenses");
            if let Some(category) = category.filter(|_| is_expense) {
                entry["category"] = json!(category);
            }
        }
        self.post("/transactions", json!({ "effective_at": day, "entries": [debit, credit] })).await;
    }

    async fn get(&self, path: &str) -> Value {
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("/v1/ledgers/household{path}{mark}min_position={}", self.last);
        let answer = self.door.get(&path, &self.token).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    async fn refused(&self, path: &str) -> (u16, String) {
        let answer = self.door.get(&format!("/v1/ledgers/household{path}"), &self.token).await;
        (answer.status, answer.json()["code"].as_str().unwrap().to_owned())
    }
}

/// Some fields of each thing in a list.
fn rows(answer: &Value, list: &str, fields: &[&str]) -> String {
    let row = |thing: &Value| {
        let field =
            |name: &&str| thing[*name].as_str().map_or_else(|| thing[*name].to_string(), str::to_owned);
        fields.iter().map(field).collect::<Vec<_>>().join(" ") + "\n"
    };
    answer[list].as_array().unwrap().iter().map(row).collect()
}

fn same(answer: &str, expected: &Expect) {
    expected.assert_eq(answer);
}

async fn household() -> World {
    let mut world = World::new().await;
    let budget = json!({
        "budget": "food", "name": "Food and drink", "account": "expenses:food", "currency": "EUR",
        "amount": "400", "period": "month", "starts": "2024-08-01", "carry_over": "remaining",
    });
    world.post("/budgets", budget).await;
    let budget = json!({
        "budget": "work", "account": "income:work", "currency": "EUR", "amount": "3000", "period": "month",
        "starts": "2024-08-01",
    });
    world.post("/budgets", budget).await;
    let budget = json!({
        "budget": "outings", "category": "outings", "currency": "EUR", "amount": "900", "period": "quarter",
        "starts": "2024-07-01", "carry_over": "all",
    });
    world.post("/budgets", budget).await;
    world.pay("2024-08-01", "assets:bank", "income:work", "3100", None).await;
    world.pay("2024-08-10", "expenses:food:home", "assets:bank", "310.50", None).await;
    // Midnight in Prague is the evening before in Greenwich.
    world.pay("2024-09-01", "expenses:food:home", "assets:bank", "250", None).await;
    world.pay("2024-09-12", "expenses:food:out", "liabilities:card", "280", Some("outings")).await;
    world.pay("2024-09-20", "assets:bank", "expenses:food:home", "20", None).await;
    world.pay("2024-09-30", "expenses:fun", "assets:bank", "700", Some("outings")).await;
    world.pay("2024-10-03", "liabilities:card", "assets:bank", "280", None).await;
    world.pay("2024-10-05", "expenses:food:out", "liabilities:card", "90", Some("outings")).await;
    world
}

const FIGURES: &[&str] = &["from", "to", "planned", "carried_over", "actual", "remaining"];

#[tokio::test]
async fn a_budget_tells_what_is_planned_spent_and_left() {
    let mut world = household().await;
    let known = world.last.clone();
    let food = world.get("/budgets/food?to=2024-10-31").await;
    same(
        &rows(&food, "periods", FIGURES),
        &expect![[r#"
        2024-08-01 2024-08-31 400.00 0.00 310.50 89.50
        2024-09-01 2024-09-30 400.00 89.50 510.00 -20.50
        2024-10-01 2024-10-31 400.00 0.00 90.00 310.00
    "#]],
    );
    let all = world.get("/budgets?at=2024-09-20").await;
    same(
        &rows(&all, "budgets", &[&["budget", "direction"], FIGURES].concat()),
        &expect![[r#"
        food debit 2024-09-01 2024-09-30 400.00 89.50 510.00 -20.50
        outings debit 2024-07-01 2024-09-30 900.00 0.00 280.00 620.00
        work credit 2024-09-01 2024-09-30 3000.00 0.00 0.00 3000.00
    "#]],
    );
    let all = world.get("/budgets?at=2024-10-31&limit=2").await;
    same(
        &rows(&all, "budgets", &[&["budget"], FIGURES].concat()),
        &expect![[r#"
        food 2024-10-01 2024-10-31 400.00 0.00 90.00 310.00
        outings 2024-10-01 2024-12-31 900.00 -80.00 90.00 730.00
    "#]],
    );
    let rest = world.get(&format!("/budgets?at=2024-10-31&cursor={}", all["next"].as_str().unwrap())).await;
    assert_eq!((rows(&rest, "budgets", &["budget"]), &rest["next"]), ("work\n".to_owned(), &Value::Null));

    // More from October on; September is learnt of late; and another currency is no euro.
    let change = json!({
        "account": "expenses:food", "currency": "EUR", "amount": "450", "period": "month", "starts": "2024-10-01",
    });
    world.post("/budgets/food/change", change).await;
    world.pay("2024-09-02", "expenses:food", "assets:bank", "10", None).await;
    let entries = json!([
        { "account": "expenses:food", "direction": "debit", "amount": "500", "currency": "CZK" },
        { "account": "assets:purse", "direction": "credit", "amount": "500", "currency": "CZK" },
    ]);
    world.post("/transactions", json!({ "effective_at": "2024-10-31T22:59:59Z", "entries": entries })).await;
    let now = world.get("/budgets/food?from=2024-09-30&to=2024-10-31").await;
    same(
        &rows(&now, "periods", &[FIGURES, &["unconverted"]].concat()),
        &expect![[r#"
        2024-09-01 2024-09-30 400.00 89.50 520.00 -30.50 []
        2024-10-01 2024-10-31 450.00 0.00 90.00 360.00 [{"actual":"500.00","currency":"CZK"}]
    "#]],
    );
    same(
        &rows(&now, "plans", &["starts", "position"]),
        &expect![[r#"
        2024-08-01 1:2
        2024-10-01 1:13
    "#]],
    );
    // As it was known then, it is what it was.
    let then = world.get(&format!("/budgets/food?to=2024-10-31&known_at={known}")).await;
    assert_eq!(then["periods"], food["periods"]);

    world.post("/budgets/food/drop", json!({ "from": "2024-10-01" })).await;
    let dropped = world.get("/budgets/food?to=2024-12-31").await;
    assert_eq!(dropped["periods"].as_array().unwrap().last().unwrap()["to"], "2024-09-30");
    assert_eq!(dropped["plans"].as_array().unwrap().last().unwrap()["plan"], Value::Null);
    assert_eq!(world.refused("/budgets/rent").await, (404, "no_such_budget".to_owned()));
}

#[tokio::test]
async fn analytics_tell_where_money_comes_from_and_goes() {
    let world = household().await;
    let answer = world.get("/analytics/income-expense?from=2024-08-15&to=2024-10-05&depth=2").await;
    let periods: String = answer["periods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|period| {
            let lines = rows(period, "lines", &["type", "account", "amount", "currency"]);
            let totals = rows(period, "totals", &["income", "expense", "net"]);
            format!("{} {}\n{lines}{totals}", period["from"], period["to"])
        })
        .collect();
    same(
        &periods,
        &expect![[r#"
        "2024-08-15" "2024-08-31"
        "2024-09-01" "2024-09-30"
        expense expenses:food 510.00 EUR
        expense expenses:fun 700.00 EUR
        0.00 1210.00 -1210.00
        "2024-10-01" "2024-10-05"
        expense expenses:food 90.00 EUR
        0.00 90.00 -90.00
    "#]],
    );
    let path = "/analytics/income-expense?from=2024-08-01&to=2024-12-31&by=year&group=category";
    let answer = world.get(path).await;
    same(
        &rows(&answer["periods"][0], "lines", &["type", "category", "amount"]),
        &expect![[r#"
        income null 3100.00
        expense outings 1070.00
        expense null 540.50
    "#]],
    );
    let answer = world.get("/analytics/compare?month=2024-10&with=2024-09&depth=2").await;
    same(
        &rows(&answer, "lines", &["type", "account", "amount", "before", "change", "percent"]),
        &expect![[r#"
        expense expenses:food 90.00 510.00 -420.00 -82.4
        expense expenses:fun 0.00 700.00 -700.00 -100.0
    "#]],
    );
    let answer = world.get("/analytics/net-worth?from=2024-08-01&to=2024-10-04").await;
    let points: String = answer["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| format!("{} {}", point["day"], rows(point, "worth", &["assets", "liabilities", "net"])))
        .collect();
    same(
        &points,
        &expect![[r#"
        "2024-08-31" 2789.50 0.00 2789.50
        "2024-09-30" 1859.50 280.00 1579.50
        "2024-10-04" 1579.50 0.00 1579.50
    "#]],
    );
    let answer = world.get("/analytics/cash-flow?from=2024-09-01&to=2024-10-31&depth=1").await;
    let periods: String = answer["periods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|period| {
            let flows = rows(period, "flows", &["opening", "inflow", "outflow", "closing"]);
            flows + &rows(&period["flows"][0], "others", &["account", "amount"])
        })
        .collect();
    same(
        &periods,
        &expect![[r#"
        2789.50 280.00 1210.00 1859.50
        expenses -1210.00
        liabilities 280.00
        1859.50 0.00 280.00 1579.50
        expenses -90.00
        liabilities -190.00
    "#]],
    );
    for (path, expected) in [
        ("/analytics/income-expense?from=2000-01-01&to=2024-01-01", (422, "too_many_periods")),
        ("/analytics/income-expense?from=2024-01-02&to=2024-01-01", (422, "period_reversed")),
        ("/analytics/cash-flow?from=2024-01-02&to=2024-01-01", (422, "period_reversed")),
        ("/analytics/net-worth?from=2024-01-02&to=2024-01-01", (422, "period_reversed")),
        ("/budgets/food?from=2024-01-02&to=2024-01-01", (422, "period_reversed")),
        ("/audit?from=2024-01-02&to=2024-01-01", (422, "period_reversed")),
        ("/analytics/cash-flow?cash=assets:nothing", (404, "no_such_account")),
        ("/analytics/compare?month=2024-13", (400, "invalid_parameter")),
        ("/analytics/net-worth?every=day", (400, "invalid_parameter")),
        ("/analytics/net-worth?known_at=2:1", (422, "position_elsewhere")),
    ] {
        assert_eq!(world.refused(path).await, (expected.0, expected.1.to_owned()), "{path}");
    }
}
