//! Asks views: what is read together is of one position, and says of which.

mod reading;

use std::time::Duration;

use deadpool_postgres::Pool;
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
use reading::Reading;

const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The views of a shard, to be asked.
#[derive(Clone)]
pub struct Views {
    pool: Pool,
    shard: Shard,
}

/// The live builds of some views, held still: all queries see one moment of them. They go on when it is dropped.
pub struct Reader {
    reading: Reading,
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
        let reading = Reading::begin(&self.pool).await?;
        let statuses = builds::statuses(&***reading, self.shard).await?;
        match lives(&statuses, views, reached) {
            Ok(lives) => {
                let least = lives.iter().min_by_key(|live| live.position).expect("a question is to a view");
                Ok(Reader {
                    position: Position::new(self.shard, least.position),
                    recorded_at: least.recorded_at,
                    builds: lives.iter().map(|live| live.build.clone()).collect(),
                    reading,
                })
            }
            Err(error) => {
                reading.end().await?;
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

impl Reader {
    /// When all is asked: says whether it could be ended.
    pub async fn end(self) -> Result<(), ViewError> {
        self.reading.end().await
    }

    /// A query whose tables are named `{view}.table` in `sql`, such as `{balances}.paths`.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, ViewError> {
        let statement = self.reading.prepare_cached(&self.named(sql)).await.doing("prepare a query")?;
        self.reading.query(&statement, parameters).await.doing("ask a view")
    }

    /// The same for a query that is made for this one question: it is planned for its parameters, and not kept.
    pub async fn query_once(
        &self,
        sql: &str,
        parameters: &[(Box<dyn ToSql + Sync + Send>, Type)],
    ) -> Result<Vec<tokio_postgres::Row>, ViewError> {
        let parameters: Vec<_> =
            parameters.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect();
        let asked = self.reading.query_typed(&self.named(sql), &parameters).await;
        match &asked {
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => Err(ViewError::TakesTooLong),
            _ => asked.doing("ask a view"),
        }
    }

    /// Settings for what is asked from here on.
    pub async fn set(&self, sql: &str) -> Result<(), ViewError> {
        self.reading.batch_execute(sql).await.doing("set up a question")
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
