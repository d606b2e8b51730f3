//! Preconditions: balances at least or at most, and a ledger that nobody changed.

use expect_test::expect;

use super::language::check;

#[test]
fn a_condition_is_on_the_balance_before_the_transaction() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 least=assets:bank/EUR/0 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 201 account_not_found at /preconditions/balances/0/account account=assets:bank
        post T2 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
        post T3 least=assets:bank/EUR/5 most=assets:bank/EUR/5.00 dr expenses:food 5 EUR, cr assets:bank 5 EUR
            => transaction_posted, opened #2 expenses:food expense; expenses:food no.1 5.00-0.00; assets:bank no.2 5.00-5.00
        post T4 least=assets:bank/EUR/5 dr expenses:food 5 EUR, cr assets:bank 5 EUR
            => 601 balance_is_too_low at /preconditions/balances/0/at_least account=assets:bank balance=0.00 currency=EUR
        post T5 most=income:work/EUR/4.99 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 602 balance_is_too_high at /preconditions/balances/0/at_most account=income:work balance=5.00 currency=EUR
        post T6 least=assets:bank/USD/0 most=assets:bank/USD/-0.01 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 602 balance_is_too_high at /preconditions/balances/1/at_most account=assets:bank balance=0.00 currency=USD
        post T7 least=assets:bank/GOLD/0 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 301 asset_not_found at /preconditions/balances/0/currency currency=GOLD
        post T8 least=assets:bank/EUR/0.001 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 404 amount_has_too_many_decimals at /preconditions/balances/0/at_least decimals_max=2
        post T9 most=assets:bank/EUR/792281625142643375935439503.36 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 405 amount_is_too_large at /preconditions/balances/0/at_most amount_max=792281625142643375935439503.35
        show assets:bank => #0 assets:bank Open, 2 entries, 0.00 EUR (available 0.00)
    "#]]);
}

#[test]
fn a_ledger_is_unchanged_since_its_last_event() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        post T1 since=1:1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 603 ledger_has_changed at /preconditions/unchanged_since changed_at=1:2
        -- A refusal changes nothing, and neither does what happens in another ledger.
        ledger business => ledger_opened
        use household
        post T2 since=1:2 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
        post T3 since=1:4 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 603 ledger_has_changed at /preconditions/unchanged_since changed_at=1:5
        post T4 since=1:9 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted; assets:bank no.2 10.00-0.00; income:work no.2 0.00-10.00
        post T5 since=2:9 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 603 ledger_has_changed at /preconditions/unchanged_since changed_at=1:7
    "#]]);
}
