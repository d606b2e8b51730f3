//! The door: HTTP and OpenAPI for commands and queries, and its edge.

pub mod caller;
pub mod codes;
mod connections;
mod echo;
mod edge;
pub mod engine;
mod examples;
pub mod fast;
mod headers;
pub mod health;
mod home;
pub mod keys;
pub mod limit;
mod media_type;
pub mod problem;
mod routes;
pub mod server;
pub mod spec;
pub mod stream;
mod tags;
pub mod telemetry;
mod views;
pub mod wire;

pub use engine::Engine;
pub use health::Readiness;
pub use server::{Parts, ServeError, ServerConfig, bind, door};
