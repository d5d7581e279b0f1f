//! Training from outside: files in, factors and artifacts out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod algorithm_quality;
mod calibrating;
mod came_in;
mod checking;
mod checkpoints;
mod determinism;
mod few_ratings;
mod forms;
mod hold_outs;
mod interruptions;
mod parts;
mod ranking;
mod rating_scales;
mod sample_data;
mod training_run;
mod tuning;
mod visitors;
mod watching;
