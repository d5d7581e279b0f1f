//! The command line from outside: arguments in, output and exit code out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod evaluate;
mod fetch;
mod few_ratings;
mod inputs;
mod kept_ratings;
mod lists;
mod outputs;
mod part;
mod progress;
mod sagemaker_train;
mod serve;
mod support;
mod train;
mod tune;
