//! The language of filters: what is read, and what is said of that which cannot be.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use projections::views::transactions::{Filter, parse};

#[test]
fn what_is_no_filter_is_named_with_its_place() {
    let mut said = String::new();
    assert_eq!(parse(" "), Ok(Filter::all()));
    for text in [
        "acount:assets",
        "account:assets:",
        "account",
        "amount>=-5",
        "amount>1e3",
        "currency<EUR",
        "currency:eur",
        "effective>=2026-13-01",
        "effective:26-1",
        "text:\"--\"",
        "tag:\"a",
        "(tag:a",
        "tag:a)",
        "tag:a or",
        "not",
        "tag:a and and tag:b",
        "entry(text:rent)",
        "entry(entry(tag:a))",
        "entry tag:a",
        "metadata:shop",
        "metadata.:shop",
        "metadata.\"my shop\":corner",
        "account:a and account:b",
        "account:a and amount>5 and account:b",
        "(account:a and amount>5) and (account:b and tag:c)",
        "tag:á and kind:nothing",
        "TAG:a AND tag:b Or Not tag:c",
        "tag : a amount >= 5 direction=debit",
    ] {
        let read = parse(text);
        let read = read.map_or_else(|error| error.to_string(), |filter| format!("  {filter}"));
        said += &format!("{text}\n    {read}\n");
    }
    let deep = "(".repeat(17) + "tag:a" + &")".repeat(17);
    let wide = ["tag:a"; 65].join(" ");
    for text in [deep, wide, "x".repeat(2_001)] {
        said += &format!("{}…\n    {}\n", &text[..12], parse(&text).unwrap_err());
    }
    expect_test::expect![[r#"
        acount:assets
            at character 1: found `acount`, expected one of account, amount, currency, category, tag, direction, effective, recorded, text, reference, metadata.NAME, id, actor or kind
        account:assets:
            at character 9: found `assets:`, expected an account's path, such as assets:bank
        account
            at character 8: found the end, expected `:` or `=`
        amount>=-5
            at character 9: found `-5`, expected an amount, such as 12.50
        amount>1e3
            at character 8: found `1e3`, expected an amount, such as 12.50
        currency<EUR
            at character 9: found `<EUR`, expected `:` or `=`
        currency:eur
            at character 10: found `eur`, expected a currency's code, such as EUR
        effective>=2026-13-01
            at character 12: found `2026-13-01`, expected a time: 2026, 2026-03, 2026-03-31 or 2026-03-31T12:00:00Z
        effective:26-1
            at character 11: found `26-1`, expected a time: 2026, 2026-03, 2026-03-31 or 2026-03-31T12:00:00Z
        text:"--"
            at character 6: found `--`, expected words, such as rent or "rent march"
        tag:"a
            at character 7: found the end, expected a closing quote
        (tag:a
            at character 7: found the end, expected `)`
        tag:a)
            at character 6: found `)`, expected `and`, `or` or the end
        tag:a or
            at character 9: found the end, expected a condition such as account:assets:bank, `not`, `entry(` or `(`
        not
            at character 4: found the end, expected a condition such as account:assets:bank, `not`, `entry(` or `(`
        tag:a and and tag:b
            at character 11: found `and`, expected one of account, amount, currency, category, tag, direction, effective, recorded, text, reference, metadata.NAME, id, actor or kind
        entry(text:rent)
            at character 7: found `text`, expected inside of entry(…) one of account, amount, currency, category, tag or direction
        entry(entry(tag:a))
            at character 7: found `entry`, expected inside of entry(…) one of account, amount, currency, category, tag or direction
        entry tag:a
            at character 7: found `tag:a`, expected `(`
        metadata:shop
            at character 9: found `:shop`, expected `.`
        metadata.:shop
            at character 10: found `:shop`, expected a name, as in metadata.shop:corner or metadata."my shop":corner
        metadata."my shop":corner
              metadata."my shop":"corner"
        account:a and account:b
              account:"a" and account:"b"
        account:a and amount>5 and account:b
            at character 28: found a second account, expected one: an entry has one account; put what is said of each entry in parentheses of its own
        (account:a and amount>5) and (account:b and tag:c)
              (account:"a" and amount>5) and (account:"b" and tag:"c")
        tag:á and kind:nothing
            at character 16: found `nothing`, expected posted or reversal
        TAG:a AND tag:b Or Not tag:c
              (tag:"a" and tag:"b") or not (tag:"c")
        tag : a amount >= 5 direction=debit
              tag:"a" and amount>=5 and direction:debit
        ((((((((((((…
            at character 18: found `tag:a)))))))))))))))))`, expected at most 16 parentheses and `not`s in each other
        tag:a tag:a …
            at character 385: found `tag`, expected the end: a filter has at most 64 conditions
        xxxxxxxxxxxx…
            at character 2001: found more, expected the end: a filter has at most 2000 characters
    "#]].assert_eq(&said);
}
