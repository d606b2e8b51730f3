//! Reversing transactions: whole, once, and never a reversal.

use expect_test::expect;

use super::language::check;

#[test]
fn a_transaction_is_reversed_once() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 3 EUR, cr income:gifts 2 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income, opened #2 income:gifts income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-3.00; income:gifts no.1 0.00-2.00
        reverse R1 T1
            => transaction_reversed; assets:bank no.2 5.00-5.00; income:work no.2 3.00-3.00; income:gifts no.2 2.00-2.00
        reverse R2 T1 => 702 transaction_is_reversed reversed_at=1:3 transaction=T1
        reverse R3 R1 => 703 transaction_is_a_reversal transaction=R1
        reverse R4 T9 => 701 transaction_not_found transaction=T9
        -- A key of something else is no transaction, and neither is that of a refused one.
        post T2 dr assets:bank 0 EUR, cr income:work 0 EUR
            => 403 amount_is_zero at /entries/0/amount currency=EUR
        reverse R5 T2 => 701 transaction_not_found transaction=T2
        reverse R6 R5 => 701 transaction_not_found transaction=R5
        show assets:bank => #0 assets:bank Open, 2 entries, 0.00 EUR (available 0.00)
    "#]]);
}

#[test]
fn a_reversal_follows_its_accounts_and_the_clock() {
    check(expect![[r#"
        ledger household zone=Europe/Prague => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
        rename assets:bank assets:giro => account_renamed
        reverse R1 T1 at=2026-11-25
            => 407 effective_in_the_future at /effective_at effective_at=2026-11-24T23:00:00Z now=2026-11-24T12:00:00Z
        reverse R2 T1 at=2026-11-24
            => transaction_reversed as of 2026-11-23T23:00:00Z; assets:giro no.2 5.00-5.00; income:work no.2 5.00-5.00
        show assets:bank => #0 assets:giro Open, 2 entries, 0.00 EUR (available 0.00)
    "#]]);
}

#[test]
fn a_reversal_keeps_to_limits_and_open_accounts() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
        post T2 dr expenses:food 5 EUR, cr assets:bank 5 EUR
            => transaction_posted, opened #2 expenses:food expense; expenses:food no.1 5.00-0.00; assets:bank no.2 5.00-5.00
        limits assets:bank EUR floor=0 ceiling=4 => limits_set floor=0.00 ceiling=4.00
        reverse R1 T1
            => 501 balance_below_floor account=assets:bank available=0.00 balance=0.00 currency=EUR entry=0 limit=0.00
        reverse R2 T2
            => 502 balance_above_ceiling account=assets:bank available=4.00 balance=0.00 currency=EUR entry=1 limit=4.00
        freeze income:work => account_frozen
        limits assets:bank EUR => limits_set
        reverse R3 T1 => 204 account_is_frozen account=income:work entry=1
        ?account_is_frozen,effective_in_the_future reverse R4 T1 at=2027-01-01
            => 204 account_is_frozen account=income:work entry=1
        ?transaction_not_found,effective_in_the_future reverse R5 T7 at=2027-01-01
            => 701 transaction_not_found transaction=T7
        unfreeze income:work => account_unfrozen
        limits assets:bank EUR floor=0 => limits_set floor=0.00
        ?effective_in_the_future,balance_below_floor reverse R6 T1 at=2027-01-01
            => 407 effective_in_the_future at /effective_at effective_at=2027-01-01T00:00:00Z now=2026-11-24T12:00:00Z
        limits assets:bank EUR => limits_set
        reverse R7 T1 => transaction_reversed; assets:bank no.3 5.00-10.00; income:work no.2 5.00-5.00
        freeze income:work => account_frozen
        ?transaction_is_reversed,account_is_frozen reverse R8 T1
            => 702 transaction_is_reversed reversed_at=1:16 transaction=T1
        ?transaction_is_a_reversal,effective_in_the_future reverse R9 R7 at=2027-01-01
            => 703 transaction_is_a_reversal transaction=R7
    "#]]);
}
