//! RFC 9457 problem documents: the one shape in which this door says no.
//!
//! Handlers return `Err(Problem)`; the edge renders it once, with the request's id. Whatever else reaches the edge as
//! an error (a router's 404, an extractor's 400) is restated here as a problem with a stable code.

use std::collections::BTreeMap;

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use poem_openapi::{
    Object, error as openapi,
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;

use crate::codes::{self, Code};

/// What a client reads when something was not done.
#[derive(Object, Serialize, Clone, Debug, PartialEq)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
pub struct Body {
    /// Where this kind of problem is explained, relative to the server.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem, in a few words that never change.
    pub title: String,
    /// The HTTP status, once more.
    pub status: u16,
    /// The stable code of this kind of problem: what programs compare.
    pub code: String,
    /// What happened this time, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The JSON Pointer (RFC 6901) of the part of the request's body that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The number of the rule that refused the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// The figures behind a refusal, such as the limit and what remains of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<BTreeMap<String, String>>,
    /// Where the refusal stands in the log: it is repeated, byte for byte, to whoever sends the same key again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Give this id to whoever looks into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A problem on its way out, with the headers that belong to it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {}", body.code, body.detail.as_deref().unwrap_or(&body.title))]
pub struct Problem {
    pub body: Box<Body>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The media type of a problem, for documented responses.
pub const CONTENT_TYPE: &str = "application/problem+json";

impl Problem {
    pub fn new(code: &'static Code) -> Self {
        Self::named(code.status, code.name, code.title)
    }

    /// A problem whose code is not the door's own: a refusal by the rules.
    pub fn named(status: u16, code: impl Into<String>, title: impl Into<String>) -> Self {
        let code = code.into();
        let body = Body {
            kind: format!("/problems/{code}"),
            title: title.into(),
            status,
            code,
            detail: None,
            pointer: None,
            number: None,
            figures: None,
            position: None,
            request_id: None,
        };
        Self { body: Box::new(body), headers: Vec::new() }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.body.pointer = Some(pointer.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// For 429 and 503: when to come back.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer, with the id under which the request is found in the logs. A recorded refusal goes without: whoever
    /// repeats the request gets the same bytes.
    pub fn answer(mut self, request_id: &str) -> Response {
        if self.body.position.is_none() {
            self.body.request_id = Some(request_id.to_owned());
        }
        self.into_response()
    }

    /// Restates any error that travelled through the router as a problem.
    pub fn from_error(error: &poem::Error) -> Self {
        if let Some(problem) = error.downcast_ref::<Problem>() {
            return problem.clone();
        }
        if let Some(content_type) = error.downcast_ref::<openapi::ContentTypeError>() {
            return Self::new(&codes::UNSUPPORTED_MEDIA_TYPE).detail(match content_type {
                openapi::ContentTypeError::NotSupported { content_type } => {
                    format!("{content_type:?} is not taken here: send Content-Type: application/json")
                }
                openapi::ContentTypeError::ExpectContentType => {
                    "say what the body is: send Content-Type: application/json".to_owned()
                }
            });
        }
        if let Some(parameter) = error.downcast_ref::<openapi::ParseParamError>() {
            return Self::new(&codes::INVALID_PARAMETER)
                .detail(format!("{}: {}", parameter.name, parameter.reason));
        }
        if let Some(path) = error.downcast_ref::<openapi::ParsePathError>() {
            return Self::new(&codes::INVALID_PATH).detail(path.reason.clone());
        }
        if let Some(payload) = error.downcast_ref::<openapi::ParseRequestPayloadError>() {
            return Self::new(&codes::INVALID_BODY).detail(payload.reason.clone());
        }
        if error.is::<poem::error::NotFoundError>() {
            return Self::new(&codes::NO_SUCH_ROUTE).detail("the routes are listed at /docs");
        }
        Self::from_status(error)
    }

    fn from_status(error: &poem::Error) -> Self {
        let (code, detail) = match error.status().as_u16() {
            404 => (&codes::NO_SUCH_ROUTE, None),
            405 => (&codes::METHOD_NOT_ALLOWED, None),
            406 => (&codes::NOT_ACCEPTABLE, None),
            413 => (&codes::BODY_TOO_LARGE, None),
            415 => (&codes::UNSUPPORTED_MEDIA_TYPE, None),
            400..500 => (&codes::BAD_REQUEST, Some(error.to_string())),
            // What broke inside is for the log, not for the caller.
            _ => {
                tracing::error!(error = %error, "request failed");
                (&codes::INTERNAL, None)
            }
        };
        detail.into_iter().fold(Self::new(code), Self::detail)
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        Problem::status(self)
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self.body).expect("a problem is strings and numbers");
        let mut response = Response::builder().status(status).content_type(CONTENT_TYPE).body(body);
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Payload for Problem {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        Body::schema_ref()
    }

    fn register(registry: &mut Registry) {
        Body::register(registry);
    }
}
