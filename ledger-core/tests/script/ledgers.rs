//! Opening ledgers, and what their policies and time zones mean.

use expect_test::expect;

use super::language::check;

#[test]
fn a_ledger_is_opened_once() {
    check(expect![[r#"
        ledger household zone=Europe/Prague => ledger_opened
        ledger household => 101 ledger_already_exists at /id ledger=household
        ledger business zone=Mars/Olympus => 102 time_zone_is_unknown at /time_zone time_zone=Mars/Olympus
        ledger business zone=europe/prague => 102 time_zone_is_unknown at /time_zone time_zone=europe/prague
        ledger business => ledger_opened
        ?ledger_already_exists,time_zone_is_unknown ledger business zone=Mars/Olympus
            => 101 ledger_already_exists at /id ledger=business
    "#]]);
}

#[test]
fn ledgers_share_nothing() {
    check(expect![[r#"
        ledger a => ledger_opened
        post T1 dr assets:bank 1.00 EUR, cr income:work 1.00 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 1.00-0.00; income:work no.1 0.00-1.00
        ledger b => ledger_opened
        show assets:bank => nothing
        reverse R1 T1 => 701 transaction_not_found transaction=T1
        asset BTC 8 => asset_registered
        post T1 dr assets:coins 0.00000001 BTC, cr income:work 0.00000001 BTC
            => transaction_posted, opened #0 assets:coins asset, opened #1 income:work income; assets:coins no.1 0.00000001-0.00000000; income:work no.1 0.00000000-0.00000001
        use a
        post T2 dr assets:coins 0.00000001 BTC, cr income:work 0.00000001 BTC
            => 301 asset_not_found at /entries/0/currency currency=BTC
        reverse R1 T1 => transaction_reversed; assets:bank no.2 1.00-1.00; income:work no.2 1.00-1.00
        show assets:bank => #0 assets:bank Open, 2 entries, 0.00 EUR (available 0.00)
        use b
        show assets:bank => nothing
        show assets:coins => #0 assets:coins Open, 1 entries, 0.00000001 BTC (available 0.00000001)
    "#]]);
}

#[test]
fn accounts_open_on_first_use_where_the_ledger_says_so() {
    check(expect![[r#"
        ledger easy => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 3 EUR, cr income:work 2 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-3.00; income:work no.2 0.00-5.00
        post T2 dr pocket 5 EUR, cr assets:bank 5 EUR
            => 203 account_type_is_unknown at /entries/0/account account=pocket
        post T3 dr #7 5 EUR, cr assets:bank 5 EUR => 201 account_not_found at /entries/0/account account=7
        ledger strict accounts=open_explicitly => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 201 account_not_found at /entries/0/account account=assets:bank
        open assets:bank => account_opened #0 asset
        post T1b dr assets:bank 5 EUR, cr income:work 5 EUR
            => 201 account_not_found at /entries/1/account account=income:work
        open income:work => account_opened #1 income
        post T1c dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
    "#]]);
}

#[test]
fn a_refused_posting_opens_nothing() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 4 EUR
            => 406 entries_do_not_balance at /entries credits=4.00 currency=EUR debits=5.00
        show assets:bank => nothing
        open assets:cash => account_opened #0 asset
    "#]]);
}

#[test]
fn entries_show_paths_unless_the_ledger_hides_them() {
    check(expect![[r#"
        ledger secret paths=hidden => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; #0 no.1 5.00-0.00; #1 no.1 0.00-5.00
        reverse R1 T1 => transaction_reversed; #0 no.2 5.00-5.00; #1 no.2 5.00-5.00
    "#]]);
}

#[test]
fn a_bare_date_is_the_start_of_that_day_in_the_ledgers_zone() {
    check(expect![[r#"
        ledger prague zone=Europe/Prague => ledger_opened
        post T1 at=2026-11-24 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 2026-11-23T23:00:00Z, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 1.00-0.00; income:work no.1 0.00-1.00
        post T2 at=2026-07-01 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 2026-06-30T22:00:00Z; assets:bank no.2 2.00-0.00; income:work no.2 0.00-2.00
        -- In the first year there, midnight came before the first instant that can be written.
        post T3 at=0001-01-01 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 0001-01-01T00:00:00Z; assets:bank no.3 3.00-0.00; income:work no.3 0.00-3.00
        ledger sao-paulo zone=America/Sao_Paulo => ledger_opened
        -- The clocks went from 00:00 to 01:00.
        post T1 at=2018-11-04 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 2018-11-04T03:00:00Z, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 1.00-0.00; income:work no.1 0.00-1.00
        ledger apia zone=Pacific/Apia => ledger_opened
        -- This whole day was skipped.
        post T1 at=2011-12-30 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 2011-12-30T10:00:00Z, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 1.00-0.00; income:work no.1 0.00-1.00
        post T2 at=2011-12-31 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 2011-12-30T10:00:00Z; assets:bank no.2 2.00-0.00; income:work no.2 0.00-2.00
        ledger st-johns zone=America/St_Johns => ledger_opened
        -- At 00:01 the clocks went back to 23:01: the day began twice, and the first time counts.
        post T1 at=2006-10-29 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 2006-10-29T02:30:00Z, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 1.00-0.00; income:work no.1 0.00-1.00
    "#]]);
}

#[test]
fn nothing_has_happened_later_than_now() {
    check(expect![[r#"
        now 2026-11-24T22:59:59.999999Z
        ledger prague zone=Europe/Prague => ledger_opened
        post T1 at=2026-11-24T22:59:59.999999Z dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 1.00-0.00; income:work no.1 0.00-1.00
        post T2 at=2026-11-24T23:00:00Z dr assets:bank 1 EUR, cr income:work 1 EUR
            => 407 effective_in_the_future at /effective_at effective_at=2026-11-24T23:00:00Z now=2026-11-24T22:59:59.999999Z
        post T3 at=2026-11-25 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 407 effective_in_the_future at /effective_at effective_at=2026-11-24T23:00:00Z now=2026-11-24T22:59:59.999999Z
        now 2026-11-24T23:00:00Z
        post T4 at=2026-11-25 dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted; assets:bank no.2 2.00-0.00; income:work no.2 0.00-2.00
        post T5 at=0001-01-01T00:00:00Z dr assets:bank 1 EUR, cr income:work 1 EUR
            => transaction_posted as of 0001-01-01T00:00:00Z; assets:bank no.3 3.00-0.00; income:work no.3 0.00-3.00
        post T6 at=9999-12-31 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 407 effective_in_the_future at /effective_at effective_at=9999-12-30T23:00:00Z now=2026-11-24T23:00:00Z
    "#]]);
}
