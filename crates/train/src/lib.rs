//! Learns a model from ratings.
//!
//! The modules follow the data: [`ratings`] reads and checks the CSV files, [`algorithms`] learn
//! [`Factors`](matinee_model::Factors) from them, [`evaluation`] measures how well, and [`training`] does all of this and
//! writes the artifact.
//!
//! Invariant: the same data, hyperparameters and seed give the same bytes on any number of threads. This crate does not
//! depend on a network, an async runtime or AWS.

pub mod algorithm;
pub mod algorithms;
pub mod attributes;
pub mod calibration;
pub mod checkpoint;
pub mod evaluation;
mod hold_out;
pub mod hyperparameters;
pub mod parts;
pub mod prior;
pub mod progress;
pub mod ranking;
pub mod ratings;
mod rows;
pub mod seeds;
pub mod split;
pub mod state;
pub mod training;
pub mod tuning;
