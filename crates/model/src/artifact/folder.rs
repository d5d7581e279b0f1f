//! An artifact as a folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{
    AlignedBuffer, ArtifactError, ArtifactFiles, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MODEL_BYTES,
    MAX_MOVIES_BYTES, MODEL_FILE, MOVIES_FILE, Manifest, sha256_hex,
};

/// Reads the files of the artifact in the folder `path`.
pub fn read_folder(path: &Path) -> Result<ArtifactFiles, ArtifactError> {
    let json = read_manifest(path)?;
    let manifest = Manifest::parse(&json)?;
    let model = read_model(path, &manifest)?;
    let movies = read_listed_movies(path, &manifest)?;
    Ok(ArtifactFiles { manifest, manifest_sha256: sha256_hex(&json), model, movies })
}

pub(crate) fn read_manifest(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let mut json = Vec::new();
    open(path, MANIFEST_FILE)?
        .take(MAX_MANIFEST_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(|error| ArtifactError::io(&path.join(MANIFEST_FILE), error))?;
    Ok(json)
}

/// The tensors, which are just as long as the manifest says.
pub(crate) fn read_model(path: &Path, manifest: &Manifest) -> Result<AlignedBuffer, ArtifactError> {
    let mut model = AlignedBuffer::zeroed(manifest.length(MODEL_FILE, MAX_MODEL_BYTES)?);
    read_exactly(path, MODEL_FILE, model.bytes_mut())?;
    Ok(model)
}

/// The catalogue, which is just as long as the manifest says.
pub(crate) fn read_listed_movies(path: &Path, manifest: &Manifest) -> Result<Vec<u8>, ArtifactError> {
    let mut movies = vec![0; manifest.length(MOVIES_FILE, MAX_MOVIES_BYTES)?];
    read_exactly(path, MOVIES_FILE, &mut movies)?;
    Ok(movies)
}

/// Reads the catalogue in the folder `path`.
pub(super) fn read_movies(path: &Path) -> Result<Vec<u8>, ArtifactError> {
    let file = open(path, MOVIES_FILE)?;
    let mut movies = Vec::new();
    let length = file
        .take(MAX_MOVIES_BYTES + 1)
        .read_to_end(&mut movies)
        .map_err(|error| ArtifactError::io(&path.join(MOVIES_FILE), error))? as u64;
    if length > MAX_MOVIES_BYTES {
        return Err(ArtifactError::TooLarge { file: MOVIES_FILE, length, limit: MAX_MOVIES_BYTES });
    }
    Ok(movies)
}

/// Fills `buffer` from a file that must be just as long.
fn read_exactly(folder: &Path, file: &'static str, buffer: &mut [u8]) -> Result<(), ArtifactError> {
    let path = folder.join(file);
    let mut source = open(folder, file)?;
    let found = source.metadata().map_err(|error| ArtifactError::io(&path, error))?.len();
    let expected = buffer.len() as u64;
    if found != expected {
        return Err(ArtifactError::Length { file, expected, found });
    }
    source.read_exact(buffer).map_err(|error| ArtifactError::io(&path, error))
}

fn open(folder: &Path, file: &'static str) -> Result<File, ArtifactError> {
    let path = folder.join(file);
    File::open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ArtifactError::Missing { path: folder.to_owned(), file },
        _ => ArtifactError::io(&path, error),
    })
}
