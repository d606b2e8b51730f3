//! Posting transactions: balance, amounts, and which fault is told first.

use expect_test::expect;

use super::language::check;

#[test]
fn debits_equal_credits_in_every_currency() {
    // LGR-1
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 5.00 EUR, cr income:work 4.99 EUR
            => 406 entries_do_not_balance at /entries credits=4.99 currency=EUR debits=5.00
        post T2 dr assets:bank 5.00 EUR, cr income:work 5.00 USD
            => 406 entries_do_not_balance at /entries credits=0.00 currency=EUR debits=5.00
        post T3 dr assets:bank 5.00 EUR, dr assets:bank 5.00 EUR
            => 406 entries_do_not_balance at /entries credits=0.00 currency=EUR debits=10.00
        post T4 dr assets:bank 5 EUR, cr equity:fx 5 EUR, dr equity:fx 6 USD, cr assets:dollars 6 USD
            => transaction_posted, opened #0 assets:bank asset, opened #1 equity:fx equity, opened #2 assets:dollars asset; assets:bank no.1 5.00-0.00; equity:fx no.1 0.00-5.00; equity:fx no.2 6.00-0.00; assets:dollars no.1 0.00-6.00
        post T5 dr assets:bank 5 EUR, cr equity:fx 5 EUR, dr equity:fx 6 USD, cr assets:dollars 7 USD
            => 406 entries_do_not_balance at /entries credits=7.00 currency=USD debits=6.00
        post T6 dr assets:bank 5 EUR => 401 entries_are_too_few at /entries entries=1
        post T7 => 401 entries_are_too_few at /entries entries=0
        show equity:fx => #1 equity:fx Open, 2 entries, 5.00 EUR (available 5.00), -6.00 USD (available -6.00)
    "#]]);
}

#[test]
fn one_account_may_have_several_entries() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 1 EUR, cr assets:bank 1 EUR
            => transaction_posted, opened #0 assets:bank asset; assets:bank no.1 1.00-0.00; assets:bank no.2 1.00-1.00
        post T2 dr assets:bank 1 EUR, dr assets:bank 2 EUR, cr income:work 3 EUR, dr assets:bank 4 USD, cr income:work 4 USD
            => transaction_posted, opened #1 income:work income; assets:bank no.3 2.00-1.00; assets:bank no.4 4.00-1.00; income:work no.1 0.00-3.00; assets:bank no.5 4.00-0.00; income:work no.2 0.00-4.00
        show assets:bank => #0 assets:bank Open, 5 entries, 3.00 EUR (available 3.00), 4.00 USD (available 4.00)
        show income:work => #1 income:work Open, 2 entries, 3.00 EUR (available 3.00), 4.00 USD (available 4.00)
    "#]]);
}

#[test]
fn amounts_are_exact_and_positive() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 9007199254740993.01 EUR, cr income:work 9007199254740993.01 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 9007199254740993.01-0.00; income:work no.1 0.00-9007199254740993.01
        post T2 dr assets:bank 0 EUR, cr income:work 0 EUR
            => 403 amount_is_zero at /entries/0/amount currency=EUR
        post T3 dr assets:bank 1 EUR, cr income:work 1 EUR, cr income:work 0.00 EUR
            => 403 amount_is_zero at /entries/2/amount currency=EUR
        post T4 dr assets:bank 792281625142643375935439503.35 EUR, cr income:work 792281625142643375935439503.35 EUR
            => transaction_posted; assets:bank no.2 792281625151650575190180496.36-0.00; income:work no.2 0.00-792281625151650575190180496.36
        post T5 dr assets:bank 7922816251426433759354395034 EUR, cr income:work 7922816251426433759354395034 EUR
            => 405 amount_is_too_large at /entries/0/amount amount=7922816251426433759354395034 amount_max=792281625142643375935439503.35 currency=EUR
        post T6 dr assets:yen 79228162514264337593543950335 JPY, cr income:work 79228162514264337593543950335 JPY
            => transaction_posted, opened #2 assets:yen asset; assets:yen no.1 79228162514264337593543950335-0; income:work no.3 0-79228162514264337593543950335
        show assets:bank
            => #0 assets:bank Open, 2 entries, 792281625151650575190180496.36 EUR (available 792281625151650575190180496.36)
        show income:work
            => #1 income:work Open, 3 entries, 792281625151650575190180496.36 EUR (available 792281625151650575190180496.36), 79228162514264337593543950335 JPY (available 79228162514264337593543950335)
    "#]]);
}

