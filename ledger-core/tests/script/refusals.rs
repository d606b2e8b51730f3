//! Every refusal there is, reached: one line each, in the order of their numbers.

use std::collections::BTreeSet;

use event_schemas::events::{AssetRegistered, BudgetSet};
use event_schemas::{AssetCode, BudgetId, Contract, Event};
use expect_test::expect;
use ledger_core::{Refusal, RefusalKind};

use super::language::Run;

/// What no test can reach, and why.
const UNREACHED: &[(RefusalKind, &str)] = &[(
    RefusalKind::LedgerIsFull,
    "needs 2^32 - 1 accounts, some 600 GB of books; `open_account` tests the count by itself",
)];

#[test]
fn every_refusal_is_reached() {
    let mut run = Run::new();
    run.check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 100 EUR, cr income:work 100 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 100.00-0.00; income:work no.1 0.00-100.00
        ledger household => 101 ledger_already_exists at /id ledger=household
        ledger other zone=Mars/Olympus => 102 time_zone_is_unknown at /time_zone time_zone=Mars/Olympus
        use household
        close assets:nothing => 201 account_not_found account=assets:nothing
        open assets:bank => 202 account_already_exists at /path account=assets:bank
        open pocket => 203 account_type_is_unknown at /type account=pocket
        open assets:frozen => account_opened #2 asset
        freeze assets:frozen => account_frozen
        close assets:frozen => 204 account_is_frozen account=assets:frozen
        open assets:closed => account_opened #3 asset
        close assets:closed => account_closed
        freeze assets:closed => 205 account_is_closed account=assets:closed
        unfreeze assets:bank => 206 account_is_not_frozen account=assets:bank
        close assets:bank => 207 account_has_balance account=assets:bank balance=100.00 currency=EUR
        post T2 dr assets:bank 1 GOLD, cr income:work 1 GOLD
            => 301 asset_not_found at /entries/0/currency currency=GOLD
        asset EUR 2 => 302 asset_already_exists at /currency currency=EUR
        asset GOLD 19 => 303 asset_scale_is_too_large at /scale scale=19 scale_max=18
        post T3 dr assets:bank 1 EUR => 401 entries_are_too_few at /entries entries=1
        post T4 dr assets:bank 0 EUR, cr income:work 0 EUR
            => 403 amount_is_zero at /entries/0/amount currency=EUR
        post T5 dr assets:bank 0.001 EUR, cr income:work 0.001 EUR
            => 404 amount_has_too_many_decimals at /entries/0/amount amount=0.001 currency=EUR decimals_max=2
        post T6 dr assets:bank 9999999999999999999999999999 EUR, cr income:work 1 EUR
            => 405 amount_is_too_large at /entries/0/amount amount=9999999999999999999999999999 amount_max=792281625142643375935439503.35 currency=EUR
        post T7 dr assets:bank 1 EUR, cr income:work 2 EUR
            => 406 entries_do_not_balance at /entries credits=2.00 currency=EUR debits=1.00
        post T8 at=2026-11-24T12:00:00.000001Z dr assets:bank 1 EUR, cr income:work 1 EUR
            => 407 effective_in_the_future at /effective_at effective_at=2026-11-24T12:00:00.000001Z now=2026-11-24T12:00:00Z
        limits assets:bank EUR floor=0 ceiling=150 => limits_set floor=0.00 ceiling=150.00
        post T9 dr expenses:food 101 EUR, cr assets:bank 101 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=100.00 balance=100.00 currency=EUR limit=0.00
        post T10 dr assets:bank 51 EUR, cr income:work 51 EUR
            => 502 balance_above_ceiling at /entries/0/amount account=assets:bank available=50.00 balance=100.00 currency=EUR limit=150.00
        limits assets:bank EUR floor=2 ceiling=1 => 503 limits_contradict at /ceiling ceiling=1.00 lowest=2.00
        post T11 least=assets:bank/EUR/101 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 601 balance_is_too_low at /preconditions/balances/0/at_least account=assets:bank balance=100.00 currency=EUR
        post T12 most=assets:bank/EUR/99 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 602 balance_is_too_high at /preconditions/balances/0/at_most account=assets:bank balance=100.00 currency=EUR
        post T13 since=1:2 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 603 ledger_has_changed at /preconditions/unchanged_since changed_at=1:25
        reverse R1 T99 => 701 transaction_not_found transaction=T99
        reverse R2 T1 => transaction_reversed; assets:bank no.2 100.00-100.00; income:work no.2 100.00-100.00
        reverse R3 T1 => 702 transaction_is_reversed reversed_at=1:33 transaction=T1
        reverse R4 R2 => 703 transaction_is_a_reversal transaction=R2
        rate EUR EUR 1 => 901 currencies_are_the_same at /quote currency=EUR
        rate EUR CZK 0 => 902 rate_is_zero at /rate
        budget food 400 EUR month account=expenses:food => budget_set, Debit 400.00 EUR a month from 2026-11-01
        budget food 400 EUR month account=expenses:food => 1001 budget_already_exists at /budget budget=food
        drop rent => 1002 budget_not_found budget=rent
        budget none 400 EUR month => 1003 budget_is_for_nothing at /account
        budget pocket 400 EUR month account=pocket => 1004 budget_direction_is_unknown at /direction
        budget rent 400 EUR month account=expenses:rent starts=2026-11-24
            => 1005 period_is_not_whole at /starts after=2026-12-01 before=2026-11-01 period=month
        budget rent 400 EUR month account=expenses:rent starts=1969-12-01
            => 1006 budget_starts_too_early at /starts earliest=1970-01-01
        budget rent 400 EUR month account=expenses:rent ends=2026-10-31
            => 1007 budget_ends_before_it_starts at /ends ends=2026-10-31 starts=2026-11-01
    "#]]);
    too_many_entries(&mut run);
    too_many_assets(&mut run);
    too_many_budgets(&mut run);
    overflow(&mut run);
    batch_item(&mut run);

    let expected: BTreeSet<u16> = RefusalKind::ALL
        .iter()
        .filter(|kind| !UNREACHED.iter().any(|(unreached, _)| unreached == *kind))
        .map(|kind| kind.number())
        .collect();
    assert_eq!(run.reached, expected);
}

