//! `nexus keys`: makes, lists and revokes API keys, in the database itself.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use chrono::{SecondsFormat, Utc};
use command_api::keys::{Grant, Key, Scope, cache::KeySource, postgres::PostgresKeys};
use event_schemas::LedgerId;
use serde_json::{Value, json};

use crate::{
    answers::{list, text},
    config::{DataFolder, Database},
    database::OpenDatabase,
    output::Output,
    service,
    table::{Column, table},
};

/// How a grant of all ledgers is written.
const ALL_LEDGERS: &str = "*";

/// Make, list and revoke API keys
///
/// Works on the database itself, that of the data folder or a given one, whether or not a server runs.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Keys,
}

#[derive(clap::Subcommand, Debug)]
enum Keys {
    /// Make a key; its secret is shown once
    Create(Create),
    /// List all keys, without their secrets
    List(Which),
    /// Revoke a key: within five seconds no server takes it any more
    Revoke(Revoke),
}

#[derive(clap::Args, Debug)]
struct Create {
    /// What the key is for
    #[arg(long)]
    name: String,

    /// What it may do; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scopes())]
    scopes: Vec<String>,

    /// A ledger that it may see, or '*' for all; may be given several times
    #[arg(long = "ledger", value_name = "LEDGER", required = true, value_delimiter = ',')]
    ledgers: Vec<String>,

    #[command(flatten)]
    which: Which,
}

#[derive(clap::Args, Debug)]
struct Revoke {
    /// The key's id: the part of nxk_ID_… between the lines
    id: String,

    #[command(flatten)]
    which: Which,
}

#[derive(clap::Args, Debug)]
struct Which {
    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    data: DataFolder,

    #[command(flatten)]
    database: Database,
}

pub async fn run(args: Args) -> Result<()> {
    let which = match &args.command {
        Keys::Create(create) => &create.which,
        Keys::List(which) => which,
        Keys::Revoke(revoke) => &revoke.which,
    };
    let database = OpenDatabase::open(&which.data, &which.database).await?;
    let done = carry_out(&args.command, database.url()).await;
    database.close().await?;
    done
}

async fn carry_out(command: &Keys, url: &str) -> Result<()> {
    service::migrate(url).await?;
    let keys = service::keys(url)?;
    match command {
        Keys::Create(args) => create(args, &keys).await,
        Keys::List(args) => show(args, &keys).await,
        Keys::Revoke(args) => revoke(args, &keys).await,
    }
}

async fn create(args: &Create, keys: &PostgresKeys) -> Result<()> {
    let scopes: BTreeSet<Scope> = args.scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>()?;
    let (key, token) = Key::issue(None, args.name.clone(), scopes, grant(&args.ledgers)?, Utc::now());
    keys.insert(&key).await?;
    let mut answer = shown(&key);
    answer["token"] = json!(token.as_str());
    args.which.output.print(&answer, |_| {
        format!(
            "Made key {} ({}).\n\n  {}\n\nThis is the only time that it is shown. Send it as  Authorization: Bearer {}…\n",
            key.id,
            key.name,
            token.as_str(),
            &token.as_str()[..key.id.len() + 5],
        )
    })
}

fn grant(ledgers: &[String]) -> Result<Grant> {
    if ledgers.iter().any(|ledger| ledger == ALL_LEDGERS) {
        return Ok(Grant::All);
    }
    for ledger in ledgers {
        LedgerId::parse(ledger).with_context(|| format!("{ledger:?} is no ledger's id"))?;
    }
    Ok(Grant::Only(ledgers.iter().cloned().collect()))
}

async fn show(args: &Which, keys: &PostgresKeys) -> Result<()> {
    let keys = keys.load().await?;
    let answer = json!({ "keys": keys.iter().map(shown).collect::<Vec<_>>() });
    args.output.print(&answer, |answer| {
        let rows = list(answer, "keys").map(|key| {
            let state = match key["revoked_at"].as_str() {
                Some(at) => format!("revoked {}", &at[..10]),
                None => "good".to_owned(),
            };
            let joined = |name| list(key, name).filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            vec![
                text(key, "id").to_owned(),
                text(key, "name").to_owned(),
                text(key, "created_at")[..10].to_owned(),
                state,
                joined("ledgers"),
                joined("scopes"),
            ]
        });
        let columns = ["id", "name", "made", "state", "ledgers", "scopes"].map(Column::Text);
        table(&columns, rows.collect())
    })
}

async fn revoke(args: &Revoke, keys: &PostgresKeys) -> Result<()> {
    // Who pastes a whole token means its key.
    let id = command_api::keys::split_token(&args.id).map_or(args.id.as_str(), |(id, _)| id);
    if !keys.revoke(id, Utc::now()).await? {
        bail!("there is no key {id}; see: nexus keys list");
    }
    args.which.output.print(&json!({ "id": id, "revoked": true }), |_| {
        format!("Revoked {id}: within five seconds no server takes it any more.\n")
    })
}

fn shown(key: &Key) -> Value {
    let time = |at: chrono::DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let ledgers = match &key.ledgers {
        Grant::All => json!([ALL_LEDGERS]),
        Grant::Only(ledgers) => json!(ledgers),
    };
    json!({
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        "ledgers": ledgers,
        "created_at": time(key.created_at),
        "revoked_at": key.revoked_at.map(time),
    })
}

fn scopes() -> clap::builder::PossibleValuesParser {
    Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>().into()
}
