//! Why an artifact cannot be read or written. Each message says in one line what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::CatalogueError;
use crate::ids::IdTableError;

/// Why an artifact cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is no artifact at this path.
    #[error("no model at {}: {file} is missing; train one with `matinee train --output {}`", path.display(), new_output(path).display())]
    Missing {
        /// The folder that was given.
        path: PathBuf,
        /// The missing file.
        file: &'static str,
    },
    /// The place is an address on a network.
    #[error(
        "{} is an address, and this command works on folders; copy the model, for example with `aws s3 sync`, and use \
         that folder",
        .0.display()
    )]
    Address(PathBuf),
    /// There is no artifact at this path, but there is one inside it.
    #[error("no model at {}: {} looks like one; use that path", path.display(), found.display())]
    Elsewhere {
        /// The folder that was given.
        path: PathBuf,
        /// What looks like a model.
        found: PathBuf,
    },
    /// The path is a single file of an artifact.
    #[error(
        "{} is one file of a model; use the folder that contains it: {}",
        .0.display(),
        .0.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).display()
    )]
    OneFile(PathBuf),
    /// The operating system reported an error.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file that was being read or written.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The archive is damaged, or a file is missing.
    #[error("model.tar.gz: {0}")]
    Archive(String),
    /// The file that was given as an archive is damaged, or is not an archive, or a file is missing in it.
    #[error("{}: {problem}", path.display())]
    ArchiveFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is too large.
    #[error("{file} has {length} bytes; at most {limit} are accepted")]
    TooLarge {
        /// The file.
        file: &'static str,
        /// Its length.
        length: u64,
        /// The largest accepted length.
        limit: u64,
    },
    /// The manifest is not valid.
    #[error("manifest.json: {0}")]
    Manifest(String),
    /// The artifact was written by a later release.
    #[error(
        "the artifact has format version {found}, but this release reads version {supported}; upgrade matinee"
    )]
    NewerFormat {
        /// The version in the manifest.
        found: u32,
        /// The version that this release writes.
        supported: u32,
    },
    /// A file is shorter or longer than the manifest says.
    #[error(
        "{file} has {found} bytes, but the manifest says {expected}: {}; fetch it again",
        if found < expected { "the copy is incomplete" } else { "the file was changed or is of another model" }
    )]
    Length {
        /// The file.
        file: &'static str,
        /// The length in the manifest.
        expected: u64,
        /// The length found.
        found: u64,
    },
    /// A file is not the one that the manifest describes.
    #[error("{file} does not match its SHA-256 in the manifest: the copy is damaged; fetch it again")]
    Checksum {
        /// The file.
        file: &'static str,
    },
    /// The header of the tensors is wrong.
    #[error("model.safetensors: {0}")]
    Tensors(String),
    /// A tensor is missing or is not what the format says.
    #[error("model.safetensors: tensor `{name}`: {problem}")]
    Tensor {
        /// The tensor.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Training did not converge to a model.
    #[error("{algorithm} diverged: the model contains numbers that are not finite; {remedy}")]
    Diverged {
        /// The algorithm.
        algorithm: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The catalogue is not valid.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Writing would destroy what is already there.
    #[error(
        "{} {problem}; choose a new or an empty folder for the model, or move what is there to another place",
        path.display()
    )]
    Occupied {
        /// The output.
        path: PathBuf,
        /// What is already there.
        problem: String,
    },
}

/// Where a model can be written if there is none at `path`: there, or elsewhere if something else is there.
fn new_output(path: &Path) -> &Path {
    let is_occupied = path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if is_occupied { Path::new("new-model") } else { path }
}

impl ArtifactError {
    /// What is wrong with tensors, without the name of the file.
    pub(super) fn without_file(&self) -> String {
        match self {
            Self::Tensors(problem) => problem.clone(),
            Self::Tensor { name, problem } => format!("tensor `{name}`: {problem}"),
            error => error.to_string(),
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn tensor(name: &'static str, problem: impl ToString) -> Self {
        Self::Tensor { name, problem: problem.to_string() }
    }

    pub(super) fn ids(name: &'static str, error: IdTableError) -> Self {
        Self::tensor(name, error)
    }
}
