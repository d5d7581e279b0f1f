//! Benchmarks of the served model.

fn main() {}
