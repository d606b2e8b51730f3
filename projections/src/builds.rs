//! The table of builds: which there are, what they are for, how far they have read.

use deadpool_postgres::Pool;
use event_schemas::{Sequence, Shard, Ts};
use tokio_postgres::{Client, GenericClient, Row};

use crate::{ViewError, error::Doing, view::View, views};

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

const COLUMNS: &str =
    "name, version, build, shard, state, position, recorded_at, halted_at, halted_reason, compared_at";

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

/// Makes the next build of a view's version, with its empty tables.
pub(crate) async fn make(client: &mut Client, view: &dyn View, shard: Shard) -> Result<Build, ViewError> {
    let doing = "make a view's tables";
    let transaction = client.transaction().await.doing(doing)?;
    transaction.batch_execute("LOCK TABLE view_builds IN SHARE ROW EXCLUSIVE MODE").await.doing(doing)?;
    let mut build = Build { name: view.name().to_owned(), version: view.version(), build: 1, shard };
    let (name, version, _, of_shard) = build.key();
    let newest =
        "SELECT coalesce(max(build), 0) FROM view_builds WHERE (name, version, shard) = ($1, $2, $3)";
    let newest: i32 = transaction.query_one(newest, &[&name, &version, &of_shard]).await.doing(doing)?.get(0);
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
    Ok(build)
}

/// Builds a view anew beside the live build; the projectors do the work, compare the two, and swap them.
pub async fn rebuild(pool: &Pool, name: &str, shard: Shard) -> Result<Build, ViewError> {
    let view = views::named(name).ok_or_else(|| ViewError::NoSuchView(name.to_owned()))?;
    let mut client = pool.get().await?;
    make(&mut client, &*view, shard).await
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
) -> Result<(), ViewError> {
    let sql = "UPDATE view_builds SET position = $6, recorded_at = coalesce($7, recorded_at)
               WHERE (name, version, build, shard) = ($1, $2, $3, $4) AND position = $5 AND halted_at IS NULL";
    let (name, version, number, shard) = build.key();
    let recorded_at = recorded_at.map(|at| at.0);
    let moved = client
        .execute(sql, &[&name, &version, &number, &shard, &to_i64(from), &to_i64(to), &recorded_at])
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

/// Puts a build in the place of the live one, at once for every reader.
pub(crate) async fn go_live(client: &mut Client, build: &Build) -> Result<(), ViewError> {
    let doing = "swap a view's builds";
    let (name, version, number, shard) = build.key();
    let transaction = client.transaction().await.doing(doing)?;
    let retire = "UPDATE view_builds SET state = 'retired'
                  WHERE (name, version, shard) = ($1, $2, $3) AND state = 'live'";
    transaction.execute(retire, &[&name, &version, &shard]).await.doing(doing)?;
    let raise = "UPDATE view_builds SET state = 'live'
                 WHERE (name, version, build, shard) = ($1, $2, $3, $4) AND state = 'building'";
    transaction.execute(raise, &[&name, &version, &number, &shard]).await.doing(doing)?;
    transaction.commit().await.doing(doing)
}

pub(crate) fn to_i64(sequence: Sequence) -> i64 {
    i64::try_from(sequence.0).expect("sequences have 48 bits")
}
