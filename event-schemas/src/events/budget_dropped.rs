//! A budget was dropped: from a day on nothing is planned. Its id may be given again.

use serde::{Deserialize, Serialize};

use crate::{BudgetId, Contract, Day, Sealed};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetDropped {
    pub budget: BudgetId,
    /// The first day without it, on which a period begins. What was planned for before it stays.
    pub from: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sealed<String>>,
}

impl Contract for BudgetDropped {
    const NAME: &'static str = "budget_dropped";
    const VERSION: u16 = 1;

    fn example() -> BudgetDropped {
        BudgetDropped {
            budget: BudgetId::parse("groceries").expect("a valid id"),
            from: Day::parse("2027-07-01").expect("a day"),
            reason: Some(Sealed::Plain("we eat at my mother's now".to_owned())),
        }
    }
}
