//! Whether the file at a path is still the one that was opened.
//!
//! Somebody may remove or replace the file of a running server. `SQLite` would go on with the old one, and what it
//! answered would be lost. The file must not be opened to find that out: closing it would release the locks that `SQLite`
//! holds on it.

use std::io;
use std::path::{Path, PathBuf};

use matinee_live_ratings::StoreError;

/// The file that was opened.
#[derive(Debug, Clone)]
pub(crate) struct Presence {
    path: PathBuf,
    identity: Identity,
}

/// The device and the number of a file.
#[cfg(unix)]
type Identity = (u64, u64);
/// An open file can be neither removed nor replaced.
#[cfg(not(unix))]
type Identity = ();

impl Presence {
    /// That of a file that is open.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }

    /// An error if another file, or none, is at the path.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match identity(&self.path) {
            Ok(found) if found == self.identity => Ok(()),
            _ => Err(StoreError::Failed(format!(
                "the file {} was removed or replaced while it was open; restart the server",
                self.path.display()
            ))),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|_| ())
}
