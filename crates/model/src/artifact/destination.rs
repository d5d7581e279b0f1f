//! Where an artifact is written: only to places where nothing is lost that Matinee did not write itself.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::folder::{is_address, read_manifest};
use super::{ArtifactError, FileDigest, MANIFEST_FILE, MODEL_FILE, MOVIES_FILE, Manifest, USERS_FILE};

/// The files of an artifact, in the order in which they may be replaced. Only large models have a `users.bin`.
pub(super) const FILES: [&str; 4] = [USERS_FILE, MOVIES_FILE, MODEL_FILE, MANIFEST_FILE];

/// What a file system keeps at its root for itself, if it is mounted as the folder. It is ignored.
const LOST_AND_FOUND: &str = "lost+found";

/// The first bytes of each file of an artifact, as Matinee writes it.
const CATALOGUE_BEGIN: &[u8] = b"movieId,title,genres\n";
const TENSORS_BEGIN: &[u8] = b"{\"";
const MANIFEST_BEGIN: &[u8] = b"{\n  \"format_version\":";
/// How many bytes of a file are compared with them.
const BEGIN_BYTES: u64 = 32;

/// How many foreign files an error lists by name.
const MAX_NAMES: usize = 3;

/// A folder to which a model can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// The folder. If the output is a link, the target of the link.
    pub(super) folder: PathBuf,
    /// Whether the folder contains something that must be kept, so that it cannot be replaced as a whole.
    pub(super) is_shared: bool,
}

/// Rejects an output folder to which no model can be written, or whose content would be lost. A folder is accepted if it
/// does not exist yet, is empty, or contains a model as Matinee wrote it and nothing else.
///
/// [`write_folder`](super::write_folder) makes the same check before it writes. Call this before training, so that a wrong
/// folder is found before the model is trained.
pub fn check_output(output: &Path) -> Result<(), ArtifactError> {
    Destination::find(output).map(|_| ())
}

impl Destination {
    /// Checks `output`: see [`check_output`].
    pub(super) fn find(output: &Path) -> Result<Self, ArtifactError> {
        // Without a trailing slash, which would hide that the path is a link or a file.
        let path: PathBuf = output.components().collect();
        let refuse = |problem: &str| Err(occupied(output, problem));
        if is_address(output) {
            return Err(ArtifactError::Address(output.to_owned()));
        }
        if path.as_os_str().is_empty() {
            return refuse("is not the name of a folder");
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => match fs::canonicalize(&path) {
                Ok(target) => Self::find(&target),
                Err(_) => refuse("is a link that leads nowhere"),
            },
            Ok(metadata) if metadata.is_dir() => {
                let is_shared = inspect(&path)?;
                refuse_read_only(&path)?;
                try_to_write(&path)?;
                Ok(Self { folder: path, is_shared })
            }
            Ok(_) => refuse("is a file, and a model is a folder"),
            Err(error) if is_absent(&error) => {
                refuse_read_only(&path)?;
                Ok(Self { folder: path, is_shared: false })
            }
            Err(error) => Err(ArtifactError::io(&path, error)),
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn occupied(path: &Path, problem: impl Into<String>) -> ArtifactError {
    ArtifactError::Occupied { path: path.to_owned(), problem: problem.into() }
}

/// Whether the folder contains something that is kept next to a model. An error if anything would be lost.
fn inspect(folder: &Path) -> Result<bool, ArtifactError> {
    let unreadable = |error| ArtifactError::io(folder, error);
    let (mut own, mut foreign, mut is_shared) = (Vec::new(), Vec::new(), false);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        let name = entry.file_name();
        match FILES.into_iter().find(|file| name == *file) {
            Some(file) if kind.is_file() => own.push(file),
            None if kind.is_file() && is_own_part(&entry.path()) => {}
            None if kind.is_dir() && name == LOST_AND_FOUND => is_shared = true,
            _ => foreign.push(name.to_string_lossy().into_owned()),
        }
    }
    if !foreign.is_empty() {
        return Err(occupied(folder, format!("holds {}, which matinee did not write", listed(foreign))));
    }
    if !own.is_empty() {
        refuse_foreign_content(folder, &own)?;
    }
    Ok(is_shared)
}

/// Whether an interrupted write of Matinee left this file. Both its name and its first bytes must match.
fn is_own_part(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let Some(file) = FILES.into_iter().find(|file| *name == *part_name(file)) else { return false };
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|part| part.take(BEGIN_BYTES).read_to_end(&mut begin));
    // A length comes before the header of the tensors.
    let (at, expected) = match file {
        MOVIES_FILE => (0, CATALOGUE_BEGIN),
        MODEL_FILE | USERS_FILE => (size_of::<u64>(), TENSORS_BEGIN),
        _ => (0, MANIFEST_BEGIN),
    };
    read.is_ok() && begin.get(at..).is_some_and(|begin| begin.starts_with(expected))
}

/// Rejects files that have the names of an artifact's files but were not written by Matinee.
fn refuse_foreign_content(folder: &Path, own: &[&'static str]) -> Result<(), ArtifactError> {
    if !own.contains(&MANIFEST_FILE) {
        return Err(occupied(folder, format!("holds {} but no manifest.json", own.join(" and "))));
    }
    let manifest = Manifest::parse(&read_manifest(folder)?).map_err(|error| {
        occupied(folder, format!("holds a manifest.json that matinee did not write ({error})"))
    })?;
    for file in [MODEL_FILE, MOVIES_FILE, USERS_FILE].into_iter().filter(|file| own.contains(file)) {
        let path = folder.join(file);
        let is_own = match manifest.files.get(file) {
            Some(digest) => is_described(&path, digest).map_err(|error| ArtifactError::io(&path, error))?,
            None => false,
        };
        if !is_own {
            return Err(occupied(folder, format!("holds a {file} that is not the one in its manifest.json")));
        }
    }
    Ok(())
}

/// Whether the file has this digest.
fn is_described(path: &Path, digest: &FileDigest) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() != digest.length {
        return Ok(false);
    }
    let (mut sum, mut chunk) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(sum.finalize()) == digest.sha256),
            length => sum.update(&chunk[..length]),
        }
    }
}

