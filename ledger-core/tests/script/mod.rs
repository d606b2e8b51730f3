//! The rules as scripts: commands in, outcomes out, each compared with its snapshot (`UPDATE_EXPECT=1` writes them).

mod accounts;
mod assets;
mod budgets;
mod catalogue;
mod conditions;
mod language;
mod ledgers;
mod limits;
mod posting;
mod rates;
mod refusals;
mod reversals;
