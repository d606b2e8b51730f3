//! What a connection sends, and how the answers are judged.

use super::Response;

/// One per connection, so that it needs no locks.
pub trait Source: Send + 'static {
    /// Writes the next request over the former one.
    fn next(&mut self, request: &mut Vec<u8>);

    /// How many units (transfers, echoes) an answer stands for. An error text when it is not the expected answer.
    fn judge(&mut self, response: &Response) -> Result<u64, String>;
}
