//! docs/generated/refusals.md: every refusal, and the order in which each command is checked.

use std::fmt::Write as _;

use expect_test::expect_file;
use ledger_core::{Class, Command, RefusalKind};

#[test]
fn generated_refusals_catalogue_is_current() {
    expect_file!["../../../docs/generated/refusals.md"].assert_eq(&page());
}

fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for kind in RefusalKind::ALL {
        let class = match kind.class() {
            Class::Rule => "rule",
            Class::Race => "race",
            Class::Missing => "missing",
        };
        writeln!(
            page,
            "| {} | `{}` | {class} | {} | {} |",
            kind.number(),
            kind.code(),
            kind.when(),
            kind.mend()
        )
        .expect("a string takes it");
    }
    page.push_str(ORDER);
    for (command, refusals) in Command::REFUSALS {
        let codes: Vec<String> = refusals.iter().map(|kind| format!("`{}`", kind.code())).collect();
        writeln!(page, "- **{command}**: {}", codes.join(", ")).expect("a string takes it");
    }
    page
}

const INTRODUCTION: &str = "\
# Refusals

Every \"no\" of the rules. Numbers and codes never change and are never used again. A refusal is recorded: the same key hears
the same answer for ever. Written by a test from `ledger-core/src/refusal.rs`; `cargo xtask codegen` renews it.

A refusal tells what in the request is at fault as a JSON Pointer (RFC 6901) where something is, and the figures behind it.
Its class says what sort of \"no\" it is. *rule*: the request breaks a rule. *race*: something else happened first, or a
condition of the request did not hold. *missing*: what the request names is not there.

| number | code | class | when | what to do |
|---:|---|---|---|---|
";

const ORDER: &str = "
## In which order

Of several faults the first in its command's list is told. Four things the lists cannot say:

- A transaction's entries are looked at one by one, each from `asset_not_found` to `ledger_is_full`, before the rest.
- Its conditions follow `ledger_has_changed`, also one by one: the account, the currency, both bounds' amounts, then the balance.
- Limits count for the whole transaction, each balance once, where its last entry stands.
- `batch_item_refused` is in no list: it is given to the other items of an atomic batch, whatever they are.

";
