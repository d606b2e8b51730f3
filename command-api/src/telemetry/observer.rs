//! Whoever starts the door may watch its requests: to trace them, say, of which the door itself knows nothing.

use std::{fmt, sync::Arc, time::Duration};

use super::context::RequestContext;

/// A request that was answered.
#[derive(Debug)]
pub struct Answered<'a> {
    pub context: &'a RequestContext,
    /// The operation's id.
    pub route: &'a str,
    pub status: u16,
    pub took: Duration,
}

/// Called once for each request, on the thread that answered it: it must be quick.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn Fn(&Answered<'_>) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observer")
    }
}
