//! Asks views: what is read together is of one position, and says of which.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use event_schemas::{Position, Sequence, Shard, Ts};
use tokio::time::{Instant, sleep};
use tokio_postgres::{
    error::SqlState,
    types::{ToSql, Type},
};

use crate::{
    ViewError,
    builds::{self, Build, State, Status},
    error::Doing,
    view::View,
};

const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Each query is planned for the tables as they are: a plan that was kept from when they were small would read a large one from end to
/// end for every look-up, until Postgres counts its rows anew, a minute later.
const BEGIN: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan";

/// The views of a shard, to be asked.
#[derive(Clone)]
pub struct Views {
    pool: Pool,
    shard: Shard,
}

/// The live builds of some views, held still: all queries see one moment of them.
pub struct Reader {
    client: Object,
    builds: Vec<Build>,
    /// What all of them have read. One may have read more: ask for what was known by here.
    pub position: Position,
    /// When the last of that was recorded.
    pub recorded_at: Option<Ts>,
}

impl Views {
    #[must_use]
    pub fn new(pool: Pool, shard: Shard) -> Views {
        Views { pool, shard }
    }

    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// The views as they are, or as soon as all have read up to `reached`, at most `patience` from now.
    pub async fn reader(
        &self,
        views: &[&dyn View],
        reached: Option<Sequence>,
        patience: Duration,
    ) -> Result<Reader, ViewError> {
        let deadline = Instant::now() + patience;
        loop {
            let waits_for = match self.now(views, reached).await {
                Err(error @ (ViewError::Behind { .. } | ViewError::NotReady { .. })) => error,
                other => return other,
            };
            if Instant::now() >= deadline {
                return Err(waits_for);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn now(&self, views: &[&dyn View], reached: Option<Sequence>) -> Result<Reader, ViewError> {
        let client = self.pool.get().await?;
        client.batch_execute(BEGIN).await.doing("begin to read a view")?;
        let statuses = builds::statuses(&**client, self.shard).await?;
        match lives(&statuses, views, reached) {
            Ok(lives) => {
                let least = lives.iter().min_by_key(|live| live.position).expect("a question is to a view");
                Ok(Reader {
                    position: Position::new(self.shard, least.position),
                    recorded_at: least.recorded_at,
                    builds: lives.iter().map(|live| live.build.clone()).collect(),
                    client,
                })
            }
            Err(error) => {
                end(&client).await?;
                Err(error)
            }
        }
    }
}

/// The live build of each view, if all have read up to `reached`.
fn lives<'a>(
    statuses: &'a [Status],
    views: &[&dyn View],
    reached: Option<Sequence>,
) -> Result<Vec<&'a Status>, ViewError> {
    let live = |view: &&dyn View| {
        let ours = |state: State| {
            statuses.iter().find(move |status| {
                status.state == state
                    && status.build.name == view.name()
                    && status.build.version == view.version()
            })
        };
        let name = view.name();
        let Some(live) = ours(State::Live) else {
            let read = ours(State::Building).map_or(0, |status| status.position.0);
            return Err(ViewError::NotReady { name, read });
        };
        match reached {
            Some(wanted) if live.position < wanted => {
                Err(ViewError::Behind { name, read: live.position, wanted })
            }
            _ => Ok(live),
        }
    };
    views.iter().map(live).collect()
}

/// A connection that goes back to its pool inside of a transaction gets a warning into Postgres's log.
async fn end(client: &Object) -> Result<(), ViewError> {
    client.batch_execute("COMMIT").await.doing("end the reading of a view")
}

impl Reader {
    /// When all is asked. One that is dropped instead is cleaned up by its pool.
    pub async fn end(self) -> Result<(), ViewError> {
        end(&self.client).await
    }

    /// A query whose tables are named `{view}.table` in `sql`, such as `{balances}.paths`.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, ViewError> {
        let statement = self.client.prepare_cached(&self.named(sql)).await.doing("prepare a query")?;
        self.client.query(&statement, parameters).await.doing("ask a view")
    }

    /// The same for a query that is made for this one question: it is planned for its parameters, and not kept.
    pub async fn query_once(
        &self,
        sql: &str,
        parameters: &[(Box<dyn ToSql + Sync + Send>, Type)],
    ) -> Result<Vec<tokio_postgres::Row>, ViewError> {
        let parameters: Vec<_> =
            parameters.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect();
        let asked = self.client.query_typed(&self.named(sql), &parameters).await;
        match &asked {
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => Err(ViewError::TakesTooLong),
            _ => asked.doing("ask a view"),
        }
    }

    /// Settings for what is asked from here on.
    pub async fn set(&self, sql: &str) -> Result<(), ViewError> {
        self.client.batch_execute(sql).await.doing("set up a question")
    }

    fn named(&self, sql: &str) -> String {
        let named = |sql: String, build: &Build| sql.replace(&format!("{{{}}}", build.name), &build.schema());
        self.builds.iter().fold(sql.to_owned(), named)
    }

    /// `name.version` of each view that is asked, as part of a tag: another version may answer otherwise.
    #[must_use]
    pub fn versions(&self) -> String {
        let versions: Vec<String> =
            self.builds.iter().map(|build| format!("{}.{}", build.name, build.version)).collect();
        versions.join(",")
    }
}
