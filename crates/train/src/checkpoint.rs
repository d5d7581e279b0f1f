//! Checkpoints: work is saved while it runs, and continues from there when it is started again.
//!
//! A checkpoint is one file with the [`Fingerprint`] of the work and its state, so that other work never continues from
//! it. It is written to a temporary file and renamed: a reader sees either the last checkpoint or the one before, whenever
//! the process is killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ratings::Dataset;
use crate::state::StateError;

/// The first bytes of a checkpoint: its name, and the version of its format.
const MAGIC: &[u8] = b"matinee checkpoint 3\n";
const SUM_BYTES: usize = 32;

/// Identifies a piece of work: everything that its result depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Algorithm, hyperparameters and seed, by name.
    pub settings: BTreeMap<String, String>,
    /// The checksum of the ratings and the catalogue, in their order.
    pub data_sha256: String,
}

/// Where and how often work is saved, and whether it is interrupted.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    folder: PathBuf,
    interval: Duration,
    interrupted: Arc<AtomicBool>,
}

/// Why work ended early.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// It was interrupted. Its progress is saved.
    #[error("interrupted; the progress is saved in {}, and the same job continues from there", .0.display())]
    Interrupted(PathBuf),
    /// The checkpoint cannot be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system reported an error.
    #[error("{}: {source}; checkpoints need a writable folder", path.display())]
    Io {
        /// The file that was being read or written.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The file is not a complete checkpoint of this release.
    #[error("{} is damaged or from another release: {problem}; remove it to start over", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The checkpoint is for other data or other hyperparameters.
    #[error("{} belongs to other work: {difference}; give this job its own folder for checkpoints, or remove the file to start over", path.display())]
    OtherWork {
        /// The file.
        path: PathBuf,
        /// How they differ.
        difference: String,
    },
}

impl Fingerprint {
    /// The fingerprint of work with these settings on `dataset`.
    pub fn of(dataset: &Dataset, settings: BTreeMap<String, String>) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{} {} {}\n", dataset.scale, dataset.user_count(), dataset.movie_count()));
        for id in dataset.user_ids.table().iter().chain(dataset.movie_ids.table().iter()) {
            hash.update((id.len() as u64).to_le_bytes());
            hash.update(id);
        }
        for rating in &dataset.ratings {
            let [user, movie] = [rating.user.0, rating.movie.0].map(u32::to_le_bytes);
            hash.update([user, movie, rating.value.to_le_bytes()].as_flattened());
        }
        for timestamp in dataset.timestamps.iter().flatten() {
            hash.update(timestamp.to_le_bytes());
        }
        for movie in dataset.catalogue.iter() {
            for text in [movie.id, movie.title].into_iter().chain(movie.genres()) {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
        }
        Self { settings, data_sha256: hex::encode(hash.finalize()) }
    }

    /// How the work of `saved` differs from this. Empty if it is the same.
    fn difference(&self, saved: &Self) -> String {
        let names: std::collections::BTreeSet<&String> =
            self.settings.keys().chain(saved.settings.keys()).collect();
        let value =
            |of: &Self, name: &String| of.settings.get(name).map_or("not set", |value| value).to_owned();
        let mut differences: Vec<String> = names
            .into_iter()
            .filter(|name| self.settings.get(*name) != saved.settings.get(*name))
            .map(|name| {
                format!("{name} is {} in the checkpoint and {} here", value(saved, name), value(self, name))
            })
            .collect();
        if self.data_sha256 != saved.data_sha256 {
            differences.push("the data differ".to_owned());
        }
        differences.join(", ")
    }
}

impl Checkpoints {
    /// Saves to `folder` at most once per `interval`, and when `interrupted` is set.
    pub fn new(folder: PathBuf, interval: Duration, interrupted: Arc<AtomicBool>) -> Self {
        Self { folder, interval, interrupted }
    }

    /// The folder of the checkpoints.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the work is interrupted.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// The checkpoint of one kind of work, in `file` of the folder.
    pub(crate) fn slot(&self, file: &str, of: Fingerprint) -> Slot<'_> {
        Slot { checkpoints: self, path: self.folder.join(file), of, saved_at: Instant::now() }
    }
}

/// The checkpoint of one kind of work.
pub(crate) struct Slot<'a> {
    checkpoints: &'a Checkpoints,
    path: PathBuf,
    of: Fingerprint,
    saved_at: Instant,
}

