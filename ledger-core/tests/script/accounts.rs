//! Opening, renaming, freezing and closing accounts.

use expect_test::expect;

use super::language::check;

#[test]
fn an_account_has_a_number_and_a_type() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        open assets:bank => 202 account_already_exists at /path account=assets:bank
        open Liabilities:card => account_opened #1 liability
        open pocket => 203 account_type_is_unknown at /type account=pocket
        open pocket type=asset => account_opened #2 asset
        open assets:odd type=equity => account_opened #3 equity
        open revenue:work => account_opened #4 income
        ?account_already_exists,account_type_is_unknown open pocket
            => 202 account_already_exists at /path account=pocket
        show #1 => #1 Liabilities:card Open, 0 entries
        show #9 => nothing
    "#]]);
}

#[test]
fn a_renamed_account_keeps_its_old_paths_for_ever() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        open assets:cash => account_opened #1 asset
        rename assets:bank assets:giro => account_renamed
        show assets:bank => #0 assets:giro Open, 0 entries
        rename assets:bank assets:main => account_renamed
        show assets:bank => #0 assets:main Open, 0 entries
        show assets:giro => #0 assets:main Open, 0 entries
        show #0 => #0 assets:main Open, 0 entries
        -- Nobody else gets a path that it ever had, and a posting by an old path finds it.
        open assets:giro => 202 account_already_exists at /path account=assets:giro
        rename assets:cash assets:bank => 202 account_already_exists at /path account=assets:bank
        post T1 dr assets:giro 1 EUR, cr income:work 1 EUR
            => transaction_posted, opened #2 income:work income; assets:main no.1 1.00-0.00; income:work no.1 0.00-1.00
        -- It may take back its own.
        rename #0 assets:bank => account_renamed
        show assets:main => #0 assets:bank Open, 1 entries, 1.00 EUR (available 1.00)
        show assets:giro => #0 assets:bank Open, 1 entries, 1.00 EUR (available 1.00)
        rename assets:giro assets:giro => account_renamed
        rename assets:giro assets:giro => 202 account_already_exists at /path account=assets:giro
        rename assets:nothing assets:other => 201 account_not_found account=assets:nothing
        rename assets:cash assets:cash => 202 account_already_exists at /path account=assets:cash
        show assets:bank => #0 assets:giro Open, 1 entries, 1.00 EUR (available 1.00)
    "#]]);
}

#[test]
fn a_frozen_account_takes_no_entries() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
        unfreeze assets:bank => 206 account_is_not_frozen account=assets:bank
        freeze assets:bank => account_frozen
        freeze assets:bank => 204 account_is_frozen account=assets:bank
        post T2 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 204 account_is_frozen at /entries/0/account account=assets:bank
        post T2b dr expenses:food 5 EUR, cr assets:bank 5 EUR
            => 204 account_is_frozen at /entries/1/account account=assets:bank
        reverse R1 T1 => 204 account_is_frozen account=assets:bank entry=0
        close assets:bank => 204 account_is_frozen account=assets:bank
        rename assets:bank assets:giro => account_renamed
        limits assets:giro EUR floor=0 => limits_set floor=0.00
        unfreeze assets:giro => account_unfrozen
        post T3 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted; assets:giro no.2 10.00-0.00; income:work no.2 0.00-10.00
        freeze assets:none => 201 account_not_found account=assets:none
        unfreeze assets:none => 201 account_not_found account=assets:none
    "#]]);
}

#[test]
fn only_an_empty_account_is_closed_and_for_ever() {
    check(expect![[r#"
        ledger household => ledger_opened
        asset BTC 8 => asset_registered
        post T1 dr assets:bank 5 EUR, cr income:work 5 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 5.00-0.00; income:work no.1 0.00-5.00
        close assets:bank => 207 account_has_balance account=assets:bank balance=5.00 currency=EUR
        close income:work => 207 account_has_balance account=income:work balance=5.00 currency=EUR
        post T2 dr assets:cash 5 EUR, cr assets:bank 5 EUR
            => transaction_posted, opened #2 assets:cash asset; assets:cash no.1 5.00-0.00; assets:bank no.2 5.00-5.00
        post T3 dr assets:bank 0.5 BTC, cr income:work 0.5 BTC
            => transaction_posted; assets:bank no.3 0.50000000-0.00000000; income:work no.2 0.00000000-0.50000000
        close assets:bank => 207 account_has_balance account=assets:bank balance=0.50000000 currency=BTC
        post T4 dr assets:cash 0.5 BTC, cr assets:bank 0.5 BTC
            => transaction_posted; assets:cash no.2 0.50000000-0.00000000; assets:bank no.4 0.50000000-0.50000000
        close assets:bank => account_closed
        close assets:bank => 205 account_is_closed account=assets:bank
        post T5 dr assets:bank 5 EUR, cr income:work 5 EUR
            => 205 account_is_closed at /entries/0/account account=assets:bank
        reverse R1 T1 => 205 account_is_closed account=assets:bank entry=0
        rename assets:bank assets:old => 205 account_is_closed account=assets:bank
        freeze assets:bank => 205 account_is_closed account=assets:bank
        unfreeze assets:bank => 205 account_is_closed account=assets:bank
        limits assets:bank EUR floor=0 => 205 account_is_closed account=assets:bank
        open assets:bank => 202 account_already_exists at /path account=assets:bank
        close assets:none => 201 account_not_found account=assets:none
        show assets:bank
            => #0 assets:bank Closed, 4 entries, 0.00 EUR (available 0.00), 0.00000000 BTC (available 0.00000000)
    "#]]);
}

#[test]
fn of_two_faults_of_an_account_the_documented_one_is_told() {
    check(expect![[r#"
        ledger household => ledger_opened
        open assets:bank => account_opened #0 asset
        open assets:closed => account_opened #1 asset
        close assets:closed => account_closed
        ?account_not_found,account_already_exists rename assets:none assets:bank
            => 201 account_not_found account=assets:none
        ?account_is_closed,account_already_exists rename assets:closed assets:bank
            => 205 account_is_closed account=assets:closed
        ?account_not_found,asset_not_found limits assets:none GOLD floor=1
            => 201 account_not_found account=assets:none
        ?account_is_closed,asset_not_found limits assets:closed GOLD floor=1
            => 205 account_is_closed account=assets:closed
        ?asset_not_found,amount_has_too_many_decimals limits assets:bank GOLD floor=0.0000001
            => 301 asset_not_found at /currency currency=GOLD
        ?amount_has_too_many_decimals,limits_contradict limits assets:bank EUR floor=2 ceiling=1 credit=0.001
            => 404 amount_has_too_many_decimals at /credit_line decimals_max=2
        -- The floor is looked at before the ceiling.
        limits assets:bank EUR floor=0.001 ceiling=79228162514264337593543950336
            => 404 amount_has_too_many_decimals at /floor decimals_max=2
        ?amount_is_too_large,amount_has_too_many_decimals limits assets:bank EUR floor=79228162514264337593543950336 ceiling=0.001
            => 405 amount_is_too_large at /floor amount_max=792281625142643375935439503.35
    "#]]);
}
