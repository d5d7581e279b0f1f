//! The ratings that came in: a job reads them from the table of its stack, if the stack has one.

#[cfg(feature = "table")]
mod table;

use anyhow::{Context, Result};
use matinee_train::ratings::{Changes, Dataset, Digests};
use matinee_variables::Variables;

use super::Root;
use crate::kept;

/// The variable that names the table.
const RATINGS_TABLE: &str = "RATINGS_TABLE";

/// The data with the ratings that came in. A job that resumes learns from what it read at first: its checkpoints belong to
/// just these data.
pub(super) fn merged(root: &Root, dataset: Dataset, files: Digests) -> Result<(Dataset, Digests)> {
    let Some(table) = Variables::of_process().get(RATINGS_TABLE) else { return Ok((dataset, files)) };
    let changes = if let Some(changes) = saved(root)? {
        changes
    } else {
        let changes =
            read(&table).with_context(|| format!("cannot read the ratings in the table {table}"))?;
        save(root, &changes)?;
        changes
    };
    kept::with_changes(&table, &changes, &dataset, files)
}

/// Removes what was saved, at the end of the job.
pub(super) fn clear(root: &Root) -> Result<()> {
    let path = root.kept_ratings();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// What this job has read before it was interrupted.
fn saved(root: &Root) -> Result<Option<Changes>> {
    let path = root.kept_ratings();
    match std::fs::read(&path) {
        Ok(csv) => {
            let changes = Changes::from_csv(&csv).with_context(|| {
                format!("{} is damaged; remove it to read the table again", path.display())
            })?;
            Ok(Some(changes))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// In one step: an interruption leaves the whole file or none.
fn save(root: &Root, changes: &Changes) -> Result<()> {
    let write = || {
        let folder = root.checkpoints();
        std::fs::create_dir_all(&folder)?;
        let file = tempfile::NamedTempFile::new_in(&folder)?;
        std::fs::write(file.path(), changes.to_csv())?;
        file.persist(root.kept_ratings())?;
        Ok::<(), std::io::Error>(())
    };
    write().with_context(|| format!("cannot write {}", root.kept_ratings().display()))
}

#[cfg(feature = "table")]
use table::read;

#[cfg(not(feature = "table"))]
fn read(_: &str) -> Result<Changes> {
    anyhow::bail!("this matinee was built without AWS; build the container with container/build_and_push.sh")
}
