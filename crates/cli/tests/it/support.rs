//! Runs the binary.

use std::path::PathBuf;
use std::process::{Command, Output};

/// The binary, in the root of the repository.
pub fn matinee() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_matinee"));
    command.current_dir(root());
    command
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Runs the binary.
pub fn run(arguments: &[&str]) -> Output {
    matinee().args(arguments).output().unwrap()
}

/// Runs the binary, which must succeed, and returns its standard output.
#[track_caller]
pub fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the binary, which must fail, and returns its standard error.
#[track_caller]
pub fn fail(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}
