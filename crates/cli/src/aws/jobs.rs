//! `matinee aws train` and `jobs`

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use matinee_jobs::{JobRequest, JobSettings, MetricDefinition, Started};

use super::Account;
use crate::sagemaker;

/// How often the end of a job is looked for.
const LOOK: Duration = Duration::from_secs(5);

/// Starts a job as the stack's function does, with the same request.
pub async fn train(
    account: &Account,
    parameters: &[String],
    instance_type: String,
    spot: bool,
    wait: bool,
) -> Result<ExitCode> {
    let settings = settings(account, instance_type, spot)?;
    let request = JobRequest { hyperparameters: hyperparameters(parameters)?, ..JobRequest::default() };
    let now = jiff::Timestamp::now();
    let name = JobRequest::name(&settings, now.as_second(), &now.to_string());
    match account.jobs.start(&account.s3, &settings, &request, &name).await? {
        Started::Started { job, files, bytes, .. } => {
            say!("started {job}: {files} files, {bytes} bytes");
            if wait { until_it_ends(account, &job).await } else { Ok(ExitCode::SUCCESS) }
        }
        Started::Running { job } => bail!("{job} runs; wait for its end, `matinee aws jobs` shows it"),
    }
}

/// Lists the last jobs.
pub async fn list(account: &Account) -> Result<ExitCode> {
    let jobs = account.jobs.recent(&account.stack.name, 20).await?;
    if jobs.is_empty() {
        eprintln!("stack {} has had no training job", account.stack.name);
    }
    for job in jobs {
        say!("{:<12} {}", job.status, job.name);
    }
    Ok(ExitCode::SUCCESS)
}

async fn until_it_ends(account: &Account, name: &str) -> Result<ExitCode> {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    loop {
        let job = account.jobs.describe(name).await?;
        bar.set_message(format!("{name}: {}", job.status));
        match job.status.as_str() {
            "InProgress" | "Stopping" => tokio::time::sleep(LOOK).await,
            "Completed" => {
                bar.finish_and_clear();
                say!("completed: {}", job.artifact.unwrap_or_default());
                return Ok(ExitCode::SUCCESS);
            }
            status => {
                bar.finish_and_clear();
                bail!("{name} is {status}: {}", job.failure.unwrap_or_default());
            }
        }
    }
}

fn settings(account: &Account, instance_type: String, spot: bool) -> Result<JobSettings> {
    let Account { stack, .. } = account;
    let lacks = |option: &str, variable: &str| {
        format!(
            "no {option} is named; give --{option} or set {variable}, as the stack's output CommandLine does"
        )
    };
    Ok(JobSettings {
        bucket: account.bucket()?.to_owned(),
        image: stack.image.clone().with_context(|| lacks("image", "MATINEE_IMAGE"))?,
        role: stack.role.clone().with_context(|| lacks("role", "MATINEE_ROLE"))?,
        name_prefix: stack.name.clone(),
        stack: stack.name.clone(),
        instance_type,
        volume_gb: 10,
        max_seconds: 3600,
        spot,
        hyperparameters: BTreeMap::from([("hold_out".to_owned(), "0.1".to_owned())]),
        metric_definitions: serde_json::from_value::<Vec<MetricDefinition>>(sagemaker::metric_definitions())?,
    })
}

fn hyperparameters(given: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').with_context(|| format!("`{text}` is not NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    given.iter().map(pair).collect()
}
