//! The state of unfinished work as a stream of bytes: what a [checkpoint](crate::checkpoint) keeps.
//!
//! States can be as large as the models themselves, so they are never in memory as a whole.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// About this many bytes are passed on at once.
const PIECE: usize = 1 << 16;

/// Writes the state of a run part by part (little endian).
///
/// After an error, nothing more is written. [`finish`](Self::finish) reports it, so that the parts need not.
pub struct StateWriter<'a> {
    output: &'a mut dyn Write,
    piece: Vec<u8>,
    result: io::Result<()>,
}

/// Reads the parts of a state in the order in which they were written.
pub struct StateReader<'a> {
    input: Box<dyn Read + 'a>,
    /// The number of bytes that are left.
    left: u64,
}

/// Why a saved state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It does not belong to this run.
    #[error("the saved state does not belong to this run: {0}")]
    Foreign(String),
    /// The operating system reported an error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl<'a> StateWriter<'a> {
    /// Writes to `output`.
    pub fn new(output: &'a mut dyn Write) -> Self {
        Self { output, piece: Vec::with_capacity(PIECE), result: Ok(()) }
    }

    /// Writes a whole number.
    pub fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// Writes a number exactly.
    pub fn real(&mut self, number: f64) {
        self.number(number.to_bits());
    }

    /// Writes the number of floats, and then the floats.
    pub fn floats(&mut self, floats: &[f32]) {
        self.each_float(floats.len(), floats.iter().copied());
    }

    /// The same for `count` floats that are not stored one after the other.
    pub fn each_float(&mut self, count: usize, floats: impl Iterator<Item = f32>) {
        self.number(count as u64);
        for float in floats {
            self.bytes(&float.to_le_bytes());
        }
    }

    /// Writes the number of reals, and then the reals, exactly.
    pub fn reals(&mut self, reals: &[f64]) {
        self.number(reals.len() as u64);
        for &real in reals {
            self.real(real);
        }
    }

    /// Writes whole numbers, preceded by how many there are.
    pub fn whole_numbers(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.number(numbers.len() as u64);
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
    }

    /// The same for numbers of 64 bits.
    pub fn long_numbers(&mut self, numbers: impl ExactSizeIterator<Item = u64>) {
        self.number(numbers.len() as u64);
        numbers.for_each(|number| self.number(number));
    }

    /// The same for numbers of 16 bits.
    pub fn short_numbers(&mut self, numbers: impl ExactSizeIterator<Item = u16>) {
        self.number(numbers.len() as u64);
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
    }

    /// The same for numbers of 8 bits.
    pub fn tiny_numbers(&mut self, numbers: impl ExactSizeIterator<Item = i8>) {
        self.number(numbers.len() as u64);
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
    }

    /// Writes bytes, preceded by how many there are.
    pub fn byte_string(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        bytes.chunks(PIECE).for_each(|piece| self.bytes(piece));
    }

    /// Writes a small value without fractions as JSON, such as the state of a random number generator.
    pub fn value(&mut self, value: &impl Serialize) {
        let json = serde_json::to_vec(value).unwrap_or_default();
        self.byte_string(&json);
    }

    /// Ends the state. Returns the first error, if there was any.
    pub fn finish(mut self) -> io::Result<()> {
        self.pass_on();
        self.result
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        if self.result.is_ok() {
            self.result = self.output.write_all(&self.piece);
        }
        self.piece.clear();
    }
}

impl<'a> StateReader<'a> {
    /// Reads the next `length` bytes of `input`, which should be buffered.
    pub fn new(input: impl Read + 'a, length: u64) -> Self {
        Self { input: Box::new(input), left: length }
    }

    /// Reads a whole number.
    pub fn number(&mut self) -> Result<u64, StateError> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a number exactly.
    pub fn real(&mut self) -> Result<f64, StateError> {
        self.number().map(f64::from_bits)
    }

    /// Fills `floats`. It must be as long as what was written.
    pub fn floats(&mut self, floats: &mut [f32]) -> Result<(), StateError> {
        self.each_float(floats.len(), floats.iter_mut())
    }

