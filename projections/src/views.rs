//! Every view there is. A new one: a file here, its line in `mod`, its line in the list.

use crate::view::View;

pub mod audit;
pub mod balances;
pub mod budgets;
pub mod categories;
mod names;
pub mod rates;
pub mod transactions;

/// One of each.
#[must_use]
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::new(balances::Balances::default()),
        Box::new(transactions::Transactions::default()),
        Box::new(audit::Audit::default()),
        Box::new(categories::Categories::default()),
        Box::new(budgets::Budgets::default()),
        Box::new(rates::Rates),
    ]
}

/// The view of this name.
#[must_use]
pub fn named(name: &str) -> Option<Box<dyn View>> {
    all().into_iter().find(|view| view.name() == name)
}
