//! The views: what people ask for, folded from the log into tables that can be thrown away and made again.
//!
//! A [`View`] is one file under `views/`: its tables, how it folds records, its queries. [`start`] runs them all, each in a
//! task of its own: rows and position move in one transaction, so a kill at any point repeats or loses nothing.

pub mod analytics;
mod builds;
mod checksum;
mod error;
mod feed;
mod lag;
mod projector;
mod reader;
pub mod reports;
mod rows;
pub mod statements;
mod too_large;
pub mod valuation;
mod view;
pub mod views;

pub use builds::{Build, State, Status, drop_builds, migrate, rebuild, rebuild_view, resume, statuses};
pub use checksum::{TableSum, sums};
pub use error::ViewError;
pub use feed::{Feed, LogFeed, known_by};
pub use lag::{Lag, lags};
pub use projector::{MakeView, Projectors, start, start_views};
pub use reader::{Reader, Views};
pub use too_large::TooLarge;
pub use view::{Poison, Stranger, Unknown, View};
