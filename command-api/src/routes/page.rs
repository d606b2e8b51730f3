//! What the pages of all lists have in common.

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromParameter, ParseResult, Type},
};

/// A whole number from 1 to `MAX`.
#[derive(Clone, Copy, Debug)]
pub struct UpTo<const MAX: u16>(pub usize);

/// How many things a page holds: 1 to 1,000.
pub type Limit = UpTo<1_000>;

/// How many names deep a tree of accounts is shown: no path has more.
pub type Depth = UpTo<128>;

impl Limit {
    pub fn usual() -> Self {
        Self(100)
    }
}

impl<const MAX: u16> Type for UpTo<MAX> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> std::borrow::Cow<'static, str> {
        format!("number_up_to_{MAX}").into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(MAX)),
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

impl<const MAX: u16> ParseFromParameter for UpTo<MAX> {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        let limit = text.parse::<u16>().ok().filter(|limit| (1..=MAX).contains(limit));
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        limit
            .filter(|_| is_plain)
            .map(|limit| Self(usize::from(limit)))
            .ok_or_else(|| ParseError::custom(format!("a whole number from 1 to {MAX}")))
    }
}

impl<const MAX: u16> poem_openapi::types::ToJSON for UpTo<MAX> {
    fn to_json(&self) -> Option<serde_json::Value> {
        Some(self.0.into())
    }
}

/// Where the last page of a list ended: its `next`, which means nothing to the caller.
#[derive(Clone, Copy, Debug)]
pub struct After(pub u32);

impl crate::wire::value::WireValue for After {
    const NAME: &'static str = "cursor";
    const EXPECTED: &'static str = "the `next` of the page before";

    fn schema() -> MetaSchema {
        crate::wire::value::string("^[0-9]{1,9}$", "99")
    }

    fn parse(text: &str) -> Result<Self, String> {
        let is_plain = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let place = text.parse().ok().filter(|_| is_plain);
        place.map(Self).ok_or_else(|| format!("expected {}", Self::EXPECTED))
    }

    fn to_text(&self) -> std::borrow::Cow<'_, str> {
        self.0.to_string().into()
    }
}
