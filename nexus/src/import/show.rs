//! What a dry run shows: the first transactions that the mapping makes.

use anyhow::Result;

use super::{
    plan::{Mapped, Plan},
    posting::Posting,
    source::Source,
};

pub const SHOWN_MAX: usize = 5;

pub fn first_transactions(mut source: Source, mut plan: Plan) -> Result<()> {
    println!("the first transactions:\n");
    let mut shown = 0;
    while shown < SHOWN_MAX {
        let Some(row) = source.next()? else { break };
        match plan.map(&row.record, row.key.as_deref()) {
            Ok(Mapped::Posting(posting)) => {
                println!("{}", shown_as(row.line, &posting));
                shown += 1;
            }
            Ok(Mapped::Skipped | Mapped::MovesNothing) => {}
            Err(fault) => println!("line {}: refused: {}: {}\n", row.line, fault.at, fault.why),
        }
    }
    Ok(())
}

pub fn shown_as(line: u64, posting: &Posting) -> String {
    let Posting { key, effective_at, description, reference, metadata, preconditions, legs } = posting;
    let mut out = format!("line {line}  {effective_at}  {}\n", description.as_deref().unwrap_or("(no text)"));
    let width = legs.iter().map(|leg| leg.account.as_str().chars().count()).max().unwrap_or_default();
    for leg in legs {
        let amount = leg.amount.to_string();
        out += &format!(
            "  {:<6}  {:<width$}  {amount:>12} {}",
            leg.direction.as_str(),
            leg.account.as_str(),
            leg.currency
        );
        if let Some(category) = &leg.category {
            out += &format!("  [{category}]");
        }
        out.push('\n');
    }
    out += &format!("  key {key}");
    if let Some(reference) = reference {
        out += &format!(", reference {reference}");
    }
    for (name, value) in metadata {
        out += &format!(", {name}: {value}");
    }
    for condition in preconditions {
        out += &format!(
            ", {} must hold {} {} before",
            condition.account, condition.at_least, condition.currency
        );
    }
    out.push('\n');
    out
}
