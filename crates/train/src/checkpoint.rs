//! Checkpoints: work is saved while it runs, and continues from there when it is started again.
//!
//! A checkpoint is one file with the [`Fingerprint`] of the work and its state, so that other work never continues from
//! it. It is written to a temporary file and renamed: a reader sees either the last checkpoint or the one before, whenever
//! the process is killed.

mod file;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ratings::{Dataset, Timestamps};
use crate::state::{StateError, StateReader, StateWriter};

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
        for timestamp in dataset.timestamps.iter().flat_map(Timestamps::iter) {
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

    /// The state that was saved, if there is any. The file was checked, and none of the state has been read yet.
    pub(crate) fn load(&self) -> Result<Option<StateReader<'static>>, CheckpointError> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io(error)),
        };
        let whole = file::read(file).map_err(|error| self.io(error))?;
        let (saved, state) = whole.ok_or_else(|| self.damaged("its checksum does not match"))?;
        let saved: Fingerprint = serde_json::from_slice(&saved).map_err(|error| self.damaged(error))?;
        let difference = self.of.difference(&saved);
        if difference.is_empty() {
            Ok(Some(state))
        } else {
            Err(CheckpointError::OtherWork { path: self.path.clone(), difference })
        }
    }

    /// Whether the next [`pass`](Self::pass) saves.
    pub(crate) fn is_due(&self) -> bool {
        self.checkpoints.is_interrupted() || self.saved_at.elapsed() >= self.checkpoints.interval
    }

    /// Saves if it is time to. If the work is interrupted, saves and ends it.
    pub(crate) fn pass(&mut self, state: impl FnOnce(&mut StateWriter<'_>)) -> Result<(), Halt> {
        let interrupted = self.checkpoints.is_interrupted();
        if interrupted || self.saved_at.elapsed() >= self.checkpoints.interval {
            self.save(state)?;
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
    pub(crate) fn save(&self, state: impl FnOnce(&mut StateWriter<'_>)) -> Result<(), CheckpointError> {
        let folder = &self.checkpoints.folder;
        let write = || {
            let fingerprint = serde_json::to_vec(&self.of)?;
            fs::create_dir_all(folder)?;
            // Always the same name, so that the next process overwrites the file of a killed one.
            let sibling = self.path.with_extension("saving");
            file::write(&mut fs::File::create(&sibling)?, &fingerprint, state)?;
            fs::rename(&sibling, &self.path)
        };
        write().map_err(|error| self.io(error))
    }

    /// The error for a state that cannot be read.
    pub(crate) fn unreadable(&self, error: StateError) -> CheckpointError {
        match error {
            StateError::Io(error) => self.io(error),
            foreign @ StateError::Foreign(_) => self.damaged(foreign),
        }
    }

    fn damaged(&self, problem: impl ToString) -> CheckpointError {
        CheckpointError::Damaged { path: self.path.clone(), problem: problem.to_string() }
    }

    fn io(&self, source: io::Error) -> CheckpointError {
        CheckpointError::Io { path: self.path.clone(), source }
    }
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

    fn refusal(slot: &Slot<'_>) -> String {
        slot.load().err().map(|error| error.to_string()).unwrap_or_default()
    }

    /// The number that was saved.
    fn loaded(slot: &Slot<'_>) -> Option<u64> {
        let mut state = slot.load().unwrap()?;
        let number = state.number().unwrap();
        state.finish().unwrap();
        Some(number)
    }

    #[test]
    fn what_was_saved_is_loaded_and_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        assert_eq!(loaded(&slot), None);
        slot.pass(|state| state.value(&"a longer state")).unwrap();
        slot.pass(|state| state.number(4)).unwrap();
        assert_eq!(loaded(&slot), Some(4));
        assert_eq!(fs::read_dir(checkpoints.folder()).unwrap().count(), 1);
        slot.clear().unwrap();
        slot.clear().unwrap();
        assert_eq!(loaded(&slot), None);
    }

    #[test]
    fn nothing_is_saved_before_it_is_time_unless_the_work_must_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut checkpoints = checkpoints(folder.path());
        checkpoints.interval = Duration::MAX;
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        slot.pass(|state| state.number(1)).unwrap();
        assert_eq!(loaded(&slot), None);
        checkpoints.interrupted.store(true, Ordering::Relaxed);
        assert!(matches!(slot.pass(|state| state.number(2)), Err(Halt::Interrupted(_))));
        assert_eq!(loaded(&slot), Some(2));
    }

    #[test]
    fn other_work_is_refused_with_the_difference() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        checkpoints.slot("work", fingerprint("8")).pass(|state| state.number(1)).unwrap();
        let error = refusal(&checkpoints.slot("work", fingerprint("9")));
        assert!(error.contains("n_factors is 8 in the checkpoint and 9 here"), "{error}");
        let other_data = Fingerprint { data_sha256: "1".to_owned(), ..fingerprint("8") };
        let error = refusal(&checkpoints.slot("work", other_data));
        assert!(error.contains("the data differ"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_as_damaged(bytes in prop::collection::vec(any::<u8>(), 0..200), place: prop::sample::Index) {
            let folder = tempfile::tempdir().unwrap();
            let checkpoints = checkpoints(folder.path());
            let mut slot = checkpoints.slot("work", fingerprint("8"));
            slot.pass(|state| state.floats(&[1.0; 25])).unwrap();
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
        slot.pass(|state| state.floats(&[1.0; 25])).unwrap();
        let whole = fs::read(&slot.path).unwrap();
        for length in 0..whole.len() {
            fs::write(&slot.path, &whole[..length]).unwrap();
            assert!(matches!(slot.load(), Err(CheckpointError::Damaged { .. })), "{length}");
        }
    }

    #[test]
    fn the_last_checkpoint_stays_if_the_next_one_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        slot.pass(|state| state.number(1)).unwrap();
        fs::create_dir(slot.path.with_extension("saving")).unwrap();
        let error = slot.pass(|state| state.number(2)).unwrap_err();
        assert!(matches!(error, Halt::Checkpoint(CheckpointError::Io { .. })), "{error}");
        assert_eq!(loaded(&slot), Some(1));
    }

    #[test]
    fn a_state_is_read_to_its_end_while_the_next_one_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = checkpoints(folder.path());
        let mut slot = checkpoints.slot("work", fingerprint("8"));
        let numbers: Vec<u32> = (0..100_000).collect();
        slot.pass(|state| state.whole_numbers(numbers.iter().copied())).unwrap();
        let mut state = slot.load().unwrap().unwrap();
        slot.pass(|state| state.number(2)).unwrap();
        assert_eq!(state.whole_numbers().unwrap(), numbers);
        state.finish().unwrap();
    }
}
