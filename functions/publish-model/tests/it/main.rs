//! The function's binary, run as Lambda runs it.

use std::process::Command;

#[test]
fn it_refuses_to_start_without_its_variables_and_names_the_first() {
    let run = Command::new(env!("CARGO_BIN_EXE_publish-model")).env_clear().output();
    let run = run.unwrap_or_else(|error| panic!("{error}"));
    let error = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && error.contains("JOB_NAME_PREFIX is missing"), "{error}");
}
