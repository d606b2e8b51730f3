//! Traces over OTLP, heard by a collector of the test's own.
#![allow(clippy::unwrap_used)]

mod kit;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

use kit::Place;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[test]
fn a_request_becomes_a_span_in_its_callers_trace() {
    let (endpoint, bodies) = collector();
    let place = Place::new();
    let up = place.up_with(&[], |command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
    });
    let mut stream = std::net::TcpStream::connect(&place.listen).unwrap();
    let head = format!(
        "GET /v1/ledgers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n\r\n",
        place.dev_key()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // The last spans are sent on the way out.
    up.stop();

    let all: Vec<u8> = bodies.try_iter().flatten().collect();
    let has = |bytes: &[u8]| all.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"GET list_ledgers"), "the span's name: {} bytes", all.len());
    assert!(has(&hex(TRACE)), "the caller's trace");
    assert!(has(&hex("b7ad6b7169203331")), "the caller's span");
    assert!(has(b"service.name") && has(b"nexus"), "the service");
}

/// Answers every request with 200; hands its body on.
fn collector() -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (heard, bodies) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let heard = heard.clone();
            thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                while let Some(body) = request(&mut stream) {
                    let _ = heard.send(body);
                    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                }
            });
        }
    });
    (endpoint, bodies)
}

fn request(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    let mut lines = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        lines += 1;
        if lines == 1 {
            assert!(line.starts_with("POST /v1/traces"), "{line}");
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    if lines == 0 {
        return None;
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
