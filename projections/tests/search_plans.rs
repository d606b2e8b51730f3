//! By which indexes the named searches find what they find. With NEXUS_TRANSACTIONS=1000000 it also prints how long they take.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod support;

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use event_schemas::{Sequence, Ts};
use projections::{
    Reader, State, statuses,
    views::transactions::{By, Facet, Filter, Found, Order, Search, Transactions, explain, parse, search},
};
use support::{Dice, PATIENCE, World, ledger, ledger_opened, posted, recorded_at};

const SMALL: u64 = 60_000;

/// Rows as the fold would write them: a ledger of five years, with 200 accounts of which few have most entries, texts of 2,000
/// words of which few are frequent, and one transaction in twenty backdated.
const LOAD: &str = "
    INSERT INTO accounts SELECT 1, n, 'asset' FROM generate_series(10, 209) n;
    INSERT INTO paths SELECT 1, n, 2, 9223372036854775807,
        (ARRAY['assets:bank', 'expenses:food', 'expenses:home', 'expenses:travel', 'income'])[n % 5 + 1] || ':a' || n
        FROM generate_series(10, 209) n;
    CREATE TEMP TABLE made AS
        SELECT n + 2 AS position,
               1600000000000000 + n * (157680000000000 / $N)
                   - CASE WHEN n % 20 = 0 THEN (random() * 8640000000000)::bigint ELSE 0 END AS effective,
               1600000000000000 + n * (157680000000000 / $N) AS recorded,
               10 + floor(200 * random() ^ 3)::bigint AS source,
               10 + floor(200 * random() ^ 3)::bigint AS target,
               (ARRAY['EUR', 'EUR', 'EUR', 'EUR', 'USD', 'CZK'])[1 + floor(random() * 6)::int] AS currency,
               round((10 ^ (random() * 4))::numeric, 2) AS amount,
               'c' || floor(25 * random() ^ 2)::int AS category,
               CASE WHEN random() < 0.1 THEN ARRAY['t' || floor(40 * random() ^ 2)::int] END AS tags,
               'w' || floor(2000 * random() ^ 3)::int || ' w' || floor(2000 * random() ^ 3)::int || ' '
                   || 'w' || floor(2000 * random() ^ 3)::int AS description,
               CASE WHEN n % 5 = 0 THEN 'INV-' || n END AS reference,
               CASE WHEN n % 5 = 1 THEN 's' || floor(3000 * random() ^ 2)::int END AS shop
        FROM generate_series(1, $N::bigint) n;
    INSERT INTO transactions
        SELECT position, effective, recorded, NULL, 1, 'posted', 'k' || position, 'key:dev', description, reference,
               CASE WHEN shop IS NOT NULL THEN jsonb_build_object('shop', shop) END,
               (SELECT array_agg('1w:' || word) FROM regexp_split_to_table(description, ' ') word)
                   || ('1c:' || category)
                   || CASE WHEN tags IS NULL THEN '{}' ELSE ARRAY['1t:' || tags[1]] END
                   || CASE WHEN reference IS NULL THEN '{}'
                           ELSE ARRAY['1r:' || reference, '1w:inv', '1w:' || (position - 2)] END
                   || CASE WHEN shop IS NULL THEN '{}' ELSE ARRAY['1m:shop=' || shop] END
        FROM made ORDER BY position;
    INSERT INTO entries
        SELECT position, effective, account, 1, leg, leg = 0, leg = 0, currency, amount,
               CASE WHEN leg = 0 THEN category END, NULL, CASE WHEN leg = 0 THEN tags END
        FROM made CROSS JOIN LATERAL (VALUES (0, target), (1, source)) AS l (leg, account)
        ORDER BY position, leg;
    DROP TABLE made;
    ANALYZE transactions; ANALYZE entries; ANALYZE paths;";

fn start_of(day: NaiveDate) -> Ts {
    Ts(day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_micros())
}

/// Opens a ledger by its records, and fills its tables behind the view's back: a hundred times quicker than by the log.
async fn filled(transactions: u64) -> World {
    let mut world = World::new().await;
    let id = ledger("one");
    let now = recorded_at(world.last());
    let legs = [(1, 100, "EUR", 2), (2, -100, "EUR", 2)];
    let opened = posted(&[(1, "assets:cash"), (2, "equity:opening")], &legs);
    world.append(vec![(&id, now, ledger_opened()), (&id, now, opened)]).await;
    let projectors = world.projectors().await;
    let reader = world.views.reader(&[&Transactions::default()], Some(world.last()), PATIENCE).await.unwrap();
    reader.end().await.unwrap();
    projectors.stop().await;
    let client = world.views.pool().get().await.unwrap();
    let all = statuses(&**client, support::SHARD).await.unwrap();
    let live = all.iter().find(|s| s.build.name == "transactions" && s.state == State::Live).unwrap();
    let schema = live.build.schema();
    let load = LOAD.replace("$N", &transactions.to_string());
    client
        .batch_execute(&format!("SET search_path TO {schema}, public; SELECT setseed(0.5); {load}"))
        .await
        .unwrap();
    client.batch_execute("VACUUM (ANALYZE)").await.unwrap();
    let moved = format!("UPDATE view_builds SET position = {} WHERE name = 'transactions'", transactions + 2);
    client.batch_execute(&moved).await.unwrap();
    drop(client);
    world
}

