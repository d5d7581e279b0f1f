//! Bytes that can be viewed as numbers without copying them.

use std::io::{self, Read};

use bytemuck::{Pod, try_cast_slice};

/// Bytes that are aligned for any number type, so that tensors are zero-copy.
pub struct AlignedBuffer {
    words: Vec<u64>,
    len: usize,
}

impl AlignedBuffer {
    /// `len` zero bytes.
    pub fn zeroed(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(size_of::<u64>())], len }
    }

    /// Reads `len` bytes. Memory grows with the bytes that `source` delivers, not with `len`.
    pub fn read_from(source: &mut impl Read, len: usize) -> io::Result<Self> {
        const FIRST: usize = 1 << 20;
        let mut buffer = Self { words: Vec::new(), len: 0 };
        while buffer.len < len {
            let start = buffer.len;
            buffer.len = len.min(FIRST.max(start.saturating_mul(2)));
            buffer.words.resize(buffer.len.div_ceil(size_of::<u64>()), 0);
            source.read_exact(&mut buffer.bytes_mut()[start..])?;
        }
        Ok(buffer)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.len]
    }

    /// The bytes, for writing.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.len]
    }

    /// The numbers in `range`. `None` if the range is out of bounds, misaligned, or cuts a number.
    pub(crate) fn numbers<T: Pod>(&self, range: std::ops::Range<usize>) -> Option<&[T]> {
        try_cast_slice(self.bytes().get(range)?).ok()
    }

    /// The numbers in a range whose bounds and alignment were checked before.
    #[expect(clippy::expect_used, reason = "whoever calls this has checked the range")]
    pub(super) fn checked<T: Pod>(&self, range: &std::ops::Range<usize>) -> &[T] {
        self.numbers(range.clone()).expect("a checked range")
    }
}

impl From<&[u8]> for AlignedBuffer {
    fn from(bytes: &[u8]) -> Self {
        let mut buffer = Self::zeroed(bytes.len());
        buffer.bytes_mut().copy_from_slice(bytes);
        buffer
    }
}

impl std::fmt::Debug for AlignedBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlignedBuffer({} bytes)", self.len)
    }
}

#[cfg(target_endian = "big")]
compile_error!("safetensors are little-endian and used in place: this crate needs a little-endian target");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there_or_fails() {
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|i| i as u8).collect();
        for len in [0, 1, 7, 8, 1 << 20, bytes.len()] {
            let buffer = AlignedBuffer::read_from(&mut bytes.as_slice(), len).unwrap();
            assert_eq!(buffer.bytes(), &bytes[..len]);
        }
        let error = AlignedBuffer::read_from(&mut bytes.as_slice(), usize::MAX / 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn numbers_are_read_in_place_or_refused() {
        let buffer = AlignedBuffer::from([1, 0, 0, 0, 2, 0, 0, 0, 9].as_slice());
        assert_eq!(format!("{buffer:?}"), "AlignedBuffer(9 bytes)", "not all of them");
        assert_eq!(buffer.numbers::<u32>(0..8), Some([1, 2].as_slice()));
        assert_eq!(buffer.numbers::<u32>(1..5), None, "misaligned");
        assert_eq!(buffer.numbers::<u32>(4..9), None, "not whole");
        assert_eq!(buffer.numbers::<u8>(4..10), None, "out of bounds");
    }
}
