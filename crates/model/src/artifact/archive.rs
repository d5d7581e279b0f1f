//! An artifact as the `model.tar.gz` that `SageMaker` makes of a folder.

use std::io::{self, Cursor, Read};

use flate2::read::GzDecoder;

use super::{
    AlignedBuffer, ArtifactError, ArtifactFiles, MANIFEST_FILE, MAX_MANIFEST_BYTES, MAX_MODEL_BYTES,
    MAX_MOVIES_BYTES, MAX_USERS_BYTES, MODEL_FILE, MOVIES_FILE, Manifest, USERS_FILE, capped, sha256_hex,
};

/// The length of a tar block.
const BLOCK: usize = 512;
/// Where the first block of a file contains the magic `ustar` (POSIX.1-1988).
const TAR_MARK: (usize, &[u8]) = (257, b"ustar");
/// How many names an error lists if an archive does not contain a model.
const TOLD_NAMES: usize = 5;

/// Reads the files of an artifact from a tar archive, with or without gzip. They can be in any order, at the top or all
/// in one folder. Other entries are skipped.
pub fn read_archive(archive: impl Read) -> Result<ArtifactFiles, ArtifactError> {
    read_archive_within(archive, u64::MAX)
}

/// The same, for files of at most `limit` bytes in total: as much as fits into memory.
pub fn read_archive_within(mut archive: impl Read, limit: u64) -> Result<ArtifactFiles, ArtifactError> {
    let mut begin = Vec::with_capacity(BLOCK);
    archive.by_ref().take(BLOCK as u64).read_to_end(&mut begin).map_err(damaged)?;
    let kind = Kind::of(&begin);
    let whole = Cursor::new(begin).chain(archive);
    // An archive that unpacks to more than the files can have is a decompression bomb.
    let largest = [MAX_MANIFEST_BYTES, MAX_MODEL_BYTES, MAX_MOVIES_BYTES, MAX_USERS_BYTES].iter().sum();
    match kind {
        Kind::Gzip => read_tar(GzDecoder::new(whole).take(largest), limit),
        Kind::Tar => read_tar(whole.take(largest), limit),
        Kind::Other(what) => Err(ArtifactError::Archive(what.to_owned())),
    }
}

/// What kind of file this is, judged by its first bytes.
enum Kind {
    Gzip,
    Tar,
    /// Not an archive that can be read. The text says what to do.
    Other(&'static str),
}

impl Kind {
    fn of(begin: &[u8]) -> Self {
        let (place, mark) = TAR_MARK;
        let text = begin.trim_ascii_start();
        if begin.starts_with(b"\x1f\x8b") {
            Self::Gzip
        } else if begin.get(place..).is_some_and(|rest| rest.starts_with(mark)) {
            Self::Tar
        } else if begin.starts_with(b"PK") {
            Self::Other("it is a zip archive; unpack it, and use the folder that contains manifest.json")
        } else if begin.starts_with(b"version https://git-lfs") {
            Self::Other("it is a Git LFS pointer instead of the file; fetch the file with `git lfs pull`")
        } else if text.starts_with(b"{") {
            Self::Other("it is JSON, perhaps the manifest.json of a model; use the folder that contains it")
        } else if text.starts_with(b"<") {
            Self::Other("it is a web page or the answer of a server instead of the file; fetch it again")
        } else if begin.is_empty() {
            Self::Other("it is empty: the copy is damaged; fetch it again")
        } else {
            Self::Other(
                "it is neither a tar archive nor compressed by gzip; use the folder of a model, or its model.tar.gz",
            )
        }
    }
}

fn read_tar(tar: impl Read, limit: u64) -> Result<ArtifactFiles, ArtifactError> {
    let mut found = Found { left: limit, ..Found::default() };
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().map_err(damaged)? {
        found.take(entry.map_err(damaged)?)?;
    }
    found.finish()
}

#[derive(Default)]
struct Found {
    /// How many bytes the files may still have.
    left: u64,
    /// The folder of the files below, once one of them is found.
    folder: Option<String>,
    /// Their total length in bytes.
    held: u64,
    /// A second folder with such files.
    other_folder: Option<String>,
    manifest: Option<(Manifest, String)>,
    model: Option<AlignedBuffer>,
    movies: Option<AlignedBuffer>,
    users: Option<AlignedBuffer>,
    /// Other entries, the first few.
    others: Vec<String>,
}

impl Found {
    fn take(&mut self, mut entry: tar::Entry<'_, impl Read>) -> Result<(), ArtifactError> {
        if !entry.header().entry_type().is_file() {
            return Ok(());
        }
        let path = entry.path().map_err(damaged)?;
        let path = path.strip_prefix("./").unwrap_or(&path).to_str().unwrap_or_default().to_owned();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if ![MANIFEST_FILE, MODEL_FILE, MOVIES_FILE, USERS_FILE].contains(&name) {
            if self.others.len() < TOLD_NAMES {
                self.others.push(path);
            }
            return Ok(());
        }
        if !self.is_in_place(folder) {
            return Ok(());
        }
        match name {
            MANIFEST_FILE => {
                let json = self.grown(&mut entry, MANIFEST_FILE, MAX_MANIFEST_BYTES)?;
                let manifest = (Manifest::parse(json.bytes())?, sha256_hex(json.bytes()));
                once(&mut self.manifest, MANIFEST_FILE, manifest)
            }
            MODEL_FILE => {
                let bytes = self.grown(&mut entry, MODEL_FILE, MAX_MODEL_BYTES)?;
                once(&mut self.model, MODEL_FILE, bytes)
            }
            USERS_FILE => {
                let bytes = self.grown(&mut entry, USERS_FILE, MAX_USERS_BYTES)?;
                once(&mut self.users, USERS_FILE, bytes)
            }
            _ => {
                let bytes = self.grown(&mut entry, MOVIES_FILE, MAX_MOVIES_BYTES)?;
                once(&mut self.movies, MOVIES_FILE, bytes)
            }
        }
    }

