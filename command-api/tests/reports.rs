//! Reports and values over HTTP: what a small household's books say, to the byte.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::keys::Scope;
use expect_test::{Expect, expect};
use kit::{Door, open_books_with_views};
use serde_json::{Value, json};

struct Books {
    door: Door,
    token: String,
    last: String,
}

impl Books {
    async fn open() -> Books {
        let door = open_books_with_views().await;
        let token = door.key(Scope::ALL, &["*"]).await;
        let mut books = Books { door, token, last: String::new() };
        books.post("/v1/ledgers", json!({"id": "household", "time_zone": "Europe/Prague"})).await;
        for (day, from, to, amount, currency) in [
            ("2026-01-01", "equity:opening", "assets:bank:checking", "1000.00", "EUR"),
            ("2026-01-31", "income:work", "assets:bank:checking", "2000.00", "EUR"),
            ("2026-02-01", "assets:bank:checking", "expenses:rent", "700.00", "EUR"),
            ("2026-02-10", "liabilities:card", "expenses:food", "33.33", "EUR"),
            ("2026-02-11", "assets:cash", "expenses:food:out", "250", "CZK"),
            ("2026-02-12", "income:gifts", "assets:cash", "500", "JPY"),
        ] {
            let leg = |account: &str, direction: &str| json!({"account": account, "direction": direction, "amount": amount, "currency": currency});
            let body = json!({"effective_at": day, "entries": [leg(to, "debit"), leg(from, "credit")]});
            books.post("/v1/ledgers/household/transactions", body).await;
        }
        books
    }

