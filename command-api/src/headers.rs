//! Refuses headers that could be understood in two ways, and those that would be passed over in silence.

use poem::{
    Request,
    http::{HeaderName, header},
};

use crate::{codes, problem::Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A second one of these would be ignored, by us or by whoever stands between us and the caller.
const SAID_ONCE: [HeaderName; 4] =
    [header::AUTHORIZATION, header::CONTENT_TYPE, header::CONTENT_ENCODING, IDEMPOTENCY_KEY];

pub fn refuse_ambiguous(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    if headers.len() > headers.keys_len()
        && let Some(name) = SAID_ONCE.iter().find(|name| headers.get_all(*name).iter().nth(1).is_some())
    {
        return Err(Problem::new(&codes::INVALID_PARAMETER).detail(format!("{name} is said twice")));
    }
    // poem-openapi takes a header that is not ASCII for one that is not there. The request would get a key of the
    // server's making, and its repeat another: posted twice.
    if headers.get(IDEMPOTENCY_KEY).is_some_and(|key| key.to_str().is_err()) {
        return Err(Problem::new(&codes::INVALID_PARAMETER)
            .detail("Idempotency-Key: a key is 1 to 255 printable ASCII characters"));
    }
    Ok(())
}
