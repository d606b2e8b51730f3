//! The table of builds: which there are, what they are for, how far they have read.

use deadpool_postgres::Pool;
use event_schemas::{Sequence, Shard, Ts};
use tokio_postgres::{Client, GenericClient, Row};

use crate::{ViewError, checksum, error::Doing, view::View, views};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// One build of one version of a view: its tables are in a schema of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Build {
    pub name: String,
    pub version: u16,
    pub build: u32,
    pub shard: Shard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It reads what was recorded before it was made.
    Building,
    /// Queries are answered from it.
    Live,
    /// Another took its place; its tables are kept until they are dropped.
    Retired,
    /// It was compared with the live one and is not equal: somebody must look at both.
    Differs,
}

/// A build as the table has it.
#[derive(Debug, Clone)]
pub struct Status {
    pub build: Build,
    pub state: State,
    pub position: Sequence,
    /// When the last record that it folded was recorded.
    pub recorded_at: Option<Ts>,
    /// The record that it cannot fold, and why.
    pub halted: Option<(Sequence, String)>,
    pub compared_at: Option<Sequence>,
    /// Its indexes are made: it has been ready to be asked.
    pub is_indexed: bool,
    /// How fast it reads. `None`: it has not moved for some seconds.
    pub records_per_s: Option<f64>,
    /// What it does beside reading.
    pub doing: Option<String>,
}

impl Build {
    #[must_use]
    pub fn schema(&self) -> String {
        format!("view_{}_{}_{}_{}", self.name, self.version, self.build, self.shard.0)
    }

    fn key(&self) -> (String, i32, i32, i16) {
        let shard = i16::try_from(self.shard.0).expect("a shard's number has 15 bits");
        let build = i32::try_from(self.build).expect("builds are counted from 1");
        (self.name.clone(), i32::from(self.version), build, shard)
    }
}

impl State {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Building => "building",
            State::Live => "live",
            State::Retired => "retired",
            State::Differs => "differs",
        }
    }

    fn parse(text: &str) -> State {
        [State::Building, State::Live, State::Retired]
            .into_iter()
            .find(|state| state.as_str() == text)
            .unwrap_or(State::Differs)
    }
}

