//! `matinee aws train` and `matinee aws jobs`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use matinee_jobs::{JobRequest, JobSettings, Sources, StartOutcome, StartReason};
use matinee_variables::Variables;

use super::account::Account;
use crate::sagemaker;

/// How often to ask whether a job has ended.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The default of the stack's parameter `Hyperparameters`.
const HYPERPARAMETERS: &str = r#"{"hold_out":"0.1"}"#;

/// Starts a job with the same request as the stack's function.
pub async fn train(
    account: &Account,
    parameters: Vec<(String, String)>,
    instance_type: Option<String>,
    on_demand: bool,
    wait: bool,
) -> Result<ExitCode> {
    // Who chooses an instance means SageMaker, however large the ratings are.
    let spark = (instance_type.is_some() || on_demand).then_some(false);
    let settings = settings(account, instance_type, on_demand)?;
    let hyperparameters = parameters.into_iter().collect();
    let request = JobRequest { hyperparameters, spark, ..JobRequest::default() };
    let now = jiff::Timestamp::now().to_string();
    let sources = Sources { s3: account.s3.clone(), ratings: None };
    match account.jobs.start(&sources, &settings, &request, StartReason::Requested(&now)).await? {
        StartOutcome::Started { job, files, bytes, .. } => {
            say!("started {job}: {files} files, {bytes} bytes");
            if wait { wait_until_ended(account, &job).await } else { Ok(ExitCode::SUCCESS) }
        }
        StartOutcome::Running { job } => {
            bail!("{job} is running; wait until it ends: `matinee aws jobs` shows its status")
        }
        StartOutcome::UpToDate { job } | StartOutcome::NothingNew { job } => {
            bail!("{job} was started by the same request, and has ended; try again")
        }
    }
}

/// Lists the latest jobs.
pub async fn list(account: &Account) -> Result<ExitCode> {
    let jobs = account.jobs.recent(&account.job_name_prefix()?, 20).await?;
    if jobs.is_empty() {
        eprintln!("stack {} has no training jobs", account.stack.name);
    }
    for job in jobs {
        let created = job.created.and_then(|time| jiff::Timestamp::from_second(time).ok());
        let created = created.map(|time| time.to_string()).unwrap_or_default();
        say!("{:<12} {} {created}", job.status, job.name);
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until the job ends. Fails if the job does.
async fn wait_until_ended(account: &Account, name: &str) -> Result<ExitCode> {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    loop {
        let job = account.jobs.find(&account.job_name_prefix()?, account.bucket()?, name).await?;
        bar.set_message(format!("{name}: {}", job.status));
        match job.status.as_str() {
            "InProgress" | "Stopping" => tokio::time::sleep(POLL_INTERVAL).await,
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

/// The settings of the stack's function, overridden by the options.
fn settings(account: &Account, instance_type: Option<String>, on_demand: bool) -> Result<JobSettings> {
    let Account { stack, .. } = account;
    let unknown = |option: &str, variable: &str| {
        format!(
            "the {option} is unknown; give --{option} or set {variable} to its value in the stack's output CommandLine"
        )
    };
    account.bucket()?;
    stack.image.as_ref().with_context(|| unknown("image", "MATINEE_IMAGE"))?;
    stack.role.as_ref().with_context(|| unknown("role", "MATINEE_ROLE"))?;
    let metrics = sagemaker::metric_definitions().to_string();
    let variables = account.variables();
    let variables = Variables::from_lookup(|name| match name {
        "METRIC_DEFINITIONS" => Some(metrics.clone()),
        "HYPERPARAMETERS" => variables.get(name).or_else(|| Some(HYPERPARAMETERS.to_owned())),
        _ => variables.get(name),
    });
    let settings = JobSettings::from_variables(&variables.with_prefix("MATINEE_"))?;
    Ok(JobSettings {
        instance_type: instance_type.unwrap_or(settings.instance_type),
        spot: settings.spot && !on_demand,
        ..settings
    })
}
