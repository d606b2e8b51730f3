//! Free text with a length.

use std::borrow::Cow;

use event_schemas::Sealed;
use poem_openapi::registry::MetaSchema;

use super::value::{Wire, WireValue, string};

/// Text of `MIN` to `MAX` characters (Unicode scalar values, as JSON Schema counts them).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited<const MIN: usize, const MAX: usize>(pub String);

pub type Text<const MIN: usize, const MAX: usize> = Wire<Limited<MIN, MAX>>;

/// What a transaction, an account or a freeze is about.
pub type Description = Text<0, 500>;
/// A number on somebody else's paper.
pub type Reference = Text<0, 140>;
pub type Label = Text<1, 100>;
pub type Name = Text<1, 200>;

impl<const MIN: usize, const MAX: usize> WireValue for Limited<MIN, MAX> {
    const NAME: &'static str = "text";
    const EXPECTED: &'static str = "a text";

    fn schema() -> MetaSchema {
        // Postgres cannot read JSON with the character NUL.
        MetaSchema {
            min_length: (MIN > 0).then_some(MIN),
            max_length: Some(MAX),
            example: None,
            ..string(r"^[^\u0000]*$", "")
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        // Bytes first: most texts are short, and counting characters is not free.
        let is_short = text.len() <= MAX || text.chars().count() <= MAX;
        if !is_short || (text.len() < MIN) {
            return Err(format!("this text is {MIN} to {MAX} characters long"));
        }
        if text.contains('\0') {
            return Err("the character NUL cannot be stored".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    fn to_text(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    pub fn sealed(self) -> Sealed<String> {
        Sealed::Plain(self.0.0)
    }

    pub fn boxed(self) -> Box<str> {
        self.0.0.into_boxed_str()
    }
}
