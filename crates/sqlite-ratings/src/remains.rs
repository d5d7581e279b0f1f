//! What deletions leave in the file: `SQLite` overwrites deleted rows, but not the copies that stay where it has moved rows
//! to other pages, nor the log. So the file is written anew.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::schema::BUSY_TIMEOUT;

/// How long nothing else must have been written before the file is written anew.
const QUIET: Duration = Duration::from_secs(1);

/// After this time, it is written anew even if others write.
const LIMIT: Duration = Duration::from_mins(1);

/// Since when there may be remains.
#[derive(Debug)]
pub(crate) struct Remains {
    since: Option<Instant>,
}

impl Remains {
    /// Those that are there when a file is opened. After a crash there may be some of the last deletions, and its log is
    /// still there.
    pub(crate) fn of_a_crash(connection: &Connection) -> Self {
        let log = connection.path().map(|path| format!("{path}-wal"));
        let has_log = log.and_then(|log| std::fs::metadata(log).ok()).is_some_and(|log| log.len() > 0);
        let has_deletions = "select exists (select 1 from forgotten)";
        let has_deletions = connection.query_row(has_deletions, [], |row| row.get(0)).unwrap_or(true);
        Self { since: (has_log && has_deletions).then(Instant::now) }
    }

    /// Some, if `are_left`.
    pub(crate) fn add(&mut self, are_left: bool) {
        if are_left {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// How long to wait for other work. `None` if nothing remains.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.since.map(|_| QUIET)
    }

    /// Whether they have been there for long.
    pub(crate) fn are_due(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() > LIMIT)
    }

    /// Overwrites them. If that fails, for instance because another process reads, it is tried again later.
    pub(crate) fn overwrite(&mut self, connection: &Connection) {
        self.since = match overwrite(connection) {
            Ok(true) => None,
            Ok(false) | Err(_) => Some(Instant::now()),
        };
    }
}

/// Writes the file anew, and empties the log. It does not wait for those who read, and is `false` if they are in the way.
/// Then nothing is written: the log would grow each time, because it cannot be emptied.
fn overwrite(connection: &Connection) -> rusqlite::Result<bool> {
    if !empty_log(connection)? {
        return Ok(false);
    }
    connection.execute_batch("vacuum")?;
    empty_log(connection)
}

/// Moves the whole log into the database, and truncates it; `false` if somebody reads.
fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    emptied.map(|is_blocked| is_blocked == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn the_log_does_not_grow_while_somebody_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ratings.db");
        let log_bytes = || std::fs::metadata(folder.path().join("ratings.db-wal")).unwrap().len();
        let connection = schema::open(&path).unwrap();
        connection.execute_batch("insert into forgotten values ('1', 2)").unwrap();
        let reader = schema::open_to_read(&path).unwrap();
        reader.execute_batch("begin; select * from forgotten;").unwrap();
        connection.execute_batch("insert into forgotten values ('3', 4)").unwrap();
        let before = log_bytes();
        for _ in 0..3 {
            assert!(!overwrite(&connection).unwrap());
        }
        assert_eq!(log_bytes(), before);
        reader.execute_batch("commit").unwrap();
        assert!(overwrite(&connection).unwrap());
        assert_eq!(log_bytes(), 0);
    }
}
