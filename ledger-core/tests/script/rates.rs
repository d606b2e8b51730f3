//! Exchange rates: what may be recorded, and that the books do not change by it.

use expect_test::expect;

use super::language::{Run, check};

#[test]
fn a_rate_is_recorded_as_it_was_stated() {
    check(expect![[r#"
        ledger household zone=Europe/Prague => ledger_opened
        asset BTC 8 => asset_registered
        rate EUR CZK 25.10 => rate_recorded, 1 EUR = 25.10 CZK
        rate EUR CZK 25.1 at=2026-11-01 => rate_recorded as of 2026-10-31T23:00:00Z, 1 EUR = 25.1 CZK
        rate EUR CZK 24 at=2020-02-29T12:00:00Z source=bank
            => rate_recorded as of 2020-02-29T12:00:00Z, 1 EUR = 24 CZK
        rate CZK EUR 0.039840637450199203 => rate_recorded, 1 CZK = 0.039840637450199203 EUR
        rate BTC EUR 9999999999.999999999999999999 => rate_recorded, 1 BTC = 9999999999.999999999999999999 EUR
        rate EUR BTC 0.000000000000000001 => rate_recorded, 1 EUR = 0.000000000000000001 BTC
        -- What is refused
        rate GOLD EUR 1 => 301 asset_not_found at /base currency=GOLD
        rate EUR GOLD 1 => 301 asset_not_found at /quote currency=GOLD
        rate EUR EUR 1 => 901 currencies_are_the_same at /quote currency=EUR
        rate EUR CZK 0.000 => 902 rate_is_zero at /rate
        rate EUR CZK 25 at=2026-11-24T12:00:00.000001Z
            => 407 effective_in_the_future at /effective_at effective_at=2026-11-24T12:00:00.000001Z now=2026-11-24T12:00:00Z
        rate EUR CZK 25 at=2026-11-25
            => 407 effective_in_the_future at /effective_at effective_at=2026-11-24T23:00:00Z now=2026-11-24T12:00:00Z
        ?asset_not_found,currencies_are_the_same rate GOLD GOLD 1 => 301 asset_not_found at /base currency=GOLD
        ?currencies_are_the_same,rate_is_zero rate EUR EUR 0
            => 901 currencies_are_the_same at /quote currency=EUR
        ?rate_is_zero,effective_in_the_future rate EUR CZK 0 at=2026-11-25 => 902 rate_is_zero at /rate
        -- What was recorded has changed the ledger
        post T1 since=1:2 dr assets:bank 1 EUR, cr income:work 1 EUR
            => 603 ledger_has_changed at /preconditions/unchanged_since changed_at=1:8
    "#]]);
}

#[test]
fn rates_leave_the_books_as_they_are() {
    let mut run = Run::new();
    run.line("ledger household");
    run.line("rate EUR CZK 25.1");
    let one = run.shard.bytes().len();
    for hundredth in 0..100 {
        run.line(&format!("rate EUR CZK 25.{hundredth:02} at=2026-01-01"));
    }
    // The sequence of the last change has grown by a byte or so.
    assert!(run.shard.bytes().len() <= one + 2);
}
