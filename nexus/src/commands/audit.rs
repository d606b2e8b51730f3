//! `nexus audit`: who did or tried what in a ledger, and what came of it.

use anyhow::Result;
use serde_json::Value;

use crate::{
    answers::{list, text},
    ask::when_it_is_there,
    client::{Client, segment},
    config::Server,
    output::Output,
    table::{Column, table},
};

/// See who did or tried what in a ledger, and what came of it
///
/// Everything that was recorded, also what was refused; the newest first.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The ledger, such as household
    ledger: String,

    /// Who, such as key:dev
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,

    /// What touched this account, or named it and was refused
    #[arg(long, value_name = "PATH")]
    account: Option<String>,

    /// Events such as transaction_posted, or refused commands such as post_transaction; may be given several times
    #[arg(long, value_name = "NAME")]
    kind: Vec<String>,

    /// What came of it: recorded, refused, or unknown (a newer program wrote it)
    #[arg(long, value_parser = ["recorded", "refused", "unknown"])]
    outcome: Option<String>,

    /// Recorded from then on: a date in the ledger's time zone, or an instant
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Recorded by then: a date (its whole day), or an instant
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// Go on where the page before ended
    #[arg(long, value_name = "NEXT")]
    cursor: Option<String>,

    /// At most so many, 1,000 at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let client = Client::find(&args.server)?;
    let ledger = segment(&args.ledger);
    // The view may be a moment behind: what is recorded by now is to be in the answer.
    let now = client.get(&format!("/v1/ledgers/{ledger}/accounts?limit=1")).await?["as_of"].take();
    let limit = args.limit.to_string();
    let query = [
        ("actor", args.actor.as_deref()),
        ("account", args.account.as_deref()),
        ("outcome", args.outcome.as_deref()),
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("cursor", args.cursor.as_deref()),
        ("limit", Some(&*limit)),
        ("min_position", now.as_str()),
    ];
    let kinds = args.kind.iter().map(|kind| ("kind", Some(kind.as_str())));
    let query: Vec<String> = query
        .into_iter()
        .chain(kinds)
        .filter_map(|(name, value)| Some(format!("{name}={}", segment(value?))))
        .collect();
    let answer =
        when_it_is_there(&client, &format!("/v1/ledgers/{ledger}/audit?{}", query.join("&"))).await?;
    args.output.print(&answer, words)
}

fn words(answer: &Value) -> String {
    let rows: Vec<Vec<String>> = list(answer, "records")
        .map(|record| {
            let field = |name| text(record, name).to_owned();
            let came_of_it = match &record["refusal"] {
                Value::Null => field("outcome"),
                refusal => format!("refused: {}", text(refusal, "code")),
            };
            vec![
                field("position"),
                field("recorded_at"),
                field("actor"),
                field("kind"),
                came_of_it,
                accounts(record),
                field("key"),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "nothing of the kind\n".to_owned();
    }
    let columns = [
        Column::Text("position"),
        Column::Text("recorded"),
        Column::Text("who"),
        Column::Text("what"),
        Column::Text("outcome"),
        Column::Text("accounts"),
        Column::Text("key"),
    ];
    let more = answer["next"].as_str().map(|next| format!("\nThere are older ones: --cursor {next}\n"));
    table(&columns, rows) + &more.unwrap_or_default()
}

/// By path as of then, or by number; those that were none with a question mark.
fn accounts(record: &Value) -> String {
    let known = list(record, "accounts").map(|account| match account["account"].as_str() {
        Some(path) => path.to_owned(),
        None => format!("#{}", account["number"]),
    });
    let none = list(record, "no_accounts").map(|path| format!("{}?", path.as_str().unwrap_or_default()));
    known.chain(none).collect::<Vec<_>>().join(" ")
}
