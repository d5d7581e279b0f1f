//! The state of unfinished work as bytes: what a [checkpoint](crate::checkpoint) keeps.

use std::io::Read;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The state of a run as bytes (little endian), written part by part.
#[derive(Debug, Default)]
pub struct StateWriter(Vec<u8>);

/// Reads the parts of a state in the order in which they were written.
#[derive(Debug)]
pub struct StateReader<'a>(&'a [u8]);

/// The saved state does not belong to this run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the saved state does not belong to this run: {0}")]
pub struct StateError(String);

impl StateWriter {
    /// The bytes written so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Writes a whole number.
    pub fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    /// Writes a number exactly.
    pub fn real(&mut self, number: f64) {
        self.number(number.to_bits());
    }

    /// Writes the number of floats, and then the floats.
    pub fn floats(&mut self, floats: &[f32]) {
        self.number(floats.len() as u64);
        self.0.reserve(size_of_val(floats));
        self.0.extend(floats.iter().flat_map(|float| float.to_le_bytes()));
    }

    /// Writes the number of reals, and then the reals, exactly.
    pub fn reals(&mut self, reals: &[f64]) {
        self.number(reals.len() as u64);
        for &real in reals {
            self.real(real);
        }
    }

    /// Writes a small value without fractions as JSON, such as the state of a random number generator.
    pub fn value(&mut self, value: &impl Serialize) {
        let json = serde_json::to_vec(value).unwrap_or_default();
        self.number(json.len() as u64);
        self.0.extend(json);
    }
}

impl<'a> StateReader<'a> {
    /// Reads from `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads a whole number.
    pub fn number(&mut self) -> Result<u64, StateError> {
        let mut bytes = [0; 8];
        self.0.read_exact(&mut bytes).map_err(|_| StateError::ended())?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a number exactly.
    pub fn real(&mut self) -> Result<f64, StateError> {
        self.number().map(f64::from_bits)
    }

    /// Fills `floats`. It must be as long as what was written.
    pub fn floats(&mut self, floats: &mut [f32]) -> Result<(), StateError> {
        let found = self.number()?;
        if found != floats.len() as u64 {
            return Err(StateError(format!("{found} numbers instead of {}", floats.len())));
        }
        let (bytes, _) = self.take(size_of_val(floats))?.as_chunks();
        for (float, &bytes) in floats.iter_mut().zip(bytes) {
            *float = f32::from_le_bytes(bytes);
        }
        Ok(())
    }

    /// Fills `reals`. It must be as long as what was written.
    pub fn reals(&mut self, reals: &mut [f64]) -> Result<(), StateError> {
        let found = self.number()?;
        if found != reals.len() as u64 {
            return Err(StateError(format!("{found} numbers instead of {}", reals.len())));
        }
        reals.iter_mut().try_for_each(|real| self.real().map(|read| *real = read))
    }

    /// Reads a value.
    pub fn value<T: DeserializeOwned>(&mut self) -> Result<T, StateError> {
        let length = usize::try_from(self.number()?).map_err(|_| StateError::ended())?;
        serde_json::from_slice(self.take(length)?).map_err(|error| StateError(error.to_string()))
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes that were not read yet.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Checks that nothing is left to read.
    pub fn finish(self) -> Result<(), StateError> {
        if self.0.is_empty() { Ok(()) } else { Err(StateError(format!("{} bytes too many", self.0.len()))) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], StateError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(StateError::ended)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl StateError {
    /// The state does not belong to this run, because of `reason`.
    pub fn new(reason: String) -> Self {
        Self(reason)
    }

    fn ended() -> Self {
        Self("it is too short".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_back_to_the_last_bit() {
        let mut writer = StateWriter::default();
        writer.number(7);
        writer.real(0.1 + 0.2);
        writer.floats(&[0.1, f32::MIN_POSITIVE]);
        writer.value(&[1_u64, u64::MAX]);
        let bytes = writer.into_bytes();

        let mut reader = StateReader::new(&bytes);
        let mut floats = [0.0; 2];
        assert_eq!(reader.number(), Ok(7));
        assert_eq!(reader.real(), Ok(0.1 + 0.2));
        reader.floats(&mut floats).unwrap();
        assert_eq!(floats, [0.1, f32::MIN_POSITIVE]);
        assert_eq!(reader.value(), Ok([1_u64, u64::MAX]));
        reader.finish().unwrap();
    }

    #[test]
    fn other_lengths_are_refused() {
        let mut writer = StateWriter::default();
        writer.floats(&[1.0, 2.0]);
        let bytes = writer.into_bytes();
        assert!(StateReader::new(&bytes).floats(&mut [0.0; 3]).is_err());
        for length in 0..bytes.len() {
            assert!(StateReader::new(&bytes[..length]).floats(&mut [0.0; 2]).is_err(), "{length}");
        }
        assert!(StateReader::new(&bytes).finish().is_err());
    }
}
