//! Why a file cannot be opened.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a file of ratings cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not a database, or it cannot be read or written.
    #[error(
        "cannot open the ratings in {path}: {error}; name another file in a folder that exists, or, if it is damaged, put \
         back a copy"
    )]
    Database {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        error: rusqlite::Error,
    },
    /// It can be read only where the files that `SQLite` needs beside it can be created.
    #[error(
        "cannot read the ratings in {path}: {error}; if the file or its folder is read-only, copy it to a folder where files can \
         be created"
    )]
    Reading {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        error: rusqlite::Error,
    },
    /// It can be read, but not written.
    #[error(
        "the file {0} can only be read, so no ratings can be kept in it; make it writable, or name another one"
    )]
    ReadOnly(PathBuf),
    /// Nothing was ever kept in it.
    #[error("{0} is an empty file; name the file of a server that keeps ratings")]
    Empty(PathBuf),
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
    /// The thread that writes cannot be started, or the file was removed at once.
    #[error("cannot begin to write ratings: {0}")]
    Io(#[from] std::io::Error),
}

impl OpenError {
    pub(crate) fn database(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |error| Self::Database { path: path.to_owned(), error }
    }

    pub(crate) fn reading(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |error| {
            let path = path.to_owned();
            match error.sqlite_error_code() {
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => Self::Reading { path, error },
                _ => Self::Database { path, error },
            }
        }
    }
}
