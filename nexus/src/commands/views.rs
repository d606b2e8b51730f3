//! `nexus views`: how far the views are; build one anew, let a halted one go on, drop what is not asked any more.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;

use crate::{
    answers::{list, text},
    client::Client,
    config::{DataFolder, Database, Server, default_data},
    database::OpenDatabase,
    output::Output,
    say::say,
    service::{self, BOOKS},
    table::{Column, table},
};

/// See how far the views are, or build one anew
///
/// Balances and the like are answered by views, which are folded from the log and can be thrown away.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    output: Output,

    /// The data folder
    #[arg(long, value_name = "DIR", env = "NEXUS_DATA", default_value_os_t = default_data(), global = true)]
    data: PathBuf,

    /// The server's address [default: the server that runs on the data folder]
    #[arg(long, env = "NEXUS_URL")]
    url: Option<String>,

    /// The API key [default: the data folder's dev key]
    #[arg(long, value_name = "KEY", env = "NEXUS_KEY", hide_env_values = true)]
    api_key: Option<String>,

    /// For rebuild, resume and drop: a Postgres of yours [default: that of the data folder]
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true, global = true)]
    database: Option<String>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Build a view anew beside the live one; when it is found equal it takes its place
    Rebuild {
        /// The view, such as balances
        view: String,
    },
    /// Drop builds that are not asked any more, with their tables
    Drop {
        /// The view, such as balances
        view: String,

        /// This build, whatever its state, if only it is not live [default: those that are retired or differ]
        #[arg(long, value_name = "N")]
        build: Option<u32>,
    },
    /// Let a halted view try its record again
    Resume {
        /// The view, such as balances
        view: String,
    },
}

pub async fn run(args: Args) -> Result<()> {
    let data = DataFolder { path: args.data };
    let database = Database { url: args.database };
    match args.command {
        None => {
            let server = Server { data, url: args.url, api_key: args.api_key };
            let answer = Client::find(&server)?.get("/v1/views").await?;
            args.output.print(&answer, words)
        }
        Some(Command::Rebuild { view }) => {
            let open = OpenDatabase::open(&data, &database).await?;
            let made = projections::rebuild(service::views(open.url())?.pool(), &view, BOOKS).await;
            open.close().await?;
            say(&format!(
                "Build {} of {view} is asked for: the projectors make it. See  nexus views\n",
                made?.build
            ));
            Ok(())
        }
        Some(Command::Drop { view, build }) => {
            let open = OpenDatabase::open(&data, &database).await?;
            let dropped =
                projections::drop_builds(service::views(open.url())?.pool(), &view, BOOKS, build).await;
            open.close().await?;
            let numbers: Vec<String> = dropped?.iter().map(|build| build.build.to_string()).collect();
            match &*numbers {
                [] => say(&format!("Every build of {view} is at work: there is nothing to drop.\n")),
                numbers => say(&format!("Dropped of {view}: build {}.\n", numbers.join(", "))),
            }
            Ok(())
        }
        Some(Command::Resume { view }) => {
            let open = OpenDatabase::open(&data, &database).await?;
            let resumed = projections::resume(service::views(open.url())?.pool(), &view, BOOKS).await;
            open.close().await?;
            resumed?;
            say(&format!("{view} tries again. See  nexus views\n"));
            Ok(())
        }
    }
}

fn words(answer: &Value) -> String {
    let rows = list(answer, "views").map(|view| {
        vec![
            text(view, "view").to_owned(),
            view["version"].to_string(),
            view["build"].to_string(),
            text(view, "state").to_owned(),
            text(view, "position").to_owned(),
            view["lag_records"].to_string(),
            format!("{} ms", view["lag_ms"]),
            now(view),
        ]
    });
    let columns = [
        Column::Text("view"),
        Column::Figure("version"),
        Column::Figure("build"),
        Column::Text("state"),
        Column::Text("has read"),
        Column::Figure("missing"),
        Column::Figure("behind"),
        Column::Text(""),
    ];
    format!("The log ends at {}.\n\n{}", text(answer, "head"), table(&columns, rows.collect()))
}

/// What a build is at, if that is worth a word.
fn now(view: &Value) -> String {
    if let Some(at) = view["halted_at"].as_str() {
        return format!("halted at {at}: {}", text(view, "halted_reason"));
    }
    if let Some(doing) = view["doing"].as_str() {
        return doing.to_owned();
    }
    if view["state"] != "building" {
        return String::new();
    }
    let pace = view["records_per_s"].as_u64().map(|pace| format!(", {pace} records/s"));
    let left = view["eta_s"].as_u64().map(|seconds| format!(", {seconds} s left"));
    format!("{} %{}{}", text(view, "percent"), pace.unwrap_or_default(), left.unwrap_or_default())
}
