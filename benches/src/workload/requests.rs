//! Request bytes by hand: formatting a transfer costs the generator a fraction of a microsecond.

use super::Books;
use super::transfers::Transfer;

/// Where requests go: the head of each but for what differs.
#[derive(Debug, Clone)]
pub struct Target {
    head: Vec<u8>,
}

impl Target {
    pub fn new(method: &str, path: &str, token: &str, content_type: &str) -> Self {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: {content_type}\r\n"
        );
        Self { head: head.into_bytes() }
    }

    /// The whole request, over whatever `out` held.
    pub fn write(&self, key: Option<&str>, body: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.head);
        if let Some(key) = key {
            out.extend_from_slice(b"Idempotency-Key: ");
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"Content-Length: ");
        out.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body);
    }
}

/// `{"id":…?,"description":…,"entries":[…]}` of one transfer; the number stands in its description.
pub fn write_transfer(books: &Books, transfer: Transfer, id: Option<&str>, number: u64, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(id) = id {
        out.extend_from_slice(b"\"id\":\"");
        out.extend_from_slice(id.as_bytes());
        out.extend_from_slice(b"\",");
    }
    out.extend_from_slice(b"\"description\":\"order ");
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\",\"entries\":[");
    write_entry(books.wallet(transfer.payee), "debit", transfer.cents, out);
    out.push(b',');
    write_entry(books.wallet(transfer.payer), "credit", transfer.cents, out);
    out.extend_from_slice(b"]}");
}

fn write_entry(account: &str, direction: &str, cents: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"account\":\"");
    out.extend_from_slice(account.as_bytes());
    out.extend_from_slice(b"\",\"direction\":\"");
    out.extend_from_slice(direction.as_bytes());
    out.extend_from_slice(b"\",\"amount\":\"");
    out.extend_from_slice(itoa::Buffer::new().format(cents / 100).as_bytes());
    out.extend_from_slice(&[b'.', digit(cents / 10), digit(cents)]);
    out.extend_from_slice(b"\",\"currency\":\"EUR\"}");
}

fn digit(number: u32) -> u8 {
    b'0' + u8::try_from(number % 10).expect("below 10")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_well_formed_and_its_transfer_balances() {
        let books = Books::new("bench", 3);
        let mut body = Vec::new();
        write_transfer(&books, Transfer { payer: 2, payee: 1, cents: 1_05 }, Some("k"), 7, &mut body);
        assert_eq!(
            String::from_utf8(body.clone()).unwrap(),
            r#"{"id":"k","description":"order 7","entries":[{"account":"assets:wallet:000001","direction":"debit","amount":"1.05","currency":"EUR"},{"account":"assets:wallet:000002","direction":"credit","amount":"1.05","currency":"EUR"}]}"#
        );
        let mut request = b"the former one".to_vec();
        Target::new("POST", "/x", "secret", "application/json").write(Some("k"), b"{}", &mut request);
        assert_eq!(
            String::from_utf8(request).unwrap(),
            "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer secret\r\nContent-Type: application/json\r\n\
             Idempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