impl<'a> Slot<'a> {
    /// Set when the work is interrupted.
    pub(crate) fn interrupted(&self) -> &'a AtomicBool {
        &self.checkpoints.interrupted
    }

    /// The state that was saved, if there is any.
    pub(crate) fn load(&self) -> Result<Option<Vec<u8>>, CheckpointError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io(error)),
        };
        let (saved, state) = unwrap(&bytes).ok_or_else(|| self.damaged("its checksum does not match"))?;
        let saved: Fingerprint = serde_json::from_slice(saved).map_err(|error| self.damaged(error))?;
        let difference = self.of.difference(&saved);
        if difference.is_empty() {
            Ok(Some(state.to_vec()))
        } else {
            Err(CheckpointError::OtherWork { path: self.path.clone(), difference })
        }
    }

    /// Whether the next [`pass`](Self::pass) saves.
    pub(crate) fn is_due(&self) -> bool {
        self.checkpoints.is_interrupted() || self.saved_at.elapsed() >= self.checkpoints.interval
    }

    /// Saves if it is time to. If the work is interrupted, saves and ends it.
    pub(crate) fn pass(&mut self, state: impl FnOnce() -> Vec<u8>) -> Result<(), Halt> {
        let interrupted = self.checkpoints.is_interrupted();
        if interrupted || self.saved_at.elapsed() >= self.checkpoints.interval {
            self.save(&state())?;
            self.saved_at = Instant::now();
        }
        if interrupted { Err(Halt::Interrupted(self.checkpoints.folder.clone())) } else { Ok(()) }
    }

    /// Removes the checkpoint of finished work.
    pub(crate) fn clear(&self) -> Result<(), CheckpointError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io(error)),
            _ => Ok(()),
        }
    }

    /// Saves, whether it is time to or not.
    pub(crate) fn save(&self, state: &[u8]) -> Result<(), CheckpointError> {
        let bytes = wrap(&serde_json::to_vec(&self.of).map_err(|error| self.io(error.into()))?, state);
        let folder = &self.checkpoints.folder;
        let write = || {
            fs::create_dir_all(folder)?;
            // Always the same name, so that the next process overwrites the file of a killed one.
            let sibling = self.path.with_extension("saving");
            let mut file = fs::File::create(&sibling)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&sibling, &self.path)
        };
        write().map_err(|error| self.io(error))
    }

    /// The error for a state that cannot be read.
    pub(crate) fn unreadable(&self, error: StateError) -> CheckpointError {
        self.damaged(error)
    }

    fn damaged(&self, problem: impl ToString) -> CheckpointError {
        CheckpointError::Damaged { path: self.path.clone(), problem: problem.to_string() }
    }

    fn io(&self, source: io::Error) -> CheckpointError {
        CheckpointError::Io { path: self.path.clone(), source }
    }
}

/// The magic bytes, the length of the fingerprint (u64, little endian), the fingerprint, the state, and the SHA-256 of all.
fn wrap(fingerprint: &[u8], state: &[u8]) -> Vec<u8> {
    let length = (fingerprint.len() as u64).to_le_bytes();
    let mut bytes = [MAGIC, &length, fingerprint, state].concat();
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// Fingerprint and state of a whole checkpoint.
fn unwrap(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bytes, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM_BYTES)?)?;
    if Sha256::digest(bytes).as_slice() != sum {
        return None;
    }
    let (length, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fingerprint(rank: &str) -> Fingerprint {
        let settings = [("n_factors".to_owned(), rank.to_owned())].into();
        Fingerprint { settings, data_sha256: "0".to_owned() }
    }

    fn checkpoints(folder: &Path) -> Checkpoints {
        Checkpoints::new(folder.join("made"), Duration::ZERO, Arc::default())
    }

    #[test]
    fn what_was_saved_is_loaded_and_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        assert_eq!(slot.load().unwrap(), None);
        slot.pass(|| vec![1, 2, 3]).unwrap();
        slot.pass(|| vec![4]).unwrap();
        assert_eq!(slot.load().unwrap(), Some(vec![4]));
        assert_eq!(fs::read_dir(checkpoints.folder()).unwrap().count(), 1);
        slot.clear().unwrap();
        slot.clear().unwrap();
        assert_eq!(slot.load().unwrap(), None);
    }

    #[test]
    fn nothing_is_saved_before_it_is_time_unless_the_work_must_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut checkpoints = checkpoints(folder.path());
        checkpoints.interval = Duration::MAX;
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        slot.pass(|| vec![1]).unwrap();
        assert_eq!(slot.load().unwrap(), None);
        checkpoints.interrupted.store(true, Ordering::Relaxed);
        assert!(matches!(slot.pass(|| vec![2]), Err(Halt::Interrupted(_))));
        assert_eq!(slot.load().unwrap(), Some(vec![2]));
    }

    #[test]
    fn other_work_is_refused_with_the_difference() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        checkpoints.slot("work", fingerprint("8")).pass(|| vec![1]).unwrap();
        let error = checkpoints.slot("work", fingerprint("9")).load().unwrap_err().to_string();
        assert!(error.contains("n_factors is 8 in the checkpoint and 9 here"), "{error}");
        let other_data = Fingerprint { data_sha256: "1".to_owned(), ..fingerprint("8") };
        let error = checkpoints.slot("work", other_data).load().unwrap_err().to_string();
        assert!(error.contains("the data differ"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_as_damaged(bytes in prop::collection::vec(any::<u8>(), 0..200), place: prop::sample::Index) {
            let folder = tempfile::tempdir().unwrap();
            let checkpoints = checkpoints(folder.path());
            let mut slot = checkpoints.slot("work", fingerprint("8"));
            slot.pass(|| vec![1; 100]).unwrap();
            let mut damaged = fs::read(&slot.path).unwrap();
            let place = place.index(damaged.len());
            damaged[place] ^= 1;
            for bytes in [bytes, damaged] {
                fs::write(&slot.path, bytes).unwrap();
                let is_damaged = matches!(slot.load(), Err(CheckpointError::Damaged { .. }));
                prop_assert!(is_damaged);
            }
        }
    }

    #[test]
    fn a_file_that_ends_early_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        slot.pass(|| vec![1; 100]).unwrap();
        let whole = fs::read(&slot.path).unwrap();
        for length in 0..whole.len() {
            fs::write(&slot.path, &whole[..length]).unwrap();
            assert!(matches!(slot.load(), Err(CheckpointError::Damaged { .. })), "{length}");
        }
    }
}
