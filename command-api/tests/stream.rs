//! Streams on a real socket before books in Postgres: without gap or repeat, whoever comes, goes or is slow.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;
mod listener;

use std::{sync::Arc, time::Duration};

use command_api::{ServerConfig, keys::Scope, stream::StreamConfig};
use event_schemas::Shard;
use event_store::PostgresLog;
use infra::TestPostgres;
use kit::{Answer, Door, config, open_before, soon};
use listener::{Listener, sequence_of};
use serde_json::{Value, json};

struct Setting {
    door: Arc<Door>,
    token: String,
}

async fn setting() -> Setting {
    setting_with(config()).await
}

async fn setting_with(config: ServerConfig) -> Setting {
    let migrate = |url: String| async move { event_store::migrate(&url).await.unwrap() };
    let database = TestPostgres::shared().fresh_database("log", migrate).await;
    let log = PostgresLog::connect(&database.url, Shard(1)).await.unwrap();
    let door = Arc::new(open_before(Arc::new(log), config).await);
    let token = door.key(Scope::ALL, &["*"]).await;
    let setting = Setting { door, token };
    for ledger in ["household", "shop"] {
        let answer = setting.command("/v1/ledgers", &format!("open-{ledger}"), json!({ "id": ledger })).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    setting
}

fn impatient(patience: Duration) -> ServerConfig {
    ServerConfig { stream: StreamConfig { patience, ..StreamConfig::default() }, ..config() }
}

impl Setting {
    async fn command(&self, path: &str, key: &str, body: Value) -> Answer {
        self.door.command(path, &self.token, key, &body.to_string()).await
    }

    async fn post(&self, ledger: &str, key: &str, from: &str, to: &str) -> Answer {
        let body = json!({ "entries": [
            { "account": to, "direction": "debit", "amount": "1", "currency": "EUR" },
            { "account": from, "direction": "credit", "amount": "1", "currency": "EUR" },
        ] });
        let answer = self.command(&format!("/v1/ledgers/{ledger}/transactions"), key, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer
    }

    async fn listen(&self, query: &str) -> Listener {
        self.listen_to("household", query).await
    }

    async fn listen_to(&self, ledger: &str, query: &str) -> Listener {
        Listener::open(&self.door, &format!("/v1/ledgers/{ledger}/stream{query}"), &self.token, "").await
    }

    /// The ledger's records by the list that has pages.
    async fn listed(&self, ledger: &str) -> Vec<Value> {
        let path = format!("/v1/ledgers/{ledger}/events?limit=1000");
        self.door.get(&path, &self.token).await.json()["events"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_left() {
    let setting = setting().await;
    for n in 0..3 {
        setting.post("household", &format!("t{n}"), "assets:bank", "expenses:food").await;
    }
    let mut all = setting.listen("?after=1:0").await;
    let told = all.records(4).await;
    assert_eq!(told, setting.listed("household").await, "as the list shows them");

    // By the parameter, and by the header that browsers send, which wins.
    let mut rest = setting.listen("?after=1:4").await;
    let header = "Last-Event-ID: 1:4\r\n";
    let path = "/v1/ledgers/household/stream?after=1:0";
    let mut by_header = Listener::open(&setting.door, path, &setting.token, header).await;
    // Without either: from now on.
    let mut live = setting.listen("").await;
    assert_eq!(live.next().await.unwrap(), json!({ "position": "1:5" }), "where the log ends now");
    setting.post("household", "t3", "assets:bank", "expenses:food").await;

    assert_eq!(rest.records(2).await.iter().map(sequence_of).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(by_header.records(2).await.iter().map(sequence_of).collect::<Vec<_>>(), [5, 6]);
    for listener in [&mut live, &mut all] {
        assert_eq!(listener.records(1).await.iter().map(sequence_of).collect::<Vec<_>>(), [6]);
    }
}

#[tokio::test]
async fn whoever_joins_while_much_is_written_hears_everything_once_and_in_order() {
    const WRITERS: usize = 4;
    const EACH: usize = 60;
    let setting = Arc::new(setting().await);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let setting = Arc::clone(&setting);
            tokio::spawn(async move {
                for n in 0..EACH {
                    let ledger = if n % 3 == 0 { "shop" } else { "household" };
                    setting.post(ledger, &format!("w{writer}-{n}"), "assets:bank", "expenses:food").await;
                }
            })
        })
        .collect();
    // They come one after the other while it is written, each from another place, and break off now and then.
    let mut listeners = Vec::new();
    for n in 0..24_u64 {
        let (after, ledger) = (n * 7 % 40, if n % 2 == 0 { "household" } else { "shop" });
        let listening = Arc::clone(&setting);
        listeners.push(tokio::spawn(async move {
            let mut listener = listening.listen_to(ledger, &format!("?after=1:{after}")).await;
            let mut heard: Vec<Value> = Vec::new();
            while heard.last().is_none_or(|record| record["key"] != "the-end") {
                let item = listener.next().await.expect("it goes on");
                let Some(record) = item.get("record") else { continue };
                heard.push(record.clone());
                if heard.len().is_multiple_of(17) {
                    let position = item["position"].as_str().unwrap();
                    listener = listening.listen_to(ledger, &format!("?after={position}")).await;
                }
            }
            (ledger, after, heard)
        }));
        // As long as one answer takes: so the joins are spread over the writing.
        setting.door.get("/v1/ledgers", &setting.token).await;
    }
    for writer in writers {
        soon(writer).await.unwrap();
    }
    for ledger in ["household", "shop"] {
        setting.post(ledger, "the-end", "assets:bank", "expenses:food").await;
    }
    for listener in listeners {
        let (ledger, after, heard) = soon(listener).await.unwrap();
        let listed = setting.listed(ledger).await;
        let expected: Vec<_> = listed.into_iter().filter(|record| sequence_of(record) > after).collect();
        assert_eq!(heard, expected, "{ledger} after {after}");
    }
}

#[tokio::test]
async fn a_subtree_is_what_stands_at_a_path_and_below_it() {
    let setting = setting().await;
    setting.command("/v1/ledgers", "hidden", json!({ "id": "hidden", "paths": "hidden" })).await;
    for ledger in ["household", "hidden"] {
        setting.post(ledger, "a", "assets:bank:old", "expenses:food").await;
        let mut bank = setting.listen_to(ledger, "?account=assets:bank").await;
        bank.next().await.unwrap();
        setting.post(ledger, "b", "assets:cash", "expenses:food").await;
        setting.post(ledger, "c", "assets:bank:old", "expenses:food").await;
        setting.post(ledger, "d", "assets:banker", "expenses:food").await;
        // A new one below the path, and one that is renamed into it; then one that leaves.
        setting.post(ledger, "e", "assets:bank:new", "expenses:food").await;
        let path = format!("/v1/ledgers/{ledger}/accounts");
        setting.command(&format!("{path}/assets:cash/rename"), "f", json!({ "path": "assets:bank" })).await;
        setting.post(ledger, "g", "assets:bank", "expenses:food").await;
        setting
            .command(&format!("{path}/assets:bank:new/rename"), "h", json!({ "path": "assets:safe" }))
            .await;
        setting.post(ledger, "i", "assets:safe", "expenses:food").await;
        setting.command(&format!("{path}/assets:bank:old/freeze"), "j", json!({})).await;
        let heard = bank.records(6).await;
        let keys: Vec<_> = heard.iter().map(|record| record["key"].as_str().unwrap()).collect();
        assert_eq!(keys, ["c", "e", "f", "g", "h", "j"], "{ledger}");
    }
}

#[tokio::test]
async fn balances_are_the_new_totals_of_the_accounts_that_were_touched() {
    let setting = setting().await;
    let mut all = setting.listen("?kind=balances").await;
    let mut food = setting.listen("?kind=balances&account=expenses").await;
    setting.post("household", "a", "assets:bank", "expenses:food").await;
    setting.post("household", "b", "assets:bank", "assets:cash").await;
    setting.command("/v1/ledgers/household/transactions/a/reverse", "c", json!({})).await;
    let mut told = Vec::new();
    for (listener, items) in [(&mut all, 3), (&mut food, 2)] {
        for item in listener.items(items).await {
            let totals = item["balances"].as_array().unwrap().iter().map(|after| {
                format!("{} {}", after["account"].as_str().unwrap(), after["balance"].as_str().unwrap())
            });
            let totals = totals.collect::<Vec<_>>().join(", ");
            told.push(format!("{} {}: {totals}", item["position"], item["transaction"]));
        }
    }
    expect_test::expect![[r#"
        "1:3" "a": expenses:food 1.00, assets:bank -1.00
        "1:4" "b": assets:cash 1.00, assets:bank -2.00
        "1:5" "c": expenses:food 0.00, assets:bank -1.00
        "1:3" "a": expenses:food 1.00
        "1:5" "c": expenses:food 0.00"#]]
    .assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn who_is_too_slow_is_told_where_to_go_on_and_slows_nobody() {
    let setting = setting_with(impatient(Duration::from_millis(500))).await;
    let path = "/v1/ledgers/household/stream?after=1:0";
    let mut slow = Listener::open_narrow(&setting.door, path, &setting.token).await;
    let mut quick = setting.listen("?after=1:0").await;
    // More than all the buffers between the server and who does not read.
    let memo = "x".repeat(400);
    for n in 0..60 {
        let entry = |account: &str, direction: &str| json!({ "account": account, "direction": direction, "amount": "1", "currency": "EUR", "memo": memo });
        let pair = [entry("expenses:food", "debit"), entry("assets:bank", "credit")];
        let entries: Vec<_> = pair.iter().cycle().take(400).collect();
        let body = json!({ "entries": entries });
        let answer = setting.command("/v1/ledgers/household/transactions", &format!("t{n}"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let heard = quick.records(if n == 0 { 2 } else { 1 }).await;
        assert_eq!(heard.last().unwrap()["key"], format!("t{n}"), "the quick one hears it meanwhile");
    }
    let mut heard = Vec::new();
    let last = loop {
        let item = slow.next().await.expect("the last one says why");
        if item["end"].is_string() {
            break item;
        }
        heard.extend(item.get("record").cloned());
    };
    assert_eq!(last["end"], "too_slow");
    assert!(slow.next().await.is_none(), "nothing follows the end");
    assert!(heard.len() < 61, "{} of 61 were in the buffers", heard.len());
    let position = last["position"].as_str().unwrap();
    let missing = 61 - heard.len();
    heard.extend(setting.listen(&format!("?after={position}")).await.records(missing).await);
    assert_eq!(heard, setting.listed("household").await);
}

#[tokio::test]
async fn a_quiet_stream_shows_signs_of_life_and_ends_with_its_key() {
    let heartbeat = Duration::from_millis(50);
    let stream = StreamConfig { heartbeat, ..StreamConfig::default() };
    let setting = setting_with(ServerConfig { stream, ..config() }).await;
    let shop = setting.door.key(&[Scope::Read], &["shop"]).await;
    let path = "/v1/ledgers/household/stream";
    assert_eq!(setting.door.get(path, &shop).await.status, 404, "a ledger that was not granted");
    assert_eq!(
        setting.door.get(path, &setting.door.key(&[Scope::MetricsRead], &["*"]).await).await.status,
        403
    );

    let mut listener = Listener::open(&setting.door, "/v1/ledgers/shop/stream", &shop, "").await;
    assert_eq!(listener.next().await.unwrap(), json!({ "position": "1:2" }));
    // Records of others are passed over, and the position tells it.
    setting.post("household", "a", "assets:bank", "expenses:food").await;
    let passed = async { while listener.next().await.unwrap() != json!({ "position": "1:3" }) {} };
    soon(passed).await;

    setting.door.source.revoke_all();
    setting.door.keys.refresh().await.unwrap();
    let end = loop {
        let item = listener.next().await.unwrap();
        if item != json!({ "position": "1:3" }) {
            break item;
        }
    };
    assert_eq!(end, json!({ "position": "1:3", "end": "key_not_valid" }));
    assert!(listener.next().await.is_none());
}

#[tokio::test]
async fn streams_have_a_maximum_and_end_in_order_when_the_server_stops() {
    let stream = StreamConfig { subscribers_max: 2, ..StreamConfig::default() };
    let setting = setting_with(ServerConfig { stream, ..config() }).await;
    let path = "/v1/ledgers/household/stream";
    let mut first = setting.listen("").await;
    let mut second = Listener::open_socket(&setting.door, path, &setting.token).await;
    assert_eq!(first.next().await.unwrap(), json!({ "position": "1:2" }));
    assert_eq!(second.next().await.unwrap(), json!({ "position": "1:2" }));
    let third = setting.door.get(path, &setting.token).await;
    assert_eq!((third.status, third.json()["code"].as_str()), (503, Some("streams_taken")));

    setting.door.stop.cancel();
    for listener in [&mut first, &mut second] {
        assert_eq!(listener.next().await.unwrap(), json!({ "position": "1:2", "end": "stopping" }));
        assert!(listener.next().await.is_none());
    }
    let served = Arc::into_inner(setting.door).unwrap().served;
    soon(served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_web_socket_tells_the_same() {
    let setting = setting().await;
    setting.post("household", "a", "assets:bank", "expenses:food").await;
    let path = "/v1/ledgers/household/stream?after=1:0";
    let mut socket = Listener::open_socket(&setting.door, path, &setting.token).await;
    let mut events = setting.listen("?after=1:0").await;
    setting.post("household", "b", "assets:bank", "expenses:food").await;
    assert_eq!(socket.items(3).await, events.items(3).await);
    // A place that is free again is free again.
    drop((socket, events));
}
