//! A budget was changed, as a whole: from a day on this is the plan, whatever was planned for it before.

use serde::{Deserialize, Serialize};

use crate::{
    AccountPath, AssetCode, BudgetId, CarryOver, Contract, Day, Direction, Period, Quantity, Sealed,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetChanged {
    pub budget: BudgetId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed<String>>,
    /// It is for this account and all below it, whether or not they are there yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Sealed<AccountPath>>,
    /// It is for entries of this category: in that account where one is named, else in all of income and expense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Box<str>>,
    /// The side that uses the plan up: debits where money is spent, credits where it is earned. The other side gives back.
    pub direction: Direction,
    pub currency: AssetCode,
    /// Planned for each period. Zero is a plan too.
    pub amount: Quantity,
    pub period: Period,
    /// From when this is the plan: a day on which a period begins. What was planned for before it stays.
    pub starts: Day,
    /// Its last day, on which a period ends. Absent: it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Day>,
    pub carry_over: CarryOver,
}

impl Contract for BudgetChanged {
    const NAME: &'static str = "budget_changed";
    const VERSION: u16 = 1;

    fn example() -> BudgetChanged {
        BudgetChanged {
            budget: BudgetId::parse("groceries").expect("a valid id"),
            name: Some(Sealed::Plain("Food and drink".to_owned())),
            account: Some(AccountPath::parse("expenses:food").expect("a valid path").into()),
            category: Some("groceries".into()),
            direction: Direction::Debit,
            currency: AssetCode::parse("EUR").expect("a valid code"),
            amount: Quantity::new(45_000, 2),
            period: Period::Month,
            starts: Day::parse("2027-01-01").expect("a day"),
            ends: Some(Day::parse("2027-12-31").expect("a day")),
            carry_over: CarryOver::Remaining,
        }
    }
}
