//! Services that we run ourselves: the private Postgres, and the one that tests share.

pub mod private_postgres;
pub mod test_postgres;

pub use private_postgres::{Options, PrivatePostgres, PrivatePostgresError};
pub use test_postgres::{TestDatabase, TestPostgres};