    /// The same for `count` floats that are not stored one after the other.
    pub fn each_float<'f>(
        &mut self,
        count: usize,
        floats: impl Iterator<Item = &'f mut f32>,
    ) -> Result<(), StateError> {
        self.expect_count(count)?;
        let mut floats = floats;
        self.each_number(count, |bytes| {
            if let Some(float) = floats.next() {
                *float = f32::from_le_bytes(bytes);
            }
        })
    }

    /// Reads floats, as many as were written.
    pub fn all_floats(&mut self) -> Result<Vec<f32>, StateError> {
        self.sequence(f32::from_le_bytes)
    }

    /// Fills `reals`. It must be as long as what was written.
    pub fn reals(&mut self, reals: &mut [f64]) -> Result<(), StateError> {
        self.expect_count(reals.len())?;
        reals.iter_mut().try_for_each(|real| self.real().map(|read| *real = read))
    }

    /// Reads whole numbers, as many as were written.
    pub fn whole_numbers(&mut self) -> Result<Vec<u32>, StateError> {
        self.sequence(u32::from_le_bytes)
    }

    /// The same for numbers of 64 bits.
    pub fn long_numbers(&mut self) -> Result<Vec<u64>, StateError> {
        self.sequence(u64::from_le_bytes)
    }

    /// The same for numbers of 16 bits.
    pub fn short_numbers(&mut self) -> Result<Vec<u16>, StateError> {
        self.sequence(u16::from_le_bytes)
    }

    /// The same for numbers of 8 bits.
    pub fn tiny_numbers(&mut self) -> Result<Vec<i8>, StateError> {
        self.sequence(i8::from_le_bytes)
    }

    /// Reads bytes, as many as were written.
    pub fn byte_string(&mut self) -> Result<Vec<u8>, StateError> {
        let count = self.length(1)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(count).map_err(|_| StateError::ended())?;
        bytes.resize(count, 0);
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads a value.
    pub fn value<T: DeserializeOwned>(&mut self) -> Result<T, StateError> {
        let json = self.byte_string()?;
        serde_json::from_slice(&json).map_err(|error| StateError::new(error.to_string()))
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Checks that nothing is left to read.
    pub fn finish(self) -> Result<(), StateError> {
        if self.is_empty() { Ok(()) } else { Err(StateError::new(format!("{} bytes too many", self.left))) }
    }

    fn expect_count(&mut self, expected: usize) -> Result<(), StateError> {
        let found = self.number()?;
        if found == expected as u64 {
            Ok(())
        } else {
            Err(StateError::new(format!("{found} numbers instead of {expected}")))
        }
    }

    /// Reads the length of a sequence of items with this many bytes. The items must be left to read, so that a wrong length
    /// cannot ask for more memory than the state has bytes.
    fn length(&mut self, item_bytes: usize) -> Result<usize, StateError> {
        let length = self.number()?;
        let is_there = length.checked_mul(item_bytes as u64).is_some_and(|bytes| bytes <= self.left);
        usize::try_from(length).ok().filter(|_| is_there).ok_or_else(StateError::ended)
    }

    fn sequence<T, const BYTES: usize>(
        &mut self,
        of_bytes: fn([u8; BYTES]) -> T,
    ) -> Result<Vec<T>, StateError> {
        let count = self.length(BYTES)?;
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(count).map_err(|_| StateError::ended())?;
        self.each_number(count, |bytes| numbers.push(of_bytes(bytes)))?;
        Ok(numbers)
    }

    fn each_number<const BYTES: usize>(
        &mut self,
        count: usize,
        mut read: impl FnMut([u8; BYTES]),
    ) -> Result<(), StateError> {
        let mut piece = vec![0; PIECE.min(count * BYTES)];
        let mut left = count;
        while left > 0 {
            let here = left.min(PIECE / BYTES);
            let piece = &mut piece[..here * BYTES];
            self.fill(piece)?;
            piece.as_chunks().0.iter().for_each(|&bytes| read(bytes));
            left -= here;
        }
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), StateError> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(StateError::ended)?;
        Ok(self.input.read_exact(bytes)?)
    }
}

impl StateError {
    /// The state does not belong to this run, because of `reason`.
    pub fn new(reason: String) -> Self {
        Self::Foreign(reason)
    }

    fn ended() -> Self {
        Self::new("it is too short".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut StateWriter<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = StateWriter::new(&mut bytes);
        write(&mut writer);
        writer.finish().unwrap();
        bytes
    }

    fn reader(bytes: &[u8]) -> StateReader<'_> {
        StateReader::new(bytes, bytes.len() as u64)
    }

