//! Reads a body up to a limit, whether its length was announced or it comes in chunks.
//!
//! The limit stands where the body is read, in each payload type, so no route can be without one. Bodies are never
//! decompressed: `Content-Encoding` is refused, so a small body cannot grow behind the limit.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited, combinators::BoxBody};
use poem::{Request, RequestBody, http::header};

use crate::{codes, problem::Problem};

/// Of a request that holds one command; also of one line of a streamed bulk.
pub const SINGLE_BYTES_MAX: usize = 256 * 1024;

/// Of a bulk request that comes as one JSON array.
pub const BULK_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Of all headers together.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

pub async fn read_body(
    request: &Request,
    body: &mut RequestBody,
    bytes_max: usize,
) -> Result<Bytes, Problem> {
    refuse_encoding(request)?;
    if content_length(request).is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    let body: BoxBody<Bytes, std::io::Error> = body
        .take()
        .map_err(|error| {
            tracing::error!(%error, "a body was read twice");
            Problem::new(&codes::INTERNAL)
        })?
        .into();
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(bytes_max)),
        Err(error) => {
            Err(Problem::new(&codes::BAD_REQUEST).detail(format!("the body ended too early: {error}")))
        }
    }
}

pub fn too_large(bytes_max: usize) -> Problem {
    Problem::new(&codes::BODY_TOO_LARGE).detail(format!("at most {} KiB are taken here", bytes_max / 1024))
}

pub fn refuse_encoding(request: &Request) -> Result<(), Problem> {
    match request.headers().get(header::CONTENT_ENCODING) {
        None => Ok(()),
        Some(encoding) if encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Ok(()),
        Some(_) => Err(Problem::new(&codes::UNSUPPORTED_MEDIA_TYPE)
            .detail("compressed bodies are not taken: leave Content-Encoding out")),
    }
}

/// Headers are counted as they stand on the wire: name, colon, blank, value, line end.
pub fn refuse_large_headers(request: &Request) -> Result<(), Problem> {
    let bytes: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let bytes = bytes + request.uri().path().len() + request.uri().query().map_or(0, str::len);
    if bytes > HEADER_BYTES_MAX {
        return Err(Problem::new(&codes::HEADERS_TOO_LARGE));
    }
    Ok(())
}

fn content_length(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
