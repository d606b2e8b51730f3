//! Values that are strings on the wire and something stricter inside.

use std::{borrow::Cow, fmt, marker::PhantomData};

use event_schemas::{
    AccountPath, AssetCode, BudgetId, Day, EffectiveAt, Key, LedgerId, Position, Quantity, Rate, parse_amount,
};
use ledger_core::Amount;
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// A type with a text form: how it is read, and the schema that says the same.
pub trait WireValue: Sized + Send + Sync + 'static {
    const NAME: &'static str;
    /// Completes "expected …".
    const EXPECTED: &'static str;

    fn schema() -> MetaSchema;
    fn parse(text: &str) -> Result<Self, String>;
    fn to_text(&self) -> Cow<'_, str>;
}

/// `T` as it stands in a request or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire<T>(pub T);

/// A string's schema.
pub fn string(pattern: &str, example: &str) -> MetaSchema {
    MetaSchema {
        pattern: Some(pattern.to_owned()),
        example: Some(Value::String(example.to_owned())),
        ..MetaSchema::new("string")
    }
}

impl WireValue for LedgerId {
    const NAME: &'static str = "ledger id";
    const EXPECTED: &'static str = "a ledger's id, such as \"household\"";

    fn schema() -> MetaSchema {
        string("^[a-z0-9][a-z0-9_-]{0,62}$", "household")
    }