    #[test]
    fn parts_are_read_back_to_the_last_bit() {
        let bytes = written(|writer| {
            writer.number(7);
            writer.real(0.1 + 0.2);
            writer.floats(&[0.1, f32::MIN_POSITIVE]);
            writer.value(&[1_u64, u64::MAX]);
            writer.whole_numbers([3, u32::MAX].into_iter());
            writer.reals(&[f64::MIN_POSITIVE]);
            writer.long_numbers([5, u64::MAX].into_iter());
            writer.short_numbers([7, u16::MAX].into_iter());
            writer.tiny_numbers([7, i8::MIN].into_iter());
            writer.byte_string(&[7, u8::MAX]);
        });
        let mut reader = reader(&bytes);
        let (mut floats, mut reals) = ([0.0; 2], [0.0]);
        assert_eq!(reader.number().unwrap(), 7);
        assert_eq!(reader.real().unwrap(), 0.1 + 0.2);
        reader.floats(&mut floats).unwrap();
        assert_eq!(floats, [0.1, f32::MIN_POSITIVE]);
        assert_eq!(reader.value::<[u64; 2]>().unwrap(), [1, u64::MAX]);
        assert_eq!(reader.whole_numbers().unwrap(), [3, u32::MAX]);
        reader.reals(&mut reals).unwrap();
        assert_eq!(reals, [f64::MIN_POSITIVE]);
        assert_eq!(reader.long_numbers().unwrap(), [5, u64::MAX]);
        assert_eq!(reader.short_numbers().unwrap(), [7, u16::MAX]);
        assert_eq!(reader.tiny_numbers().unwrap(), [7, i8::MIN]);
        assert_eq!(reader.byte_string().unwrap(), [7, u8::MAX]);
        reader.finish().unwrap();
    }

    #[test]
    fn long_parts_pass_in_pieces_and_are_read_back() {
        /// Keeps the bytes, and the length of the longest piece.
        #[derive(Default)]
        struct Pieces(Vec<u8>, usize);
        impl Write for Pieces {
            fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
                self.1 = self.1.max(piece.len());
                self.0.write(piece)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let floats: Vec<f32> = (0..100_003).map(|index| index as f32 * 0.1).collect();
        let mut pieces = Pieces::default();
        let mut writer = StateWriter::new(&mut pieces);
        writer.floats(&floats);
        writer.whole_numbers(floats.iter().map(|float| float.to_bits()));
        writer.floats(&floats);
        writer.finish().unwrap();
        assert!(pieces.1 < PIECE + 8, "{}", pieces.1);

        let mut reader = reader(&pieces.0);
        let mut read = vec![0.0; floats.len()];
        reader.floats(&mut read).unwrap();
        assert_eq!(read, floats);
        let bits: Vec<f32> = reader.whole_numbers().unwrap().into_iter().map(f32::from_bits).collect();
        assert_eq!(bits, floats);
        assert_eq!(reader.all_floats().unwrap(), floats);
        reader.finish().unwrap();
    }

    #[test]
    fn other_lengths_are_refused() {
        let bytes = written(|writer| writer.floats(&[1.0, 2.0]));
        assert!(reader(&bytes).floats(&mut [0.0; 3]).is_err());
        for length in 0..bytes.len() {
            assert!(reader(&bytes[..length]).floats(&mut [0.0; 2]).is_err(), "{length}");
            assert!(reader(&bytes[..length]).whole_numbers().is_err(), "{length}");
        }
        assert!(reader(&bytes).finish().is_err());
    }

    #[test]
    fn a_length_beyond_the_state_is_refused_before_memory_is_taken() {
        for length in [3, u64::MAX, u64::MAX / 4 + 1] {
            let bytes = written(|writer| {
                writer.number(length);
                writer.number(0);
            });
            assert!(matches!(reader(&bytes).whole_numbers(), Err(StateError::Foreign(_))), "{length}");
            assert!(matches!(reader(&bytes).long_numbers(), Err(StateError::Foreign(_))), "{length}");
            let value = reader(&bytes).value::<u32>();
            assert!(matches!(value, Err(StateError::Foreign(_))), "{length}");
        }
    }

    #[test]
    fn an_error_of_the_output_is_reported_at_the_end() {
        let mut full = [0_u8; 12];
        let mut output = full.as_mut_slice();
        let mut writer = StateWriter::new(&mut output);
        writer.floats(&[1.0; 100]);
        writer.number(1);
        assert!(writer.finish().is_err());
    }
}
