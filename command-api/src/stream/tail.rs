//! Reads what is appended once, for all who listen.

use std::{sync::Arc, time::Duration};

use event_schemas::Sequence;
use tokio::sync::broadcast;

use super::{
    Streams,
    batch::{Batch, TAIL_MAX},
};

/// How long to wait for the log to grow before looking whether anybody still listens.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Sends every batch after `at`, until nobody listens or the server stops.
pub async fn follow(streams: Arc<Streams>, sender: broadcast::Sender<Arc<Batch>>, mut at: Sequence) {
    let stop = streams.stop.clone();
    let following = async {
        let mut failing = false;
        while !streams.end_unheard_tail() {
            match next(&streams, at).await {
                Ok(Some(batch)) => {
                    failing = false;
                    at = batch.last;
                    // Nobody hears it: then nobody misses it.
                    let _ = sender.send(Arc::new(batch));
                    tokio::time::sleep(streams.config.pace).await;
                }
                Ok(None) => failing = false,
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "the log cannot be followed for the streams: trying on");
                    }
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    };
    stop.run_until_cancelled(following).await;
}

async fn next(streams: &Streams, at: Sequence) -> Result<Option<Batch>, event_store::LogError> {
    if streams.log.wait_past(at, LOOK_EVERY).await? <= at {
        return Ok(None);
    }
    Batch::read(&*streams.log, at, TAIL_MAX).await
}
