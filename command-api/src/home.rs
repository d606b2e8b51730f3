//! The pages that need no key: what this is, the documentation with "try it", the OpenAPI document, what problems mean.
//!
//! All of it comes from the binary, is made once (but the first page, which tells its own address), kept by browsers under its ETag, and compressed when first asked for.

mod address;

use std::{collections::HashMap, fmt::Write, io::Write as _, sync::OnceLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    http::{HeaderValue, Method, StatusCode, header},
};
use poem_openapi::{OpenApi, OpenApiService, OperationId};
use sha2::{Digest, Sha256};

use crate::{codes, problem::Problem};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";

/// Nothing from elsewhere; the documentation's script styles elements and draws its icons itself.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Answers for the pages and hands everything else on.
pub struct Site<E> {
    pub pages: Pages,
    pub api: E,
}

pub struct Pages(HashMap<&'static str, Page>);

struct Page {
    operation: &'static str,
    content_type: &'static str,
    body: Bytes,
    gzipped: OnceLock<Bytes>,
    etag: HeaderValue,
}

impl Pages {
    pub fn new<T: OpenApi>(service: &OpenApiService<T, ()>, openapi_json: String) -> Self {
        let (script, style) = swagger_ui(service);
        Self(HashMap::from([
            ("/docs", Page::new("docs", HTML, include_str!("home/docs.html"))),
            ("/docs/", Page::new("docs", HTML, include_str!("home/docs.html"))),
            ("/docs/start.js", Page::new("docs", SCRIPT, include_str!("home/docs.js"))),
            ("/docs/swagger-ui.js", Page::new("docs", SCRIPT, script)),
            ("/docs/swagger-ui.css", Page::new("docs", STYLE, style)),
            ("/openapi.json", Page::new("openapi", JSON, openapi_json)),
            ("/problems", Page::new("problems", HTML, problems())),
        ]))
    }

    fn get(&self, path: &str) -> Option<&Page> {
        // The hot paths are none of ours, and need no look.
        if path.starts_with("/v1/") {
            return None;
        }
        let path = if path.starts_with("/problems/") { "/problems" } else { path };
        self.0.get(path)
    }
}

impl<E: Endpoint> Endpoint for Site<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if request.uri().path() == "/" {
            return home(&request).answer(&request);
        }
        match self.pages.get(request.uri().path()) {
            Some(page) => page.answer(&request),
            None => self.api.call(request).await.map(IntoResponse::into_response),
        }
    }
}

impl Page {
    fn new(operation: &'static str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let digest = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..12]);
        let etag = HeaderValue::from_str(&format!("W/\"{digest}\"")).expect("base64 is plain ASCII");
        Self { operation, content_type, body, gzipped: OnceLock::new(), etag }
    }

    fn answer(&self, request: &Request) -> Result<Response> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return Err(Problem::new(&codes::METHOD_NOT_ALLOWED)
                .header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
                .into());
        }
        let mut response = if self.is_known(request) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.content(request)
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        // Asks each time, and mostly hears "not modified": an upgraded server never shows an old page.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        response.set_data(OperationId(self.operation));
        Ok(response)
    }

    fn is_known(&self, request: &Request) -> bool {
        request.headers().get(header::IF_NONE_MATCH).is_some_and(|etag| etag == self.etag)
    }

    fn content(&self, request: &Request) -> Response {
        let accepts = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let mut response = Response::builder().content_type(self.content_type);
        let body = if accepts.is_some_and(|accepts| accepts.contains("gzip")) {
            response = response.header(header::CONTENT_ENCODING, "gzip");
            self.gzipped.get_or_init(|| gzip(&self.body)).clone()
        } else {
            self.body.clone()
        };
        if request.method() == Method::HEAD { response.finish() } else { response.body(body) }
    }
}

/// Its commands go to the address at which the page was found.
fn home(request: &Request) -> Page {
    let html = include_str!("home/home.html").replace("{address}", &address::of(request));
    Page::new("home", HTML, html)
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::default());
    encoder.write_all(body).expect("writing to memory");
    encoder.finish().expect("writing to memory").into()
}

/// poem-openapi holds Swagger UI as one inlined page; taken apart, its halves can be kept apart from the document.
fn swagger_ui<T: OpenApi>(service: &OpenApiService<T, ()>) -> (String, String) {
    let html = service.swagger_ui_html();
    let between = |start: &str, end: &str| {
        let (_, rest) = html.split_once(start).expect("poem-openapi's page has this element");
        rest.rsplit_once(end).expect("poem-openapi's page closes its elements").0.to_owned()
    };
    let script = between("<script charset=\"UTF-8\">", "</script>\n</head>");
    (script, between("<style charset=\"UTF-8\">", "</style>"))
}

/// The catalogue of the door's own codes, for whoever follows a problem's `type`.
fn problems() -> String {
    let rows = codes::CATALOGUE.iter().fold(String::new(), |mut rows, code| {
        let (name, status, meaning) = (code.name, code.status, escaped(code.meaning));
        writeln!(rows, "<tr id=\"{name}\"><td>{status}<td><code>{name}</code><td>{meaning}")
            .expect("a string");
        rows
    });
    include_str!("home/problems.html").replace("{rows}", &rows)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
