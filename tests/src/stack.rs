//! The stack that `CloudFormation` makes from `template.yaml`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

/// The program that runs the transforms. It takes a second to start, so all tests share one.
static TRANSFORMER: OnceLock<Mutex<Transformer>> = OnceLock::new();

struct Transformer {
    process: Child,
    answers: BufReader<std::process::ChildStdout>,
}

/// The template after both transforms, with these parameters inserted and conditions evaluated. References to other
/// resources are kept: a `Ref`, a `Fn::GetAtt`, or `${...}` in a text.
pub fn stack(parameters: &[(&str, &str)]) -> Value {
    let parameters: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    let transformer = TRANSFORMER.get_or_init(|| Mutex::new(Transformer::start()));
    transformer.lock().unwrap().ask(&serde_json::to_string(&parameters).unwrap())
}

/// Why the rules of the template refuse these parameters. It fails if they do not.
pub fn refusal(parameters: &[(&str, &str)]) -> String {
    let parameters: BTreeMap<&str, &str> = parameters.iter().copied().collect();
    let mut transformer = Transformer::start_with(Stdio::piped());
    writeln!(transformer.process.stdin.as_mut().unwrap(), "{}", serde_json::to_string(&parameters).unwrap())
        .unwrap();
    let output = transformer.process.wait_with_output().unwrap();
    assert!(!output.status.success(), "{parameters:?} are accepted");
    String::from_utf8(output.stderr).unwrap()
}

impl Transformer {
    fn start() -> Self {
        Self::start_with(Stdio::inherit())
    }

    fn start_with(errors: Stdio) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/template/stack.py");
        let mut command = Command::new(python_of("sam"));
        let command = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut process = command.spawn().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, answers }
    }

    fn ask(&mut self, parameters: &str) -> Value {
        writeln!(self.process.stdin.as_mut().unwrap(), "{parameters}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("no stack of {parameters}; the reason is above"))
    }
}

/// The Python of the virtual environment that contains this command.
pub(crate) fn python_of(command: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(command)).find(|path| path.exists());
    let found = found.unwrap_or_else(|| {
        panic!("{command} is not on the PATH: run scripts/test.sh, or put what scripts/tools.sh --tests prints there")
    });
    found.parent().unwrap().join("python3")
}
