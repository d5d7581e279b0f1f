//! An artifact as a folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::verified::{Verified, read_at};
use super::{
    ArtifactError, Expected, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MOVIES_BYTES, MOVIES_FILE, capped,
};

pub(crate) fn read_manifest(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let mut json = Vec::new();
    let manifest = open(path, MANIFEST_FILE).map_err(|error| match (error, model_in(path)) {
        (ArtifactError::Missing { path, .. }, _) if is_address(&path) => ArtifactError::Address(path),
        (ArtifactError::Missing { path, .. }, Some(found)) => ArtifactError::Elsewhere { path, found },
        (error, _) => error,
    });
    manifest?
        .take(MAX_MANIFEST_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(|error| ArtifactError::io(&path.join(MANIFEST_FILE), error))?;
    Ok(json)
}

/// Whether the path is written as `SCHEME://...`, and so does not mean a folder.
pub(super) fn is_address(path: &Path) -> bool {
    path.to_str().and_then(|text| text.split_once("://")).is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// Something in this folder that looks like a model: a folder with a manifest, or an archive.
fn model_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_archive =
        |path: &PathBuf| path.is_file() && path.to_str().is_some_and(|path| path.ends_with(".tar.gz"));
    paths.into_iter().find(|path| path.join(MANIFEST_FILE).is_file() || is_archive(path))
}

/// Reads a file and verifies it against the manifest.
pub(crate) fn read_expected(folder: &Path, expected: &Expected) -> Result<Verified, ArtifactError> {
    let path = folder.join(expected.file);
    let metadata = open(folder, expected.file)?.metadata();
    expected.check_length(metadata.map_err(|error| ArtifactError::io(&path, error))?.len())?;
    expected.read(|offset, chunk| {
        let mut file = open(folder, expected.file)?;
        read_at(&mut file, offset, chunk).map_err(|error| ArtifactError::io(&path, error))
    })
}

/// Reads the catalogue in the folder `path`.
pub(super) fn read_movies(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let file = open(path, MOVIES_FILE)?;
    let unreadable = |error| ArtifactError::io(&path.join(MOVIES_FILE), error);
    capped(MOVIES_FILE, file.metadata().map_err(unreadable)?.len(), MAX_MOVIES_BYTES)?;
    let mut movies = Vec::new();
    file.take(MAX_MOVIES_BYTES).read_to_end(&mut movies).map_err(unreadable)?;
    Ok(movies)
}

fn open(folder: &Path, file: &'static str) -> Result<File, ArtifactError> {
    let path = folder.join(file);
    File::open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ArtifactError::Missing { path: folder.to_owned(), file },
        _ => ArtifactError::io(&path, error),
    })
}
