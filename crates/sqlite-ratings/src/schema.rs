//! The tables.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::OpenError;

/// The form of the tables, in `PRAGMA user_version`.
const VERSION: i64 = 1;

/// Marks the file as one of Matinee: the ASCII letters `Mtne`.
const APPLICATION: i64 = 0x4d74_6e65;

/// How long a statement waits for another process that writes. A request waits 5 s for a write. A write that arrives
/// while another one waits is answered within that time as well.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

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

/// Opens the file for writing, and creates it or its tables if there are none. Everything that is committed is on the
/// disk, and what is deleted is overwritten.
pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = connect(path, OpenFlags::default()).map_err(OpenError::database(path))?;
    if connection.is_readonly("main").map_err(OpenError::database(path))? {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    if !is_complete(&connection, path)? {
        create(&mut connection, path)?;
    }
    let prepare = || {
        use_log(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "secure_delete", true)
    };
    prepare().map_err(OpenError::database(path))?;
    Ok(connection)
}

/// Chooses the write-ahead log. `SQLite` does not wait if another process does the same, so this repeats it.
fn use_log(connection: &Connection) -> rusqlite::Result<()> {
    let began = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && began.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// Opens the file for reading.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect_to_read(path).map_err(OpenError::reading(path))?;
    if is_complete(&connection, path)? { Ok(connection) } else { Err(OpenError::Empty(path.to_owned())) }
}

/// A connection for reading, which does not wait for the writer. It creates no database. If the file may be written, it
/// can recover it after a crash, and the last connection removes the files beside it.
pub(crate) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Whether the file has the tables; `false` if it is empty. It is looked at as of one commit, because another process may
/// be creating the tables.
fn is_complete(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
    let reading = connection.unchecked_transaction().map_err(OpenError::reading(path))?;
    has_tables(&reading, path)
}

fn has_tables(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let is_empty = || connection.query_row("select count(*) = 0 from sqlite_schema", [], |row| row.get(0));
    let application = number("application_id").map_err(OpenError::reading(path))?;
    match (application, number("user_version").map_err(OpenError::reading(path))?) {
        (APPLICATION, VERSION) => Ok(true),
        (APPLICATION, found) => Err(OpenError::Newer { path: path.to_owned(), found, known: VERSION }),
        (0, 0) if is_empty().map_err(OpenError::reading(path))? => Ok(false),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// In one transaction: a crash leaves an empty file or a complete one. Another process may be creating the tables at the
/// same time, so the file is looked at again.
fn create(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(OpenError::database(path))?;
    if has_tables(&transaction, path)? {
        return Ok(());
    }
    let tables = format!("{TABLES}pragma application_id = {APPLICATION};pragma user_version = {VERSION};");
    transaction.execute_batch(&tables).and_then(|()| transaction.commit()).map_err(OpenError::database(path))
}
