//! The artifact: one folder, or the same files in a `model.tar.gz`.
//!
//! | file | what |
//! |---|---|
//! | `manifest.json` | what was trained and how, and the length and SHA-256 of the other files |
//! | `model.safetensors` | factors, biases, ids, and each user's ratings |
//! | `movies.csv` | the catalogue that the model was trained with |
//! | `users.bin` | only in large models: what would otherwise be in `model.safetensors` about users |
//!
//! Reading is defensive, because an artifact may come from a stranger: sizes are limited before memory is allocated,
//! lengths must be exact, checksums are verified, and every number must be finite. `docs/artifact-format.md` specifies
//! the format.

mod against_live;
mod archive;
mod buffer;
mod checks;
mod description;
mod destination;
mod digest;
mod error;
pub(crate) mod folder;
mod group_errors;
mod header;
mod manifest;
mod placement;
mod rated_order;
mod tensors;
mod user_block;
mod user_index;
mod user_tensors;
mod user_writer;
mod verified;
mod writer;

pub use against_live::{AgainstLive, PairedErrors};
pub use archive::{read_archive, read_archive_within};
pub use buffer::AlignedBuffer;
pub use description::Description;
pub use destination::check_output;
pub use digest::{Chunks, Expected, FileDigest, sha256_hex};
pub use error::ArtifactError;
pub use group_errors::GroupErrors;
pub use manifest::{Counts, FORMAT_VERSION, HoldOut, Manifest, Metrics, ModelVersion, Ranking};
pub use tensors::Tensors;
pub(crate) use user_block::UserBlock;
pub(crate) use user_index::UserIndex;
pub(crate) use user_tensors::{UserShape, UserTensors};
pub use user_writer::{USERS_FILE_ABOVE, UsersFile};
pub use verified::{Assembly, Verified};
pub use writer::{NewArtifact, write_folder, write_folder_with};

use std::path::Path;

use crate::Catalogue;

/// The name of the file that describes the others.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The name of the file of tensors.
pub const MODEL_FILE: &str = "model.safetensors";
/// The name of the catalogue.
pub const MOVIES_FILE: &str = "movies.csv";
/// The name of the file of users, which only large models have.
pub const USERS_FILE: &str = "users.bin";

/// The largest `manifest.json` that is read: 1 MiB.
pub const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// The largest `model.safetensors` that is read: 8 GiB, which fits into the largest Lambda function.
pub const MAX_MODEL_BYTES: u64 = 8 << 30;
/// The largest `movies.csv` that is read: 1 GiB.
pub const MAX_MOVIES_BYTES: u64 = 1 << 30;

/// The largest `users.bin` that is unpacked from an archive: 8 GiB. In a folder and in S3, only blocks of it are read.
pub const MAX_USERS_BYTES: u64 = 8 << 30;
/// The longest block of `users.bin` that is read: 64 MiB, which is one user with five million ratings.
pub const MAX_BLOCK_BYTES: u64 = 64 << 20;

/// The files of an artifact as they were stored, not yet checked against each other.
#[derive(Debug)]
pub struct ArtifactFiles {
    /// `manifest.json`, parsed.
    pub manifest: Manifest,
    /// The SHA-256 of `manifest.json` in lower-case hexadecimal.
    pub manifest_sha256: String,
    /// `model.safetensors`.
    pub model: AlignedBuffer,
    /// `movies.csv`.
    pub movies: AlignedBuffer,
    /// `users.bin`, if the model has one.
    pub users: Option<AlignedBuffer>,
}

/// The length of a file, if it is at most `limit` bytes and fits into memory.
fn capped(file: &'static str, length: u64, limit: u64) -> Result<usize, ArtifactError> {
    let length_in_memory = usize::try_from(length).ok().filter(|_| length <= limit);
    length_in_memory.ok_or(ArtifactError::TooLarge { file, length, limit })
}

/// Reads the files of the artifact in the `model.tar.gz` at `path`.
pub fn read_archive_file(path: &Path) -> Result<ArtifactFiles, ArtifactError> {
    let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
    if [MANIFEST_FILE, MODEL_FILE, MOVIES_FILE, USERS_FILE].contains(&name) {
        return Err(ArtifactError::OneFile(path.to_owned()));
    }
    let file = std::fs::File::open(path).map_err(|error| ArtifactError::io(path, error))?;
    read_archive(std::io::BufReader::with_capacity(1 << 20, file)).map_err(|error| match error {
        ArtifactError::Archive(problem) => ArtifactError::ArchiveFile { path: path.to_owned(), problem },
        error => error,
    })
}

/// Reads only the catalogue: the `movies.csv` of a `model.tar.gz`, or of a folder, which does not have to contain a
/// model as well.
pub fn read_catalogue(path: &Path) -> Result<Catalogue, ArtifactError> {
    if path.is_file() {
        Ok(Catalogue::parse(read_archive_file(path)?.movies.bytes())?)
    } else {
        Ok(Catalogue::parse(&folder::read_movies(path)?)?)
    }
}
