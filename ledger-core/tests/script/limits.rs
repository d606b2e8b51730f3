//! LGR-2: floors, ceilings and credit lines.

use expect_test::expect;

use super::language::check;

#[test]
fn a_balance_stays_within_its_limits() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        limits assets:bank EUR floor=0 ceiling=100 => limits_set floor=0.00 ceiling=100.00
        post T1 dr assets:bank 100 EUR, cr income:work 100 EUR
            => transaction_posted, opened #1 income:work income; assets:bank no.1 100.00-0.00; income:work no.1 0.00-100.00
        post T2 dr assets:bank 0.01 EUR, cr income:work 0.01 EUR
            => 502 balance_above_ceiling at /entries/0/amount account=assets:bank available=0.00 balance=100.00 currency=EUR limit=100.00
        post T3 dr expenses:food 100.01 EUR, cr assets:bank 100.01 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=100.00 balance=100.00 currency=EUR limit=0.00
        post T4 dr expenses:food 100 EUR, cr assets:bank 100 EUR
            => transaction_posted, opened #2 expenses:food expense; expenses:food no.1 100.00-0.00; assets:bank no.2 100.00-100.00
        -- Other currencies have limits of their own.
        post T5 dr expenses:food 7 USD, cr assets:bank 7 USD
            => transaction_posted; expenses:food no.2 7.00-0.00; assets:bank no.3 0.00-7.00
        show assets:bank
            => #0 assets:bank Open, 3 entries, 0.00 EUR (available 0.00), -7.00 USD (available -7.00)
    "#]]);
}

#[test]
fn a_limit_is_on_the_normal_side_of_the_account() {
    check(expect![[r#"
        ledger household => ledger_opened
        open liabilities:card => account_opened #0 liability
        limits liabilities:card EUR floor=0 ceiling=500 => limits_set floor=0.00 ceiling=500.00
        post T1 dr expenses:food 500.01 EUR, cr liabilities:card 500.01 EUR
            => 502 balance_above_ceiling at /entries/1/amount account=liabilities:card available=500.00 balance=0.00 currency=EUR limit=500.00
        post T2 dr expenses:food 500 EUR, cr liabilities:card 500 EUR
            => transaction_posted, opened #1 expenses:food expense; expenses:food no.1 500.00-0.00; liabilities:card no.1 0.00-500.00
        post T3 dr liabilities:card 500.01 EUR, cr assets:bank 500.01 EUR
            => 501 balance_below_floor at /entries/0/amount account=liabilities:card available=500.00 balance=500.00 currency=EUR limit=0.00
        show liabilities:card => #0 liabilities:card Open, 1 entries, 500.00 EUR (available 500.00)
    "#]]);
}

#[test]
fn a_credit_line_lies_below_the_floor() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        limits assets:bank EUR credit=50 => limits_set credit=50.00
        post T1 dr expenses:food 50.01 EUR, cr assets:bank 50.01 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=50.00 balance=0.00 currency=EUR limit=-50.00
        post T2 dr expenses:food 50 EUR, cr assets:bank 50 EUR
            => transaction_posted, opened #1 expenses:food expense; expenses:food no.1 50.00-0.00; assets:bank no.1 0.00-50.00
        show assets:bank => #0 assets:bank Open, 1 entries, -50.00 EUR (available 0.00)
        limits assets:bank EUR floor=10 credit=50 => limits_set floor=10.00 credit=50.00
        post T3 dr expenses:food 0.01 EUR, cr assets:bank 0.01 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=0.00 balance=-50.00 currency=EUR limit=-40.00
        limits assets:bank EUR floor=-70 => limits_set floor=-70.00
        post T4 dr expenses:food 20 EUR, cr assets:bank 20 EUR
            => transaction_posted; expenses:food no.2 70.00-0.00; assets:bank no.2 0.00-70.00
        post T5 dr expenses:food 0.01 EUR, cr assets:bank 0.01 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=0.00 balance=-70.00 currency=EUR limit=-70.00
        -- All limits are set at once: what is left out is none.
        limits assets:bank EUR => limits_set
        post T6 dr expenses:food 1000 EUR, cr assets:bank 1000 EUR
            => transaction_posted; expenses:food no.3 1070.00-0.00; assets:bank no.3 0.00-1070.00
    "#]]);
}

#[test]
fn what_lies_past_a_limit_may_come_back_but_go_no_further() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 100 EUR, cr income:work 100 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 100.00-0.00; income:work no.1 0.00-100.00
        limits assets:bank EUR floor=200 => limits_set floor=200.00
        post T2 dr expenses:food 0.01 EUR, cr assets:bank 0.01 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=0.00 balance=100.00 currency=EUR limit=200.00
        post T3 dr assets:bank 50 EUR, cr income:work 50 EUR
            => transaction_posted; assets:bank no.2 150.00-0.00; income:work no.2 0.00-150.00
        post T4 dr assets:bank 1 EUR, cr assets:bank 1 EUR
            => transaction_posted; assets:bank no.3 151.00-0.00; assets:bank no.4 151.00-1.00
        limits assets:bank EUR ceiling=100 => limits_set ceiling=100.00
        post T5 dr assets:bank 0.01 EUR, cr income:work 0.01 EUR
            => 502 balance_above_ceiling at /entries/0/amount account=assets:bank available=0.00 balance=150.00 currency=EUR limit=100.00
        post T6 dr expenses:food 10 EUR, cr assets:bank 10 EUR
            => transaction_posted, opened #2 expenses:food expense; expenses:food no.1 10.00-0.00; assets:bank no.5 151.00-11.00
        reverse R2 T6
            => 502 balance_above_ceiling account=assets:bank available=0.00 balance=140.00 currency=EUR entry=1 limit=100.00
        limits assets:bank EUR floor=101 ceiling=100
            => 503 limits_contradict at /ceiling ceiling=100.00 lowest=101.00
        limits assets:bank EUR floor=101 ceiling=100 credit=1
            => limits_set floor=101.00 ceiling=100.00 credit=1.00
    "#]]);
}

#[test]
fn the_whole_transaction_counts_not_its_entries_one_by_one() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        limits assets:bank EUR floor=0 ceiling=10 => limits_set floor=0.00 ceiling=10.00
        post T1 cr assets:bank 5 EUR, dr expenses:food 5 EUR, dr assets:bank 12 EUR, cr income:work 12 EUR
            => transaction_posted, opened #1 expenses:food expense, opened #2 income:work income; assets:bank no.1 0.00-5.00; expenses:food no.1 5.00-0.00; assets:bank no.2 12.00-5.00; income:work no.1 0.00-12.00
        -- The entry at fault is the first that moves the balance the wrong way.
        post T2 dr assets:bank 1 EUR, cr assets:bank 4 EUR, cr assets:bank 5 EUR, dr expenses:food 8 EUR
            => 501 balance_below_floor at /entries/1/amount account=assets:bank available=7.00 balance=7.00 currency=EUR limit=0.00
    "#]]);
}
