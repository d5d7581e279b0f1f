//! A module for each command, with its arguments and what it does.

pub mod algorithms;
#[cfg(feature = "aws")]
pub mod aws;
pub mod check;
mod column;
pub mod data;
pub mod evaluate;
pub mod evaluate_ranking;
pub mod learning;
pub mod part;
pub mod predict;
pub mod ratings;
pub mod recommend;
pub mod sagemaker;
pub mod search;
mod selection;
pub mod serve;
pub mod shell;
pub mod similar;
pub mod train;
pub mod tune;
pub mod up;