fn listed(mut names: Vec<String>) -> String {
    names.sort();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let names = names.join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

/// Rejects a path at which no folder can be created, before the work is done.
fn refuse_read_only(path: &Path) -> Result<(), ArtifactError> {
    let mut parent = parent_of(path);
    while let Err(error) = fs::symlink_metadata(&parent) {
        if !is_absent(&error) || parent == parent_of(&parent) {
            return Err(ArtifactError::io(&parent, error));
        }
        parent = parent_of(&parent);
    }
    if !parent.is_dir() {
        return Err(occupied(path, format!("would lie in {}, which is not a folder", parent.display())));
    }
    try_to_write(&parent)
}

fn try_to_write(folder: &Path) -> Result<(), ArtifactError> {
    sibling_in(folder).map(|_| ()).map_err(|error| ArtifactError::io(folder, error))
}

/// The parent folder of `path`.
pub(super) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) => PathBuf::from("."),
        None => path.to_owned(),
    }
}

/// A temporary folder next to the output, which later becomes the output.
pub(super) fn sibling_in(parent: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".model-").suffix(".tmp");
    #[cfg(unix)]
    {
        // Temporary folders are private by default, but the process that serves the model has to read it.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o755));
    }
    builder.tempdir_in(parent)
}

/// The temporary name of a file while it is copied into a folder.
pub(super) fn part_name(file: &str) -> String {
    format!(".{file}.matinee-part")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_lies_in_the_current_folder() {
        for (output, parent) in [("model", "."), ("a/model", "a"), ("/model", "/"), ("/", "/")] {
            assert_eq!(parent_of(Path::new(output)), Path::new(parent), "{output}");
        }
    }

    #[test]
    fn an_address_is_not_a_folder() {
        for output in ["s3://bucket/models/x/", "file:///tmp/model", "https://example.com/model"] {
            let error = check_output(Path::new(output)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{output} is an address")), "{error}");
        }
        for output in ["s3:/bucket", "a/b://c", "model"] {
            assert!(!is_address(Path::new(output)), "{output}");
        }
    }

    #[test]
    fn a_refusal_names_a_few_of_the_files() {
        assert_eq!(listed(vec!["b".to_owned(), "a".to_owned()]), "a, b");
        assert_eq!(listed("edcba".chars().map(String::from).collect()), "a, b, c and 2 more");
    }
}
