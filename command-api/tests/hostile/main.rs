//! Hostile requests to every route of the document: a problem within a second, the place at fault, and nothing changed.
//!
//! The bodies are made from the document's own schemas, one fault at a time, so a new route is covered by itself. What a
//! schema allows is sent as well: it must not be refused as malformed, or document and door say two things.
#![allow(clippy::unwrap_used, reason = "a test ends where something is amiss")]

mod bodies;
#[path = "../kit/mod.rs"]
mod kit;
mod schema;
mod siege;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

use bodies::{Expected, Hostile};
use flate2::{Compression, write::GzEncoder};
use schema::Schemas;
use serde_json::{Value, json};
use siege::{Headers, JSON, LINES, Siege, Target, complaint, encoded};

#[tokio::test]
async fn hostile_bodies_are_refused_with_the_place_at_fault_and_change_nothing() {
    let siege = Siege::begin().await;
    let before = siege.books().await;
    let (mut complaints, mut bodies, mut counts) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    for target in siege.targets() {
        let good = target.example.to_string();
        let answer = siege.body(&target, true, good.as_bytes()).await;
        complaints.extend(
            complaint(&target, &Expected::WellFormed, &answer).map(|it| format!("{}: {it}", target.name())),
        );

        for Hostile { what, body, expected } in
            siege.hostile(&target).into_iter().chain(huge(&siege, &target))
        {
            let answer = siege.body(&target, expected == Expected::WellFormed, &body).await;
            complaints.extend(
                complaint(&target, &expected, &answer).map(|it| format!("{}: {what}: {it}", target.name())),
            );
            if expected != Expected::WellFormed && bodies.insert(hash(&(target.name(), body))) {
                assert!((400..500).contains(&answer.status), "{}: {what}: {}", target.name(), answer.text());
                *counts.entry(target.name()).or_insert(0) += 1;
            }
        }
    }
    for (name, count) in &counts {
        println!("{count:>6} hostile bodies: {name}");
    }
    println!("{:>6} hostile bodies in all", bodies.len());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    assert!(bodies.len() >= 300, "{}", bodies.len());
    siege.has_held(&before).await;
}

/// For counting without keeping: the bodies are a gigabyte.
fn hash(value: &impl std::hash::Hash) -> u64 {
    std::hash::BuildHasher::hash_one(
        &std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default(),
        value,
    )
}

