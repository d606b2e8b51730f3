//! JSON between bytes and structs in one pass, with the schema still from poem-openapi.
//!
//! poem-openapi's own `Json<T>` goes through a tree of values: twice the time, and the last of two equal keys wins. Here
//! serde reads straight into the struct. Only when that fails is the body read again, slowly, to say where and why.
//! `#[oai(validator)]` is not run: what a schema promises, the types' own `Deserialize` must hold.
//!
//! No limit on depth is needed: unknown fields are refused at once, so nesting ends with the types (five deep).

use std::fmt::Write;

use poem::{IntoResponse, Request, RequestBody, Response};
use poem_openapi::{
    ApiResponse, impl_apirequest_for_payload,
    payload::{ParsePayload, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::{codes, limit, media_type, problem::Problem, wire::strict::Strict};

/// A body of at most `BYTES_MAX` bytes that is one JSON value.
pub struct Fast<T, const BYTES_MAX: usize = { limit::SINGLE_BYTES_MAX }>(pub T);

impl<T: Type, const N: usize> Payload for Fast<T, N> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        media_type::names(content_type, Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned, const N: usize> ParsePayload for Fast<T, N> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = limit::read_body(request, body, N).await?;
        Ok(parse(&bytes).map(Self)?)
    }
}

impl<T: Type + serde::Serialize, const N: usize> IntoResponse for Fast<T, N> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => Response::builder().content_type(Self::CONTENT_TYPE).body(bytes),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Problem::new(&codes::INTERNAL).into_response()
            }
        }
    }
}

impl<T: Type + serde::Serialize, const N: usize> ApiResponse for Fast<T, N> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }];
        let response = MetaResponse {
            description: "Done",
            status: Some(200),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl_apirequest_for_payload!(Fast<T, N>, T: Type + DeserializeOwned, const N: usize);

/// Reads one JSON value; on failure says where (a JSON Pointer) and what was expected there.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match T::deserialize(Strict(&mut deserializer)) {
        Ok(value) if deserializer.end().is_ok() => Ok(value),
        _ => Err(explain::<T>(bytes)),
    }
}

/// The slow second reading, with every step tracked.
#[cold]
fn explain<T: DeserializeOwned>(bytes: &[u8]) -> Problem {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Problem::new(&codes::INVALID_JSON).detail("the body is empty");
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let (path, error) = match T::deserialize(Strict(tracked)) {
        Ok(_) => match deserializer.end() {
            Err(error) => (String::new(), error),
            // Both readings run the same code over the same bytes.
            Ok(()) => unreachable!("a body that failed to parse parsed at the second reading"),
        },
        Err(error) => (pointer(&track.path()), error),
    };
    let message = error.to_string();
    match error.classify() {
        Category::Data => {
            let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
            Problem::new(&codes::INVALID_BODY).detail(message).pointer(path + &named_field(message))
        }
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::new(&codes::INVALID_JSON).detail(message).pointer(path)
        }
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => write!(pointer, "/{index}").expect("writing to a string"),
            Segment::Map { key } => push_escaped(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// serde reports a missing or doubled field at the object; the pointer should name the field.
fn named_field(message: &str) -> String {
    let field = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    let mut pointer = String::new();
    if let Some(field) = field {
        push_escaped(&mut pointer, field);
    }
    pointer
}

/// RFC 6901: `~` is written `~0`, `/` is written `~1`.
fn push_escaped(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}
