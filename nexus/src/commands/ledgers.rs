//! `nexus ledgers`: which ledgers there are.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    answers::{list, text},
    client::Client,
    config::Server,
    output::Output,
    table::{Column, table},
};

/// List the ledgers
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    server: Server,
}

pub async fn run(args: Args) -> Result<()> {
    let ledgers = Client::find(&args.server)?.get_all("/v1/ledgers", "ledgers").await?;
    args.output.print(&json!({ "ledgers": ledgers }), |answer| words(answer, &args.server))
}

fn words(answer: &Value, server: &Server) -> String {
    let rows: Vec<Vec<String>> = list(answer, "ledgers")
        .map(|ledger| {
            vec![
                text(ledger, "id").to_owned(),
                ledger["accounts_count"].to_string(),
                text(ledger, "time_zone").to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        let (nexus, ours) = (crate::config::how_we_are_called(), server.data.as_flag());
        return format!("There is no ledger yet. Open one:  {nexus} open household{ours}\n");
    }
    table(&[Column::Text("ledger"), Column::Figure("accounts"), Column::Text("time zone")], rows)
}
