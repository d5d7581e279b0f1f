//! Moves the files of an artifact to their place, so that a reader sees either the old model or the new one.

use std::fs::{self, File};
use std::path::Path;

use super::destination::{Destination, FILES, part_name};
use super::{ArtifactError, USERS_FILE};

impl Destination {
    /// Moves the files in `sibling` to the folder.
    pub(super) fn fill(&self, sibling: tempfile::TempDir) -> Result<(), ArtifactError> {
        if !self.is_shared && exchange(sibling.path(), &self.folder).is_ok() {
            return discard(&sibling.keep());
        }
        if !self.is_shared && (!self.folder.exists() || fs::remove_dir(&self.folder).is_ok()) {
            let moved = fs::rename(sibling.path(), &self.folder);
            return moved.map_err(|error| ArtifactError::io(&self.folder, error));
        }
        replace_files(sibling.path(), &self.folder)
    }
}

/// Removes the old model file by file, so that files which somebody added in the meantime are kept.
fn discard(folder: &Path) -> Result<(), ArtifactError> {
    for file in FILES {
        for path in [folder.join(file), folder.join(part_name(file))] {
            let _ = fs::remove_file(path);
        }
    }
    let Err(error) = fs::remove_dir(folder) else { return Ok(()) };
    let is_left = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    Err(if is_left {
        let problem =
            "contains files that were added to the old model while it was being replaced".to_owned();
        ArtifactError::Occupied { path: folder.to_owned(), problem }
    } else {
        ArtifactError::io(folder, error)
    })
}

/// Swaps two folders atomically, if the system supports it.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    return {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
    };
    #[cfg(not(target_os = "linux"))]
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Replaces the files in a folder on another file system. All bytes are written before the first file is replaced, so
/// the old model survives a full disk.
fn replace_files(from: &Path, to: &Path) -> Result<(), ArtifactError> {
    let part_of = |file: &str| to.join(part_name(file));
    let new = || FILES.into_iter().filter(|&file| file != USERS_FILE || from.join(file).exists());
    for file in new() {
        let part = part_of(file);
        let copied = fs::copy(from.join(file), &part).and_then(|_| File::open(&part)?.sync_all());
        if let Err(error) = copied {
            for file in FILES {
                let _ = fs::remove_file(part_of(file));
            }
            return Err(ArtifactError::io(&part, error));
        }
    }
    for file in new() {
        let old = to.join(file);
        fs::rename(part_of(file), &old).map_err(|error| ArtifactError::io(&old, error))?;
    }
    if !new().any(|file| file == USERS_FILE) {
        // The new model has no such file, and the old one may have had.
        let _ = fs::remove_file(to.join(USERS_FILE));
    }
    Ok(())
}

/// Flushes the folder, so that the move survives a power failure, if the system supports that.
pub(super) fn flush_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MANIFEST_FILE, MODEL_FILE, MOVIES_FILE};
    use super::*;

    #[test]
    fn files_are_replaced_together_or_not_at_all() {
        let [from, to] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let content = |name: &str| fs::read_to_string(to.path().join(name)).unwrap();
        for name in [MOVIES_FILE, MODEL_FILE, MANIFEST_FILE] {
            fs::write(from.path().join(name), "new").unwrap();
            fs::write(to.path().join(name), "old").unwrap();
        }
        fs::remove_file(from.path().join(MANIFEST_FILE)).unwrap();
        replace_files(from.path(), to.path()).unwrap_err();
        assert_eq!([MOVIES_FILE, MODEL_FILE, MANIFEST_FILE].map(content), ["old"; 3]);
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 3);

        fs::write(from.path().join(MANIFEST_FILE), "new").unwrap();
        replace_files(from.path(), to.path()).unwrap();
        assert_eq!([MOVIES_FILE, MODEL_FILE, MANIFEST_FILE].map(content), ["new"; 3]);
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 3);

        fs::write(from.path().join(USERS_FILE), "new").unwrap();
        replace_files(from.path(), to.path()).unwrap();
        assert_eq!(FILES.map(content), ["new"; 4]);
        fs::remove_file(from.path().join(USERS_FILE)).unwrap();
        replace_files(from.path(), to.path()).unwrap();
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 3, "the new model has no users.bin");
    }

    #[test]
    fn what_came_beside_the_old_model_is_kept() {
        let old = tempfile::tempdir().unwrap();
        for name in FILES {
            fs::write(old.path().join(name), "old").unwrap();
        }
        fs::write(old.path().join("notes.txt"), "mine").unwrap();
        let error = discard(old.path()).unwrap_err().to_string();
        assert!(error.contains(&old.path().display().to_string()), "{error}");
        assert_eq!(fs::read_to_string(old.path().join("notes.txt")).unwrap(), "mine");
        fs::remove_file(old.path().join("notes.txt")).unwrap();
        discard(old.path()).unwrap();
        assert!(!old.path().exists());
    }
}
