//! The command line from outside: arguments in, output and exit code out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod evaluate;
mod fetch;
mod serve;
mod support;
mod train;
