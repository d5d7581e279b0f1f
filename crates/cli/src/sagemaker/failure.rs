//! How a job ends: its exit code, and the failure file, which `SageMaker` reads for the reason of a failure.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use anyhow::{Error, Result, anyhow};
use matinee_train::checkpoint::Halt;

use super::Root;

/// 128 + SIGTERM, as in a shell: the job is not completed but has not failed either.
const INTERRUPTED: u8 = 143;

/// Runs `work`. If it fails or panics, writes the error and its causes to the failure file. The file of an earlier job
/// under the same root is removed first.
pub fn with_failure_file(root: &Root, work: impl FnOnce() -> Result<()>) -> ExitCode {
    remove_failure_file(root);
    let error = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error,
        Err(panic) => anyhow!("a bug in matinee: {}", message(&*panic)),
    };
    if let Some(halt @ Halt::Interrupted(_)) = error.downcast_ref() {
        eprintln!("{halt}");
        return ExitCode::from(INTERRUPTED);
    }
    eprintln!("error: {error:#}");
    write_failure_file(root, &error);
    ExitCode::FAILURE
}

/// Removes the failure file of an earlier job.
fn remove_failure_file(root: &Root) {
    let path = root.failure();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            eprintln!("cannot remove the failure file of an earlier job, {}: {error}", path.display());
        }
        _ => {}
    }
}

fn write_failure_file(root: &Root, error: &Error) {
    let path = root.failure();
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(&path, format!("{error:#}\n"))
    };
    if let Err(cause) = write() {
        eprintln!("cannot write the failure file {}: {cause}", path.display());
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned());
        let code = with_failure_file(&root, || panic!("row {} of 3", 4));
        assert_eq!(code, ExitCode::FAILURE);
        let reason = std::fs::read_to_string(root.failure()).unwrap();
        assert_eq!(reason, "a bug in matinee: row 4 of 3\n");
    }

    #[test]
    fn an_error_is_written_with_its_causes() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned());
        let code =
            with_failure_file(&root, || Err(anyhow!("no such file").context("cannot read ratings.csv")));
        assert_eq!(code, ExitCode::FAILURE);
        let reason = std::fs::read_to_string(root.failure()).unwrap();
        assert_eq!(reason, "cannot read ratings.csv: no such file\n");
    }

    #[test]
    fn success_and_interruption_leave_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned());
        assert_eq!(with_failure_file(&root, || Ok(())), ExitCode::SUCCESS);
        with_failure_file(&root, || Err(anyhow!("of an earlier job")));
        assert!(root.failure().exists());
        assert_eq!(with_failure_file(&root, || Ok(())), ExitCode::SUCCESS);
        assert!(!root.failure().exists());
        with_failure_file(&root, || Err(anyhow!("of an earlier job")));
        let interrupted = with_failure_file(&root, || Err(Halt::Interrupted("checkpoints".into()).into()));
        assert_eq!(interrupted, ExitCode::from(INTERRUPTED));
        assert!(!root.failure().exists());
    }
}