fn newest<'a>(filter: &'a Filter, last: u64) -> Search<'a> {
    Search {
        ledger: ledger("one"),
        filter,
        order: Order { by: By::Effective, newest_first: true },
        after: None,
        limit: 50,
        known_at: Sequence(last),
        start_of: &start_of,
        totals: false,
        facets: &[],
    }
}

/// Name, filter for the n-th time.
type Named = (&'static str, fn(&mut Dice, u64) -> String);

const NAMED: [Named; 9] = [
    ("recent in a subtree", |dice, _| {
        format!(
            "account:{}",
            dice.one_of(&["expenses:food", "assets:bank", "income", "expenses", "assets:bank:a205"])
        )
    }),
    ("amounts in a currency", |dice, _| {
        let from = dice.below(9_000) + 900;
        format!(
            "amount>={from} and amount<{} and currency:{}",
            from + 10,
            dice.one_of(&["EUR", "USD", "CZK"])
        )
    }),
    ("words", |dice, _| format!("text:\"w{} w{}\"", dice.below(300), dice.below(300))),
    ("a category in a month", |dice, _| {
        format!("category:c{} and effective:2024-0{}", dice.below(25), dice.below(9) + 1)
    }),
    ("a tag or metadata", |dice, _| {
        format!("tag:t{} or metadata.shop:s{}", dice.below(40), dice.below(3_000))
    }),
    ("a reference", |dice, last| format!("reference:INV-{}", dice.below(last / 5) * 5)),
    // Beyond those that are named: what joins them.
    ("an account's amounts", |dice, _| {
        format!("account:assets:bank:a10 and amount>={}", 5_000 + dice.below(4_900))
    }),
    ("an account's category", |dice, _| format!("account:expenses and category:c{}", dice.below(25))),
    ("all but", |dice, _| format!("not category:c{} and not text:w{}", dice.below(5), dice.below(5))),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_named_searches_go_by_their_indexes() {
    let wanted: u64 =
        std::env::var("NEXUS_TRANSACTIONS").ok().and_then(|wanted| wanted.parse().ok()).unwrap_or(SMALL);
    let begun = Instant::now();
    let world = filled(wanted).await;
    eprintln!("{wanted} transactions in {:?}", begun.elapsed());
    let reader = world.views.reader(&[&Transactions::default()], None, PATIENCE).await.unwrap();
    let last = wanted + 2;
    let mut dice = Dice::seeded(1);
    let mut plans = String::new();
    for (name, filter) in NAMED {
        let filter = parse(&filter(&mut dice, last)).unwrap();
        let plan = explain(&reader, &newest(&filter, last)).await.unwrap();
        plans += &format!("{name}: {filter}\n");
        for line in &plan {
            let is_scan =
                line.contains("Scan") && !line.contains("Function Scan") && !line.contains("Bitmap Heap");
            assert!(!is_scan || line.contains("Index"), "{name}: {}", plan.join("\n"));
            if is_scan {
                let schema = "on view_transactions_1_1_1.";
                plans +=
                    &format!("    {}\n", line.trim().trim_start_matches("->").trim().replace(schema, "on "));
            }
        }
    }
    if wanted == SMALL {
        expect_test::expect![[r#"
            recent in a subtree: account:"expenses:food"
                Index Only Scan Backward using entries_by_account on entries e
            amounts in a currency: amount>=2419 and amount<2429 and currency:EUR
                Index Scan using entries_by_amount on entries e1
                Index Scan using transactions_pkey on transactions t
            words: text:"w35 w261"
                Bitmap Index Scan on transactions_by_term
            a category in a month: category:"c23" and effective=2024-01
                Bitmap Index Scan on transactions_by_term
                Bitmap Index Scan on transactions_by_effect
            a tag or metadata: tag:"t13" or metadata."shop":"s2520"
                Bitmap Index Scan on transactions_by_term
                Bitmap Index Scan on transactions_by_term
            a reference: reference:"INV-44750"
                Bitmap Index Scan on transactions_by_term
            an account's amounts: account:"assets:bank:a10" and amount>=7437
                Index Scan Backward using entries_by_account on entries e
            an account's category: account:"expenses" and category:"c20"
                Bitmap Index Scan on transactions_by_term
                Index Scan using entries_pkey on entries e1
            all but: not (category:"c4") and not (text:"w2")
                Index Scan Backward using transactions_by_effect on transactions t
        "#]]
        .assert_eq(&plans);
    } else {
        eprintln!("{plans}");
        measure(&reader, &mut dice, last).await;
    }
    reader.end().await.unwrap();
}

async fn measure(reader: &Reader, dice: &mut Dice, last: u64) {
    for (name, filter) in NAMED {
        let mut took: Vec<(Duration, String, usize)> = Vec::new();
        for _ in 0..300 {
            let text = filter(dice, last);
            let filter = parse(&text).unwrap();
            let begun = Instant::now();
            let Found::Page(page) = search(reader, &newest(&filter, last)).await.unwrap() else {
                panic!("{text}")
            };
            took.push((begun.elapsed(), text, page.transactions.len()));
        }
        took.sort();
        eprintln!("{name}: p50 {:?}, p99 {:?}, slowest {:?}", took[150].0, took[297].0, took[299]);
        let begun = Instant::now();
        let filter = parse(&filter(dice, last)).unwrap();
        let with_all = Search { totals: true, facets: &Facet::ALL, ..newest(&filter, last) };
        let answered = search(reader, &with_all).await.is_ok();
        eprintln!("    with totals and facets {:?} of {filter}, answered: {answered}", begun.elapsed());
        if !answered {
            return;
        }
    }
}
