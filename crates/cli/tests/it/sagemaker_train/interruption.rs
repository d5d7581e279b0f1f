//! A job that SIGTERM has stopped continues from its checkpoint when it is started again.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::job::Job;

/// Starts the job and sends SIGTERM when its output has a line with `part`.
fn interrupt(job: &Job, part: &str) -> (Option<i32>, String) {
    let mut process = job.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the job ended without `{part}`");
    }
    let signalled = Command::new("kill").arg(process.id().to_string()).status().unwrap();
    assert!(signalled.success());
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    let mut printed = String::new();
    process.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
    (process.wait().unwrap().code(), printed)
}

fn checkpoints(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_stopped_job_continues_and_writes_the_same_bytes() {
    let hyperparameters =
        json!({"algorithm": "svd", "n_factors": "8", "n_epochs": "1000", "checkpoint_interval": "3600"});
    let whole = Job::new(&hyperparameters);
    whole.succeed();
    let job = Job::new(&hyperparameters);
    for part in ["epoch=5;", "learning from all ratings"] {
        let (code, printed) = interrupt(&job, part);
        assert_eq!(code, Some(143), "{printed}");
        assert!(printed.contains("interrupted; the progress is saved in"), "{printed}");
        assert_eq!(checkpoints(&job.path("checkpoints")), ["ranking.checkpoint", "training.checkpoint"]);
        assert!(!job.path("output/failure").exists() && !job.path("model").exists());
    }
    let printed = job.succeed();
    assert!(printed.contains("continuing from the checkpoint after epoch"), "{printed}");
    assert!(!printed.contains("to measure"), "the first part was done before: {printed}");
    assert!(job.tensors() == whole.tensors());
    assert_eq!(job.model().manifest().metrics, whole.model().manifest().metrics);
    assert!(checkpoints(&job.path("checkpoints")).is_empty());
}

#[test]
fn a_job_that_is_stopped_while_it_learns_the_ranking_head_continues() {
    let hyperparameters =
        json!({"algorithm": "svd", "n_factors": "4", "n_epochs": "1", "checkpoint_interval": "3600"});
    let whole = Job::new(&hyperparameters);
    whole.succeed();
    let job = Job::new(&hyperparameters);
    let (code, printed) = interrupt(&job, "step 2");
    assert_eq!(code, Some(143), "{printed}");
    assert_eq!(checkpoints(&job.path("checkpoints")), ["ranking.checkpoint"]);
    let printed = job.succeed();
    assert!(printed.contains("continuing from the checkpoint of the ranking head"), "{printed}");
    let first_step = printed.lines().find(|line| line.starts_with("step ")).unwrap();
    assert!(first_step != "step 1" && first_step != "step 2", "these were done before: {printed}");
    assert!(job.tensors() == whole.tensors());
}

#[test]
fn a_stopped_tuning_continues() {
    let hyperparameters = json!({"algorithm": "svd", "tune": "grid", "n_factors": "4,8", "n_epochs": "30", "tune_margin": "inf", "hold_out": "0"});
    let whole = Job::new(&hyperparameters);
    whole.succeed();
    let job = Job::new(&hyperparameters);
    let (code, printed) = interrupt(&job, "fit 3 of 90");
    assert_eq!(code, Some(143), "{printed}");
    assert_eq!(checkpoints(&job.path("checkpoints")), ["tuning.checkpoint"]);
    let printed = job.succeed();
    assert!(!printed.contains("fit 1 of 90"), "{printed}");
    let table = |job: &Job| std::fs::read_to_string(job.path("output/data/tuning.csv")).unwrap();
    assert_eq!(table(&job), table(&whole));
    assert!(job.tensors() == whole.tensors());
    assert!(checkpoints(&job.path("checkpoints")).is_empty());
}

#[test]
fn a_checkpoint_of_another_job_is_refused() {
    let job = Job::new(&json!({"algorithm": "svd", "n_factors": "8", "n_epochs": "1000"}));
    interrupt(&job, "epoch=5;");
    job.put("input/config/hyperparameters.json", r#"{"algorithm":"svd","n_factors":"9","n_epochs":"1000"}"#);
    let reason = job.fail();
    assert!(
        reason.contains("belongs to other work: n_factors is 8 in the checkpoint and 9 here"),
        "{reason}"
    );
}
