//! `nexus report`: the reports of bookkeeping, as trees of accounts.

mod words;

use anyhow::Result;

use super::events::zone_of;
use crate::{
    ask::{ask, ask_all_pages},
    client::Client,
    config::Server,
    output::Output,
};

/// Show a trial balance, a balance sheet, an income statement or the general ledger
///
/// Names above accounts have the sums of what is below them. Dates are days in the ledger's time zone.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: nexus report income-statement household --from 2026-01-01 --to 2026-01-31")]
pub struct Args {
    #[command(subcommand)]
    report: Report,
}

#[derive(clap::Subcommand, Debug)]
enum Report {
    /// Every account with all that it was debited and credited
    TrialBalance(Moment),
    /// What is owned, what is owed, and what is left of it
    BalanceSheet(Moment),
    /// What came in and what was spent
    IncomeStatement(Period),
    /// The statements of all accounts, one after the other
    GeneralLedger(Pages),
}

#[derive(clap::Args, Debug)]
struct Moment {
    /// The ledger, such as household
    ledger: String,

    /// What was in effect by then: a date (its whole day) or an instant, such as 2026-11-23T10:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args, Debug)]
struct Period {
    /// The ledger, such as household
    ledger: String,

    /// From then on: a date or an instant
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Up to then: a date (its whole day) or an instant
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args, Debug)]
struct Pages {
    /// The ledger, such as household
    ledger: String,

    /// From then on: a date or an instant
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Up to then: a date (its whole day) or an instant
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

#[derive(clap::Args, Debug)]
struct Terms {
    /// What was known by then: a date, an instant, or a position such as 1:17
    #[arg(long, value_name = "TIME|POSITION")]
    known_at: Option<String>,

    /// Show accounts no deeper than so many names
    #[arg(long, value_name = "NAMES")]
    depth: Option<String>,

    /// Also value everything in this currency, by the rates that were recorded
    #[arg(long, value_name = "CURRENCY")]
    valued_in: Option<String>,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let (name, ledger, times, terms) = match &args.report {
        Report::TrialBalance(of) => ("trial-balance", &of.ledger, [("at", &of.at), ("to", &None)], &of.terms),
        Report::BalanceSheet(of) => ("balance-sheet", &of.ledger, [("at", &of.at), ("to", &None)], &of.terms),
        Report::IncomeStatement(of) => {
            ("income-statement", &of.ledger, [("from", &of.from), ("to", &of.to)], &of.terms)
        }
        Report::GeneralLedger(of) => return all_accounts(of).await,
    };
    let [first, second] = times.map(|(name, time)| (name, time.as_deref()));
    let parameters = [
        first,
        second,
        ("known_at", terms.known_at.as_deref()),
        ("depth", terms.depth.as_deref()),
        ("valued_in", terms.valued_in.as_deref()),
    ];
    let client = Client::find(&terms.server)?;
    let answer = ask(&client, ledger, &format!("reports/{name}"), &parameters).await?;
    terms.output.print(&answer, |answer| match args.report {
        Report::TrialBalance(_) => words::trial_balance(ledger, answer),
        Report::BalanceSheet(_) => words::balance_sheet(ledger, answer),
        _ => words::income_statement(ledger, answer),
    })
}

async fn all_accounts(of: &Pages) -> Result<()> {
    let client = Client::find(&of.server)?;
    let zone = zone_of(&client, &of.ledger).await?;
    let parameters = [
        ("from", of.from.as_deref()),
        ("to", of.to.as_deref()),
        ("known_at", of.known_at.as_deref()),
        ("limit", Some("1000")),
    ];
    let answer =
        ask_all_pages(&client, &of.ledger, "reports/general-ledger", &parameters, "accounts").await?;
    of.output.print(&answer, |answer| words::general_ledger(&of.ledger, answer, zone))
}
