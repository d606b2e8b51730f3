//! Many transactions in one request, and one outcome for each.

use bytes::Bytes;
use poem::{Body, IntoResponse, Request, RequestBody, Response, http::StatusCode};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object,
    error::ContentTypeError,
    registry::{MetaMediaType, MetaRequest, MetaResponse, MetaResponses, Registry},
    types::{Any, Type},
};
use serde::{Deserialize, Deserializer};

use super::{at_most, transaction::Transaction};
use crate::{fast, limit, media_type};

pub const JSON: &str = "application/json";
pub const NDJSON: &str = "application/x-ndjson";

/// Items of one JSON array. A stream has no such limit.
const ITEMS_MAX: usize = 100_000;

/// Transactions as one JSON array, or one on each line.
pub enum BulkBody {
    Array(Vec<Transaction>),
    Lines(Body),
}

/// The outcomes of all items, in their order.
#[derive(Object, Clone, Debug)]
pub struct Outcomes {
    pub items: Vec<Outcome>,
}

/// The outcome of one item.
#[derive(Object, Clone, Debug)]
pub struct Outcome {
    /// The item's place in the request, from 0.
    pub index: u32,
    /// The status that the item alone would have been answered with.
    pub status: u16,
    /// The answer that the item alone would have had, or the problem; pointers are within the item.
    pub body: Any<serde_json::Value>,
}

struct Items(Vec<Transaction>);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        at_most::<_, _, ITEMS_MAX>(deserializer).map(Self)
    }
}

impl<'a> ApiExtractor<'a> for BulkBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Transaction::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![
            MetaMediaType { content_type: JSON, schema: <Vec<Transaction> as Type>::schema_ref() },
            // As an array of lines: OpenAPI has no word for "one on each line" before 3.2.
            MetaMediaType { content_type: NDJSON, schema: <Vec<Transaction> as Type>::schema_ref() },
        ];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let Some(content_type) = request.content_type() else {
            return Err(ContentTypeError::ExpectContentType.into());
        };
        if media_type::names(content_type, JSON) {
            let bytes = limit::read_body(request, body, limit::BULK_BYTES_MAX).await?;
            Ok(Self::Array(fast::parse::<Items>(&bytes)?.0))
        } else if media_type::names(content_type, NDJSON) {
            limit::refuse_encoding(request)?;
            Ok(Self::Lines(body.take()?))
        } else {
            Err(ContentTypeError::NotSupported { content_type: content_type.to_owned() }.into())
        }
    }
}

/// Outcomes already written, whole or as they come.
pub enum BulkAnswer {
    Array(Vec<u8>),
    Lines(Body),
}

impl IntoResponse for BulkAnswer {
    fn into_response(self) -> Response {
        let response = Response::builder().status(StatusCode::OK);
        match self {
            Self::Array(bytes) => response.content_type(JSON).body(Bytes::from(bytes)),
            Self::Lines(body) => response.content_type(NDJSON).body(body),
        }
    }
}

impl ApiResponse for BulkAnswer {
    fn meta() -> MetaResponses {
        let content = vec![
            MetaMediaType { content_type: JSON, schema: Outcomes::schema_ref() },
            MetaMediaType { content_type: NDJSON, schema: <Vec<Outcome> as Type>::schema_ref() },
        ];
        let response = MetaResponse {
            description: "One outcome for each item; in an atomic batch, all carried out",
            status: Some(200),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        Outcomes::register(registry);
        Outcome::register(registry);
    }
}
