//! Why an artifact is not read, in one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::CatalogueError;
use crate::ids::IdTableError;

/// Why an artifact is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is no artifact at this place.
    #[error("no model at {}: {file} is missing; train one with `matinee train --output {}`", path.display(), new_output(path).display())]
    Missing {
        /// The folder that was read.
        path: PathBuf,
        /// The file that it lacks.
        file: &'static str,
    },
    /// There is no artifact at this place, but a part of it holds one.
    #[error("no model at {}: {} looks like one; give that", path.display(), found.display())]
    Elsewhere {
        /// The folder that was read.
        path: PathBuf,
        /// What looks like a model.
        found: PathBuf,
    },
    /// The place is one file of an artifact.
    #[error(
        "{} is one file of a model; give the folder that holds it: {}",
        .0.display(),
        .0.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).display()
    )]
    OneFile(PathBuf),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The archive is damaged or lacks a file.
    #[error("model.tar.gz: {0}")]
    Archive(String),
    /// The file that was given as an archive is damaged, lacks a file, or is none.
    #[error("{}: {problem}", path.display())]
    ArchiveFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file is larger than this reader accepts.
    #[error("{file} has {length} bytes, more than the {limit} that are accepted")]
    TooLarge {
        /// The file.
        file: &'static str,
        /// Its length.
        length: u64,
        /// The longest that is read.
        limit: u64,
    },
    /// The manifest is not one.
    #[error("manifest.json: {0}")]
    Manifest(String),
    /// The artifact was written by a later release.
    #[error("the artifact has format version {found}, this release reads {supported}; upgrade matinee")]
    NewerFormat {
        /// The version in the manifest.
        found: u32,
        /// The version this release writes.
        supported: u32,
    },
    /// A file is shorter or longer than the manifest says.
    #[error(
        "{file} has {found} bytes, the manifest says {expected}: {}, fetch it again",
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
    #[error("{file} does not match its SHA-256 in the manifest: the copy is damaged, fetch it again")]
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
    /// What was learned is no model.
    #[error("{algorithm} diverged: the model has numbers that are not finite; {remedy}")]
    Diverged {
        /// The algorithm that learned it.
        algorithm: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The catalogue is wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// What is at the output would be lost.
    #[error(
        "{} {problem}; choose a new or an empty folder for the model, or move what is there to another place",
        path.display()
    )]
    Occupied {
        /// The output.
        path: PathBuf,
        /// What is there.
        problem: String,
    },
}

/// Where a model can be written if there is none at `path`: there, or elsewhere if something else is there.
fn new_output(path: &Path) -> &Path {
    let is_occupied = path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if is_occupied { Path::new("new-model") } else { path }
}

impl ArtifactError {
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