    async fn post(&mut self, path: &str, body: Value) {
        let answer = self.door.post(path, &self.token, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        self.last = answer.json()["position"].as_str().unwrap().to_owned();
    }

    async fn get(&self, question: &str) -> Value {
        let mark = if question.contains('?') { '&' } else { '?' };
        let path = format!("/v1/ledgers/household/{question}{mark}min_position={}", self.last);
        let answer = self.door.get(&path, &self.token).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn refused(&self, question: &str) -> String {
        self.door.get(&format!("/v1/ledgers/household/{question}"), &self.token).await.snapshot()
    }
}

/// A line for each line of a part of a report.
fn lines(part: &Value) -> String {
    let mut text = String::new();
    let total = [("total".to_owned(), &part["total"])];
    let rows = part["lines"].as_array().unwrap().iter();
    let rows = rows.map(|line| {
        let indent = "  ".repeat(line["depth"].as_u64().unwrap() as usize - 1);
        let number = line["number"].as_u64().map(|number| format!(" #{number}")).unwrap_or_default();
        (format!("{indent}{}{number}", line["account"].as_str().unwrap()), line)
    });
    for (name, figures) in rows.chain(total) {
        text += &format!("{name}: {}", money(&figures["amounts"]));
        if let Some(value) = figures["value"].as_str() {
            text += &format!(" = {value} + {}", money(&figures["unconverted"]));
        }
        text += "\n";
    }
    text
}

fn money(amounts: &Value) -> String {
    let amounts = amounts.as_array().unwrap().iter().map(|money| {
        let reason = money["reason"].as_str().map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("{} {}{reason}", money["amount"].as_str().unwrap(), money["currency"].as_str().unwrap())
    });
    format!("[{}]", amounts.collect::<Vec<_>>().join(", "))
}

fn check(found: impl AsRef<str>, expected: Expect) {
    expected.assert_eq(found.as_ref());
}

#[tokio::test]
async fn a_balance_sheet_balances_with_what_was_earned() {
    let books = Books::open().await;
    let sheet = books.get("reports/balance-sheet").await;
    check(
        lines(&sheet["assets"]),
        expect![[r#"
        assets: [-250.00 CZK, 2300.00 EUR, 500 JPY]
          assets:bank: [2300.00 EUR]
            assets:bank:checking #0: [2300.00 EUR]
          assets:cash #7: [-250.00 CZK, 500 JPY]
        total: [-250.00 CZK, 2300.00 EUR, 500 JPY]
    "#]],
    );
    check(
        lines(&sheet["liabilities"]),
        expect![[r#"
        liabilities: [33.33 EUR]
          liabilities:card #5: [33.33 EUR]
        total: [33.33 EUR]
    "#]],
    );
    check(
        lines(&sheet["equity"]),
        expect![[r#"
        equity: [1000.00 EUR]
          equity:opening #1: [1000.00 EUR]
        total: [1000.00 EUR]
    "#]],
    );
    let totals = ["earnings", "total_equity", "total_liabilities_and_equity"]
        .map(|name| money(&sheet[name]["amounts"]));
    check(
        totals.join("\n"),
        expect![[r#"
        [-250.00 CZK, 1266.67 EUR, 500 JPY]
        [-250.00 CZK, 2266.67 EUR, 500 JPY]
        [-250.00 CZK, 2300.00 EUR, 500 JPY]"#]],
    );
    assert_eq!(sheet["assets"]["total"], sheet["total_liabilities_and_equity"]);
    // The last day of January, whole, in the ledger's time zone.
    let sheet = books.get("reports/balance-sheet?at=2026-01-31&depth=1").await;
    assert_eq!(sheet["at"], "2026-01-31T22:59:59.999999Z");
    check(
        lines(&sheet["assets"]),
        expect![[r#"
        assets: [3000.00 EUR]
        total: [3000.00 EUR]
    "#]],
    );
    // As it was known after the first transaction.
    let sheet = books.get("reports/balance-sheet?known_at=1:2").await;
    check(
        lines(&sheet["assets"]),
        expect![[r#"
        assets: [1000.00 EUR]
          assets:bank: [1000.00 EUR]
            assets:bank:checking #0: [1000.00 EUR]
        total: [1000.00 EUR]
    "#]],
    );
    assert_eq!(sheet["known_at"], "1:2");
}

#[tokio::test]
async fn an_income_statement_is_of_a_period() {
    let books = Books::open().await;
    let february = books.get("reports/income-statement?from=2026-02-01&to=2026-02-28").await;
    check(
        lines(&february["income"]),
        expect![[r#"
        income: [500 JPY]
          income:gifts #8: [500 JPY]
        total: [500 JPY]
    "#]],
    );
    check(
        lines(&february["expenses"]),
        expect![[r#"
        expenses: [250.00 CZK, 733.33 EUR]
          expenses:food #4: [250.00 CZK, 33.33 EUR]
            expenses:food:out #6: [250.00 CZK]
          expenses:rent #3: [700.00 EUR]
        total: [250.00 CZK, 733.33 EUR]
    "#]],
    );
    check(money(&february["net_income"]["amounts"]), expect!["[-250.00 CZK, -733.33 EUR, 500 JPY]"]);
    let january = books.get("reports/income-statement?to=2026-01-31").await;
    assert_eq!(money(&january["net_income"]["amounts"]), "[2000.00 EUR]");
    assert_eq!(lines(&january["expenses"]), "total: []\n");
    check(
        books.refused("reports/income-statement?from=2026-02-01&to=2026-01-31").await,
        expect![[
            r#"422 {"type":"/problems/period_reversed","title":"Period ends before it begins","status":422,"code":"period_reversed","detail":"from 2026-01-31T23:00:00Z is after to 2026-01-31T22:59:59.999999Z"}"#
        ]],
    );
}

#[tokio::test]
async fn a_trial_balance_has_both_sides_of_every_account() {
    let books = Books::open().await;
    let trial = books.get("reports/trial-balance").await;
    let columns = |figures: &Value| {
        let rows = figures["amounts"].as_array().unwrap().iter().map(|of| {
            let column = |name: &str| of[name].as_str().unwrap().to_owned();
            ["currency", "debits", "credits", "debit_balance", "credit_balance"].map(column).join(" ")
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    let rows = trial["lines"].as_array().unwrap().iter().map(|line| {
        format!(
            "{} {}: {}\n",
            line["type"].as_str().unwrap(),
            line["account"].as_str().unwrap(),
            columns(line)
        )
    });
    let rows: String = rows.collect();
    check(
        format!("{rows}{}", columns(&trial["totals"])),
        expect![[r#"
        asset assets: CZK 0.00 250.00 0.00 250.00, EUR 3000.00 700.00 2300.00 0.00, JPY 500 0 500 0
        asset assets:bank: EUR 3000.00 700.00 2300.00 0.00
        asset assets:bank:checking: EUR 3000.00 700.00 2300.00 0.00
        asset assets:cash: CZK 0.00 250.00 0.00 250.00, JPY 500 0 500 0
        liability liabilities: EUR 0.00 33.33 0.00 33.33
        liability liabilities:card: EUR 0.00 33.33 0.00 33.33
        equity equity: EUR 0.00 1000.00 0.00 1000.00
        equity equity:opening: EUR 0.00 1000.00 0.00 1000.00
        income income: EUR 0.00 2000.00 0.00 2000.00, JPY 0 500 0 500
        income income:gifts: JPY 0 500 0 500
        income income:work: EUR 0.00 2000.00 0.00 2000.00
        expense expenses: CZK 250.00 0.00 250.00 0.00, EUR 733.33 0.00 733.33 0.00
        expense expenses:food: CZK 250.00 0.00 250.00 0.00, EUR 33.33 0.00 33.33 0.00
        expense expenses:food:out: CZK 250.00 0.00 250.00 0.00
        expense expenses:rent: EUR 700.00 0.00 700.00 0.00
        CZK 250.00 250.00 250.00 250.00, EUR 3733.33 3733.33 3033.33 3033.33, JPY 500 500 500 500"#]],
    );
}

#[tokio::test]
async fn values_name_their_rates_and_tell_what_has_none() {
    let mut books = Books::open().await;
    for rate in [
        json!({"base": "EUR", "quote": "CZK", "rate": "25.00", "effective_at": "2026-02-01", "source": "a bank"}),
        json!({"base": "EUR", "quote": "CZK", "rate": "24.00", "effective_at": "2026-02-20"}),
        json!({"base": "JPY", "quote": "EUR", "rate": "0.0061", "effective_at": "2026-03-01"}),
    ] {
        books.post("/v1/ledgers/household/rates", rate).await;
    }
    // The yen has no rate yet by then.
    let sheet = books.get("reports/balance-sheet?at=2026-02-15&valued_in=EUR").await;
    check(
        lines(&sheet["assets"]),
        expect![[r#"
        assets: [-250.00 CZK, 2300.00 EUR, 500 JPY] = 2290.00 + [500 JPY no_rate_yet]
          assets:bank: [2300.00 EUR] = 2300.00 + []
            assets:bank:checking #0: [2300.00 EUR] = 2300.00 + []
          assets:cash #7: [-250.00 CZK, 500 JPY] = -10.00 + [500 JPY no_rate_yet]
        total: [-250.00 CZK, 2300.00 EUR, 500 JPY] = 2290.00 + [500 JPY no_rate_yet]
    "#]],
    );
    check(sheet["rounding_difference"].as_str().unwrap(), expect!["0.00"]);
    let told = |valuation: &Value| {
        let mut valuation = valuation.clone();
        for rate in valuation["rates"].as_array_mut().unwrap() {
            rate.as_object_mut().unwrap().remove("recorded_at").unwrap();
        }
        valuation.to_string()
    };
    check(
        told(&sheet["valuation"]),
        expect![[
            r#"{"currency":"EUR","rates":[{"base":"EUR","effective_at":"2026-01-31T23:00:00Z","position":"1:8","quote":"CZK","rate":"25.00","source":"a bank"}]}"#
        ]],
    );
    // As it was known before any rate was recorded there was none.
    let sheet = books.get("reports/balance-sheet?at=2026-02-15&valued_in=EUR&known_at=1:7").await;
    check(
        lines(&sheet["assets"]),
        expect![[r#"
        assets: [-250.00 CZK, 2300.00 EUR, 500 JPY] = 2300.00 + [-250.00 CZK no_rate, 500 JPY no_rate]
          assets:bank: [2300.00 EUR] = 2300.00 + []
            assets:bank:checking #0: [2300.00 EUR] = 2300.00 + []
          assets:cash #7: [-250.00 CZK, 500 JPY] = 0.00 + [-250.00 CZK no_rate, 500 JPY no_rate]
        total: [-250.00 CZK, 2300.00 EUR, 500 JPY] = 2300.00 + [-250.00 CZK no_rate, 500 JPY no_rate]
    "#]],
    );
    let statement = books.get("reports/income-statement?from=2026-02-01&valued_in=EUR").await;
    check(
        lines(&statement["expenses"]),
        expect![[r#"
        expenses: [250.00 CZK, 733.33 EUR] = 743.75 + []
          expenses:food #4: [250.00 CZK, 33.33 EUR] = 43.75 + []
            expenses:food:out #6: [250.00 CZK] = 10.42 + []
          expenses:rent #3: [700.00 EUR] = 700.00 + []
        total: [250.00 CZK, 733.33 EUR] = 743.75 + []
    "#]],
    );
    check(
        lines(&json!({"lines": [], "total": statement["net_income"]})),
        expect![[r#"
        total: [-250.00 CZK, -733.33 EUR, 500 JPY] = -740.70 + []
    "#]],
    );
    let trial = books.get("reports/trial-balance?valued_in=EUR&at=2026-02-15").await;
    check(
        format!("{} {}", trial["totals"]["value"], trial["totals"]["unconverted"]),
        expect![[
            r#"{"credit_balance":"3043.33","credits":"3743.33","debit_balance":"3043.33","debits":"3743.33"} [{"credit_balance":"500","credits":"500","currency":"JPY","debit_balance":"500","debits":"500","reason":"no_rate_yet"}]"#
        ]],
    );

    let balances = books.get("balances?below=assets&at=2026-02-15&valued_in=EUR").await;
    let rows = balances["balances"].as_array().unwrap().iter();
    let rows: Vec<String> =
        rows.map(|of| format!("{} {} {}", of["balance"], of["value"], of["unconverted"])).collect();
    check(
        rows.join("\n"),
        expect![[r#"
        "2300.00" "2300.00" null
        "-250.00" "-10.00" null
        "500" null "no_rate_yet""#]],
    );
    check(
        format!("{} {}", balances["value"]["net"], money(&balances["value"]["unconverted"])),
        expect![[r#""2290.00" [500 JPY no_rate_yet]"#]],
    );
    assert_eq!(balances["value"]["rates"].as_array().unwrap().len(), 1);
    assert_eq!(balances["value"]["currency"], "EUR");

    check(
        books.refused("balances?valued_in=GUILDERS").await,
        expect![[
            r#"404 {"type":"/problems/no_such_currency","title":"No such currency","status":404,"code":"no_such_currency","detail":"valued_in: the ledger has no currency \"GUILDERS\""}"#
        ]],
    );
    assert!(books.refused("reports/trial-balance?depth=0").await.starts_with("400 "));
}

/// A line for each line of a statement.
fn entries(lines: &Value) -> String {
    let rows = lines.as_array().unwrap().iter().map(|line| {
        let of = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        let counter: Vec<&str> =
            line["counter_accounts"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        let [at, account, direction, amount, currency, balance] =
            ["effective_at", "account", "direction", "amount", "currency", "balance"].map(of);
        format!("{at} {account} {direction} {amount} {currency} => {balance} with {}\n", counter.join(", "))
    });
    rows.collect()
}

#[tokio::test]
async fn a_statement_goes_from_opening_to_closing() {
    let mut books = Books::open().await;
    let body = json!({"effective_at": "2026-02-03T12:30:00Z", "description": "Dinner", "reference": "bill 7", "entries": [
        {"account": "expenses:food:out", "direction": "debit", "amount": "40", "currency": "EUR", "memo": "two of us", "category": "fun", "tags": ["a"]},
        {"account": "expenses:tips", "direction": "debit", "amount": "2.50", "currency": "EUR"},
        {"account": "assets:bank:checking", "direction": "credit", "amount": "42.50", "currency": "EUR"}]});
    books.post("/v1/ledgers/household/transactions", body).await;
    let statement =
        books.get("statement?account=assets:bank:checking&from=2026-01-31&to=2026-02-28&period=month").await;
    check(
        entries(&statement["lines"]),
        expect![[r#"
        2026-01-30T23:00:00Z assets:bank:checking debit 2000.00 EUR => 3000.00 with income:work
        2026-01-31T23:00:00Z assets:bank:checking credit 700.00 EUR => 2300.00 with expenses:rent
        2026-02-03T12:30:00Z assets:bank:checking credit 42.50 EUR => 2257.50 with expenses:food:out, expenses:tips
    "#]],
    );
    check(
        format!("{} {} {}", money(&statement["opening"]), money(&statement["closing"]), statement["side"]),
        expect![[r#"[1000.00 EUR] [2257.50 EUR] "debit""#]],
    );
    check(
        statement["periods"].to_string(),
        expect![[
            r#"[{"from":"2026-01-30T23:00:00Z","to":"2026-01-31T22:59:59.999999Z","turnovers":[{"closing":"3000.00","credits":"0.00","currency":"EUR","debits":"2000.00","opening":"1000.00"}]},{"from":"2026-01-31T23:00:00Z","to":"2026-02-28T22:59:59.999999Z","turnovers":[{"closing":"2257.50","credits":"742.50","currency":"EUR","debits":"0.00","opening":"3000.00"}]}]"#
        ]],
    );
    let mut dinner = statement["lines"][2].clone();
    for random in ["recorded_at", "transaction"] {
        assert!(dinner.as_object_mut().unwrap().remove(random).is_some());
    }
    check(
        dinner.to_string(),
        expect![[
            r#"{"account":"assets:bank:checking","amount":"42.50","balance":"2257.50","counter_accounts":["expenses:food:out","expenses:tips"],"currency":"EUR","description":"Dinner","direction":"credit","effective_at":"2026-02-03T12:30:00Z","position":"1:8","reference":"bill 7"}"#
        ]],
    );
    // A liability grows by credits.
    let card = books.get("statement?account=liabilities:card").await;
    check(
        entries(&card["lines"]),
        expect![[r#"
        2026-02-09T23:00:00Z liabilities:card credit 33.33 EUR => 33.33 with expenses:food
    "#]],
    );
    // Page by page, all as known when the first was asked.
    let first = books.get("statement?below=expenses&limit=2").await;
    check(
        entries(&first["lines"]),
        expect![[r#"
        2026-01-31T23:00:00Z expenses:rent debit 700.00 EUR => 700.00 with assets:bank:checking
        2026-02-03T12:30:00Z expenses:food:out debit 40.00 EUR => 740.00 with assets:bank:checking
    "#]],
    );
    let late = json!({"effective_at": "2026-01-05", "entries": [
        {"account": "expenses:rent", "direction": "debit", "amount": "1", "currency": "EUR"},
        {"account": "assets:bank:checking", "direction": "credit", "amount": "1", "currency": "EUR"}]});
    books.post("/v1/ledgers/household/transactions", late).await;
    let second =
        books.get(&format!("statement?below=expenses&cursor={}", first["next"].as_str().unwrap())).await;
    check(
        format!("carried {}\n{}", money(&second["carried"]), entries(&second["lines"])),
        expect![[r#"
        carried [740.00 EUR]
        2026-02-03T12:30:00Z expenses:tips debit 2.50 EUR => 742.50 with assets:bank:checking
        2026-02-09T23:00:00Z expenses:food debit 33.33 EUR => 775.83 with liabilities:card
        2026-02-10T23:00:00Z expenses:food:out debit 250.00 CZK => 250.00 with assets:cash
    "#]],
    );
    assert_eq!((&second["known_at"], &second["closing"]), (&first["known_at"], &first["closing"]));
    assert_eq!(second["next"], Value::Null);

    for (question, status) in [
        ("statement?account=assets:nowhere", "404 "),
        ("statement?from=2026-02-01&to=2026-01-01", "422 "),
        ("statement?limit=10001", "400 "),
        ("statement?cursor=none", "400 "),
        ("statement?period=month&from=1970-01-01&to=2026-01-01", "422 "),
    ] {
        let refused = books.refused(question).await;
        assert!(refused.starts_with(status), "{question}: {refused}");
    }
}

#[tokio::test]
async fn a_general_ledger_has_all_accounts_one_after_the_other() {
    let books = Books::open().await;
    let (mut told, mut cursor) = (String::new(), String::new());
    loop {
        let page = books.get(&format!("reports/general-ledger?from=2026-01-31&limit=3{cursor}")).await;
        for account in page["accounts"].as_array().unwrap() {
            let of = account["account"].as_str().unwrap();
            told += &format!("{of}: {} to {}\n", money(&account["opening"]), money(&account["closing"]));
            told += &entries(&account["lines"]);
        }
        told += "--\n";
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    check(
        told,
        expect![[r#"
        assets:bank:checking: [1000.00 EUR] to [2300.00 EUR]
        2026-01-30T23:00:00Z assets:bank:checking debit 2000.00 EUR => 3000.00 with income:work
        2026-01-31T23:00:00Z assets:bank:checking credit 700.00 EUR => 2300.00 with expenses:rent
        assets:cash: [] to [-250.00 CZK, 500 JPY]
        2026-02-10T23:00:00Z assets:cash credit 250.00 CZK => -250.00 with expenses:food:out
        --
        assets:cash: [] to [-250.00 CZK, 500 JPY]
        2026-02-11T23:00:00Z assets:cash debit 500 JPY => 500 with income:gifts
        liabilities:card: [] to [33.33 EUR]
        2026-02-09T23:00:00Z liabilities:card credit 33.33 EUR => 33.33 with expenses:food
        equity:opening: [1000.00 EUR] to [1000.00 EUR]
        --
        income:gifts: [] to [500 JPY]
        2026-02-11T23:00:00Z income:gifts credit 500 JPY => 500 with assets:cash
        income:work: [] to [2000.00 EUR]
        2026-01-30T23:00:00Z income:work credit 2000.00 EUR => 2000.00 with assets:bank:checking
        expenses:food: [] to [33.33 EUR]
        2026-02-09T23:00:00Z expenses:food debit 33.33 EUR => 33.33 with liabilities:card
        --
        expenses:food:out: [] to [250.00 CZK]
        2026-02-10T23:00:00Z expenses:food:out debit 250.00 CZK => 250.00 with assets:cash
        expenses:rent: [] to [700.00 EUR]
        2026-01-31T23:00:00Z expenses:rent debit 700.00 EUR => 700.00 with assets:bank:checking
        --
    "#]],
    );
}
