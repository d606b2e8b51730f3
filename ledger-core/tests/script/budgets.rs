//! Budgets: what may be planned, from when, and what the books keep of it.

use expect_test::expect;

use super::language::{Run, check};

#[test]
fn a_budget_is_set_changed_and_dropped() {
    check(expect![[r#"
        ledger household zone=Europe/Prague => ledger_opened
        budget food 400 EUR month account=expenses:food => budget_set, Debit 400.00 EUR a month from 2026-11-01
        budget work 3000 EUR month account=income:work carry=all
            => budget_set, Credit 3000.00 EUR a month from 2026-11-01
        budget holiday 1200 EUR year category=holiday starts=2026-01-01 ends=2030-12-31 carry=remaining
            => budget_set, Debit 1200.00 EUR a year from 2026-01-01
        budget saved 50.5 EUR week account=assets:savings category=holiday direction=debit
            => budget_set, Debit 50.50 EUR a week from 2026-11-23
        budget nothing 0 EUR quarter account=expenses:tobacco starts=2027-04-01
            => budget_set, Debit 0.00 EUR a quarter from 2027-04-01
        -- An account's type counts for more than its path
        open Fun:money type=expense => account_opened #0 expense
        budget fun 20 EUR week account=Fun:money => budget_set, Debit 20.00 EUR a week from 2026-11-23
        change food 450 EUR month account=expenses:food starts=2027-01-01
            => budget_changed, Debit 450.00 EUR a month from 2027-01-01
        change food 100 EUR week category=food => budget_changed, Debit 100.00 EUR a week from 2026-11-23
        drop food => budget_dropped from 2026-11-23
        drop holiday from=2026-01-01 => budget_dropped from 2026-01-01
        -- An id is free again
        budget food 1 EUR month account=expenses:food => budget_set, Debit 1.00 EUR a month from 2026-11-01
        -- What is refused
        budget food 1 EUR month account=expenses:food => 1001 budget_already_exists at /budget budget=food
        change holiday 1 EUR month account=expenses:food => 1002 budget_not_found budget=holiday
        drop holiday => 1002 budget_not_found budget=holiday
        budget gold 1 GOLD month category=gold => 301 asset_not_found at /currency currency=GOLD
        budget coins 1.001 EUR month category=coins
            => 404 amount_has_too_many_decimals at /amount decimals_max=2
        budget much 9999999999999999999999999999 EUR month category=much
            => 405 amount_is_too_large at /amount amount_max=792281625142643375935439503.35
        budget days 1 EUR week category=days starts=2026-11-24
            => 1005 period_is_not_whole at /starts after=2026-11-30 before=2026-11-23 period=week
        budget days 1 EUR quarter category=days starts=2026-11-01
            => 1005 period_is_not_whole at /starts after=2027-01-01 before=2026-10-01 period=quarter
        budget days 1 EUR quarter category=days starts=9999-11-01
            => 1005 period_is_not_whole at /starts before=9999-10-01 period=quarter
        budget days 1 EUR month category=days ends=2026-11-29
            => 1005 period_is_not_whole at /ends ends=2026-11-30 period=month
        budget days 1 EUR week category=days starts=9999-12-27 ends=9999-12-31
            => budget_set, Debit 1.00 EUR a week from 9999-12-27
        drop work from=2026-11-02
            => 1005 period_is_not_whole at /from after=2026-12-01 before=2026-11-01 period=month
        budget early 1 EUR week category=early starts=1969-12-29
            => 1006 budget_starts_too_early at /starts earliest=1970-01-01
        budget early 1 EUR week category=early starts=1970-01-05
            => budget_set, Debit 1.00 EUR a week from 1970-01-05
        ?budget_already_exists,budget_is_for_nothing budget food 1 EUR month
            => 1001 budget_already_exists at /budget budget=food
        ?budget_not_found,budget_is_for_nothing change nowhere 1 EUR month
            => 1002 budget_not_found budget=nowhere
        ?budget_is_for_nothing,asset_not_found budget x 1 GOLD month => 1003 budget_is_for_nothing at /account
        ?budget_direction_is_unknown,asset_not_found budget x 1 GOLD month account=pocket
            => 1004 budget_direction_is_unknown at /direction
        ?asset_not_found,period_is_not_whole budget x 1 GOLD month category=x starts=2026-11-02
            => 301 asset_not_found at /currency currency=GOLD
        ?amount_has_too_many_decimals,period_is_not_whole budget x 1.001 EUR month category=x starts=2026-11-02
            => 404 amount_has_too_many_decimals at /amount decimals_max=2
        ?period_is_not_whole,budget_ends_before_it_starts budget x 1 EUR month category=x starts=2026-11-02 ends=2026-10-31
            => 1005 period_is_not_whole at /starts after=2026-12-01 before=2026-11-01 period=month
        ?budget_starts_too_early,budget_ends_before_it_starts budget x 1 EUR month category=x starts=1960-01-01 ends=1959-12-31
            => 1006 budget_starts_too_early at /starts earliest=1970-01-01
        ?budget_not_found,period_is_not_whole drop nowhere from=2026-11-02
            => 1002 budget_not_found budget=nowhere
        -- It is already December there
        now 2026-11-30T23:30:00Z
        budget december 1 EUR month category=december => budget_set, Debit 1.00 EUR a month from 2026-12-01
    "#]]);
}

#[test]
fn the_books_keep_no_plans() {
    let mut run = Run::new();
    run.line("ledger household");
    run.line("budget food 400 EUR month account=expenses:food");
    let one = run.shard.bytes().len();
    for amount in 0..100 {
        run.line(&format!("change food {amount} EUR month account=expenses:food"));
    }
    // The sequence of the last change has grown by a byte or so.
    assert!(run.shard.bytes().len() <= one + 2);
}
