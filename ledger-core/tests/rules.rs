//! The rules, proven: as scripts with their outcomes, and against a naive model.

mod model;
mod script;
mod shard;
