//! What parts tell each other, as bytes.

use std::io::{self, BufRead, Read, Write};

use super::PartError;
use crate::state::{StateError, StateReader, StateWriter};

/// The version of the form of all messages.
const FORM: u32 = 7;
/// The most bytes of the first line.
const LONGEST_LINE: u64 = 1 << 10;

/// Something that one part computes and another one needs. Its bytes begin with a line that says what it is.
pub trait Message: Sized {
    /// What it is, in the first line.
    const KIND: &'static str;

    /// The end of the first line: what a reader of the log wants to know.
    fn headline(&self) -> String {
        String::new()
    }

    /// Writes everything after the first line.
    fn save(&self, state: &mut StateWriter<'_>);

    /// Reads what [`save`](Self::save) wrote.
    fn restore(state: &mut StateReader<'_>) -> Result<Self, PartError>;

    /// Writes the message.
    fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        writeln!(output, "{}{}", begin(Self::KIND), self.headline())?;
        let mut writer = StateWriter::new(output);
        self.save(&mut writer);
        writer.finish()
    }

    /// Reads a message, which must be whole.
    fn read(bytes: &[u8]) -> Result<Self, PartError> {
        Self::read_from(bytes, bytes.len() as u64)
    }

    /// The same from a stream: its next `length` bytes are the message.
    fn read_from(mut input: impl BufRead, length: u64) -> Result<Self, PartError> {
        let other = |problem: String| PartError::Message { expected: Self::KIND, problem };
        let mut line = Vec::new();
        let longest = length.min(LONGEST_LINE);
        (&mut input).take(longest).read_until(b'\n', &mut line).map_err(StateError::Io)?;
        let rest = length - line.len() as u64;
        if line.pop() != Some(b'\n') {
            return Err(other("it has no first line".to_owned()));
        }
        if !line.starts_with(begin(Self::KIND).as_bytes()) {
            let shown = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
            return Err(other(format!("it begins with `{shown}`")));
        }
        let mut reader = StateReader::new(input, rest);
        let message = Self::restore(&mut reader).and_then(|message| {
            reader.finish()?;
            Ok(message)
        });
        message.map_err(|error| match error {
            PartError::State(StateError::Foreign(problem)) => other(problem),
            error => error,
        })
    }
}

/// The beginning of the first line.
fn begin(kind: &str) -> String {
    format!("matinee {kind} {FORM}: ")
}
