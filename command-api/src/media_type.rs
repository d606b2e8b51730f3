//! Whether a Content-Type names what we read, in UTF-8: the one encoding of JSON (RFC 8259).

pub fn names(content_type: &str, media_type: &str) -> bool {
    let mut parts = content_type.split(';');
    let named = parts.next().unwrap_or_default().trim();
    named.eq_ignore_ascii_case(media_type) && parts.all(keeps_utf8)
}

/// Parameters other than `charset` say nothing about how the bytes are read.
fn keeps_utf8(parameter: &str) -> bool {
    parameter.split_once('=').is_none_or(|(name, value)| {
        let charset = value.trim().trim_matches('"');
        !name.trim().eq_ignore_ascii_case("charset") || charset.eq_ignore_ascii_case("utf-8")
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn only_utf8_is_read() {
        let json = |content_type| names(content_type, "application/json");
        for fine in [
            "application/json",
            "Application/JSON ",
            "application/json; charset=utf-8",
            "application/json;Charset=\"UTF-8\"",
            "application/json; profile=x; charset",
        ] {
            assert!(json(fine), "{fine}");
        }
        for other in [
            "",
            "text/json",
            "application/jsonp",
            "application/json, text/html",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; charset=latin-1",
        ] {
            assert!(!json(other), "{other}");
        }
    }
}
