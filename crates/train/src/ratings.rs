//! Ratings in memory, and the CSV files they come from.

mod check;
mod dataset;
mod faults;
mod listed;
mod mismatch;
mod reader;

pub use check::{CsvFile, Inputs, check};
pub use dataset::{Dataset, Rating};
pub use faults::{Fault, FaultKind, Findings, Report};
pub use listed::Divided;
