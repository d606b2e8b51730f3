//! Asks views: what is read together is of one position, and says of which.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use event_schemas::{Position, Sequence, Shard, Ts};
use tokio::time::{Instant, sleep};

use crate::{
    ViewError,
    builds::{self, Build, State},
    error::Doing,
    view::View,
};

const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The views of a shard, to be asked.
#[derive(Clone)]
pub struct Views {
    pool: Pool,
    shard: Shard,
}

/// A view's live build, held still: queries see one moment of it.
pub struct Reader {
    pub client: Object,
    pub build: Build,
    /// What the view has read.
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

    /// The view as it is, or as soon as it has read up to `reached`, at most `patience` from now.
    pub async fn reader(
        &self,
        view: &dyn View,
        reached: Option<Sequence>,
        patience: Duration,
    ) -> Result<Reader, ViewError> {
        let deadline = Instant::now() + patience;
        loop {
            let waits_for = match self.now(view).await {
                Ok(reader) => match reached {
                    Some(wanted) if reader.position.sequence < wanted => {
                        let read = reader.position.sequence;
                        reader.end().await?;
                        ViewError::Behind { name: view.name(), read, wanted }
                    }
                    _ => return Ok(reader),
                },
                Err(error @ ViewError::NotReady { .. }) => error,
                Err(error) => return Err(error),
            };
            if Instant::now() >= deadline {
                return Err(waits_for);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn now(&self, view: &dyn View) -> Result<Reader, ViewError> {
        let client = self.pool.get().await?;
        client
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .doing("begin to read a view")?;
        let statuses = builds::statuses(&**client, self.shard).await?;
        let ours = |state: State| {
            statuses.iter().find(move |status| {
                status.state == state
                    && status.build.name == view.name()
                    && status.build.version == view.version()
            })
        };
        let Some(live) = ours(State::Live) else {
            let read = ours(State::Building).map_or(0, |status| status.position.0);
            end(&client).await?;
            return Err(ViewError::NotReady { name: view.name(), read });
        };
        Ok(Reader {
            build: live.build.clone(),
            position: Position::new(self.shard, live.position),
            recorded_at: live.recorded_at,
            client,
        })
    }
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

    /// A query whose tables are named `{schema}.table` in `sql`.
    pub async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, ViewError> {
        let sql = sql.replace("{schema}", &self.build.schema());
        let statement = self.client.prepare_cached(&sql).await.doing("prepare a query")?;
        self.client.query(&statement, parameters).await.doing("ask a view")
    }
}
