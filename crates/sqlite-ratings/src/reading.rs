//! Reads, on connections of their own.

use std::sync::{Arc, Mutex, PoisonError};

use matinee_live_ratings::{Kept, Kind, Mark, Moment, Page, Position, Record, StoreError};
use matinee_model::{MovieId, UserId};
use rusqlite::{Connection, Row, params};

use crate::presence::Presence;
use crate::{failed, schema};

/// How many records are on a page.
const PAGE: u16 = 1_000;

/// Stands for the kind of a deletion in keys.
const FORGOTTEN: i64 = -1;

/// Between user, movie and kind in a position. Ids from CSV and JSON may contain anything, but the lengths come first.
const SEPARATOR: char = ':';

/// Idle connections. A read takes one, or opens one if all are in use.
#[derive(Debug)]
pub(crate) struct Readers {
    presence: Presence,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn of(presence: Presence) -> Self {
        Self { presence, idle: Arc::default() }
    }

    /// Runs `query` on a thread for blocking work.
    pub(crate) fn read<T: Send + 'static, F>(
        &self,
        query: F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, F>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (presence, idle) = (self.presence.clone(), Arc::clone(&self.idle));
        let read = move || {
            presence.check()?;
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connected = taken.map_or_else(|| schema::connect_to_read(presence.path()), Ok);
            let connection = connected.map_err(failed)?;
            let found = query(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            found.map_err(failed)
        };
        async {
            let found = tokio::task::spawn_blocking(read).await;
            found.map_err(|error| StoreError::Failed(error.to_string()))?
        }
    }
}

/// What is kept of a user, as of one commit.
pub(crate) fn kept(connection: &Connection, user: &UserId) -> rusqlite::Result<Kept> {
    let connection = connection.unchecked_transaction()?;
    let mut marks =
        connection.prepare_cached("select movie, kind, value, time from marks where user = ?1")?;
    let mut records =
        marks.query_map([user.as_str()], |row| marked(row, 0))?.collect::<rusqlite::Result<Vec<Record>>>()?;
    let mut forgotten = connection.prepare_cached("select time from forgotten where user = ?1")?;
    for time in forgotten.query_map([user.as_str()], |row| row.get(0))? {
        records.push(Record::Forgotten(Moment(time?)));
    }
    Ok(Kept::of(records))
}

/// A page of all records by user. The time of a deletion comes before the user's marks.
pub(crate) fn page(connection: &Connection, after: Option<&Position>) -> rusqlite::Result<Page> {
    let after = after.and_then(|position| Key::parse(&position.0)).unwrap_or_else(Key::before_all);
    let mut records = connection.prepare_cached(
        "select movie, kind, value, time, user from marks where (user, movie, kind) > (?1, ?2, ?3) \
         union all \
         select '', -1, null, time, user from forgotten where (user, '', -1) > (?1, ?2, ?3) \
         order by 5, 1, 2 limit ?4",
    )?;
    let rows = records.query_map(params![after.user, after.movie, after.kind, PAGE], |row| {
        let key = Key { user: row.get(4)?, movie: row.get(0)?, kind: row.get(1)? };
        let record =
            if key.kind == FORGOTTEN { Record::Forgotten(Moment(row.get(3)?)) } else { marked(row, 0)? };
        Ok((key, record))
    })?;
    let (mut page, mut last) = (Page::default(), None);
    for row in rows {
        let (key, record) = row?;
        page.records.push((key.user.as_str().into(), record));
        last = Some(key);
    }
    let is_full = page.records.len() == usize::from(PAGE);
    page.next = last.filter(|_| is_full).map(|key| Position(key.to_string()));
    Ok(page)
}

/// The record in the columns movie, kind, value and time.
fn marked(row: &Row<'_>, first: usize) -> rusqlite::Result<Record> {
    let kind = if row.get::<_, i64>(first + 1)? == 0 { Kind::Rating } else { Kind::Hiding };
    let mark = Mark::of(kind, row.get(first + 2)?);
    let movie: String = row.get(first)?;
    Ok(Record::Marked { movie: MovieId::from(movie), mark, time: Moment(row.get(first + 3)?) })
}

/// The number of a kind in the column `kind`.
pub(crate) fn number(kind: Kind) -> i64 {
    match kind {
        Kind::Rating => 0,
        Kind::Hiding => 1,
    }
}

/// The key of a row.
#[derive(Debug, PartialEq)]
struct Key {
    user: String,
    movie: String,
    kind: i64,
}

impl Key {
    /// The key before that of any record.
    fn before_all() -> Self {
        Self { user: String::new(), movie: String::new(), kind: FORGOTTEN - 1 }
    }

    /// Kind, length of the user's id, user and movie.
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(SEPARATOR)?;
        let (length, rest) = rest.split_once(SEPARATOR)?;
        let (user, movie) = rest.split_at_checked(length.parse().ok()?)?;
        Some(Self { user: user.to_owned(), movie: movie.to_owned(), kind: kind.parse().ok()? })
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, movie, kind } = self;
        write!(f, "{kind}{SEPARATOR}{}{SEPARATOR}{user}{movie}", user.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back() {
        for (user, movie) in [("1", "2"), ("1:2", ":"), ("é", ""), ("", "x")] {
            let key = Key { user: user.to_owned(), movie: movie.to_owned(), kind: 1 };
            assert_eq!(Key::parse(&key.to_string()), Some(key));
        }
    }
}
