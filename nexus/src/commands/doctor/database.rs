//! The database behind it: its version, the walls around the log, the clocks, and where the log stands.

use anyhow::{Context, Result};
use deadpool_postgres::Client;
use event_store::{Log, PoolOptions, PostgresLog};

use super::Check;
use crate::{
    config::{DataFolder, Database},
    database, service,
};

/// The server turns commands away from here on.
const SKEW_FAIL_US: u64 = 2_000_000;
const SKEW_WARN_US: u64 = 500_000;

/// Who may change what was recorded, partitions without the trigger, and how records are stored.
const WALLS: &str = "
    SELECT coalesce((SELECT bool_or(has_table_privilege(oid, 'log', privilege))
                     FROM pg_roles, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
                     WHERE rolname IN ('nexus_writer', 'nexus_reader')), false),
           (SELECT count(*) FROM pg_roles WHERE rolname IN ('nexus_writer', 'nexus_reader')),
           (SELECT count(*) FROM pg_inherits WHERE inhparent = 'log'::regclass AND NOT EXISTS
               (SELECT FROM pg_trigger WHERE tgrelid = inhrelid AND tgname = 'append_only' AND tgenabled = 'A')),
           (SELECT attcompression = 'l' FROM pg_attribute
            WHERE attrelid = 'log'::regclass AND attname = 'records')";

pub async fn checks(data: &DataFolder, given: &Database, runs: bool) -> Vec<Check> {
    let url = match &given.url {
        Some(url) => Ok(url.clone()),
        None if runs => database::of_running(data),
        // Nothing is started for a look.
        None => return Vec::new(),
    };
    let connected = async {
        let url = url?;
        let options =
            PoolOptions { connections_max: 1, application_name: "nexus-doctor", ..Default::default() };
        let client = event_store::pool(&url, &options)?.get().await?;
        anyhow::Ok((url, client))
    };
    let (url, client) = match connected.await {
        Ok(connected) => connected,
        Err(error) => {
            let mend = "is it running, and is its name right? (--database, DATABASE_URL)";
            return vec![Check::fail("database", format!("{error:#}"), mend)];
        }
    };
    match look(&url, &client).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::fail("database", format!("{error:#}"), "its own log may say more")],
    }
}

async fn look(url: &str, client: &Client) -> Result<Vec<Check>> {
    let version: String = client.query_one("SHOW server_version", &[]).await?.get(0);
    let mut checks = vec![Check::ok("database", format!("Postgres {version} answers"))];

    let log = match PostgresLog::connect_reader(url, service::BOOKS).await {
        Ok(log) => log,
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            checks.push(Check::warn("log", error, "the first start of a server on this database makes it"));
            return Ok(checks);
        }
    };
    checks.push(clocks(log.clock_skew().await?));
    let (head, snapshot) = (log.head().await?, log.newest_snapshots().await?);
    let snapshot = snapshot.first().map_or(0, |snapshot| snapshot.sequence.0);
    checks.push(Check::ok(
        "log",
        format!("{} records, epoch {}, newest snapshot at {snapshot}", head.last, head.epoch),
    ));

    let row = client.query_one(WALLS, &[]).await.context("cannot look at the log's rights")?;
    checks.push(walls(row.get(0), row.get(1), row.get(2)));
    if !row.get::<_, Option<bool>>(3).unwrap_or(false) {
        checks.push(Check::warn(
            "compression",
            "this Postgres was built without lz4: the log takes about four times the room",
            "nothing must be done; a Postgres with lz4 stores new records smaller",
        ));
    }
    Ok(checks)
}

fn clocks(skew_us: i64) -> Check {
    let found = format!("ours and the database's differ by {:.1} ms", skew_us as f64 / 1000.0);
    match skew_us.unsigned_abs() {
        SKEW_FAIL_US.. => {
            Check::fail("clocks", found, "set the clocks (NTP): the server turns commands away")
        }
        SKEW_WARN_US..SKEW_FAIL_US => {
            Check::warn("clocks", found, "set the clocks (NTP): from 2 s on commands are turned away")
        }
        _ => Check::ok("clocks", found),
    }
}

fn walls(may_change: bool, roles: i64, without_trigger: i64) -> Check {
    if without_trigger > 0 {
        let found = format!("{without_trigger} partitions of the log lack the trigger that forbids changes");
        return Check::fail(
            "append only",
            found,
            "find out who took it away; `nexus replay verify` tells whether records changed",
        );
    }
    if may_change {
        return Check::fail(
            "append only",
            "the server's roles were granted UPDATE, DELETE or TRUNCATE on the log",
            "REVOKE UPDATE, DELETE, TRUNCATE ON log FROM nexus_writer, nexus_reader",
        );
    }
    match roles {
        2 => Check::ok(
            "append only",
            "the roles may only insert and read, and every partition forbids changes",
        ),
        _ => Check::warn(
            "append only",
            "the roles nexus_writer and nexus_reader are missing: triggers are the only wall",
            "let the server's login create roles once, or create the two and grant them to it",
        ),
    }
}