/// In a stream that is no batch, each line has its own answer, whatever the lines around it.
#[tokio::test]
async fn hostile_lines_among_good_ones_are_refused_one_by_one() {
    let siege = Siege::begin().await;
    let before = siege.books().await;
    let target = siege.targets().into_iter().find(Target::are_lines).unwrap();
    let mut lines = siege.hostile(&target);
    lines.retain(|line| line.body.len() < 4096 && !line.body.contains(&b'\n'));
    let body: Vec<u8> = lines.iter().flat_map(|line| [&line.body[..], b"\n"].concat()).collect();
    let path = format!("{}?dry_run=true", target.path);
    let answer = siege.send("POST", &path, &[("Content-Type", LINES.as_bytes())], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let outcomes: BTreeMap<u64, Value> = answer
        .text()
        .lines()
        .map(|line| {
            let outcome: Value = line.parse().unwrap();
            (outcome["index"].as_u64().unwrap(), outcome)
        })
        .collect();
    println!("{} hostile lines in one stream", lines.len());
    assert_eq!(outcomes.len(), lines.len());
    for (line, outcome) in lines.iter().zip(outcomes.values()) {
        let (status, pointer) = (outcome["status"].as_u64().unwrap(), &outcome["body"]["pointer"]);
        match &line.expected {
            Expected::WellFormed => assert!(status < 500 && status != 400, "{}: {outcome}", line.what),
            Expected::At(place) => {
                assert_eq!((status, pointer), (400, &json!(place)), "{}: {outcome}", line.what)
            }
            _ => assert!([400, 422].contains(&status), "{}: {outcome}", line.what),
        }
    }
    siege.has_held(&before).await;
}

/// A text of 10 MiB, where there is one; more than any body may have.
fn huge(siege: &Siege, target: &Target) -> Vec<Hostile> {
    let places = siege.schemas.places(&target.schema, &target.example);
    let place = places.iter().find(|place| schema::kind(&place.schema) == "string").unwrap();
    let text = json!("x".repeat(10 << 20)).to_string();
    let is_single = !target.path.ends_with("/bulk") || target.are_lines();
    let expected = if is_single { Expected::TooLarge } else { Expected::At(place.pointer.clone()) };
    let body = bodies::replaced(&target.example, &place.pointer, text.as_bytes());
    let blanks =
        Hostile { what: "33 MiB of blanks".into(), body: vec![b' '; 33 << 20], expected: Expected::TooLarge };
    vec![Hostile { what: "a text of 10 MiB".into(), body, expected }, blanks]
}

/// Well-formed, and against the rules of the books: recorded, and still with the place at fault.
#[tokio::test]
async fn what_the_rules_refuse_has_its_place_too() {
    let siege = Siege::begin().await;
    let before = siege.books().await;
    let entry = |side, account: &str, amount: &str, currency: &str| json!({ "account": account, "direction": side, "amount": amount, "currency": currency });
    let of = |amount, other, currency| {
        json!({ "entries": [
            entry("debit", "expenses:food", amount, currency),
            entry("credit", "assets:bank:checking", other, currency),
        ]})
    };
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    let many: Vec<_> = (0..501).map(|_| entry("debit", "expenses:food", "1", "EUR")).collect();
    let bounds = json!({ "balances": [
        { "account": "assets:bank:checking", "currency": "EUR", "at_least": "99999999999999999999" },
    ]});
    let cases = [
        ("entries_are_too_few", "/entries", json!({ "entries": [] })),
        (
            "entries_are_too_few",
            "/entries",
            json!({ "entries": [entry("debit", "expenses:food", "1", "EUR")] }),
        ),
        ("entries_are_too_many", "/entries", json!({ "entries": many })),
        ("entries_do_not_balance", "/entries", of("1", "1.01", "EUR")),
        (
            "entries_do_not_balance",
            "/entries",
            of("9999999999999999999999999.99", "9999999999999999999999999.98", "EUR"),
        ),
        ("asset_not_found", "/entries/0/currency", of("1", "1", "XYZ1")),
        ("amount_is_zero", "/entries/0/amount", of("0", "0", "EUR")),
        ("amount_is_zero", "/entries/1/amount", of("1", "0.00", "EUR")),
        ("amount_has_too_many_decimals", "/entries/0/amount", of("1.001", "1.001", "EUR")),
        ("amount_has_too_many_decimals", "/entries/0/amount", of("1.5", "1.5", "JPY")),
        (
            "account_type_is_unknown",
            "/entries/0/account",
            json!({ "entries": [
                entry("debit", "../../etc/passwd", "1", "EUR"), entry("credit", "assets:bank:checking", "1", "EUR"),
            ]}),
        ),
        (
            "effective_in_the_future",
            "/effective_at",
            with(of("1", "1", "EUR"), "effective_at", json!("9999-12-31")),
        ),
        (
            "balance_is_too_low",
            "/preconditions/balances/0",
            with(of("1", "1", "EUR"), "preconditions", bounds),
        ),
        (
            "ledger_has_changed",
            "/preconditions/unchanged_since",
            with(of("1", "1", "EUR"), "preconditions", json!({ "unchanged_since": "1:0" })),
        ),
    ];
    for (path, prefix) in
        [("/v1/ledgers/household/transactions", ""), ("/v1/ledgers/household/bulk?atomic=true", "/0")]
    {
        for (code, pointer, body) in &cases {
            let body = if prefix.is_empty() { body.clone() } else { json!([body]) };
            let answer = siege
                .send("POST", path, &[("Content-Type", JSON.as_bytes())], body.to_string().as_bytes())
                .await;
            let problem = answer.json();
            assert!([409, 422].contains(&answer.status), "{code}: {problem}");
            assert_eq!(problem["code"], *code, "{problem}");
            assert!(
                problem["pointer"].as_str().unwrap_or("-").starts_with(&format!("{prefix}{pointer}")),
                "{problem}"
            );
        }
    }
    siege.has_held(&before).await;
}

#[tokio::test]
async fn hostile_headers_are_refused_by_every_route_that_reads_a_body() {
    let siege = Siege::begin().await;
    let before = siege.books().await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let (mut complaints, mut count) = (Vec::new(), 0);
    for target in siege.targets() {
        let good = target.example.to_string().into_bytes();
        let media_type: &[u8] = target.media_type.as_bytes();
        let long = "k".repeat(256).leak();
        let parametrised = |parameter: &str| format!("{}; {parameter}", target.media_type).into_bytes();
        let (utf16, latin, twice) = (
            parametrised("charset=utf-16"),
            parametrised("CHARSET=\"latin-1\""),
            parametrised("charset=utf-8; charset=utf-7"),
        );
        let is = |media_type: &'static [u8]| vec![("Content-Type", media_type)];
        let and =
            |name: &'static str, value: &'static [u8]| vec![("Content-Type", media_type), (name, value)];
        let requests: Vec<(u16, Headers, &[u8])> = vec![
            (415, vec![], &good),
            (415, is(b""), &good),
            (415, is(b"text/plain"), &good),
            (415, is(b"application/x-www-form-urlencoded"), &good),
            (415, is(b"multipart/form-data; boundary=x"), &good),
            (415, is(b"application/xml"), &good),
            (415, is(b"application/jsonp"), &good),
            (415, is(b"application"), &good),
            (415, is(b"*/*"), &good),
            (415, is(b"application/json, text/html"), &good),
            (415, is(b"application/json\xe9"), &good),
            (415, vec![("Content-Type", &utf16)], &good),
            (415, vec![("Content-Type", &latin)], &good),
            (415, vec![("Content-Type", &twice)], &good),
            (400, and("Content-Type", b"text/plain"), &good),
            (415, and("Content-Encoding", b"gzip"), &bomb),
            (415, and("Content-Encoding", b"deflate"), &good),
            (415, and("Content-Encoding", b"br"), &good),
            (415, and("Content-Encoding", b"identity, gzip"), &bomb),
            (415, and("Content-Encoding", b"\xff"), &good),
            (400, and("Idempotency-Key", b""), &good),
            (400, and("Idempotency-Key", long.as_bytes()), &good),
            (400, and("Idempotency-Key", b"caf\xc3\xa9"), &good),
            (400, and("Idempotency-Key", b"caf\xe9"), &good),
            (400, and("Idempotency-Key", b"a\tb"), &good),
            (
                400,
                vec![("Content-Type", media_type), ("Idempotency-Key", b"a"), ("Idempotency-Key", b"b")],
                &good,
            ),
            (400, and("Authorization", b"Bearer nxk_other_x"), &good),
            (406, and("Accept", b"text/html"), &good),
            (431, and("X-Large", "x".repeat(20_000).leak().as_bytes()), &good),
        ];
        let has_keys = target.parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        for (status, headers, body) in requests {
            let has_key = headers.iter().any(|(name, _)| *name == "Idempotency-Key");
            if has_key && !has_keys {
                continue;
            }
            let path = format!("{}{}", target.path, target.query(true));
            let answer = siege.send(&target.method, &path, &headers, body).await;
            count += 1;
            if answer.status != status {
                let shown: Vec<_> = headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {:.40}", String::from_utf8_lossy(value)))
                    .collect();
                complaints.push(format!(
                    "{}: {shown:?}: expected {status}: {} {:.200}",
                    target.name(),
                    answer.status,
                    answer.text()
                ));
            }
        }
    }
    println!("{count} requests with hostile headers");
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    siege.has_held(&before).await;
}

/// Values for every parameter of every route, also of those without a body. What its schema does not allow is refused.
#[tokio::test]
async fn hostile_parameters_are_refused_by_every_route() {
    const VALUES: &[&str] = &[
        "",
        " ",
        "-1",
        "0",
        "1001",
        "1e3",
        "1.0",
        "+1",
        "99999999999999999999",
        "junk",
        "true,false",
        "TRUE",
        "yes",
        "null",
        "\0",
        "a\0b",
        "..",
        "../..",
        "../../etc/passwd",
        "a/b",
        "a b",
        "a\nb",
        "é",
        "\u{202e}",
        "::",
        "a::b",
        ":a",
        "UPPER",
        "-a",
        "0:0",
        "1:-1",
        "-1:1",
        "99999:1",
        "1:99999999999999999999",
        "1:1:1",
        "'; DROP TABLE log; --",
        "%",
        "%2e%2e",
    ];
    let siege = Siege::begin().await;
    let before = siege.books().await;
    let long = ["x".repeat(256), "x".repeat(5_000), "a:".repeat(127) + "aa"];
    let (mut complaints, mut count) = (Vec::new(), 0);
    for (path, operations) in siege.document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
            let content = &operation["requestBody"]["content"][JSON]["schema"];
            let body =
                if content.is_null() { String::new() } else { siege.schemas.example(content).to_string() };
            let headers: &[(&str, &[u8])] =
                if content.is_null() { &[] } else { &[("Content-Type", JSON.as_bytes())] };
            let is_command = parameters.iter().any(|parameter| parameter["name"] == "dry_run");
            let filled = |but: &Value, value: &str| {
                parameters.iter().filter(|parameter| parameter["in"] == "path").fold(
                    path.clone(),
                    |path, parameter| {
                        let example = siege.schemas.example(&parameter["schema"]);
                        let text = if parameter["name"] == *but { value } else { example.as_str().unwrap() };
                        path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &encoded(text))
                    },
                )
            };
            // A dot or two as a whole segment is for the client to resolve, and no name here.
            let mut requests = Vec::new();
            for parameter in &parameters {
                let (name, schema) = (&parameter["name"], siege.schemas.resolved(&parameter["schema"]));
                for value in VALUES.iter().copied().chain(long.iter().map(String::as_str)) {
                    let allowed = allows(&siege.schemas, &schema, value);
                    match parameter["in"].as_str().unwrap() {
                        "path" => {
                            let dry = if is_command { "?dry_run=true" } else { "" };
                            requests.push((format!("{}{dry}", filled(name, value)), 404, allowed));
                        }
                        "query" => {
                            let query = format!("?{}={}", name.as_str().unwrap(), encoded(value));
                            let dry = if is_command && *name != "dry_run" { "&dry_run=true" } else { "" };
                            // What is allowed for dry_run would be carried out.
                            if !(allowed && *name == "dry_run") {
                                requests.push((
                                    format!("{}{query}{dry}", filled(&Value::Null, "")),
                                    400,
                                    allowed,
                                ));
                            }
                        }
                        _ => {}
                    }
                }
            }
            for query in [
                "?unknown=1",
                "?dryrun=true",
                "?dry_run=true&dry_run=false",
                "?limit=1&limit=2",
                "?%zz=1",
                "?a[]=1",
                "?%00",
                "?=1",
            ] {
                requests.push((format!("{}{query}", filled(&Value::Null, "")), 400, false));
            }
            for (address, status, allowed) in requests {
                let answer = siege.send(&method.to_uppercase(), &address, headers, body.as_bytes()).await;
                count += usize::from(!allowed);
                // A filter has a grammar, which no schema can say.
                let is_no_filter = || answer.text().contains("\"code\":\"invalid_filter\"");
                let is_fine =
                    if allowed { answer.status != 400 || is_no_filter() } else { answer.status == status };
                if !is_fine {
                    let status = if allowed { "anything but 400".to_owned() } else { status.to_string() };
                    complaints.push(format!(
                        "{method} {address:.200}: expected {status}: {} {:.200}",
                        answer.status,
                        answer.text()
                    ));
                }
            }
        }
    }
    println!("{count} requests with hostile parameters");
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    siege.has_held(&before).await;
}

fn allows(schemas: &Schemas, schema: &Value, text: &str) -> bool {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match schema["type"].as_str() {
        Some("boolean") => ["true", "false"].contains(&text),
        // A parameter that may be repeated: each time it is one item.
        Some("array") => allows(schemas, &schemas.resolved(&schema["items"]), text),
        Some("integer") => {
            is_plain
                && text.parse().is_ok_and(|number: f64| {
                    schema["minimum"].as_f64().is_none_or(|min| number >= min)
                        && schema["maximum"].as_f64().is_none_or(|max| number <= max)
                })
        }
        _ => schemas.allows(schema, text),
    }
}
