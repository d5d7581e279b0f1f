//! The ratings that a server on this machine keeps, in a file.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use matinee_live_ratings::{Kept, KeptRating, RatingStore, Record};
use matinee_model::artifact::FileDigest;
use matinee_sqlite_ratings::SqliteRatings;
use matinee_train::ratings::{Change, Changes, Dataset, Digests};

/// The file that `matinee up` keeps ratings in, beside the model.
pub const FILE: &str = "ratings.db";

/// Where the commands that read and write kept ratings find them.
#[derive(Args, Clone)]
pub struct KeptFile {
    /// File with the ratings that `matinee up` or `matinee serve --ratings` keeps
    #[arg(long, default_value = FILE, value_name = "FILE")]
    ratings: PathBuf,
}

impl KeptFile {
    /// Opens the file, which must exist.
    pub fn open(&self) -> Result<Arc<dyn RatingStore>> {
        open_existing(&self.ratings)
    }

    /// The file, and those that `SQLite` keeps beside it while it is open.
    pub fn files(&self) -> Vec<PathBuf> {
        let with = |suffix| PathBuf::from(format!("{}{suffix}", self.ratings.display()));
        ["", "-wal", "-shm"].map(with).to_vec()
    }

    /// Opens the file, or creates it.
    pub fn create(&self) -> Result<Arc<dyn RatingStore>> {
        open(&self.ratings)
    }
}

/// Opens a file of ratings, or creates it.
pub fn open(path: &Path) -> Result<Arc<dyn RatingStore>> {
    Ok(Arc::new(SqliteRatings::open(path)?))
}

/// Opens a file of ratings, which must exist.
pub fn open_existing(path: &Path) -> Result<Arc<dyn RatingStore>> {
    if !path.exists() {
        bail!(
            "there are no ratings at {}; name the file that `matinee up` or `matinee serve --ratings` keeps, with --ratings",
            path.display()
        );
    }
    open(path)
}

/// What is kept of each user, by user.
pub fn all(store: &dyn RatingStore) -> Result<BTreeMap<String, Kept>> {
    let mut records: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    let mut position = None;
    loop {
        let page = waited(store.page(position))??;
        for (user, record) in page.records {
            records.entry(user.as_str().to_owned()).or_default().push(record);
        }
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    Ok(records.into_iter().map(|(user, records)| (user, Kept::of(records))).collect())
}

/// Waits for an answer of a store.
pub fn waited<T>(answer: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    Ok(runtime.context("cannot wait for the ratings")?.block_on(answer))
}

/// The data with what the file keeps: new ratings, changed ones, and those that were taken back. The manifest gets a
/// digest of them.
pub fn merged(path: &Path, dataset: &Dataset, files: Digests) -> Result<(Dataset, Digests)> {
    let kept = all(&*open_existing(path)?)?;
    let changes = changes(&kept);
    let merged = dataset.with_changes(&changes);
    say!(
        "{} brings {} changes by {} users: {} ratings instead of {}",
        path.display(),
        changes.changes.len(),
        kept.len(),
        merged.ratings.len(),
        dataset.ratings.len()
    );
    if merged.ratings.is_empty() {
        bail!("no rating is left to learn from");
    }
    let name = path.file_name().map_or_else(|| FILE.to_owned(), |name| name.to_string_lossy().into_owned());
    let mut files = files;
    files.insert(name, FileDigest::of(&digested(&changes)));
    Ok((merged, files))
}

fn changes(kept: &BTreeMap<String, Kept>) -> Changes {
    let forgotten = kept.iter().filter(|(_, kept)| kept.forgotten.is_some());
    let forgotten: HashSet<String> = forgotten.map(|(user, _)| user.clone()).collect();
    let change = |user: &String, kept: &KeptRating| Change {
        user: user.clone(),
        movie: kept.movie.as_str().to_owned(),
        rating: kept.rating,
        timestamp: kept.time.0 / 1000,
    };
    let changes = kept.iter().flat_map(|(user, kept)| kept.ratings.iter().map(|rating| change(user, rating)));
    let mut changes: Vec<Change> = changes.collect();
    changes.sort_by_key(|change| change.timestamp);
    Changes { forgotten, changes }
}

/// A text that differs for different changes.
fn digested(changes: &Changes) -> Vec<u8> {
    let mut forgotten: Vec<&String> = changes.forgotten.iter().collect();
    forgotten.sort_unstable();
    format!("{forgotten:?}\n{:?}\n", changes.changes).into_bytes()
}
