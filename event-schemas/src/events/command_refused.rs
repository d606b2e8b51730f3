//! The rules said no. Who asked for what, and why not: recorded, so that a repeat hears the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Contract;
use crate::codec::write_rest;

#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRefused {
    /// The command as it was asked: `{"<kind>": {…inputs}}`.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub command: Box<RawValue>,
    pub refusal: Refused,
}

/// A refusal's number and name never change; docs/generated lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub number: u16,
    pub code: String,
    /// The part of the request at fault, as a JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The figures behind it: which limit, what remains.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub figures: BTreeMap<String, String>,
}

impl PartialEq for CommandRefused {
    fn eq(&self, other: &CommandRefused) -> bool {
        self.command.get() == other.command.get() && self.refusal == other.refusal
    }
}

impl Eq for CommandRefused {}

impl Contract for CommandRefused {
    const NAME: &'static str = "command_refused";
    const VERSION: u16 = 1;

    fn example() -> CommandRefused {
        let command = r#"{"close_account":{"account":"assets:bank:checking"}}"#;
        CommandRefused {
            command: RawValue::from_string(command.to_owned()).expect("valid JSON"),
            refusal: Refused {
                number: 209,
                code: "account_has_balance".to_owned(),
                pointer: Some("/account".to_owned()),
                figures: [
                    ("balance".to_owned(), "12.34".to_owned()),
                    ("currency".to_owned(), "EUR".to_owned()),
                ]
                .into(),
            },
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        // All else is escaped where it is written; this stands in the record as it is.
        assert!(!self.command.get().contains(['\n', '\r']), "a record is one line");
        write_rest(out, self);
    }
}
