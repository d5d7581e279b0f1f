//! A [`RatingStore`] in one `SQLite` file, for a server on this machine.
//!
//! The invariant: a write is answered after its transaction is on the disk, so neither a crash nor a power failure loses
//! what was answered. One thread writes, and commits all writes that are waiting in one transaction. Readers read
//! beside it.

mod error;
mod presence;
mod reading;
mod remains;
mod schema;
mod writer;

use std::path::Path;

use matinee_live_ratings::{
    Kept, Moment, Outcomes, Page, Position, RatingStore, StoreError, StoreFuture, Write,
};
use matinee_model::UserId;

pub use error::OpenError;
use presence::Presence;
use reading::Readers;
use writer::Writer;

/// Ratings in a file. When it is dropped, the writer finishes what is waiting.
#[derive(Debug)]
pub struct SqliteRatings {
    readers: Readers,
    /// `None` if the file was opened for reading.
    writer: Option<Writer>,
}

impl SqliteRatings {
    /// Opens the file, or creates it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = schema::open(path)?;
        let presence = Presence::of(path)?;
        let writer = Writer::start(connection, presence.clone())?;
        Ok(Self { readers: Readers::of(presence), writer: Some(writer) })
    }

    /// Opens a file that exists, for reading. Nothing can be kept in it.
    pub fn open_to_read(path: &Path) -> Result<Self, OpenError> {
        schema::open_to_read(path)?;
        Ok(Self { readers: Readers::of(Presence::of(path)?), writer: None })
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        self.writer.as_ref().ok_or_else(|| StoreError::Failed("the file was opened for reading".to_owned()))
    }
}

impl RatingStore for SqliteRatings {
    fn keep(&self, writes: Vec<Write>) -> Outcomes<'_> {
        let count = writes.len();
        let answer = self.writer().map(|writer| writer.keep(writes));
        Box::pin(async move {
            let outcomes = async { answer?.await };
            match outcomes.await {
                Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error); count],
            }
        })
    }

    fn kept<'a>(&'a self, user: &'a UserId) -> StoreFuture<'a, Kept> {
        let user = user.clone();
        Box::pin(self.readers.read(move |connection| reading::kept(connection, &user)))
    }

    fn forget<'a>(&'a self, user: &'a UserId, time: Moment) -> StoreFuture<'a, ()> {
        let answer = self.writer().map(|writer| writer.forget(user.clone(), time));
        Box::pin(async { answer?.await })
    }

    fn page(&self, _: u32, after: Option<Position>) -> StoreFuture<'_, Page> {
        Box::pin(self.readers.read(move |connection| reading::page(connection, after.as_ref())))
    }
}

/// The error of a statement. `SQLite` names no user and no movie.
fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}
