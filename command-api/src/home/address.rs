//! The address under which a page was asked for, so that it can tell commands that work as they stand.

use poem::{
    Request,
    http::{header, uri::Authority},
};

/// Where no address is told, or none that we would repeat.
const USUAL: &str = "http://localhost:8000";

/// Proxies say in this header which scheme the caller used; ours speaks only plain HTTP.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// `http://` and the Host header, if that is a host and a port and nothing else: it comes from whoever asks, and is
/// printed for somebody to paste into a shell.
pub fn of(request: &Request) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let proto = request.headers().get(FORWARDED_PROTO).and_then(|proto| proto.to_str().ok());
    let scheme = if proto == Some("https") { "https" } else { "http" };
    match host.filter(|host| is_plain(host)) {
        Some(host) => format!("{scheme}://{host}"),
        None => USUAL.to_owned(),
    }
}

fn is_plain(host: &str) -> bool {
    const LEN_MAX: usize = 253 + ":65535".len();
    // Letters, digits and what stands between them; brackets and colons of IPv6. Nothing that HTML or a shell knows.
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    host.len() <= LEN_MAX
        && host.bytes().all(is_safe)
        && host.parse::<Authority>().is_ok_and(|authority| !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_host(host: &[u8]) -> String {
        of(&Request::builder().header("host", host).finish())
    }

    #[test]
    fn the_address_asked_for_is_told() {
        for host in ["localhost:8931", "127.0.0.1:80", "[::1]:8000", "books.example.org", "a-b:1"] {
            assert_eq!(of_host(host.as_bytes()), format!("http://{host}"));
        }
        let behind_proxy =
            Request::builder().header("host", "books.example.org").header(FORWARDED_PROTO, "https");
        assert_eq!(of(&behind_proxy.finish()), "https://books.example.org");
    }

    #[test]
    fn what_is_no_plain_address_is_not_repeated() {
        let long = "a".repeat(300);
        let hosts: [&[u8]; 14] = [
            b"",
            b"<script>",
            b"a\"b",
            b"a'b",
            b"$(reboot)",
            b"`id`",
            b"a;b",
            b"a b",
            b"user@host",
            b"a/b",
            b":8000",
            b"a:b:c",
            b"caf\xc3\xa9",
            long.as_bytes(),
        ];
        for host in hosts {
            assert_eq!(of_host(host), USUAL, "{}", String::from_utf8_lossy(host));
        }
        assert_eq!(of(&Request::builder().finish()), USUAL);
    }
}
