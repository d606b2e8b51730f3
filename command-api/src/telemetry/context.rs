//! What goes with a request from the edge to its handler and back: id, trace, and who called.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Instant,
};

use poem::{
    Addr, Request,
    http::{HeaderValue, Method, header},
};
use uuid::Uuid;

use crate::keys::Key;

const REQUEST_ID_LEN_MAX: usize = 64;

#[derive(Debug)]
pub struct RequestContext {
    pub request_id: String,
    pub started: Instant,
    pub method: Method,
    /// The W3C trace that the request belongs to, as it came in.
    pub traceparent: Option<String>,
    pub ip_address: Option<IpAddr>,
    pub user_agent: Option<HeaderValue>,
    caller: OnceLock<Arc<Key>>,
}

impl RequestContext {
    pub fn of(request: &Request) -> Self {
        Self {
            request_id: request_id(request),
            started: Instant::now(),
            method: request.method().clone(),
            traceparent: traceparent(request),
            ip_address: match &request.remote_addr().0 {
                Addr::SocketAddr(address) => Some(address.ip()),
                _ => None,
            },
            user_agent: request.headers().get(header::USER_AGENT).cloned(),
            caller: OnceLock::new(),
        }
    }

    pub fn note_caller(&self, key: &Arc<Key>) {
        let _ = self.caller.set(Arc::clone(key));
    }

    pub fn caller(&self) -> Option<&Key> {
        self.caller.get().map(|key| &**key)
    }
}

/// The caller's own id, if it is one that can stand in a log line unquoted; else a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    match given {
        Some(id) if is_sane(id) => id.to_owned(),
        _ => format!("req_{}", Uuid::new_v4().simple()),
    }
}

fn is_sane(id: &str) -> bool {
    (1..=REQUEST_ID_LEN_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id all zeros (W3C Trace Context); anything else is not passed on.
fn traceparent(request: &Request) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?;
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let is_known = lengths == [2, 32, 16, 2] && text.starts_with("00-");
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let is_valid = is_known && is_hex && !is_zero(&text[3..35]) && !is_zero(&text[36..52]);
    is_valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Request {
        Request::builder().header(name, value).finish()
    }

    #[test]
    fn a_sane_request_id_is_kept_and_another_replaced() {
        assert_eq!(request_id(&with("x-request-id", "abc-1.2_Z")), "abc-1.2_Z");
        for id in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert!(request_id(&with("x-request-id", id)).starts_with("req_"), "{id}");
        }
    }

    #[test]
    fn only_a_valid_traceparent_is_passed_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&with("traceparent", good)).as_deref(), Some(good));
        for bad in ["", "00", &good.to_uppercase(), "00-00000000000000000000000000000000-b7ad6b7169203331-01"]
        {
            assert_eq!(traceparent(&with("traceparent", bad)), None, "{bad}");
        }
    }
}
