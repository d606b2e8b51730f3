//! Answers with a tag (RFC 9110, 8.8.3), so that a reader can ask whether anything has changed.

use poem::{
    IntoResponse, Request, Response,
    http::{HeaderValue, StatusCode, header},
    web::headers::{ETag, HeaderMapExt, IfNoneMatch},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use crate::fast::Fast;

/// What an answer depends on: the versions of the views, and the position that last touched its subject. Weak, because the
/// bytes also say how far the views have read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(String);

/// An answer and its tag.
pub struct Tagged<T>(pub Etag, pub T);

impl Etag {
    pub fn new(versions: &str, touched: event_schemas::Position) -> Self {
        Self(format!("W/\"{versions}@{touched}\""))
    }
}

impl<T: Type + serde::Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = Fast::<T>(self.1).into_response();
        let tag = HeaderValue::from_str(&self.0.0).expect("a tag is plain ASCII");
        response.headers_mut().insert(header::ETAG, tag);
        // May be kept, by the caller alone, and must be asked for again.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}

impl<T: Type + serde::Serialize> ApiResponse for Tagged<T> {
    fn meta() -> MetaResponses {
        let mut meta = Fast::<T>::meta();
        meta.responses[0].headers.push(MetaHeader {
            name: "ETag".to_owned(),
            description: Some("Changes when the answer may have changed".to_owned()),
            required: true,
            deprecated: false,
            schema: String::schema_ref(),
        });
        meta.responses.push(MetaResponse {
            description: "Nothing has changed since the tag in If-None-Match",
            status: Some(304),
            status_range: None,
            content: vec![],
            headers: vec![],
        });
        meta
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// The tags that a request has already, if it names some.
pub fn has_already(request: &Request) -> Option<IfNoneMatch> {
    request.headers().typed_get()
}

/// 304 in place of an answer that the reader has already.
pub fn unless_unchanged(response: Response, has_already: Option<&IfNoneMatch>) -> Response {
    let tag: Option<ETag> = response.headers().typed_get();
    match (tag, has_already) {
        (Some(tag), Some(has)) if response.status() == StatusCode::OK && !has.precondition_passes(&tag) => {
            let mut unchanged = response;
            drop(unchanged.take_body());
            unchanged.set_status(StatusCode::NOT_MODIFIED);
            unchanged.headers_mut().remove(header::CONTENT_TYPE);
            unchanged
        }
        _ => response,
    }
}
