//! Files that a command writes at the end of its work. Their names are checked before the work begins, so that a wrong
//! name does not waste it, and nothing is overwritten by mistake.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Refuses a file that cannot be written, or that the command reads.
pub fn check_file(option: &str, path: &Path, read: &[PathBuf]) -> Result<()> {
    let shown = path.display();
    if path.is_dir() {
        bail!("{option} {shown} is a folder; name a file");
    }
    let parent = folder_of(path);
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

/// Refuses a file in the folder of a model, which holds the model alone.
pub fn check_outside(option: &str, path: &Path, model: &Path) -> Result<()> {
    let (Ok(folder), Ok(model_folder)) = (folder_of(path).canonicalize(), model.canonicalize()) else {
        return Ok(());
    };
    if folder.starts_with(model_folder) {
        bail!(
            "{option} {} lies in the model's folder {}, which holds the model alone; name a file elsewhere",
            path.display(),
            model.display()
        );
    }
    Ok(())
}

/// Refuses two options that name the same file.
pub fn check_distinct(one: (&str, &Path), other: (&str, &Path)) -> Result<()> {
    let place = |path: &Path| (folder_of(path).canonicalize().ok(), path.file_name().map(ToOwned::to_owned));
    if place(one.1) == place(other.1) {
        bail!("{} and {} name the same file, {}; name two", one.0, other.0, one.1.display());
    }
    Ok(())
}

/// Writes a file as a whole: a failure leaves the file that was there.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    // Behind a link lies the file; a pipe or a terminal has no place beside it.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if target.exists() && !target.is_file() {
        return fs::write(&target, bytes).with_context(cannot);
    }
    let mut file = tempfile::Builder::new()
        .prefix(".matinee-")
        .suffix(".part")
        .tempfile_in(folder_of(&target))
        .with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    make_readable(file.as_file(), &target).with_context(cannot)?;
    file.persist(&target).with_context(cannot)?;
    Ok(())
}

/// Temporary files are private. A new file is readable by all; one that is replaced keeps its permissions.
fn make_readable(file: &fs::File, target: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let replaced = fs::metadata(target).map(|metadata| metadata.permissions());
        file.set_permissions(replaced.unwrap_or_else(|_| fs::Permissions::from_mode(0o644)))?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
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

    #[test]
    fn a_model_s_folder_holds_the_model_alone() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model");
        std::fs::create_dir(&model).unwrap();
        let refusal = check_outside("--csv", &model.join("tuning.csv"), &model).unwrap_err().to_string();
        assert!(refusal.contains("holds the model alone"), "{refusal}");
        check_outside("--csv", &folder.path().join("tuning.csv"), &model).unwrap();
        check_outside("--csv", &folder.path().join("tuning.csv"), &folder.path().join("new")).unwrap();
    }

    #[test]
    fn two_options_name_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, dotted) = (folder.path().join("x"), folder.path().join(".").join("x"));
        let refusal = check_distinct(("--json", &plain), ("--html", &dotted)).unwrap_err().to_string();
        assert!(refusal.contains("--json and --html name the same file"), "{refusal}");
        check_distinct(("--json", &plain), ("--html", &folder.path().join("y"))).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn another_name_of_the_file_keeps_its_content() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ratings, link) = (folder.path().join("ratings.csv"), folder.path().join("tuning.csv"));
        std::fs::write(&ratings, "ratings").unwrap();
        std::fs::hard_link(&ratings, &link).unwrap();
        std::fs::set_permissions(&ratings, std::fs::Permissions::from_mode(0o640)).unwrap();
        write(&link, b"points").unwrap();
        assert_eq!(std::fs::read_to_string(&ratings).unwrap(), "ratings");
        assert_eq!(std::fs::read_to_string(&link).unwrap(), "points");
        assert_eq!(std::fs::metadata(&link).unwrap().permissions().mode() & 0o777, 0o640);
        write(Path::new("/dev/null"), b"points").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
