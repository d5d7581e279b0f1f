//! Training from outside.
