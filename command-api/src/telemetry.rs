//! What is known of each request: its id, its measurements, its line in the log.

pub mod access;
pub mod context;
pub mod metrics;
pub mod observer;