/// Each line has the fault that is told and the next in the list (or the next that can stand beside it).
#[test]
fn of_two_faults_of_a_posting_the_documented_one_is_told() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T0 dr assets:bank 100 EUR, cr income:work 100 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 100.00-0.00; income:work no.1 0.00-100.00
        open assets:frozen => account_opened #2 asset
        freeze assets:frozen => account_frozen
        open assets:closed => account_opened #3 asset
        close assets:closed => account_closed
        limits assets:bank EUR floor=0 ceiling=1000 => limits_set floor=0.00 ceiling=1000.00
        open assets:tight => account_opened #4 asset
        limits assets:tight EUR floor=0 ceiling=10 => limits_set floor=0.00 ceiling=10.00
        ?entries_are_too_few,asset_not_found post T1 dr assets:bank 1 GOLD
            => 401 entries_are_too_few at /entries entries=1
        ?asset_not_found,amount_is_zero post T2 dr assets:bank 0 GOLD, cr income:work 0 GOLD
            => 301 asset_not_found at /entries/0/currency currency=GOLD
        ?amount_has_too_many_decimals,account_is_frozen post T3 dr assets:frozen 0.001 EUR, cr income:work 0.001 EUR
            => 404 amount_has_too_many_decimals at /entries/0/amount amount=0.001 currency=EUR decimals_max=2
        ?amount_is_too_large,account_is_frozen post T4 dr assets:frozen 79228162514264337593543950335 EUR, cr income:work 1 EUR
            => 405 amount_is_too_large at /entries/0/amount amount=79228162514264337593543950335 amount_max=792281625142643375935439503.35 currency=EUR
        ?amount_is_zero,account_is_frozen post T5 dr assets:frozen 0 EUR, cr income:work 0 EUR
            => 403 amount_is_zero at /entries/0/amount currency=EUR
        ?amount_is_zero,account_not_found post T6 dr #99 0 EUR, cr income:work 0 EUR
            => 403 amount_is_zero at /entries/0/amount currency=EUR
        ?amount_is_zero,account_type_is_unknown post T7 dr pocket 0 EUR, cr income:work 0 EUR
            => 403 amount_is_zero at /entries/0/amount currency=EUR
        -- An entry is looked at whole before the next one.
        post T8 dr assets:closed 1 EUR, cr income:work 0 EUR
            => 205 account_is_closed at /entries/0/account account=assets:closed
        post T8b dr pocket 1 EUR, cr income:work 1 GOLD
            => 203 account_type_is_unknown at /entries/0/account account=pocket
        ?account_is_frozen,entries_do_not_balance post T9 dr assets:frozen 1 EUR, cr income:work 2 EUR
            => 204 account_is_frozen at /entries/0/account account=assets:frozen
        ?account_is_closed,entries_do_not_balance post T10 dr assets:closed 1 EUR, cr income:work 2 EUR
            => 205 account_is_closed at /entries/0/account account=assets:closed
        ?account_not_found,entries_do_not_balance post T11 dr #99 1 EUR, cr income:work 2 EUR
            => 201 account_not_found at /entries/0/account account=99
        ?account_type_is_unknown,entries_do_not_balance post T12 dr pocket 1 EUR, cr income:work 2 EUR
            => 203 account_type_is_unknown at /entries/0/account account=pocket
        ?entries_do_not_balance,effective_in_the_future post T13 at=2027-01-01 dr assets:bank 1 EUR, cr income:work 2 EUR
            => 406 entries_do_not_balance at /entries credits=2.00 currency=EUR debits=1.00
        ?effective_in_the_future,ledger_has_changed post T14 at=2027-01-01 since=1:1 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 407 effective_in_the_future at /effective_at effective_at=2027-01-01T00:00:00Z now=2026-11-24T12:00:00Z
        ?ledger_has_changed,balance_is_too_low post T15 since=1:1 least=assets:bank/EUR/101 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 603 ledger_has_changed at /preconditions/unchanged_since changed_at=1:9
        -- Conditions are looked at one by one, in each the lower bound first.
        ?balance_is_too_low,balance_is_too_high post T16 least=assets:bank/EUR/101 most=assets:bank/EUR/99 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 601 balance_is_too_low at /preconditions/balances/0/at_least account=assets:bank balance=100.00 currency=EUR
        ?balance_is_too_high,balance_below_floor post T17 most=assets:bank/EUR/99 dr income:work 101 EUR, cr assets:bank 101 EUR
            => 602 balance_is_too_high at /preconditions/balances/0/at_most account=assets:bank balance=100.00 currency=EUR
        -- Limits are looked at in the order of each balance's last entry.
        ?balance_below_floor,balance_above_ceiling post T18 dr assets:tight 101 EUR, cr assets:bank 101 EUR, dr assets:tight 0.01 EUR, cr income:work 0.01 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=100.00 balance=100.00 currency=EUR limit=0.00
        post T19 dr assets:tight 101 EUR, cr assets:bank 101 EUR
            => 502 balance_above_ceiling at /entries/0/amount account=assets:tight available=10.00 balance=0.00 currency=EUR limit=10.00
    "#]]);
}
