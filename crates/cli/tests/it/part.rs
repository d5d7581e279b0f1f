//! `matinee part`: the steps as processes that read and print messages.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio};

use crate::support::{matinee, succeed};

const RATINGS: &str = "userId,movieId,rating\n1,7,4\n1,8,2\n2,7,5\n2,9,3\n3,8,1\n3,9,4\n4,7,3.5\n";
const LEARNING: [&str; 7] = ["-p", "n_factors=2", "-p", "n_epochs=2", "--hold-out", "0", "--titles-from-ids"];

/// The leading process, and what it has announced.
struct Lead {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    next: String,
    state: Vec<u8>,
    asked: Vec<u8>,
}

impl Lead {
    fn begin(output: &Path) -> Self {
        let mut command = matinee();
        command.args(["part", "lead"]).args(LEARNING).arg("--output").arg(output);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut lead =
            Self { process, input, output, next: String::new(), state: Vec::new(), asked: Vec::new() };
        lead.listen();
        lead
    }

    fn heard(&mut self) -> Vec<u8> {
        let mut length = [0; 8];
        self.output.read_exact(&mut length).unwrap();
        let mut message = vec![0; u64::from_le_bytes(length) as usize];
        self.output.read_exact(&mut message).unwrap();
        message
    }

    fn listen(&mut self) {
        let [next, state, assignment] = std::array::from_fn(|_| self.heard());
        self.next = String::from_utf8(next).unwrap();
        if !state.is_empty() {
            self.state = state;
        }
        self.asked = if assignment.is_empty() { self.state.clone() } else { assignment };
    }

    /// Leads from the first pass to the last. Without a hold-out, there is one model.
    fn learn(&mut self, block: &[u8]) {
        let mut arranged = Vec::new();
        self.input.write_all(&framed(&[&step("count", &framed(&[&self.asked, block]))])).unwrap();
        assert_eq!(self.heard(), b"1");
        self.listen();
        while self.next != "done" {
            let sums = if self.next.starts_with("learning") {
                if arranged.is_empty() {
                    arranged = step("arrange", &framed(&[&self.state, block]));
                }
                step("pass", &framed(&[&self.asked, &arranged]))
            } else {
                step("count", &framed(&[&self.asked, block]))
            };
            self.input.write_all(&framed(&[&sums])).unwrap();
            self.listen();
        }
    }

    /// Ends the input. Returns whether the process has succeeded, and its standard error.
    fn end(self) -> (bool, String) {
        let Self { mut process, input, mut output, .. } = self;
        drop(input);
        let mut printed = String::new();
        output.read_to_string(&mut printed).unwrap();
        process.stderr.take().as_mut().map(|errors: &mut ChildStderr| errors.read_to_string(&mut printed));
        (process.wait().unwrap().success(), printed)
    }
}

/// Each message after its length, and an empty one that marks the end.
fn framed(messages: &[&[u8]]) -> Vec<u8> {
    let frame = |message: &&[u8]| [&(message.len() as u64).to_le_bytes(), *message].concat();
    messages.iter().chain([&[].as_slice()]).flat_map(frame).collect()
}

/// What a step prints.
fn step(name: &str, input: &[u8]) -> Vec<u8> {
    let mut command = matinee();
    command.args(["part", name]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}");
    output.stdout
}

#[test]
fn steps_write_the_model_of_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let [parts, alone, data] = ["parts", "alone", "data"].map(|name| folder.path().join(name));
    let block = step("pack", RATINGS.as_bytes());
    let mut lead = Lead::begin(&parts);
    lead.learn(&block);
    let users = step("users", &framed(&[&lead.state, &block]));
    lead.input.write_all(&framed(&[&block, &users])).unwrap();
    let (success, printed) = lead.end();
    assert!(success && printed.contains("wrote model"), "{printed}");

    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("ratings.csv"), RATINGS).unwrap();
    let [data, output] = [&data, &alone].map(|path| path.to_str().unwrap());
    let options = ["train", "--algorithm", "vb", "--data", data, "--output", output];
    succeed(&[options.as_slice(), &LEARNING].concat());
    let [parts, alone] = [parts, alone].map(|model| std::fs::read(model.join("model.safetensors")).unwrap());
    assert!(parts == alone);
}

#[test]
fn input_that_breaks_off_is_never_taken_for_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let block = step("pack", RATINGS.as_bytes());
    let sums = |lead: &Lead| step("count", &framed(&[&lead.asked, &block]));
    let refused = |mut lead: Lead, input: &[u8]| {
        lead.input.write_all(input).unwrap();
        let (success, printed) = lead.end();
        assert!(!success && printed.contains("standard input ends") && !model.exists(), "{printed}");
    };
    let lead = Lead::begin(&model);
    let whole = framed(&[&sums(&lead)]);
    // In the length, in the message, and before the empty message that marks the end.
    for length in [0, 5, 60, whole.len() - 9, whole.len() - 8] {
        refused(Lead::begin(&model), &whole[..length]);
    }
    let mut lead = lead;
    lead.learn(&block);
    let users = step("users", &framed(&[&lead.state, &block]));
    let whole = framed(&[&block, &users]);
    refused(lead, &whole[..whole.len() - 8]);
}
