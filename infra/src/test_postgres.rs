//! One throw-away Postgres per test process; each test gets its own database, cloned from a migrated template.
//!
//! The server starts with the first test that asks (~1 s), a database costs ~30 ms. It is not durable. Everything is removed
//! when the process ends; what a killed process leaves behind is removed by the next one.

use std::{
    collections::HashMap,
    fs::{self, File},
    future::Future,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

use crate::private_postgres::{Options, PrivatePostgres};

const FOLDER_PREFIX: &str = "nexus-test-postgres-";

pub struct TestPostgres {
    server: PrivatePostgres,
    templates: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
    databases: AtomicU64,
}

/// A database of its own for one test.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    pub name: String,
    pub url: String,
}

static SHARED: OnceLock<TestPostgres> = OnceLock::new();
/// Beside the server, because it is taken out at exit while a test may still hold `SHARED`.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

impl TestPostgres {
    /// The server of this process. Panics when there is no Postgres: a test cannot go on.
    pub fn shared() -> &'static TestPostgres {
        SHARED.get_or_init(|| TestPostgres::start().expect("start a Postgres for the tests"))
    }

    fn start() -> anyhow::Result<TestPostgres> {
        let base = std::env::temp_dir();
        remove_left_behind(&base);
        let folder = tempfile::Builder::new().prefix(FOLDER_PREFIX).tempdir_in(base)?.keep();
        FOLDER.set(folder.clone()).expect("only one start");
        let server = PrivatePostgres::start(Options { durable: false, ..Options::new(folder) })?;
        remove_at_exit();
        Ok(TestPostgres { server, templates: Mutex::default(), databases: AtomicU64::new(0) })
    }

    pub fn server(&self) -> &PrivatePostgres {
        &self.server
    }

    /// A new database, cloned from the template of this name. `prepare` fills the template, given its connection string,
    /// once per process; its connections are closed by us if it leaves any.
    pub async fn fresh_database<F, Fut>(&self, template: &str, prepare: F) -> TestDatabase
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = ()>,
    {
        let cell = {
            let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
            templates.entry(template.to_owned()).or_default().clone()
        };
        let from = format!("template_{template}");
        cell.get_or_init(|| self.make_template(&from, prepare)).await;
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.execute(&[&format!("CREATE DATABASE {name} TEMPLATE {from}")]).await;
        TestDatabase { url: self.server.url(&name), name }
    }

    /// A new database with nothing in it.
    pub async fn empty_database(&self) -> TestDatabase {
        self.fresh_database("empty", |_| async {}).await
    }

    async fn make_template<F, Fut>(&self, name: &str, prepare: F)
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = ()>,
    {
        // A test that failed in here left its half behind.
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.execute(&[&drop, &format!("CREATE DATABASE {name}")]).await;
        prepare(self.server.url(name)).await;
        let close = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
        let end =
            format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
        self.execute(&[&close, &end]).await;
    }

    async fn execute(&self, statements: &[&str]) {
        let (client, connection) = tokio_postgres::connect(&self.server.url("postgres"), NoTls)
            .await
            .expect("connect to the test Postgres");
        let connection = tokio::spawn(connection);
        for statement in statements {
            client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
        }
        drop(client);
        let _ = connection.await;
    }
}

/// A folder whose lock nobody holds belonged to a process that was killed; its server has ended with it.
fn remove_left_behind(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(FOLDER_PREFIX) {
            continue;
        }
        // No lock file yet: its process is just starting.
        let Ok(lock) = File::open(entry.path().join("lock")) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Statics are not dropped, and the test harness leaves by `exit`: the C library's hook is the one place left.
fn remove_at_exit() {
    extern "C" fn remove() {
        if let Some(shared) = SHARED.get() {
            shared.server.end_at_once();
        }
        if let Some(folder) = FOLDER.get() {
            let _ = fs::remove_dir_all(folder);
        }
    }
    // SAFETY: `remove` is a plain function without arguments, as atexit wants it, and it does not unwind.
    #[allow(unsafe_code)]
    unsafe {
        libc::atexit(remove);
    }
}
