//! Several questions at one position, and what each came to.

use std::borrow::Cow;

use event_schemas::Position;
use poem_openapi::{Object, registry::MetaSchema, types::Any};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    Wire, at_most, present,
    value::{WireValue, string},
};

const QUESTIONS_MAX: usize = 50;

/// Questions that are to be answered as of one position.
#[derive(Object, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, expecting = "questions: an object")]
#[oai(deny_unknown_fields)]
pub struct Questions {
    /// Addresses of GETs that take `known_at`, such as `/v1/ledgers/household/balances?below=assets`.
    #[serde(deserialize_with = "at_most::<_, _, QUESTIONS_MAX>")]
    #[oai(validator(max_items = 50))]
    pub questions: Vec<Wire<Address>>,
    /// Records up to this one count. Left out: all that are in the log when the request arrives.
    #[serde(default, deserialize_with = "present")]
    pub known_at: Option<Wire<Position>>,
}

/// A path of this API, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

const ADDRESS_LEN_MAX: usize = 4_000;

impl WireValue for Address {
    const NAME: &'static str = "address";
    const EXPECTED: &'static str = "an address, such as \"/v1/ledgers/household/balances?below=assets\"";

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(ADDRESS_LEN_MAX),
            ..string(
                r"^/v1/[A-Za-z0-9_.~:%/+-]*(\?[A-Za-z0-9_.~:%/+=&,-]*)?$",
                "/v1/ledgers/household/balances?below=assets",
            )
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let may_stand = |others: &'static str| {
            move |byte: u8| byte.is_ascii_alphanumeric() || others.as_bytes().contains(&byte)
        };
        let is_one = path.starts_with("/v1/")
            && path.bytes().all(may_stand("_.~:%/+-"))
            && query.bytes().all(may_stand("_.~:%/+=&,-"));
        if !is_one || text.len() > ADDRESS_LEN_MAX {
            return Err(format!("expected {}, other characters as %XX", Self::EXPECTED));
        }
        Ok(Self(text.to_owned()))
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl Address {
    /// The same with `known_at` put to it. `None`: it says that, or `min_position`, itself.
    pub fn known_at(&self, known_at: Position) -> Option<String> {
        let Self(address) = self;
        let (joint, query) = address.split_once('?').map_or(("?", ""), |(_, query)| ("&", query));
        let says = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        (!says("known_at") && !says("min_position")).then(|| format!("{address}{joint}known_at={known_at}"))
    }
}

/// The answers, in the order of the questions.
#[derive(Object, Serialize, Clone, Debug)]
pub struct QuestionsAnswered {
    /// What was put to all of them.
    pub known_at: Wire<Position>,
    pub answers: Vec<Answered>,
}

/// What one question came to.
#[derive(Object, Serialize, Clone, Debug)]
pub struct Answered {
    /// The status that the question alone would have been answered with.
    pub status: u16,
    /// The answer, or the problem.
    #[serde(serialize_with = "as_it_is")]
    pub body: Any<Box<RawValue>>,
}

impl Answered {
    /// `body`: JSON.
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        let body = String::from_utf8(body).ok().and_then(|text| RawValue::from_string(text).ok());
        Self { status, body: Any(body.unwrap_or_else(|| RawValue::NULL.to_owned())) }
    }
}

fn as_it_is<S: Serializer>(body: &Any<Box<RawValue>>, serializer: S) -> Result<S::Ok, S::Error> {
    body.0.serialize(serializer)
}