    /// Whether the files in `folder` are the ones to read: those at the top, or those in the only folder.
    fn is_in_place(&mut self, folder: &str) -> bool {
        match &self.folder {
            None => self.folder = Some(folder.to_owned()),
            Some(known) if known == folder => {}
            Some(known) if known.is_empty() => return false,
            // The files in the folder were not the model: here it is.
            Some(_) if folder.is_empty() => {
                let left = self.left + self.held;
                *self = Self {
                    left,
                    folder: Some(String::new()),
                    others: std::mem::take(&mut self.others),
                    ..Self::default()
                };
            }
            Some(_) => {
                self.other_folder.get_or_insert_with(|| folder.to_owned());
                return false;
            }
        }
        true
    }

    /// Reads an entry. Its header may lie about the size, so memory grows with the bytes that arrive.
    fn grown(
        &mut self,
        entry: &mut tar::Entry<'_, impl Read>,
        file: &'static str,
        limit: u64,
    ) -> Result<AlignedBuffer, ArtifactError> {
        let length = capped(file, entry.size(), limit.min(self.left))?;
        self.left -= length as u64;
        self.held += length as u64;
        AlignedBuffer::read_from(entry, length).map_err(damaged)
    }

    fn finish(self) -> Result<ArtifactFiles, ArtifactError> {
        if let (Some(first), Some(second)) = (&self.folder, &self.other_folder) {
            let problem = format!(
                "it contains a model in {first}/ and another in {second}/; unpack it, and use one of the folders"
            );
            return Err(ArtifactError::Archive(problem));
        }
        let others = match self.others.as_slice() {
            [] => String::new(),
            others => format!("; it contains {}", others.join(", ")),
        };
        let lacks =
            |file: &str| ArtifactError::Archive(format!("{file} is missing; is it a matinee model?{others}"));
        let (manifest, manifest_sha256) = self.manifest.ok_or_else(|| lacks(MANIFEST_FILE))?;
        if manifest.has_users_file() && self.users.is_none() {
            return Err(lacks(USERS_FILE));
        }
        Ok(ArtifactFiles {
            manifest,
            manifest_sha256,
            users: self.users,
            model: self.model.ok_or_else(|| lacks(MODEL_FILE))?,
            movies: self.movies.ok_or_else(|| lacks(MOVIES_FILE))?,
        })
    }
}

fn once<T>(slot: &mut Option<T>, file: &str, value: T) -> Result<(), ArtifactError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ArtifactError::Archive(format!("{file} occurs twice"))),
    }
}

fn damaged(error: io::Error) -> ArtifactError {
    ArtifactError::Archive(format!("{error}: the copy is damaged; fetch it again"))
}
