//! The file of a checkpoint: magic bytes, the length of the fingerprint (u64, little endian), the fingerprint, the state,
//! and the SHA-256 of all that. It is written and read as a stream.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};

use sha2::{Digest, Sha256};

use crate::state::{StateReader, StateWriter};

/// The first bytes: the name, and the version of the format.
const MAGIC: &[u8] = b"matinee checkpoint 8\n";
const SUM_BYTES: u64 = 32;
const LENGTH_BYTES: u64 = size_of::<u64>() as u64;
/// As much as is read at once.
const PIECE: usize = 1 << 16;

/// Writes a whole checkpoint.
pub(super) fn write(
    file: &mut File,
    fingerprint: &[u8],
    state: impl FnOnce(&mut StateWriter<'_>),
) -> io::Result<()> {
    let mut summed = Summed { file, sum: Sha256::new() };
    summed.write_all(MAGIC)?;
    summed.write_all(&(fingerprint.len() as u64).to_le_bytes())?;
    summed.write_all(fingerprint)?;
    let mut writer = StateWriter::new(&mut summed);
    state(&mut writer);
    writer.finish()?;
    let Summed { file, sum } = summed;
    file.write_all(&sum.finalize())?;
    file.sync_all()
}

/// Fingerprint and state of a checkpoint; `None` if it is damaged. The whole file is checked before the state can be read,
/// so no work continues from a part of a state.
pub(super) fn read(mut file: File) -> io::Result<Option<(Vec<u8>, StateReader<'static>)>> {
    let Some(summed_length) = file.metadata()?.len().checked_sub(SUM_BYTES) else { return Ok(None) };
    if !has_its_sum(&mut file, summed_length)? {
        return Ok(None);
    }
    file.rewind()?;
    let mut file = BufReader::with_capacity(PIECE, file);
    let Some(left) = summed_length.checked_sub(MAGIC.len() as u64 + LENGTH_BYTES) else { return Ok(None) };
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic)?;
    let mut length = [0; LENGTH_BYTES as usize];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let Some(state_length) = left.checked_sub(length).filter(|_| magic == MAGIC) else { return Ok(None) };
    let mut fingerprint = vec![0; length as usize];
    file.read_exact(&mut fingerprint)?;
    Ok(Some((fingerprint, StateReader::new(file, state_length))))
}

/// Whether the file ends with the sum of its first bytes.
fn has_its_sum(file: &mut File, summed_length: u64) -> io::Result<bool> {
    let (mut sum, mut left) = (Sha256::new(), summed_length);
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let piece = &mut piece[..left.min(PIECE as u64) as usize];
        file.read_exact(piece)?;
        sum.update(&*piece);
        left -= piece.len() as u64;
    }
    let mut expected = [0; SUM_BYTES as usize];
    file.read_exact(&mut expected)?;
    Ok(sum.finalize().as_slice() == expected)
}

/// A file and the sum of what was written to it.
struct Summed<'a> {
    file: &'a mut File,
    sum: Sha256,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
