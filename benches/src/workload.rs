//! The traffic: transfers between wallets that have a floor, as single requests, in bulk, or echoed.

mod accounts;
pub mod books;
mod bulk;
mod echo;
pub mod keys;
mod prepared;
mod requests;
mod single;
pub mod transfers;

pub use accounts::OpenAccounts;
pub use books::Books;
pub use bulk::{Bulk, BulkFormat, all_posted};
pub use echo::Echo;
pub use prepared::Prepared;
pub use requests::{Target, write_transfer};
pub use single::Single;
pub use transfers::{Spread, Transfers};
