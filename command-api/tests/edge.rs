//! What the edge answers, whatever route is behind it.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod kit;

use command_api::{ServeError, ServerConfig, keys::Scope};
use expect_test::expect;
use kit::{config, open, soon};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn who_is_not_known_is_told_so_before_anything_else() {
    let door = open(config()).await;
    let anonymous = door.send("GET", "/metrics?nonsense=1", &[], "").await;
    expect![[r#"401 {"type":"/problems/not_authenticated","title":"Not authenticated","status":401,"code":"not_authenticated","detail":"send Authorization: Bearer nxk_…"}"#]].assert_eq(&anonymous.snapshot());
    assert_eq!(anonymous.header("www-authenticate"), Some("Bearer realm=\"nexus\""));
    assert_eq!(anonymous.header("content-type"), Some("application/problem+json"));

    for authorization in ["Bearer nxk_nobody_x", "Bearer", "Basic bnhrOng=", "Bearer \u{e9}"] {
        let stranger = door.send("GET", "/metrics", &[("Authorization", authorization)], "").await;
        expect![[r#"401 {"type":"/problems/key_invalid","title":"Key not valid","status":401,"code":"key_invalid"}"#]]
            .assert_eq(&stranger.snapshot());
    }
}

#[tokio::test]
async fn a_key_without_the_scope_is_told_which_it_lacks() {
    let door = open(config()).await;
    let (key, token) = command_api::keys::Key::issue(
        Some("reader".to_owned()),
        "reader".to_owned(),
        [Scope::Read].into(),
        command_api::keys::Grant::All,
        chrono::Utc::now(),
    );
    door.source.put(key);
    door.keys.refresh().await.unwrap();
    expect![[r#"403 {"type":"/problems/scope_missing","title":"Scope missing","status":403,"code":"scope_missing","detail":"this needs the scope metrics:read; the key \"reader\" does not carry it"}"#]]
        .assert_eq(&door.get("/metrics", token.as_str()).await.snapshot());
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_allowed_there_are_problems_too() {
    let door = open(config()).await;
    expect![[r#"404 {"type":"/problems/no_such_route","title":"No such route","status":404,"code":"no_such_route","detail":"the routes are listed at /docs"}"#]]
        .assert_eq(&door.send("GET", "/v2/ledgers", &[], "").await.snapshot());

    let deleted = door.send("DELETE", "/health/live", &[], "").await;
    expect![[r#"405 {"type":"/problems/method_not_allowed","title":"Method not allowed","status":405,"code":"method_not_allowed"}"#]].assert_eq(&deleted.snapshot());
    assert_eq!(deleted.header("allow"), Some("GET, HEAD"));
    assert_eq!(door.send("PUT", "/docs", &[], "").await.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn a_mistyped_parameter_is_refused_and_never_ignored() {
    let door = open(config()).await;
    expect![[r#"400 {"type":"/problems/unknown_parameter","title":"Unknown parameter","status":400,"code":"unknown_parameter","detail":"\"dryrun\" is not a parameter of this route, which has: none"}"#]]
        .assert_eq(&door.send("GET", "/health/live?dryrun=true", &[], "").await.snapshot());
}

#[tokio::test]
async fn an_answer_that_the_caller_would_not_read_is_not_made() {
    let door = open(config()).await;
    let accept = async |accept| door.send("GET", "/health/live", &[("Accept", accept)], "").await;
    for accepted in ["*/*", "application/*", "text/html, application/json;q=0.1", "application/json; q=1"] {
        assert_eq!(accept(accepted).await.snapshot(), r#"200 {"status":"ok"}"#, "{accepted}");
    }
    expect![[r#"406 {"type":"/problems/not_acceptable","title":"Not acceptable","status":406,"code":"not_acceptable","detail":"this route answers with application/json"}"#]]
        .assert_eq(&accept("text/html, application/json;q=0").await.snapshot());
}

#[tokio::test]
async fn headers_have_a_limit() {
    let door = open(config()).await;
    let answer = door.send("GET", "/health/live", &[("X-Large", &"x".repeat(17_000))], "").await;
    expect![[r#"431 {"type":"/problems/headers_too_large","title":"Headers too large","status":431,"code":"headers_too_large"}"#]].assert_eq(&answer.snapshot());
}

#[tokio::test]
async fn every_answer_has_an_id_and_keeps_a_sane_one_of_the_callers() {
    let door = open(config()).await;
    let made = door.send("GET", "/nowhere", &[("X-Request-Id", "no good")], "").await;
    let id = made.header("x-request-id").unwrap().to_owned();
    assert!(id.starts_with("req_"), "{id}");
    assert_eq!(made.json()["request_id"], id);
    let kept = door.send("GET", "/health/live", &[("X-Request-Id", "trace-7")], "").await;
    assert_eq!(kept.header("x-request-id"), Some("trace-7"));
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let door = open(config()).await;
    assert_eq!(door.send("GET", "/health/ready", &[], "").await.snapshot(), r#"200 {"status":"ok"}"#);
    *door.ready.0.lock().unwrap() = Some("the log cannot be written".to_owned());
    let answer = door.send("GET", "/health/ready", &[], "").await;
    expect![[r#"503 {"type":"/problems/unavailable","title":"Not available now","status":503,"code":"unavailable","detail":"the log cannot be written"}"#]].assert_eq(&answer.snapshot());
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(door.send("GET", "/health/live", &[], "").await.status, 200);
}

#[tokio::test]
async fn metrics_know_operations_and_no_addresses() {
    let door = open(config()).await;
    let token = door.key(&[Scope::MetricsRead], &["*"]).await;
    door.send("GET", "/health/live", &[], "").await;
    door.send("GET", "/secret-address", &[], "").await;
    door.send("BREW", "/health/live", &[], "").await;
    let text = door.get("/metrics", &token).await.text().to_owned();
    for line in [
        r#"http_requests_total{method="GET",route="health_live",service="nexus",status="200"} 1"#,
        r#"http_requests_total{method="GET",route="unmatched",service="nexus",status="404"} 1"#,
        r#"http_requests_total{method="other",route="unmatched",service="nexus",status="405"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",route="health_live",service="nexus",status="200"} 1"#,
        r#"http_requests_in_flight{service="nexus"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("secret-address"));
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_and_then_gone() {
    let door = open(ServerConfig { drain: std::time::Duration::from_millis(300), ..config() }).await;
    assert_eq!(door.send("GET", "/health/ready", &[], "").await.status, 200);
    // An idle connection must not keep it from stopping.
    let _idle = TcpStream::connect(door.address).await.unwrap();
    door.stop.cancel();
    let answer = door.send("GET", "/health/ready", &[], "").await;
    assert_eq!((answer.status, &answer.json()["detail"]), (503, &"the server is stopping".into()));
    soon(door.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_busy_port_is_its_own_error() {
    let door = open(config()).await;
    let error = command_api::bind(ServerConfig { listen: door.address, ..config() }).await.err().unwrap();
    assert!(matches!(error, ServeError::PortBusy(address) if address == door.address), "{error}");
}

#[tokio::test]
async fn a_connection_on_which_nothing_moves_is_closed() {
    let door = open(ServerConfig { idle_timeout: std::time::Duration::from_millis(200), ..config() }).await;
    let mut unfinished = TcpStream::connect(door.address).await.unwrap();
    unfinished.write_all(b"GET /health/live HTT").await.unwrap();
    let mut rest = Vec::new();
    let _ = soon(unfinished.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn beyond_the_cap_connections_wait_for_a_free_slot() {
    let door = open(ServerConfig { connections_max: 1, ..config() }).await;
    let first = TcpStream::connect(door.address).await.unwrap();
    let second = door.send("GET", "/health/live", &[], "");
    tokio::pin!(second);
    // The second cannot be answered while the first is open: both orders of events end the test, one fails it.
    let waited = tokio::time::timeout(std::time::Duration::from_millis(100), &mut second).await;
    assert!(waited.is_err(), "answered beside an open connection: {waited:?}");
    drop(first);
    assert_eq!(soon(second).await.status, 200);
}

#[tokio::test]
async fn pages_come_compressed_and_are_known_again() {
    let door = open(config()).await;
    for (path, says) in [("/", "NEXUS"), ("/docs", "swagger-ui.js"), ("/problems/key_invalid", "key_invalid")]
    {
        let page = door.send("GET", path, &[], "").await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text().contains(says), "{path}");
        assert!(!page.text().contains("https://"), "{path} needs nothing from elsewhere");
    }
    let script = door.send("GET", "/docs/swagger-ui.js", &[("Accept-Encoding", "br, gzip")], "").await;
    assert_eq!(script.header("content-encoding"), Some("gzip"));
    assert!(script.body.len() < 600_000, "{} bytes", script.body.len());
    let etag = script.header("etag").unwrap();
    let again = door.send("GET", "/docs/swagger-ui.js", &[("If-None-Match", etag)], "").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn the_first_page_tells_its_own_address_and_repeats_nothing_hostile() {
    let door = open(config()).await;
    let page = async |host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        door.raw(request.as_bytes()).await
    };
    assert!(page("127.0.0.1:8931").await.text().contains("NEXUS=http://127.0.0.1:8931\n"));
    let hostile = page("x\"><script>alert(1)</script>").await;
    assert!(!hostile.text().contains("alert"), "{}", hostile.text());
    assert!(hostile.status == 400 || hostile.text().contains("NEXUS=http://localhost:8000\n"));
    // Another address is another page.
    assert_ne!(page("a:1").await.header("etag"), page("a:2").await.header("etag"));
}

#[tokio::test]
async fn the_document_says_what_each_route_needs_and_refuses() {
    let door = open(config()).await;
    let document = door.send("GET", "/openapi.json", &[], "").await.json();
    let metrics = &document["paths"]["/metrics"]["get"];
    assert_eq!(metrics["x-scope"], "metrics:read");
    assert_eq!(metrics["security"], serde_json::json!([{ "key": [] }]));
    assert_eq!(metrics["responses"]["401"]["$ref"], "#/components/responses/401");
    assert_eq!(document["paths"]["/health/live"]["get"]["security"], serde_json::json!([]));
    assert_eq!(document["components"]["securitySchemes"].as_object().unwrap().len(), 1);
    assert!(!document.to_string().contains("charset"));
}

/// Written to the repository: whoever changes a route or a code sees the change in what clients read.
#[tokio::test]
async fn generated_documents_are_up_to_date() {
    let door = kit::open_books().await;
    let document = door.send("GET", "/openapi.json", &[], "").await;
    expect_test::expect_file!["../../docs/generated/openapi.json"]
        .assert_eq(&format!("{}\n", document.text()));

    let mut problems = "# Problems\n\nThe codes with which the door itself refuses a request. What the rules refuse has numbers, and its own page.\n\n| status | code | meaning |\n|---:|---|---|\n".to_owned();
    for code in command_api::codes::CATALOGUE {
        problems += &format!("| {} | `{}` | {} |\n", code.status, code.name, code.meaning);
    }
    expect_test::expect_file!["../../docs/generated/problems.md"].assert_eq(&problems);
}