fn too_many_entries(run: &mut Run) {
    let legs = ["cr income:work 500 EUR"].into_iter().chain(std::iter::repeat_n("dr assets:many 1 EUR", 499));
    let mut line = format!("post M1 {}", legs.collect::<Vec<_>>().join(", "));
    let command = run.parse(&line, &mut String::new());
    let record = run.shard.execute(&run.ledger.clone(), "M1", &command);
    // 499 debits of 1 do not make 500, but 500 entries are few enough to be looked at.
    assert_eq!(crate::shard::refusal(&record), Some(RefusalKind::EntriesDoNotBalance));
    line.push_str(", dr assets:many 1 EUR");
    let command = run.parse(&line, &mut String::new());
    let record = run.shard.execute(&run.ledger.clone(), "M2", &command);
    assert_eq!(crate::shard::refusal(&record), Some(RefusalKind::EntriesAreTooMany));
    run.reached.extend(crate::shard::refusal(&record).map(RefusalKind::number));
}

fn too_many_assets(run: &mut Run) {
    run.line("ledger assets");
    let opened = run.shard.records.last().expect("just opened").clone();
    // Recorded without deciding each: 32,767 decisions with all their checks take a minute.
    let events = (0..32_767).map(|n| {
        let currency = AssetCode::parse(&format!("A{n}")).expect("a valid code");
        Event::from(AssetRegistered { currency, scale: 0, name: None })
    });
    run.shard.record_all(&opened.envelope, events);
    assert_eq!(run.line("asset ONEMORE 0").as_deref(), Some("304 assets_are_too_many assets_max=32767"));
}

fn too_many_budgets(run: &mut Run) {
    run.line("ledger budgets");
    let opened = run.shard.records.last().expect("just opened").clone();
    let events = (0..10_000).map(|n| {
        let budget = BudgetId::parse(&format!("b{n}")).expect("a valid id");
        Event::from(BudgetSet { budget, ..BudgetSet::example() })
    });
    run.shard.record_all(&opened.envelope, events);
    let line = "budget one-more 1 EUR month category=food";
    assert_eq!(run.line(line).as_deref(), Some("1008 budgets_are_too_many budgets_max=10000"));
    assert_eq!(run.line("drop b0").as_deref(), Some("budget_dropped from 2026-11-01"));
    assert!(run.line(line).is_some_and(|outcome| outcome.starts_with("budget_set")));
}

/// 2^31 postings of the largest amount would do it. Instead, the totals in the books' own bytes are made larger.
fn overflow(run: &mut Run) {
    run.line("ledger overflow");
    run.line("post O1 dr assets:bank 1234567890.12 EUR, cr income:work 1234567890.12 EUR");
    run.shard.replace_in_a_snapshot(123_456_789_012, i128::MAX);
    let line = "post O2 dr assets:bank 0.01 EUR, cr income:other 0.01 EUR";
    assert_eq!(
        run.line(line).as_deref(),
        Some("408 balance_overflows at /entries/0/amount account=assets:bank")
    );
    let line = "?balance_is_too_high,balance_overflows post O3 most=assets:bank/EUR/1 dr assets:bank 0.01 EUR, cr income:other 0.01 EUR";
    run.line(line);
    run.line("open assets:cash");
    run.line("limits assets:cash EUR floor=0");
    let line = "?balance_overflows,balance_below_floor post O4 cr assets:cash 1 EUR, dr assets:bank 1 EUR";
    run.line(line);
    assert_eq!(
        run.line("reverse O5 O1").as_deref().map(|outcome| outcome.split(';').next()),
        Some(Some("transaction_reversed"))
    );
}

/// The sequencer refuses the other items of an atomic batch itself, in the rules' name.
fn batch_item(run: &mut Run) {
    let command = run.parse("open assets:batch", &mut String::new());
    let at_fault = Refusal::from(RefusalKind::AmountIsZero);
    let record = run.shard.refuse_for_batch(&run.ledger.clone(), "B1", &command, &at_fault);
    let Event::CommandRefused(refused) = &record.event else { panic!("{record:?}") };
    expect![[
        r#"{"number":801,"code":"batch_item_refused","figures":{"code":"amount_is_zero","index":"0"}}"#
    ]]
    .assert_eq(&serde_json::to_string(&refused.refusal).expect("JSON"));
    run.reached.extend(crate::shard::refusal(&record).map(RefusalKind::number));
}
