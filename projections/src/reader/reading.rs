//! A connection that reads one moment, and is given back outside of it, whatever becomes of the question.

use std::ops::Deref;

use deadpool_postgres::{Object, Pool};
use tokio::runtime::Handle;

use crate::{ViewError, error::Doing};

/// Each query is planned for the tables as they are: a plan that was kept from when they were small would read a large one from end to
/// end for every look-up, until Postgres counts its rows anew, a minute later.
const BEGIN: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan";

/// A connection inside of a transaction. `None`: it has been given back.
pub struct Reading(Option<Object>);

impl Reading {
    pub async fn begin(pool: &Pool) -> Result<Reading, ViewError> {
        let reading = Reading(Some(pool.get().await?));
        reading.batch_execute(BEGIN).await.doing("begin to read a view")?;
        Ok(reading)
    }

    pub async fn end(mut self) -> Result<(), ViewError> {
        let client = self.0.take().expect("only the end takes it");
        end(&client).await
    }
}

impl Deref for Reading {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.0.as_ref().expect("only the end takes it")
    }
}

/// A question that came to nothing, or whose asker has gone, ends as well: a connection that waited in its pool inside of a transaction
/// would keep builds from being dropped, and Postgres from tidying up.
impl Drop for Reading {
    fn drop(&mut self) {
        let (Some(client), Ok(runtime)) = (self.0.take(), Handle::try_current()) else { return };
        runtime.spawn(async move {
            if let Err(error) = end(&client).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a reading was left open");
            }
        });
    }
}

async fn end(client: &Object) -> Result<(), ViewError> {
    client.batch_execute("COMMIT").await.doing("end the reading of a view")
}
