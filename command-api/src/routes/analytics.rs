//! What the routes of analytics have in common.

use event_schemas::Position;
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromParameter, ParseResult, Type},
};
use projections::analytics::{self, Answer};

use crate::{
    caller::ledger_not_found,
    codes,
    problem::Problem,
    views::{
        analytics::Group,
        question::{Asked, Question},
    },
    wire::{Wire, budget::Period},
};

/// How many names of a path tell lines apart: 1 to 100.
#[derive(Clone, Copy, Debug)]
pub struct Depth(pub usize);

const DEPTH_MAX: u8 = 100;

impl Type for Depth {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> std::borrow::Cow<'static, str> {
        "depth".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(DEPTH_MAX)),
            ..MetaSchema::new("integer")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromParameter for Depth {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let depth = text.parse::<u8>().ok().filter(|depth| is_plain && (1..=DEPTH_MAX).contains(depth));
        depth
            .map(|depth| Self(usize::from(depth)))
            .ok_or_else(|| ParseError::custom(format!("a whole number from 1 to {DEPTH_MAX}")))
    }
}

pub fn month() -> Period {
    Period::Month
}

pub fn account() -> Group {
    Group::Account
}

pub fn group_of(group: Group, depth: Option<Depth>) -> analytics::Group {
    match group {
        Group::Account => analytics::Group::Account { depth: depth.map(|depth| depth.0) },
        Group::Category => analytics::Group::Category,
    }
}

/// Lets the views go on. What is known, and what they had read.
pub async fn ended(
    question: &Question<'_>,
    asked: Asked,
) -> Result<(Wire<Position>, Wire<Position>), Problem> {
    let positions = (Wire(question.position(asked.known_at)), Wire(asked.as_of));
    asked.end().await?;
    Ok(positions)
}

/// What was asked for, or why it cannot be told.
pub fn known<T>(answer: Answer<T>, question: &Question<'_>) -> Result<T, Problem> {
    match answer {
        Answer::Known(known) => Ok(known),
        Answer::NoLedger => Err(ledger_not_found(question.ledger.as_str())),
        Answer::NoAccount(path) => {
            let detail = format!("the ledger had no account {:?} then", path.as_str());
            Err(Problem::new(&codes::ACCOUNT_NOT_FOUND).detail(detail))
        }
    }
}
