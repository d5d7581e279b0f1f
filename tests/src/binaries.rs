//! Where the binaries of the workspace are.

use std::path::{Path, PathBuf};

/// A binary of the workspace, which `cargo test --workspace` builds with the tests.
pub fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(Path::parent).unwrap().join(name);
    assert!(path.exists(), "{} is missing: run `cargo test --workspace`", path.display());
    path
}
