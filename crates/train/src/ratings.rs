//! Ratings in memory, and the files that they are read from.

mod changes;
mod check;
mod common_scale;
mod dataset;
mod faults;
mod form;
mod given;
pub(crate) mod identities;
mod interner;
mod links;
mod listed;
mod mismatch;
mod pairs;
mod quotes;
mod reader;
mod spellings;
mod time;
mod unused;
mod without_user;

pub use changes::{Changes, ChangesError};
pub(crate) use check::read_catalogue;
pub use check::{CsvFile, Digests, Inputs, check};
pub use dataset::{Dataset, Rating};
pub use faults::{Fault, FaultKind, Findings, Report};
pub use given::{GivenRating, read_ratings};
pub use listed::Divided;
pub use without_user::{RemovalError, without_user};
