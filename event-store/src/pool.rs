//! Connection pools that hand out clean connections only, and none for ever.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

use crate::LogError;

/// What a pool's connections are for.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    pub connections_max: usize,
    /// The role that its sessions act in; `None` = who logs in.
    pub role: Option<&'static str>,
    /// For waiting for a free connection, for making one, and for cleaning one.
    pub timeout: Duration,
    pub application_name: &'static str,
    /// Plan each prepared statement once and for all values. For the log: planning over 60 partitions takes 5 ms, running
    /// the general plan 0.1 ms.
    pub general_plans: bool,
}

impl Default for PoolOptions {
    fn default() -> PoolOptions {
        PoolOptions {
            connections_max: 8,
            role: None,
            timeout: Duration::from_secs(10),
            application_name: "nexus",
            general_plans: false,
        }
    }
}

/// A pool for this connection string. Connects when first asked.
pub fn pool(url: &str, options: &PoolOptions) -> Result<Pool, LogError> {
    let config =
        url.parse().map_err(|source| LogError::Postgres { doing: "read the connection string", source })?;
    Ok(pool_of(&config, options))
}

pub(crate) fn pool_of(config: &Config, options: &PoolOptions) -> Pool {
    let config = tuned(config, options.application_name);
    let session = session_sql(options);
    let recycling_method = RecyclingMethod::Custom(format!("{CLEAN}; {session}"));
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
    let builder = Pool::builder(manager)
        .max_size(options.connections_max)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(options.timeout))
        .create_timeout(Some(options.timeout))
        .recycle_timeout(Some(options.timeout));
    let set_up = Hook::async_fn(move |client, _| {
        let session = session.clone();
        Box::pin(async move { client.batch_execute(&session).await.map_err(HookError::Backend) })
    });
    builder.post_create(set_up).build().expect("a runtime is given, so the timeouts can be kept")
}

fn session_sql(options: &PoolOptions) -> String {
    let role = options.role.map(|role| format!("SET ROLE {role}; ")).unwrap_or_default();
    let plans = if options.general_plans { "SET plan_cache_mode = force_generic_plan" } else { "" };
    role + plans
}

/// deadpool's own way may hand over an open transaction. `BEGIN; ROLLBACK` and not `ROLLBACK` alone: that warns, in the
/// server's log, each time there was none. In a failed transaction BEGIN fails and the connection is thrown away.
const CLEAN: &str = "BEGIN; ROLLBACK; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); CLOSE ALL; DISCARD TEMP; RESET ROLE";

/// Settings by which a dead peer is noticed within ~15 s.
pub(crate) fn tuned(config: &Config, application_name: &str) -> Config {
    let mut config = config.clone();
    config.application_name(application_name);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    config
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(5))
        .keepalives_interval(Duration::from_secs(3));
    config.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(15));
    config
}
