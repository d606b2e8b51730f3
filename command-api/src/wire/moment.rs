//! A point in what was recorded: a position, or a time.

use std::borrow::Cow;

use event_schemas::{EffectiveAt, Position};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

use super::value::WireValue;

/// Up to where in the log something is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Position(Position),
    Time(EffectiveAt),
}

impl WireValue for Moment {
    const NAME: &'static str = "moment";
    const EXPECTED: &'static str =
        "a position, such as \"1:17\", or a time, such as \"2026-11-23T10:00:00Z\" or \"2026-11-23\"";

    fn schema() -> MetaSchema {
        let any_of = [Position::schema(), EffectiveAt::schema()];
        MetaSchema {
            any_of: any_of.into_iter().map(|schema| MetaSchemaRef::Inline(Box::new(schema))).collect(),
            ..MetaSchema::ANY
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let position = Position::parse(text).map(Self::Position);
        position
            .or_else(|_| EffectiveAt::parse(text).map(Self::Time))
            .map_err(|_| format!("expected {}", Self::EXPECTED))
    }

    fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Position(position) => position.to_string().into(),
            Self::Time(time) => time.to_string().into(),
        }
    }
}
