//! Benchmarks of training.

fn main() {}
