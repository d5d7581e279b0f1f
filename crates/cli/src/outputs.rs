//! Files that a command writes at the end of its work. Their names are checked before the work begins, so that a wrong
//! name does not waste it, and nothing is overwritten by mistake.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// Refuses a file that cannot be written, or that the command reads.
pub fn check_file(option: &str, path: &Path, read: &[PathBuf]) -> Result<()> {
    let shown = path.display();
    if path.is_dir() {
        bail!("{option} {shown} is a folder; name a file");
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        bail!("{option} {shown}: there is no folder {}; create it first", parent.display());
    }
    let is_same = |input: &PathBuf| {
        path.canonicalize().is_ok_and(|path| input.canonicalize().is_ok_and(|input| input == path))
    };
    if read.iter().any(is_same) {
        bail!("{option} {shown} would overwrite a file that the command reads; name another file");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_read_and_one_that_cannot_be_written_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let ratings = folder.path().join("ratings.csv");
        std::fs::write(&ratings, "userId,movieId,rating\n").unwrap();
        let refusal =
            |path: &Path| check_file("--csv", path, std::slice::from_ref(&ratings)).unwrap_err().to_string();
        assert!(
            refusal(&folder.path().join("../").join(folder.path()).join("ratings.csv"))
                .contains("would overwrite")
        );
        assert!(refusal(folder.path()).contains("is a folder"));
        assert!(refusal(&folder.path().join("new/points.csv")).contains("create it first"));
        std::fs::write(folder.path().join("old.csv"), "").unwrap();
        for name in ["old.csv", "new.csv"] {
            check_file("--csv", &folder.path().join(name), std::slice::from_ref(&ratings)).unwrap();
        }
    }
}
