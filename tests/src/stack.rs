//! The stack that CloudFormation makes of `template.yaml`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The template after both transforms, with these parameters put in and conditions decided. References to other
/// resources stay: a `Ref`, a `Fn::GetAtt`, or `${...}` in a text.
pub fn stack(parameters: &[(&str, &str)]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/template/stack.py");
    let parameters = parameters.iter().map(|(name, value)| format!("{name}={value}"));
    let run = Command::new(python_of("sam")).arg(script).args(parameters).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

/// The Python of the virtual environment in which this command is.
pub(crate) fn python_of(command: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(command)).find(|path| path.exists());
    let found = found.unwrap_or_else(|| {
        panic!("{command} is not on the PATH: run scripts/test.sh, or put what scripts/tools.sh prints there")
    });
    found.parent().unwrap().join("python3")
}
