//! What only the log in Postgres promises: walls, faults of connections, partitions, the view, the schema.
#![allow(clippy::unwrap_used)]

mod faults;
mod partitions;
mod pool;
mod reading;
mod schema;
#[path = "../support/mod.rs"]
mod support;
mod walls;
