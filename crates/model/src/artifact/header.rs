//! The header of a safetensors file: where each tensor lies, and of which type and shape it is.

use std::ops::Range;

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use super::ArtifactError;

/// The longest header that is read. This release writes about 1,500 bytes.
const MAX_HEADER_BYTES: u64 = 1 << 16;

/// The header of the file. Entries are removed from it one by one.
pub(super) struct Header {
    metadata: Metadata,
    /// Where the data section starts in the file.
    data_start: usize,
    taken: usize,
}

impl Header {
    /// Reads the header of a file.
    pub(super) fn read(file: &[u8]) -> Result<Self, ArtifactError> {
        let claimed = file.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        if let Some(length) = claimed.filter(|&length| length > MAX_HEADER_BYTES) {
            let problem = format!("the header claims {length} bytes, more than {MAX_HEADER_BYTES}");
            return Err(ArtifactError::Tensors(problem));
        }
        // This checks that the tensors lie end to end, without overlap, and fill the file exactly.
        let (length, metadata) =
            SafeTensors::read_metadata(file).map_err(|error| ArtifactError::Tensors(error.to_string()))?;
        Ok(Self { metadata, data_start: size_of::<u64>() + length, taken: 0 })
    }

    /// The number of rows of a tensor.
    pub(super) fn rows(&self, name: &'static str) -> Result<usize, ArtifactError> {
        Ok(self.info(name)?.shape.first().copied().unwrap_or(0))
    }

    /// The number of columns of a matrix.
    pub(super) fn columns(&self, name: &'static str) -> Result<usize, ArtifactError> {
        let columns = self.info(name)?.shape.get(1).copied();
        columns.ok_or_else(|| ArtifactError::tensor(name, "is not a matrix"))
    }

    /// The place of a tensor, which must have this type and shape.
    pub(super) fn take(
        &mut self,
        name: &'static str,
        dtype: Dtype,
        shape: &[usize],
    ) -> Result<Range<usize>, ArtifactError> {
        let tensor = self.info(name)?;
        if tensor.dtype != dtype || tensor.shape != shape {
            let problem = format!("is {:?} {:?}, expected {dtype:?} {shape:?}", tensor.dtype, tensor.shape);
            return Err(ArtifactError::tensor(name, problem));
        }
        let (start, end) = tensor.data_offsets;
        self.taken += 1;
        Ok(self.data_start + start..self.data_start + end)
    }

    /// The place of a tensor of bytes, of any length.
    pub(super) fn take_bytes(&mut self, name: &'static str) -> Result<Range<usize>, ArtifactError> {
        let (start, end) = self.info(name)?.data_offsets;
        self.take(name, Dtype::U8, &[end - start])
    }

    /// Rejects unknown tensors. A later format that has more of them must have another version.
    pub(super) fn expect_no_more(&self) -> Result<(), ArtifactError> {
        if self.metadata.offset_keys().len() == self.taken {
            Ok(())
        } else {
            Err(ArtifactError::Tensors("there are tensors that this format version does not have".to_owned()))
        }
    }

    /// What the header says of a tensor.
    pub(super) fn info(&self, name: &'static str) -> Result<&TensorInfo, ArtifactError> {
        self.metadata.info(name).ok_or_else(|| ArtifactError::tensor(name, "is missing"))
    }

    /// Whether there is a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.metadata.info(name).is_some()
    }
}
