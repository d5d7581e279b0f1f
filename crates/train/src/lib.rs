//! Ratings in, factors out.
//!
//! The way through this crate is the way of the data: [`ratings`] reads and checks the CSV files,
//! [`algorithms`] learn [`Factors`](matinee_model::Factors) from them, [`evaluation`] measures how well,
//! and [`training`] does all of it and writes the artifact.
//!
//! Invariant: the same data, hyperparameters and seed give the same bytes on any number of threads. This
//! crate knows no network, no async runtime and no AWS.

pub mod algorithm;
pub mod algorithms;
pub mod attributes;
pub mod checkpoint;
pub mod evaluation;
pub mod hyperparameters;
pub mod prior;
pub mod progress;
pub mod ranking;
pub mod ratings;
pub mod split;
pub mod state;
pub mod training;
pub mod tuning;
