//! The load generator: a lean HTTP/1.1 client, a closed and an open loop over it, and what they count.
//!
//! It runs on one thread and allocates nothing per request, because it shares its two cores with what it measures.

pub mod closed_loop;
pub mod connection;
pub mod open_loop;
pub mod progress;
pub mod response;
pub mod source;
pub mod tally;
pub mod ticker;
mod worker;

#[cfg(test)]
pub mod echo_server;

pub use connection::{Connection, Response};
pub use source::Source;
pub use tally::{Summary, Tally};
