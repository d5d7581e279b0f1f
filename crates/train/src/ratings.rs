//! Ratings in memory, and the files that they are read from.

mod catalogue;
mod changes;
mod check;
mod columns;
mod common_scale;
mod dataset;
mod faults;
mod form;
mod given;
pub(crate) mod identities;
mod inputs;
mod interner;
mod lines;
mod links;
mod listed;
mod mismatch;
mod pairs;
mod pieces;
mod quotes;
mod rating_files;
mod reader;
mod record_lines;
mod spellings;
mod time;
mod unused;
mod without_user;

pub(crate) use catalogue::read_catalogue;
pub use changes::{Changes, ChangesError};
pub use check::{Checked, check, check_files};
pub use dataset::{Dataset, Rating};
pub use faults::{Fault, FaultKind, Findings, Report};
pub use given::{GivenRating, read_ratings};
pub use inputs::{CsvFile, Digests, Inputs, Source};
pub(crate) use lines::{LineForm, OpenQuote};
pub use listed::Divided;
pub use without_user::{RemovalError, without_user};
