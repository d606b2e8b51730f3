//! `nexus up`: all roles in one process, on a private Postgres or a given one.

use anyhow::Result;
use command_api::telemetry::observer::Observer;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{self, DataFolder, Database, Door, Logging},
    detach, dev_key,
    folder::LockedFolder,
    private::Keeper,
    say::say,
    service::{self, Service},
    signals, telemetry,
};

/// Start the ledger: everything in one process
///
/// Keeps its data in a folder, with a private Postgres in it. Ctrl-C stops it; the next start goes on where it was.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    data: DataFolder,

    #[command(flatten)]
    door: Door,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    logging: Logging,

    /// Do not fold the views here: `nexus projector` does, in a process of its own
    #[arg(long)]
    no_views: bool,

    /// Go on in the background; `nexus down` stops it
    #[arg(long)]
    detach: bool,

    /// We are what `--detach` started
    #[arg(long, hide = true, conflicts_with = "detach")]
    detached: bool,
}

pub async fn run(args: Args) -> Result<()> {
    let data = args.data.absolute()?;
    if args.detach {
        return detach::start(&data).await;
    }
    if args.detached {
        detach::leave_terminal();
    }
    let telemetry = telemetry::start(&args.logging).await?;
    let result = up(&data, &args, telemetry.observer()).await;
    telemetry.stop().await;
    result
}

async fn up(data: &DataFolder, args: &Args, observer: Option<Observer>) -> Result<()> {
    let folder = LockedFolder::lock(data)?;
    // Before Postgres, so that a busy port is said at once.
    let bound = service::bind(&args.door, observer).await?;
    let stop = signals::stop_token()?;
    let (url, keeper) = match &args.database.url {
        Some(url) => (url.clone(), None),
        None => {
            let keeper = Keeper::start(&data.postgres(), stop.clone()).await?;
            (keeper.url.clone(), Some(keeper))
        }
    };
    let ended = serve(&url, bound, &folder, args, stop).await;
    if let Some(keeper) = keeper {
        keeper.stop().await?;
    }
    ended?;
    say("Stopped.\n");
    Ok(())
}

async fn serve(
    url: &str,
    bound: command_api::server::Bound,
    folder: &LockedFolder,
    args: &Args,
    stop: CancellationToken,
) -> Result<()> {
    let service = Service::start(url, !args.no_views).await?;
    dev_key::ensure(&folder.folder, &service.keys).await?;
    let address = format!("http://{}", bound.address);
    let serving = service.open(bound, stop.clone()).await?;
    if stop.is_cancelled() {
        return serving.until_stopped().await;
    }
    let private = args.database.url.is_none().then_some(url);
    folder.announce(&address, private)?;
    say(&welcome(&folder.folder, args, &address));
    if args.detached {
        detach::release_waiting();
    }
    serving.until_stopped().await
}

/// What a newcomer needs now, and no more.
fn welcome(data: &DataFolder, args: &Args, address: &str) -> String {
    let database = match &args.database.url {
        Some(url) => without_password(url),
        None => "a private Postgres in the data folder".to_owned(),
    };
    let (nexus, ours) = (config::how_we_are_called(), args.data.as_flag());
    let stopping = match args.detached {
        true => format!(
            "It runs in the background, its log is {}.\nStop it with  {nexus} down{ours}",
            config::shortest(&data.log())
        ),
        false => "Ctrl-C stops it; the next start goes on where it was.".to_owned(),
    };
    let why = args.data.why_elsewhere().map(|why| format!(" ({why})")).unwrap_or_default();
    let elsewhere = if args.detached { "Next:" } else { "Next, in another terminal:" };
    format!(
        "
NEXUS is up.

  address   {address}
  docs      {address}/docs
  data      {}{why}
  database  {database}
  API key   in {} (yours alone; the command line finds it by itself)

{elsewhere}

  {nexus} demo{ours}

{stopping}

",
        data.path.display(),
        data.dev_key().display(),
    )
}

/// `postgres://user:secret@host/db` and `password=secret` without the secret.
fn without_password(url: &str) -> String {
    let hidden = match (url.split_once("://"), url.rfind('@')) {
        (Some((scheme, rest)), Some(at)) => {
            let (user, host) = (&rest[..at - scheme.len() - 3], &url[at + 1..]);
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        _ => url.to_owned(),
    };
    let words = hidden.split(' ').filter(|word| !word.starts_with("password="));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://me:se@cret@db:5432/nexus"), "postgres://me@db:5432/nexus");
        assert_eq!(without_password("postgres://db/nexus"), "postgres://db/nexus");
        assert_eq!(without_password("host=db password=secret user=me"), "host=db user=me");
    }
}
