//! The chapters of the API's documentation.

use poem_openapi::Tags;

#[derive(Tags)]
pub enum Tag {
    /// Health, metrics.
    Operations,
}
