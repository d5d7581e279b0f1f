//! Why a file cannot be opened.

use std::path::{Path, PathBuf};

/// Why a file of ratings cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not a database, or it cannot be read or written.
    #[error("cannot open the ratings in {path}: {error}; name another file, or a folder that exists")]
    Database {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        error: rusqlite::Error,
    },
    /// A database of another program.
    #[error("{0} is a database of another program; name another file for the ratings")]
    Foreign(PathBuf),
    /// A later release of Matinee made it.
    #[error("the ratings in {path} have form {found}, and this release knows {known}; use a newer release")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: i64,
        /// The newest form that this release knows.
        known: i64,
    },
    /// The thread that writes cannot be started.
    #[error("cannot start the thread that writes ratings: {0}")]
    Thread(#[from] std::io::Error),
}

impl OpenError {
    pub(crate) fn database(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |error| Self::Database { path: path.to_owned(), error }
    }
}
