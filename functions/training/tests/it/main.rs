//! The functions' binary, run as Lambda runs it.

use std::process::Command;

fn refusal(variables: &[(&str, &str)]) -> String {
    let binary = env!("CARGO_BIN_EXE_training");
    let run = Command::new(binary).env_clear().envs(variables.iter().copied()).output();
    let run = run.unwrap_or_else(|error| panic!("{error}"));
    assert!(!run.status.success());
    String::from_utf8_lossy(&run.stderr).into_owned()
}

#[test]
fn each_function_refuses_to_start_without_its_variables_and_names_the_first() {
    for function in ["start-training", "publish-model"] {
        let said = refusal(&[("FUNCTION", function)]);
        assert!(said.contains("JOB_NAME_PREFIX is missing"), "{function}: {said}");
    }
}

#[test]
fn which_function_it_is_must_be_said() {
    assert!(refusal(&[]).contains("FUNCTION is missing"), "{}", refusal(&[]));
    let other = refusal(&[("FUNCTION", "predict")]);
    assert!(other.contains("`predict`; it must be start-training or publish-model"), "{other}");
}
