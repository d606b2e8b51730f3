//! An account's limits in one currency were set, as a whole: what is absent is no limit.

use serde::{Deserialize, Serialize};

use crate::{AccountNumber, AssetCode, Contract, Quantity};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsSet {
    pub account: AccountNumber,
    pub currency: AssetCode,
    /// The lowest balance, on the account's normal side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Quantity>,
    /// The highest balance, on the account's normal side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Quantity>,
    /// How far below the floor (below zero where no floor is set) the balance may go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_line: Option<Quantity>,
}

impl Contract for LimitsSet {
    const NAME: &'static str = "limits_set";
    const VERSION: u16 = 1;

    fn example() -> LimitsSet {
        LimitsSet {
            account: AccountNumber(7),
            currency: AssetCode::parse("EUR").expect("a valid code"),
            floor: Some(Quantity::new(0, 2)),
            ceiling: Some(Quantity::new(1_000_000, 2)),
            credit_line: Some(Quantity::new(50_000, 2)),
        }
    }
}
