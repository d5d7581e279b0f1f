//! How a job ends: its exit code, and the reason of a failure where `SageMaker` looks for it.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use anyhow::{Error, Result, anyhow};
use matinee_train::checkpoint::Halt;

use super::Root;

/// 128 + SIGTERM, as a shell says it: the job is not completed, and has not failed.
const INTERRUPTED: u8 = 143;

/// Does the work of a job. A failure, a panic too, is written to the failure file, reason first. The reason of an
/// earlier job under the same root is removed before the work begins.
pub fn guard(root: &Root, work: impl FnOnce() -> Result<()>) -> ExitCode {
    forget(root);
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
    leave(root, &error);
    ExitCode::FAILURE
}

/// Removes the reason of an earlier failure.
fn forget(root: &Root) {
    let path = root.failure();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            eprintln!("the reason of an earlier failure cannot be removed from {}: {error}", path.display());
        }
        _ => {}
    }
}

fn leave(root: &Root, error: &Error) {
    let path = root.failure();
    let write = || {
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(&path, format!("{error:#}\n"))
    };
    if let Err(refusal) = write() {
        eprintln!("the reason cannot be written to {}: {refusal}", path.display());
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
    fn a_panic_is_a_failure_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned());
        let code = guard(&root, || panic!("row {} of 3", 4));
        assert_eq!(code, ExitCode::FAILURE);
        let reason = std::fs::read_to_string(root.failure()).unwrap();
        assert_eq!(reason, "a bug in matinee: row 4 of 3\n");
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned());
        let code = guard(&root, || Err(anyhow!("no such file").context("cannot read ratings.csv")));
        assert_eq!(code, ExitCode::FAILURE);
        let reason = std::fs::read_to_string(root.failure()).unwrap();
        assert_eq!(reason, "cannot read ratings.csv: no such file\n");
    }

    #[test]
    fn success_and_interruption_leave_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned());
        assert_eq!(guard(&root, || Ok(())), ExitCode::SUCCESS);
        guard(&root, || Err(anyhow!("of an earlier job")));
        assert!(root.failure().exists());
        assert_eq!(guard(&root, || Ok(())), ExitCode::SUCCESS);
        assert!(!root.failure().exists());
        guard(&root, || Err(anyhow!("of an earlier job")));
        let interrupted = guard(&root, || Err(Halt::Interrupted("checkpoints".into()).into()));
        assert_eq!(interrupted, ExitCode::from(INTERRUPTED));
        assert!(!root.failure().exists());
    }
}
