//! Currencies of ISO 4217, and assets of a ledger's own.

use expect_test::expect;

use super::language::check;

#[test]
fn an_asset_is_registered_once_with_its_decimals() {
    check(expect![[r#"
        ledger household => ledger_opened
        asset EUR 2 => 302 asset_already_exists at /currency currency=EUR
        asset BTC 8 => asset_registered
        asset BTC 8 => 302 asset_already_exists at /currency currency=BTC
        asset WEI 18 => asset_registered
        asset ATTO 19 => 303 asset_scale_is_too_large at /scale scale=19 scale_max=18
        asset POINTS 0 => asset_registered
        post T1 dr assets:coins 0.00000001 BTC, cr income:work 0.00000001 BTC
            => transaction_posted, opened #0 assets:coins asset, opened #1 income:work income; assets:coins no.1 0.00000001-0.00000000; income:work no.1 0.00000000-0.00000001
        post T2 dr assets:coins 0.000000001 BTC, cr income:work 0.000000001 BTC
            => 404 amount_has_too_many_decimals at /entries/0/amount amount=0.000000001 currency=BTC decimals_max=8
        post T3 dr assets:coins 1.000000000000000001 WEI, cr income:work 1.000000000000000001 WEI
            => transaction_posted; assets:coins no.2 1.000000000000000001-0.000000000000000000; income:work no.2 0.000000000000000000-1.000000000000000001
        post T4 dr assets:coins 1.0 POINTS, cr income:work 1 POINTS
            => transaction_posted; assets:coins no.3 1-0; income:work no.3 0-1
        post T5 dr assets:coins 1.5 POINTS, cr income:work 1.5 POINTS
            => 404 amount_has_too_many_decimals at /entries/0/amount amount=1.5 currency=POINTS decimals_max=0
        post T6 dr assets:coins 1 GOLD, cr income:work 1 GOLD
            => 301 asset_not_found at /entries/0/currency currency=GOLD
        show assets:coins
            => #0 assets:coins Open, 3 entries, 0.00000001 BTC (available 0.00000001), 1.000000000000000001 WEI (available 1.000000000000000001), 1 POINTS (available 1)
        ?asset_already_exists,asset_scale_is_too_large asset USD 99
            => 302 asset_already_exists at /currency currency=USD
    "#]]);
}

#[test]
fn a_currency_has_the_decimals_of_iso_4217() {
    check(expect![[r#"
        ledger household => ledger_opened
        post T1 dr assets:bank 12.34 EUR, cr income:work 12.34 EUR
            => transaction_posted, opened #0 assets:bank asset, opened #1 income:work income; assets:bank no.1 12.34-0.00; income:work no.1 0.00-12.34
        post T2 dr assets:bank 12.340 EUR, cr income:work 12.3400000 EUR
            => transaction_posted; assets:bank no.2 24.68-0.00; income:work no.2 0.00-24.68
        post T3 dr assets:bank 12.345 EUR, cr income:work 12.345 EUR
            => 404 amount_has_too_many_decimals at /entries/0/amount amount=12.345 currency=EUR decimals_max=2
        post T4 dr assets:bank 1.5 JPY, cr income:work 1.5 JPY
            => 404 amount_has_too_many_decimals at /entries/0/amount amount=1.5 currency=JPY decimals_max=0
        post T5 dr assets:bank 1.234 KWD, cr income:work 1.234 KWD
            => transaction_posted; assets:bank no.3 1.234-0.000; income:work no.3 0.000-1.234
        post T6 dr assets:bank 1.2345 CLF, cr income:work 1.2345 CLF
            => transaction_posted; assets:bank no.4 1.2345-0.0000; income:work no.4 0.0000-1.2345
        show assets:bank
            => #0 assets:bank Open, 4 entries, 24.68 EUR (available 24.68), 1.234 KWD (available 1.234), 1.2345 CLF (available 1.2345)
    "#]]);
}