/// Makes or updates the table of builds. To be called before anything else here.
pub async fn migrate(url: &str) -> Result<(), ViewError> {
    let (mut client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.doing("connect to the views' database")?;
    let connection = tokio::spawn(connection);
    let runner = embedded::migrations::runner();
    let migrated = event_store::migrate_with(&mut client, runner, "view_schema_history").await;
    drop(client);
    let _ = connection.await;
    Ok(migrated?)
}

const COLUMNS: &str = "name, version, build, shard, state, position, recorded_at, halted_at, halted_reason, \
    compared_at, indexed_at IS NOT NULL, \
    CASE WHEN clock_timestamp() - moved_at < interval '10 s' THEN records_per_s END, doing";

/// Every build there is, newest first within a view.
pub async fn statuses(client: &impl GenericClient, shard: Shard) -> Result<Vec<Status>, ViewError> {
    let sql =
        format!("SELECT {COLUMNS} FROM view_builds WHERE shard = $1 ORDER BY name, version DESC, build DESC");
    let shard = i16::try_from(shard.0).expect("a shard's number has 15 bits");
    let rows = client.query(&sql, &[&shard]).await.doing("list the views")?;
    Ok(rows.iter().map(status).collect())
}

fn status(row: &Row) -> Status {
    let sequence = |number: i64| Sequence(u64::try_from(number).expect("checked by the table"));
    let halted: (Option<i64>, Option<String>) = (row.get(7), row.get(8));
    Status {
        build: Build {
            name: row.get(0),
            version: u16::try_from(row.get::<_, i32>(1)).expect("a view's version"),
            build: u32::try_from(row.get::<_, i32>(2)).expect("checked by the table"),
            shard: Shard(u16::try_from(row.get::<_, i16>(3)).expect("a shard's number")),
        },
        state: State::parse(row.get(4)),
        position: sequence(row.get(5)),
        recorded_at: row.get::<_, Option<i64>>(6).map(Ts),
        halted: halted.0.zip(halted.1).map(|(at, reason)| (sequence(at), reason)),
        compared_at: row.get::<_, Option<i64>>(9).map(sequence),
        is_indexed: row.get(10),
        records_per_s: row.get(11),
        doing: row.get(12),
    }
}

pub(crate) async fn status_of(
    client: &impl GenericClient,
    build: &Build,
) -> Result<Option<Status>, ViewError> {
    let sql =
        format!("SELECT {COLUMNS} FROM view_builds WHERE (name, version, build, shard) = ($1, $2, $3, $4)");
    let (name, version, number, shard) = build.key();
    let row = client.query_opt(&sql, &[&name, &version, &number, &shard]).await.doing("look at a view")?;
    Ok(row.as_ref().map(status))
}

/// Makes the first build of a view's version. `None`: there is one.
pub(crate) async fn make_first(
    client: &mut Client,
    view: &dyn View,
    shard: Shard,
) -> Result<Option<Build>, ViewError> {
    make(client, view, shard, |newest| newest == 0).await
}

/// Makes the next build, with its empty tables, if it may be made after the newest there is. One maker at a time.
async fn make(
    client: &mut Client,
    view: &dyn View,
    shard: Shard,
    may_follow: impl FnOnce(i32) -> bool,
) -> Result<Option<Build>, ViewError> {
    let doing = "make a view's tables";
    let transaction = client.transaction().await.doing(doing)?;
    transaction.batch_execute("LOCK TABLE view_builds IN SHARE ROW EXCLUSIVE MODE").await.doing(doing)?;
    let mut build = Build { name: view.name().to_owned(), version: view.version(), build: 1, shard };
    let (name, version, _, of_shard) = build.key();
    let newest =
        "SELECT coalesce(max(build), 0) FROM view_builds WHERE (name, version, shard) = ($1, $2, $3)";
    let newest: i32 = transaction.query_one(newest, &[&name, &version, &of_shard]).await.doing(doing)?.get(0);
    if !may_follow(newest) {
        return Ok(None);
    }
    build.build = u32::try_from(newest).expect("checked by the table") + 1;
    let (_, _, number, _) = build.key();
    let insert =
        "INSERT INTO view_builds (name, version, build, shard, state) VALUES ($1, $2, $3, $4, 'building')";
    transaction.execute(insert, &[&name, &version, &number, &of_shard]).await.doing(doing)?;
    let schema = build.schema();
    let tables = view.tables();
    let make = format!("CREATE SCHEMA {schema}; SET LOCAL search_path TO {schema}; {tables}");
    transaction.batch_execute(&make).await.doing(doing)?;
    transaction.commit().await.doing(doing)?;
    Ok(Some(build))
}

/// Makes the indexes that questions need, and has Postgres learn how the tables are filled.
pub(crate) async fn make_indexes(
    client: &mut Client,
    view: &dyn View,
    build: &Build,
) -> Result<(), ViewError> {
    let doing = "make a view's indexes";
    let transaction = client.transaction().await.doing(doing)?;
    transaction.batch_execute("SET LOCAL maintenance_work_mem = '256MB'").await.doing(doing)?;
    transaction.batch_execute(view.indexes()).await.doing(doing)?;
    for table in checksum::tables(&transaction, &build.schema()).await? {
        transaction.batch_execute(&format!(r#"ANALYZE "{table}""#)).await.doing(doing)?;
    }
    let note =
        "UPDATE view_builds SET indexed_at = now() WHERE (name, version, build, shard) = ($1, $2, $3, $4)";
    let (name, version, number, shard) = build.key();
    transaction.execute(note, &[&name, &version, &number, &shard]).await.doing(doing)?;
    transaction.commit().await.doing(doing)
}

/// Says what a build does beside reading.
pub(crate) async fn doing(
    client: &impl GenericClient,
    build: &Build,
    what: Option<&str>,
) -> Result<(), ViewError> {
    let sql = "UPDATE view_builds SET doing = $5 WHERE (name, version, build, shard) = ($1, $2, $3, $4)";
    let (name, version, number, shard) = build.key();
    client
        .execute(sql, &[&name, &version, &number, &shard, &what])
        .await
        .doing("say what a view does")
        .map(drop)
}

/// Builds a view anew beside the live build; the projectors do the work, compare the two, and swap them.
pub async fn rebuild(pool: &Pool, name: &str, shard: Shard) -> Result<Build, ViewError> {
    let view = views::named(name).ok_or_else(|| ViewError::NoSuchView(name.to_owned()))?;
    let mut client = pool.get().await?;
    rebuild_view(&mut client, &*view, shard).await
}

/// The same of a view that need not be among those of this program.
pub async fn rebuild_view(client: &mut Client, view: &dyn View, shard: Shard) -> Result<Build, ViewError> {
    Ok(make(client, view, shard, |_| true).await?.expect("it may follow any"))
}

/// Drops builds that are not asked, with their tables: those that are retired or differ, or the one of this number, whatever
/// it is if only not live.
pub async fn drop_builds(
    pool: &Pool,
    name: &str,
    shard: Shard,
    number: Option<u32>,
) -> Result<Vec<Build>, ViewError> {
    let mut client = pool.get().await?;
    let of_name: Vec<Status> =
        statuses(&**client, shard).await?.into_iter().filter(|status| status.build.name == name).collect();
    let is_meant = |status: &Status| match number {
        Some(number) => status.build.build == number,
        None => matches!(status.state, State::Retired | State::Differs),
    };
    let meant: Vec<&Status> = of_name.iter().filter(|status| is_meant(status)).collect();
    match (number, &*meant) {
        (Some(build), []) => return Err(ViewError::NoSuchBuild { name: name.to_owned(), build }),
        (None, []) if of_name.is_empty() => return Err(ViewError::NoSuchView(name.to_owned())),
        _ => {}
    }
    if let Some(live) = meant.iter().find(|status| status.state == State::Live) {
        return Err(ViewError::IsLive { name: name.to_owned(), build: live.build.build });
    }
    for status in &meant {
        drop_build(&mut client, &status.build).await?;
    }
    Ok(meant.into_iter().map(|status| status.build.clone()).collect())
}

/// In two steps: once it is retired no projector writes to it any more, so that none can stand in the way of its end.
async fn drop_build(client: &mut Client, build: &Build) -> Result<(), ViewError> {
    let doing = "drop a view's build";
    let (name, version, number, shard) = build.key();
    let retire = "UPDATE view_builds SET state = 'retired'
                  WHERE (name, version, build, shard) = ($1, $2, $3, $4) AND state <> 'live'";
    let retired = client.execute(retire, &[&name, &version, &number, &shard]).await.doing(doing)?;
    if retired == 0 {
        return Err(ViewError::IsLive { name, build: build.build });
    }
    let transaction = client.transaction().await.doing(doing)?;
    // Who still reads it has so long to end.
    let drop = format!("SET LOCAL lock_timeout = '10s'; DROP SCHEMA IF EXISTS {} CASCADE", build.schema());
    transaction.batch_execute(&drop).await.doing(doing)?;
    let forget = "DELETE FROM view_builds WHERE (name, version, build, shard) = ($1, $2, $3, $4)";
    transaction.execute(forget, &[&name, &version, &number, &shard]).await.doing(doing)?;
    transaction.commit().await.doing(doing)
}

/// Lets a halted view try again.
pub async fn resume(pool: &Pool, name: &str, shard: Shard) -> Result<u64, ViewError> {
    let client = pool.get().await?;
    let sql = "UPDATE view_builds SET halted_at = NULL, halted_reason = NULL WHERE name = $1 AND shard = $2";
    let shard = i16::try_from(shard.0).expect("a shard's number has 15 bits");
    client.execute(sql, &[&name, &shard]).await.doing("resume a view")
}

/// Moves the checkpoint, in the transaction that writes the rows. Only from where the caller believes it to be.
pub(crate) async fn advance(
    client: &impl GenericClient,
    build: &Build,
    from: Sequence,
    to: Sequence,
    recorded_at: Option<Ts>,
    records_per_s: Option<f64>,
) -> Result<(), ViewError> {
    let sql = "UPDATE view_builds SET position = $6, recorded_at = coalesce($7, recorded_at),
                   moved_at = clock_timestamp(), records_per_s = coalesce($8, records_per_s)
               WHERE (name, version, build, shard) = ($1, $2, $3, $4) AND position = $5 AND halted_at IS NULL
                 AND state IN ('building', 'live')";
    let (name, version, number, shard) = build.key();
    let recorded_at = recorded_at.map(|at| at.0);
    let moved = client
        .execute(
            sql,
            &[&name, &version, &number, &shard, &to_i64(from), &to_i64(to), &recorded_at, &records_per_s],
        )
        .await
        .doing("move a view's position")?;
    if moved == 1 { Ok(()) } else { Err(ViewError::Overtaken) }
}

pub(crate) async fn halt(
    client: &impl GenericClient,
    build: &Build,
    at: Sequence,
    reason: &str,
) -> Result<(), ViewError> {
    let sql = "UPDATE view_builds SET halted_at = $5, halted_reason = $6
               WHERE (name, version, build, shard) = ($1, $2, $3, $4)";
    let (name, version, number, shard) = build.key();
    client
        .execute(sql, &[&name, &version, &number, &shard, &to_i64(at), &reason])
        .await
        .doing("halt a view")
        .map(drop)
}

pub(crate) async fn mark_compared(
    client: &impl GenericClient,
    build: &Build,
    at: Sequence,
    is_equal: bool,
) -> Result<(), ViewError> {
    let sql = "UPDATE view_builds SET compared_at = $5, state = CASE WHEN $6 THEN state ELSE 'differs' END
               WHERE (name, version, build, shard) = ($1, $2, $3, $4)";
    let (name, version, number, shard) = build.key();
    client
        .execute(sql, &[&name, &version, &number, &shard, &to_i64(at), &is_equal])
        .await
        .doing("note a comparison")
        .map(drop)
}

/// Holds the live build that this one is to replace where it is, to the end of the transaction. `None`: there is none.
pub(crate) async fn hold_live(
    client: &impl GenericClient,
    build: &Build,
) -> Result<Option<Sequence>, ViewError> {
    let sql = "SELECT position FROM view_builds
               WHERE (name, version, shard) = ($1, $2, $3) AND state = 'live' FOR UPDATE";
    let (name, version, _, shard) = build.key();
    let row = client.query_opt(sql, &[&name, &version, &shard]).await.doing("hold a view still")?;
    Ok(row.map(|row| Sequence(u64::try_from(row.get::<_, i64>(0)).expect("checked by the table"))))
}

/// Puts a build in the place of the live one, at once for every reader when the transaction commits.
pub(crate) async fn go_live(client: &impl GenericClient, build: &Build) -> Result<(), ViewError> {
    let doing = "swap a view's builds";
    let (name, version, number, shard) = build.key();
    let retire = "UPDATE view_builds SET state = 'retired'
                  WHERE (name, version, shard) = ($1, $2, $3) AND state = 'live'";
    client.execute(retire, &[&name, &version, &shard]).await.doing(doing)?;
    let raise = "UPDATE view_builds SET state = 'live'
                 WHERE (name, version, build, shard) = ($1, $2, $3, $4) AND state = 'building'";
    let raised = client.execute(raise, &[&name, &version, &number, &shard]).await.doing(doing)?;
    if raised == 1 { Ok(()) } else { Err(ViewError::Overtaken) }
}

pub(crate) fn to_i64(sequence: Sequence) -> i64 {
    i64::try_from(sequence.0).expect("sequences have 48 bits")
}
