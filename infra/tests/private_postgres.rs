//! The private Postgres as a user meets it: first start, second start, crashes, and folders that cannot be used.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use infra::{Options, PrivatePostgres, PrivatePostgresError, TestPostgres};
use tokio_postgres::NoTls;

/// Under a folder that the service user can enter, whatever the mask.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn start(data_dir: &Path) -> Result<PrivatePostgres, PrivatePostgresError> {
    PrivatePostgres::start(Options { durable: false, ..Options::new(data_dir) })
}

async fn ask(server: &PrivatePostgres, sql: &str) -> String {
    let (client, connection) = tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_second_start_goes_on_where_the_first_stopped_or_was_killed() {
    let folder = folder();
    let data = folder.path().join("postgres");
    let server = start(&data).unwrap();
    assert_eq!(ask(&server, "SHOW server_encoding").await, "UTF8");
    assert_eq!(ask(&server, "SHOW lc_collate").await, "C");
    assert_eq!(ask(&server, "SHOW data_checksums").await, "on");
    assert_eq!(ask(&server, "SHOW listen_addresses").await, "");
    ask(&server, "CREATE TABLE kept AS SELECT 1 AS n").await;
    server.stop();

    let server = start(&data).unwrap();
    assert_eq!(ask(&server, "SELECT n FROM kept").await, "1");
    ask(&server, "UPDATE kept SET n = 2").await;
    server.kill9();
    assert!(data.join("pgdata/postmaster.pid").exists(), "a killed server leaves its pid file");

    let server = start(&data).unwrap();
    assert_eq!(ask(&server, "SELECT n FROM kept").await, "2");
}

#[tokio::test]
async fn a_left_over_pid_file_whose_number_another_process_has_is_no_obstacle() {
    let folder = folder();
    start(folder.path()).unwrap().stop();
    let pid_file = folder.path().join("pgdata/postmaster.pid");
    fs::write(pid_file, format!("{}\n/elsewhere\n0\n5432\n", std::process::id())).unwrap();
    assert_eq!(ask(&start(folder.path()).unwrap(), "SELECT 1").await, "1");
}

#[test]
fn settings_are_durable_unless_told_otherwise() {
    let folder = folder();
    let server = PrivatePostgres::start(Options::new(folder.path())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(runtime.block_on(ask(&server, &format!("SHOW {setting}"))), "on", "{setting}");
    }
}

#[test]
fn a_folder_in_use_is_refused_with_the_number_of_its_process() {
    let folder = folder();
    let _server = start(folder.path()).unwrap();
    match start(folder.path()) {
        Err(PrivatePostgresError::InUse { pid, .. }) => assert_eq!(pid, std::process::id().to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn data_of_another_version_is_refused_with_both_versions() {
    let folder = folder();
    start(folder.path()).unwrap().stop();
    fs::write(folder.path().join("pgdata/PG_VERSION"), "9\n").unwrap();
    match start(folder.path()) {
        Err(PrivatePostgresError::OtherVersion { found, .. }) => assert_eq!(found, "9"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_with_something_else_in_it_is_refused() {
    let folder = folder();
    fs::create_dir(folder.path().join("pgdata")).unwrap();
    fs::write(folder.path().join("pgdata/letter.txt"), "dear").unwrap();
    assert!(matches!(start(folder.path()), Err(PrivatePostgresError::ForeignFolder { .. })));
}

#[test]
fn an_initdb_that_was_cut_off_is_done_again() {
    let folder = folder();
    fs::create_dir(folder.path().join("pgdata.unfinished")).unwrap();
    fs::write(folder.path().join("pgdata.unfinished/PG_VERSION"), "15\n").unwrap();
    start(folder.path()).unwrap();
}

#[tokio::test]
async fn a_long_or_odd_path_gets_its_socket_elsewhere() {
    let folder = folder();
    let data = folder.path().join("Ledger, the o'ld one").join("x".repeat(120));
    let server = start(&data).unwrap();
    assert!(server.url("postgres").starts_with("host=/tmp/nexus-pg-"), "{}", server.url("postgres"));
    assert_eq!(ask(&server, "SELECT 1").await, "1");
}

#[test]
fn as_root_a_closed_folder_on_the_way_is_named() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    match start(&closed.join("below/postgres")) {
        Err(PrivatePostgresError::NotTraversable { folder, .. }) => assert_eq!(folder, closed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_server_dies_with_its_killed_parent() {
    let folder = folder();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_parent_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .env("DATA_DIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pid = lines.map_while(Result::ok).find_map(|line| Some(line.strip_prefix("server=")?.to_owned()));
    let pid = pid.expect("the parent prints its server's number");
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The start waits for the orphan and would refuse one that stayed.
    let server = start(folder.path()).unwrap();
    assert_ne!(server.pid().to_string(), pid);
    assert!(!fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder.path().join("pgdata")));
}

#[test]
#[ignore = "run by the_server_dies_with_its_killed_parent"]
fn a_parent_that_waits_to_be_killed() {
    let data_dir = std::env::var_os("DATA_DIR").expect("DATA_DIR");
    // The thread that starts it ends at once: the server must outlive it.
    let server = std::thread::spawn(move || start(Path::new(&data_dir)).unwrap()).join().unwrap();
    println!("\nserver={}", server.pid());
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn each_test_database_is_a_clone_of_its_own() {
    let prepare = |url: String| async move {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    };
    let mut counts = Vec::new();
    for _ in 0..2 {
        let database = TestPostgres::shared().fresh_database("one_table", prepare).await;
        let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
        counts.push(client.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get::<_, i64>(0));
    }
    assert_eq!(counts, [1, 1]);
}

#[tokio::test]
async fn a_database_is_made_once() {
    let server = TestPostgres::shared().server();
    server.ensure_database("ledger \"x\"").await.unwrap();
    server.ensure_database("ledger \"x\"").await.unwrap();
    let connected = tokio_postgres::connect(&server.url("ledger \"x\""), NoTls).await;
    assert!(connected.is_ok());
}
