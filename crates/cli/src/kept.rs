//! The ratings that are kept: by a server on this machine in a file, or by a stack in a table.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use matinee_live_ratings::{Kept, Outcome, RatingStore, Write, for_each_user};
use matinee_model::UserId;
use matinee_model::artifact::FileDigest;
use matinee_sqlite_ratings::SqliteRatings;
use matinee_train::ratings::{Changes, Dataset, Digests};
use tokio::runtime::Runtime;

/// The file that `matinee up` keeps ratings in, beside the model.
pub const FILE: &str = "ratings.db";
/// What stands for the table of a stack instead of a file.
const TABLE: &str = "aws";

/// Where the commands that read and write kept ratings find them.
#[derive(Args, Clone)]
pub struct KeptRatings {
    /// File with the ratings that `matinee up` or `matinee serve --ratings` keeps, or `aws` for the table of the stack
    /// that `MATINEE_STACK` names
    #[arg(long, default_value = FILE, value_name = "FILE|aws")]
    ratings: Place,
}

/// Where ratings are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In the table of the stack.
    Table,
}

/// A store, and the threads that wait for its answers.
pub struct Opened {
    store: Arc<dyn RatingStore>,
    runtime: Runtime,
    name: String,
}

impl KeptRatings {
    /// Opens the store, which must exist, for reading.
    pub fn open(&self) -> Result<Opened> {
        self.ratings.open()
    }

    /// Opens the store for writing. A file is created if there is none.
    pub fn create(&self) -> Result<Opened> {
        match &self.ratings {
            Place::File(path) => Opened::file(path, open_file(path)?),
            Place::Table => Opened::table(),
        }
    }

    /// The file, and those that `SQLite` keeps beside it while it is open.
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.ratings {
            Place::Table => Vec::new(),
            Place::File(path) => {
                ["", "-wal", "-shm"].map(|suffix| format!("{}{suffix}", path.display()).into()).to_vec()
            }
        }
    }
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == TABLE { Self::Table } else { Self::File(text.into()) })
    }
}

impl Place {
    /// Opens the store, which must exist, for reading.
    pub fn open(&self) -> Result<Opened> {
        match self {
            Self::File(path) if !path.exists() => bail!(
                "there are no ratings at {}; name the file that `matinee up` or `matinee serve --ratings` keeps, with --ratings",
                path.display()
            ),
            Self::File(path) => Opened::file(path, Arc::new(SqliteRatings::open_to_read(path)?)),
            Self::Table => Opened::table(),
        }
    }
}

impl Opened {
    fn file(path: &Path, store: Arc<dyn RatingStore>) -> Result<Self> {
        let name =
            path.file_name().map_or_else(|| FILE.to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self { store, runtime: runtime()?, name })
    }

    #[cfg(feature = "aws")]
    fn table() -> Result<Self> {
        let runtime = runtime()?;
        let (store, table) = runtime.block_on(crate::aws::table::open())?;
        Ok(Self { store: Arc::new(store), runtime, name: table.as_str().to_owned() })
    }

    #[cfg(not(feature = "aws"))]
    fn table() -> Result<Self> {
        bail!(
            "this matinee was built without AWS; build it with `cargo build --release --features aws --package matinee`, or, for a \
             file called {TABLE}, give --ratings ./{TABLE}"
        )
    }

    /// A store that is already open.
    #[cfg(feature = "table")]
    pub fn of(store: Arc<dyn RatingStore>, runtime: Runtime, name: &str) -> Self {
        Self { store, runtime, name: name.to_owned() }
    }

    /// Calls `each` once for every user of whom something is kept.
    pub fn for_each_user(&self, each: impl FnMut(UserId, Kept)) -> Result<()> {
        Ok(self.runtime.block_on(for_each_user(&*self.store, each))?)
    }

    /// Keeps marks.
    pub fn keep(&self, writes: Vec<Write>) -> Result<Vec<Outcome>> {
        let outcomes = self.runtime.block_on(self.store.keep(writes));
        Ok(outcomes.into_iter().collect::<Result<_, _>>()?)
    }

    /// What the store changes in data that a model is trained on. Hidden movies are not ratings.
    pub fn changes(&self) -> Result<Changes> {
        let mut changes = Changes::default();
        self.for_each_user(|user, kept| {
            if kept.forgotten.is_some() {
                changes.forget(user.as_str());
            }
            for rated in &kept.ratings {
                changes.rate(
                    user.as_str(),
                    rated.movie.as_str(),
                    rated.rating,
                    rated.time.0.div_euclid(1000),
                );
            }
        })?;
        Ok(changes)
    }

    /// The name of the file or table.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Opens a file of ratings, or creates it.
pub fn open_file(path: &Path) -> Result<Arc<dyn RatingStore>> {
    Ok(Arc::new(SqliteRatings::open(path)?))
}

/// The threads that wait for answers of a store.
pub fn runtime() -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("cannot start the threads that wait for the ratings")
}

/// The data with what is kept at `place`.
pub fn merged(place: &Place, dataset: &Dataset, files: Digests) -> Result<(Dataset, Digests)> {
    let opened = place.open()?;
    with_changes(opened.name(), &opened.changes()?, dataset, files)
}

/// The data with the changes from the store of this name: new ratings, changed ones, and those that were taken back. The
/// manifest gets a digest of them.
pub fn with_changes(
    name: &str,
    changes: &Changes,
    dataset: &Dataset,
    mut files: Digests,
) -> Result<(Dataset, Digests)> {
    let merged = dataset.with_changes(changes);
    say!(
        "{name} brings {} changes by {} users: {} ratings instead of {}",
        changes.len(),
        changes.user_count(),
        merged.ratings.len(),
        dataset.ratings.len()
    );
    if merged.ratings.is_empty() {
        bail!("no rating is left to learn from");
    }
    files.insert(name.to_owned(), FileDigest::of(&changes.to_csv()));
    Ok((merged, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_unless_it_is_aws() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert_eq!(place("aws"), Place::Table);
        for text in ["ratings.db", "./aws", "aws.db", "AWS"] {
            assert_eq!(place(text), Place::File(text.into()));
        }
    }
}
