//! Names and texts that a caller keeps with a thing.

use std::{borrow::Cow, fmt};

use event_schemas::{Metadata, Sealed};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::text::Text;

const ENTRIES_MAX: usize = 50;

/// A JSON object of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireMetadata(pub Metadata);

/// Its bounds stand in the document as `propertyNames` (see `spec`), which poem-openapi does not know.
type Name = Text<1, 100>;
type Content = Text<0, 500>;

impl WireMetadata {
    pub fn sealed(self) -> Sealed<Metadata> {
        Sealed::Plain(self.0)
    }
}

impl Serialize for WireMetadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = WireMetadata;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "an object of at most {ENTRIES_MAX} strings")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<WireMetadata, A::Error> {
                let mut metadata = Metadata::new();
                while let Some((name, content)) = entries.next_entry::<Name, Content>()? {
                    let name = name.0.0;
                    if metadata.len() == ENTRIES_MAX {
                        return Err(de::Error::invalid_length(ENTRIES_MAX + 1, &self));
                    }
                    if metadata.contains_key(&name) {
                        return Err(de::Error::custom(format!("duplicate field `{name}`")));
                    }
                    metadata.insert(name, content.0.0);
                }
                Ok(WireMetadata(metadata))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

impl Type for WireMetadata {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "metadata".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            additional_properties: Some(Box::new(Content::schema_ref())),
            max_properties: Some(ENTRIES_MAX),
            example: Some(serde_json::json!({ "shop": "corner" })),
            ..MetaSchema::new("object")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for WireMetadata {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Self::deserialize(value.unwrap_or_default()).map_err(ParseError::custom)
    }
}

impl ToJSON for WireMetadata {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(&self.0).ok()
    }
}
