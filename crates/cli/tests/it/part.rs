//! `matinee part`: the steps as processes that read and print messages.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio};

use crate::support::{matinee, succeed};

const RATINGS: &str = "userId,movieId,rating\n1,7,4\n1,8,2\n2,7,5\n2,9,3\n3,8,1\n3,9,4\n4,7,3.5\n";
const LEARNING: [&str; 5] = ["-p", "n_factors=2", "-p", "n_epochs=2", "--titles-from-ids"];

/// The leading process, and the state in which all models are learned, when they are.
struct Lead {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    state: Vec<u8>,
}

/// What comes next for a model.
struct Next {
    name: String,
    state: Vec<u8>,
    asked: Vec<u8>,
    arranged: Vec<u8>,
}

impl Lead {
    fn begin(output: &Path, hold_out: &str) -> Self {
        let mut command = matinee();
        command.args(["part", "lead", "--hold-out", hold_out]).args(LEARNING).arg("--output").arg(output);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, input, output, state: Vec::new() }
    }

    fn heard(&mut self) -> Vec<u8> {
        let mut length = [0; 8];
        self.output.read_exact(&mut length).unwrap();
        let mut message = vec![0; u64::from_le_bytes(length) as usize];
        self.output.read_exact(&mut message).unwrap();
        message
    }

    fn next(&mut self) -> Next {
        let [name, state, assignment] = std::array::from_fn(|_| self.heard());
        let asked = if assignment.is_empty() { state.clone() } else { assignment };
        Next { name: String::from_utf8(name).unwrap(), state, asked, arranged: Vec::new() }
    }

    /// Leads from the first pass to the last, with the passes of the models in turn. Returns how many models there are.
    fn learn(&mut self, block: &[u8]) -> usize {
        let first = self.next();
        self.input.write_all(&framed(&[&first.sums(block)])).unwrap();
        let count = String::from_utf8(self.heard()).unwrap().parse().unwrap();
        let mut models: Vec<Next> = (0..count).map(|_| self.next()).collect();
        while let Some(model) = models.iter_mut().find(|model| model.name != "done") {
            if model.name.starts_with("learning") && model.arranged.is_empty() {
                model.arranged = step("arrange", &framed(&[&model.state, block]));
            }
            self.input.write_all(&framed(&[&model.sums(block)])).unwrap();
            *model = Next { arranged: std::mem::take(&mut model.arranged), ..self.next() };
            self.state.clone_from(&model.state);
            models.rotate_left(1);
        }
        count
    }

    /// Ends the input. Returns whether the process has succeeded, and its standard error.
    fn end(self) -> (bool, String) {
        let Self { mut process, input, mut output, .. } = self;
        drop(input);
        // Messages that nobody has heard are not text.
        let mut printed = Vec::new();
        output.read_to_end(&mut printed).unwrap();
        process.stderr.take().as_mut().map(|errors: &mut ChildStderr| errors.read_to_end(&mut printed));
        (process.wait().unwrap().success(), String::from_utf8_lossy(&printed).into_owned())
    }
}

impl Next {
    /// What the block answers.
    fn sums(&self, block: &[u8]) -> Vec<u8> {
        let (name, of) = if self.arranged.is_empty() { ("count", block) } else { ("pass", &*self.arranged) };
        step(name, &framed(&[&self.asked, of]))
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
    let block = step("pack", RATINGS.as_bytes());
    for (hold_out, models) in [("0", 1), ("0.4", 2)] {
        let folder = tempfile::tempdir().unwrap();
        let [parts, alone, data] = ["parts", "alone", "data"].map(|name| folder.path().join(name));
        let mut lead = Lead::begin(&parts, hold_out);
        assert_eq!(lead.learn(&block), models);
        let users = step("users", &framed(&[&lead.state, &block]));
        lead.input.write_all(&framed(&[&block, &users])).unwrap();
        let (success, printed) = lead.end();
        assert!(success && printed.contains("wrote model"), "{printed}");
        assert_eq!(printed.contains("hold-out of 3 ratings"), models == 2, "{printed}");

        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("ratings.csv"), RATINGS).unwrap();
        let [data, output] = [&data, &alone].map(|path| path.to_str().unwrap());
        let options =
            ["train", "--algorithm", "vb", "--hold-out", hold_out, "--data", data, "--output", output];
        succeed(&[options.as_slice(), &LEARNING].concat());
        let [parts, alone] =
            [parts, alone].map(|model| std::fs::read(model.join("model.safetensors")).unwrap());
        assert!(parts == alone, "{hold_out}");
    }
}

#[test]
fn input_that_breaks_off_is_never_taken_for_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let block = step("pack", RATINGS.as_bytes());
    let refused = |mut lead: Lead, input: &[u8]| {
        lead.input.write_all(input).unwrap();
        let (success, printed) = lead.end();
        assert!(!success && printed.contains("standard input ends") && !model.exists(), "{printed}");
    };
    let whole = framed(&[&Lead::begin(&model, "0").next().sums(&block)]);
    // In the length, in the message, and before the empty message that marks the end.
    for length in [0, 5, 60, whole.len() - 9, whole.len() - 8] {
        refused(Lead::begin(&model, "0"), &whole[..length]);
    }
    let mut lead = Lead::begin(&model, "0");
    lead.learn(&block);
    let users = step("users", &framed(&[&lead.state, &block]));
    let whole = framed(&[&block, &users]);
    refused(lead, &whole[..whole.len() - 8]);
}
