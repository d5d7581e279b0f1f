//! The one thread that writes. All writes that are waiting are committed together, because a commit waits for the disk.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use matinee_live_ratings::{Kind, Mark, Moment, Outcome, StoreError, Write};
use matinee_model::UserId;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;

use crate::failed;
use crate::presence::Presence;
use crate::reading::number;
use crate::remains::Remains;

/// The largest number of jobs in one transaction.
const MAX_JOBS: usize = 1_000;

/// The thread, and the way to it.
#[derive(Debug)]
pub(crate) struct Writer {
    /// `None` only while it is dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Something to write, and who waits for the answer.
struct Job {
    task: Task,
    answer: oneshot::Sender<Result<Vec<Outcome>, StoreError>>,
}

enum Task {
    Keep(Vec<Write>),
    Forget(UserId, Moment),
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection, presence: Presence) -> std::io::Result<Self> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("ratings".to_owned())
            .spawn(move || run(connection, &presence, &waiting))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Keeps marks in one transaction.
    pub(crate) fn keep(
        &self,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> + Send + use<> {
        self.send(Task::Keep(writes))
    }

    /// Removes what is kept of a user.
    pub(crate) fn forget(
        &self,
        user: UserId,
        time: Moment,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let answer = self.send(Task::Forget(user, time));
        async { answer.await.map(|_| ()) }
    }

    fn send(&self, task: Task) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let is_sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { task, answer }).is_ok());
        async move {
            let stopped = || StoreError::Failed("the thread that writes has ended".to_owned());
            if is_sent { answered.await.map_err(|_| stopped())? } else { Err(stopped()) }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Commits what is waiting, until the sender is gone. What was deleted is overwritten when there is nothing else to do, and
/// at the end.
fn run(mut connection: Connection, presence: &Presence, waiting: &Receiver<Job>) {
    let mut remains = Remains::of_a_crash(&connection);
    while let Some(jobs) = next_jobs(waiting, remains.wait()) {
        if jobs.is_empty() || remains.are_due() {
            remains.overwrite(&connection);
        }
        if !jobs.is_empty() {
            let deletes = jobs.iter().any(|job| matches!(job.task, Task::Forget(..)));
            answer(&mut connection, presence, jobs);
            remains.add(deletes);
        }
    }
    if remains.wait().is_some() {
        remains.overwrite(&connection);
    }
}

/// Commits jobs together.
fn answer(connection: &mut Connection, presence: &Presence, jobs: Vec<Job>) {
    let tasks: Vec<&Task> = jobs.iter().map(|job| &job.task).collect();
    match presence.check().and_then(|()| commit(connection, &tasks).map_err(failed)) {
        Ok(outcomes) => {
            for (job, outcomes) in jobs.into_iter().zip(outcomes) {
                // Whoever asked may have gone.
                let _ = job.answer.send(Ok(outcomes));
            }
        }
        Err(error) => jobs.into_iter().for_each(|job| {
            let _ = job.answer.send(Err(error.clone()));
        }),
    }
}

/// The jobs that are waiting, when there are some; nothing after the `limit`. `None` if the sender is gone.
fn next_jobs(waiting: &Receiver<Job>, limit: Option<Duration>) -> Option<Vec<Job>> {
    let first = match waiting.recv_timeout(limit.unwrap_or(Duration::MAX)) {
        Ok(job) => job,
        Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
        Err(RecvTimeoutError::Disconnected) => return None,
    };
    let jobs = std::iter::once(first).chain(waiting.try_iter().take(MAX_JOBS - 1));
    // Whoever no longer waits was told that the write failed.
    Some(jobs.filter(|job| !job.answer.is_closed()).collect())
}

/// Does all tasks in one transaction, or none.
fn commit(connection: &mut Connection, tasks: &[&Task]) -> rusqlite::Result<Vec<Vec<Outcome>>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcomes = tasks.iter().map(|task| match task {
        Task::Keep(writes) => writes.iter().map(|write| keep(&transaction, write)).collect(),
        Task::Forget(user, time) => forget(&transaction, user, *time).map(|()| Vec::new()),
    });
    let outcomes = outcomes.collect::<rusqlite::Result<Vec<_>>>()?;
    transaction.commit()?;
    Ok(outcomes)
}

fn keep(transaction: &Transaction<'_>, write: &Write) -> rusqlite::Result<Outcome> {
    let Write { user, movie, mark, time } = write;
    let key = (user.as_str(), movie.as_str(), number(mark.kind()));
    let before = latest(transaction, key, mark.kind())?;
    if let Some((mark, later)) = before.filter(|(_, before)| before > time) {
        return Ok(Outcome::Outdated { mark, time: later });
    }
    if let Some(deleted) = forgotten(transaction, user)?.filter(|deleted| deleted >= time) {
        return Ok(Outcome::Forgotten(deleted));
    }
    let mut replace =
        transaction.prepare_cached("insert or replace into marks values (?1, ?2, ?3, ?4, ?5)")?;
    replace.execute(params![key.0, key.1, key.2, mark.value(), time.0])?;
    let is_new = before.is_none_or(|(before, _)| before.is_undoing());
    Ok(if is_new { Outcome::Created } else { Outcome::Replaced })
}

/// The mark of this kind that is kept, with its time.
fn latest(
    transaction: &Transaction<'_>,
    key: (&str, &str, i64),
    kind: Kind,
) -> rusqlite::Result<Option<(Mark, Moment)>> {
    let mut select = transaction
        .prepare_cached("select value, time from marks where user = ?1 and movie = ?2 and kind = ?3")?;
    select.query_row(key, |row| Ok((Mark::of(kind, row.get(0)?), Moment(row.get(1)?)))).optional()
}

/// When the user was deleted.
fn forgotten(transaction: &Transaction<'_>, user: &UserId) -> rusqlite::Result<Option<Moment>> {
    let mut select = transaction.prepare_cached("select time from forgotten where user = ?1")?;
    select.query_row([user.as_str()], |row| row.get(0).map(Moment)).optional()
}

fn forget(transaction: &Transaction<'_>, user: &UserId, time: Moment) -> rusqlite::Result<()> {
    transaction
        .execute("delete from marks where user = ?1 and time <= ?2", params![user.as_str(), time.0])?;
    transaction.execute(
        "insert into forgotten values (?1, ?2) on conflict (user) do update set time = max(time, excluded.time)",
        params![user.as_str(), time.0],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_for_those_who_have_gone() {
        let (jobs, waiting) = channel();
        let mut answers = Vec::new();
        for user in ["1", "2", "3"] {
            let (answer, answered) = oneshot::channel();
            jobs.send(Job { task: Task::Forget(user.into(), Moment(1)), answer }).unwrap();
            answers.push(answered);
        }
        answers.remove(1);
        let found = next_jobs(&waiting, None).unwrap();
        let users = found.iter().map(|job| match &job.task {
            Task::Forget(user, _) => user.as_str(),
            Task::Keep(_) => "",
        });
        assert_eq!(users.collect::<Vec<_>>(), ["1", "3"]);
        drop(jobs);
        assert!(next_jobs(&waiting, Some(Duration::ZERO)).is_none());
    }
}