    fn parse(text: &str) -> Result<Self, String> {
        LedgerId::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl WireValue for BudgetId {
    const NAME: &'static str = "budget id";
    const EXPECTED: &'static str = "a budget's id, such as \"groceries\"";

    fn schema() -> MetaSchema {
        string("^[a-z0-9][a-z0-9_-]{0,62}$", "groceries")
    }

    fn parse(text: &str) -> Result<Self, String> {
        BudgetId::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl WireValue for Key {
    const NAME: &'static str = "key";
    const EXPECTED: &'static str = "a key of at most 255 printable ASCII characters";

    fn schema() -> MetaSchema {
        string("^[!-~]([ -~]{0,253}[!-~])?$", "groceries-2026-11-23")
    }

    fn parse(text: &str) -> Result<Self, String> {
        Key::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl WireValue for AccountPath {
    const NAME: &'static str = "account path";
    const EXPECTED: &'static str = "an account's path, such as \"assets:bank\"";

    fn schema() -> MetaSchema {
        // Names between colons: no control characters, no blank at either end.
        const NAME: &str = r"[^\s:\u0000-\u001f\u007f-\u009f]([^:\u0000-\u001f\u007f-\u009f]*[^\s:\u0000-\u001f\u007f-\u009f])?";
        MetaSchema { max_length: Some(255), ..string(&format!("^{NAME}(:{NAME})*$"), "assets:bank:checking") }
    }

    fn parse(text: &str) -> Result<Self, String> {
        AccountPath::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl WireValue for AssetCode {
    const NAME: &'static str = "currency";
    const EXPECTED: &'static str = "a currency's code, such as \"EUR\"";

    fn schema() -> MetaSchema {
        string("^[A-Z][A-Z0-9._-]{0,15}$", "EUR")
    }

    fn parse(text: &str) -> Result<Self, String> {
        AssetCode::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

/// 28 digits and the point: what a decimal of 96 bits always holds.
const AMOUNT_LEN_MAX: usize = 29;

impl WireValue for Amount {
    const NAME: &'static str = "amount";
    const EXPECTED: &'static str = "a decimal string, such as \"12.34\"";

    fn schema() -> MetaSchema {
        MetaSchema {
            format: Some("decimal"),
            max_length: Some(AMOUNT_LEN_MAX),
            ..string(r"^(0|[1-9][0-9]{0,27})(\.[0-9]{1,18})?$", "12.34")
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let amount = parse_amount(text).map_err(|error| error.to_string())?;
        let digits = text.len() - usize::from(text.contains('.'));
        if digits < AMOUNT_LEN_MAX {
            Ok(Amount(amount))
        } else {
            Err("an amount has at most 28 digits".into())
        }
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.0.to_string().into()
    }
}

impl WireValue for Quantity {
    const NAME: &'static str = "quantity";
    const EXPECTED: &'static str = "a decimal string that may be negative, such as \"-12.34\"";

    fn schema() -> MetaSchema {
        MetaSchema {
            format: Some("decimal"),
            ..string(r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$", "-12.34")
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.split('.').next().is_some_and(|whole| whole.len() > 20) {
            return Err("at most 20 digits may stand before the point".to_owned());
        }
        let quantity = Quantity::parse(digits).map_err(|error| error.to_string())?;
        // 20 + 18 digits are far from the end of an i128.
        let minor = if digits.len() < text.len() { -quantity.minor } else { quantity.minor };
        Ok(Quantity::new(minor, quantity.scale))
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl WireValue for Rate {
    const NAME: &'static str = "rate";
    const EXPECTED: &'static str = "a decimal string, such as \"25.10\"";

    fn schema() -> MetaSchema {
        MetaSchema {
            format: Some("decimal"),
            max_length: Some(AMOUNT_LEN_MAX),
            ..string(r"^(0|[1-9][0-9]{0,27})(\.[0-9]{1,18})?$", "25.10")
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        Rate::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl WireValue for Position {
    const NAME: &'static str = "position";
    const EXPECTED: &'static str = "a position, such as \"1:17\"";

    fn schema() -> MetaSchema {
        // Below 32768 and 2^48.
        string("^[0-9]{1,4}:[0-9]{1,14}$", "1:17")
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: event_schemas::InvalidPosition| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl WireValue for EffectiveAt {
    const NAME: &'static str = "time";
    const EXPECTED: &'static str = "a time, such as \"2026-11-23T10:00:00Z\" or \"2026-11-23\"";

    fn schema() -> MetaSchema {
        let form = |format, pattern, example| {
            MetaSchemaRef::Inline(Box::new(MetaSchema { format: Some(format), ..string(pattern, example) }))
        };
        const DATE: &str = "(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}";
        const TIME: &str = r"T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})";
        MetaSchema {
            any_of: vec![
                form("date-time", &format!("^{DATE}{TIME}$"), "2026-11-23T10:00:00Z"),
                form("date", &format!("^{DATE}$"), "2026-11-23"),
            ],
            ..MetaSchema::ANY
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        // Time as we count it has no leap seconds: this one would be stored, and shown, as the next minute.
        if text.get(17..19) == Some("60") {
            return Err("a minute's seconds are 00 to 59".to_owned());
        }
        text.parse().map_err(|error: event_schemas::InvalidTime| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl WireValue for Day {
    const NAME: &'static str = "day";
    const EXPECTED: &'static str = "a day, such as \"2026-11-23\"";

    fn schema() -> MetaSchema {
        let pattern = "^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$";
        MetaSchema { format: Some("date"), ..string(pattern, "2026-11-23") }
    }

    fn parse(text: &str) -> Result<Self, String> {
        Day::parse(text).map_err(|error| error.to_string())
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl<T: WireValue> Type for Wire<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(T::schema()))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<T: WireValue> ParseFromJSON for Wire<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value.unwrap_or_default() {
            Value::String(text) => Self::parse_from_parameter(&text),
            other => Err(ParseError::expected_type(other)),
        }
    }
}

impl<T: WireValue> ParseFromParameter for Wire<T> {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        T::parse(text).map(Wire).map_err(ParseError::custom)
    }
}

impl<T: WireValue> ToJSON for Wire<T> {
    fn to_json(&self) -> Option<Value> {
        Some(Value::String(self.0.to_text().into_owned()))
    }
}

impl<'de, T: WireValue> Deserialize<'de> for Wire<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        impl<T: WireValue> de::Visitor<'_> for Visitor<T> {
            type Value = Wire<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(T::EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Wire<T>, E> {
                T::parse(text).map(Wire).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

impl<T: WireValue> Serialize for Wire<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_text())
    }
}
