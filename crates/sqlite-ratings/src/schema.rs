//! The tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::OpenError;

/// The form of the tables, in `PRAGMA user_version`.
const VERSION: i64 = 1;

/// Marks the file as one of Matinee: the ASCII letters `Mtne`.
const APPLICATION: i64 = 0x4d74_6e65;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// `kind` is 0 for ratings and 1 for hidden movies; `value` is null for a mark that takes the other back; `time` is in
/// milliseconds since 1970.
const TABLES: &str = "
    create table marks (
        user text not null,
        movie text not null,
        kind integer not null,
        value real,
        time integer not null,
        primary key (user, movie, kind)
    ) without rowid;
    create table forgotten (user text primary key, time integer not null) without rowid;
";

/// Opens the file for writing, and creates it or its tables if there are none.
pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path).map_err(OpenError::database(path))?;
    let [application, version] = ["application_id", "user_version"]
        .map(|name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)));
    let (application, version) =
        (application.map_err(OpenError::database(path))?, version.map_err(OpenError::database(path))?);
    match (application, version) {
        (APPLICATION, VERSION) => {}
        (APPLICATION, found) => {
            return Err(OpenError::Newer { path: path.to_owned(), found, known: VERSION });
        }
        (0, 0) if is_empty(&connection).map_err(OpenError::database(path))? => {
            create(&connection).map_err(OpenError::database(path))?;
        }
        _ => return Err(OpenError::Foreign(path.to_owned())),
    }
    Ok(connection)
}

/// A connection. Everything that is committed is on the disk, and readers do not wait for the writer.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("select count(*) = 0 from sqlite_schema", [], |row| row.get(0))
}

/// In one transaction: a crash leaves an empty file or a complete one.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "begin immediate;{TABLES}pragma application_id = {APPLICATION};pragma user_version = {VERSION};commit;"
    ))
}
