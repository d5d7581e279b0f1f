//! An artifact as the `model.tar.gz` that `SageMaker` makes of a folder.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{
    AlignedBuffer, ArtifactError, ArtifactFiles, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MODEL_BYTES,
    MAX_MOVIES_BYTES, MODEL_FILE, MOVIES_FILE, Manifest, capped, sha256_hex,
};

/// Reads the files of the artifact in a gzip-compressed tar archive: they may lie in any order, under
/// `./` or not; other entries are passed over.
pub fn read_archive(compressed: impl Read) -> Result<ArtifactFiles, ArtifactError> {
    read_archive_within(compressed, u64::MAX)
}

/// The same, of files that have at most `limit` bytes in all: what there is memory for.
pub fn read_archive_within(compressed: impl Read, limit: u64) -> Result<ArtifactFiles, ArtifactError> {
    let mut found = Found { left: limit, ..Found::default() };
    // What unpacks to more than the three files may be is a bomb, not a model.
    let largest = [MAX_MANIFEST_BYTES, MAX_MODEL_BYTES, MAX_MOVIES_BYTES].iter().sum();
    let mut archive = tar::Archive::new(GzDecoder::new(compressed).take(largest));
    for entry in archive.entries().map_err(damaged)? {
        found.take(entry.map_err(damaged)?)?;
    }
    found.finish()
}

#[derive(Default)]
struct Found {
    /// How many bytes the files that come may have.
    left: u64,
    manifest: Option<(Manifest, String)>,
    model: Option<AlignedBuffer>,
    movies: Option<AlignedBuffer>,
}

impl Found {
    fn take(&mut self, mut entry: tar::Entry<'_, impl Read>) -> Result<(), ArtifactError> {
        if !entry.header().entry_type().is_file() {
            return Ok(());
        }
        let path = entry.path().map_err(damaged)?;
        let name = path.strip_prefix("./").unwrap_or(&path).to_str().unwrap_or_default().to_owned();
        match name.as_str() {
            MANIFEST_FILE => {
                let json = self.grown(&mut entry, MANIFEST_FILE, MAX_MANIFEST_BYTES)?;
                let manifest = (Manifest::parse(json.bytes())?, sha256_hex(json.bytes()));
                once(&mut self.manifest, MANIFEST_FILE, manifest)
            }
            MODEL_FILE => {
                let bytes = self.grown(&mut entry, MODEL_FILE, MAX_MODEL_BYTES)?;
                once(&mut self.model, MODEL_FILE, bytes)
            }
            MOVIES_FILE => {
                let bytes = self.grown(&mut entry, MOVIES_FILE, MAX_MOVIES_BYTES)?;
                once(&mut self.movies, MOVIES_FILE, bytes)
            }
            _ => Ok(()),
        }
    }

    /// Reads an entry whose header may lie about its size: memory grows with what is there.
    fn grown(
        &mut self,
        entry: &mut tar::Entry<'_, impl Read>,
        file: &'static str,
        limit: u64,
    ) -> Result<AlignedBuffer, ArtifactError> {
        let length = capped(file, entry.size(), limit.min(self.left))?;
        self.left -= length as u64;
        AlignedBuffer::read_from(entry, length).map_err(damaged)
    }

    fn finish(self) -> Result<ArtifactFiles, ArtifactError> {
        let lacks = |file: &str| ArtifactError::Archive(format!("{file} is missing; is it a matinee model?"));
        let (manifest, manifest_sha256) = self.manifest.ok_or_else(|| lacks(MANIFEST_FILE))?;
        Ok(ArtifactFiles {
            manifest,
            manifest_sha256,
            model: self.model.ok_or_else(|| lacks(MODEL_FILE))?,
            movies: self.movies.ok_or_else(|| lacks(MOVIES_FILE))?,
        })
    }
}

fn once<T>(slot: &mut Option<T>, file: &str, value: T) -> Result<(), ArtifactError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ArtifactError::Archive(format!("{file} is there twice"))),
    }
}

fn damaged(error: impl ToString) -> ArtifactError {
    ArtifactError::Archive(format!("{}: the copy is damaged, fetch it again", error.to_string()))
}
