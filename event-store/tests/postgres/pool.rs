//! Pools hand out clean connections only.

use std::time::{Duration, Instant};

use event_store::{PoolOptions, pool};

use crate::support::database;

async fn text(client: &tokio_postgres::Client, sql: &str) -> String {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_open_transaction_a_setting_and_a_role_do_not_reach_the_next_user() {
    let database = database().await;
    let options = PoolOptions { connections_max: 1, role: Some("nexus_reader"), ..PoolOptions::default() };
    let pool = pool(&database.url, &options).unwrap();
    for leave in [
        "BEGIN; CREATE TEMP TABLE t ()",
        "SET work_mem = '7MB'",
        "RESET ROLE",
        "LISTEN x",
        "BEGIN; SELECT 1/0",
    ] {
        let client = pool.get().await.unwrap();
        let _ = client.batch_execute(leave).await;
        drop(client);
        let client = pool.get().await.unwrap();
        assert_eq!(text(&client, "SELECT current_user::text").await, "nexus_reader", "{leave}");
        assert_eq!(text(&client, "SHOW work_mem").await, "4MB", "{leave}");
        let now = "SELECT now()::text";
        assert_ne!(
            text(&client, now).await,
            text(&client, now).await,
            "the time stands in a transaction: {leave}"
        );
    }
}

#[tokio::test]
async fn who_finds_no_connection_in_time_is_told() {
    let database = database().await;
    let options =
        PoolOptions { connections_max: 1, timeout: Duration::from_millis(200), ..PoolOptions::default() };
    let pool = pool(&database.url, &options).unwrap();
    let _held = pool.get().await.unwrap();
    let since = Instant::now();
    assert!(pool.get().await.is_err());
    assert!(since.elapsed() < Duration::from_secs(5));
}
