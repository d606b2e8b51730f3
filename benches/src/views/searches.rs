//! The named searches over a million transactions, each question made anew of values that are in the books.

use super::asks::{Asks, Units, ask};
use super::described::{self, FIRST_YEAR, REFERENCE_EVERY, YEARS};
use super::journal::Journal;
use super::{Run, journal};
use crate::workload::keys::{SplitMix, mix};

/// The name of its figures, and a filter, given how many transactions there are.
type Named = (&'static str, fn(&mut SplitMix, u64) -> String);

/// Those of `projections/tests/search_plans.rs`, which says by which indexes they go.
const NAMED: [Named; 6] = [
    ("recent_in_a_subtree", |random, _| {
        let among = ["expenses:food", "assets:bank", "income", "expenses", "assets:bank:a195"];
        format!("account:{}", among[random.below(5) as usize])
    }),
    ("amounts_in_a_currency", |random, _| {
        let from = 900 + random.below(9_000);
        format!("amount>={from} and amount<{} and currency:{}", from + 10, described::currency(random))
    }),
    ("words", |random, _| format!("text:\"w{} w{}\"", described::word(random), described::word(random))),
    ("a_category_in_a_month", |random, _| {
        let (year, month) = (FIRST_YEAR + random.below(YEARS), 1 + random.below(12));
        format!("category:c{} and effective:{year}-{month:02}", described::category(random))
    }),
    ("a_tag_or_metadata", |random, _| {
        format!("tag:t{} or metadata.shop:s{}", described::tag(random), described::shop(random))
    }),
    ("a_reference", |random, transactions| {
        let of = u32::try_from(transactions / REFERENCE_EVERY).unwrap_or(u32::MAX);
        format!("reference:INV-{}", REFERENCE_EVERY * u64::from(1 + random.below(of)))
    }),
];

/// Each transaction on a page has its entries.
const TRANSACTION: &str = r#""entries":["#;

pub async fn measure(run: &mut Run<'_>, journal: &Journal) -> anyhow::Result<()> {
    let transactions = journal.transactions;
    let mut worst: f64 = 0.0;
    for ((name, filter), number) in NAMED.into_iter().zip(1..) {
        let url = journal::path("transactions?filter=");
        let path = move |random: &mut SplitMix| url.clone() + &encoded(&filter(random, transactions));
        let seed = mix(run.seed ^ mix(number));
        let source = Asks::new(&journal.server.token, seed, Units::Things(TRANSACTION), path);
        let summary =
            ask(&journal.server, &format!("search: {name}"), run.sizes.searched_for, vec![source]).await?;
        run.figures.add_latencies(&format!("views.search.{name}"), &summary);
        worst = worst.max(summary.p99_ms);
    }
    run.figures.add("views.search.worst_p99_ms", worst);
    Ok(())
}

/// For a query string.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_made_of_what_is_in_the_books() {
        let mut random = SplitMix(2);
        let mut made = || NAMED.map(|(_, filter)| filter(&mut random, 1_000));
        let expected = [
            "account:income",
            "amount>=7642 and amount<7652 and currency:USD",
            "text:\"w896 w60\"",
            "category:c13 and effective:2020-09",
            "tag:t2 or metadata.shop:s1588",
            "reference:INV-340",
        ];
        assert_eq!(made(), expected);
        assert_ne!(made(), expected);
        assert_eq!(encoded("text:\"a b\""), "text%3A%22a%20b%22");
    }
}
