//! What people would write themselves on plain, durable Postgres: the yardsticks beside our own ceilings.

mod account_tables;
mod append;
mod batch;
pub mod calls;
mod database;
mod row_locks;

pub use append::Append;
pub use batch::Batch;
pub use database::PeerDatabase;
pub use row_locks::RowLocks;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::scratch::{DEFAULT_ROOT, Scratch};
    use crate::workload::Spread;

    const MOMENT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn the_peers_post_what_they_acknowledge_and_money_is_conserved() {
        let scratch = Scratch::create(Path::new(DEFAULT_ROOT), false).unwrap();
        let database = PeerDatabase::start(&scratch.path().join("peers")).unwrap();

        let mut row_locks = RowLocks::create(&database, 50).await.unwrap();
        row_locks.run("hot", Spread::Hot, MOMENT).await.unwrap();
        row_locks.run("uniform", Spread::Uniform, MOMENT).await.unwrap();
        row_locks.check().await.unwrap();

        let mut batch = Batch::create(&database, 50).await.unwrap();
        batch.run("batch", 2, MOMENT).await.unwrap();
        batch.check().await.unwrap();

        let mut append = Append::create(&database).await.unwrap();
        append.run("append", vec![b"{}\n{}".to_vec()], 2, MOMENT).await.unwrap();
        append.run("append1", vec![b"{}".to_vec()], 1, MOMENT).await.unwrap();
    }
}
