//! `matinee aws train` and `jobs`

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use matinee_jobs::{JobRequest, JobSettings, Occasion, Started};
use matinee_variables::Variables;

use super::account::Account;
use crate::sagemaker;

/// How often the end of a job is looked for.
const LOOK: Duration = Duration::from_secs(5);
/// What the stack's parameter is if nothing else is said.
const HYPERPARAMETERS: &str = r#"{"hold_out":"0.1"}"#;

/// Starts a job as the stack's function does, with the same request.
pub async fn train(
    account: &Account,
    parameters: Vec<(String, String)>,
    instance_type: Option<String>,
    on_demand: bool,
    wait: bool,
) -> Result<ExitCode> {
    let settings = settings(account, instance_type, on_demand)?;
    let request = JobRequest { hyperparameters: parameters.into_iter().collect(), ..JobRequest::default() };
    let now = jiff::Timestamp::now().to_string();
    match account.jobs.start(&account.s3, &settings, &request, Occasion::Asked(&now)).await? {
        Started::Started { job, files, bytes, .. } => {
            say!("started {job}: {files} files, {bytes} bytes");
            if wait { until_it_ends(account, &job).await } else { Ok(ExitCode::SUCCESS) }
        }
        Started::Running { job } => bail!("{job} runs; wait for its end, `matinee aws jobs` shows it"),
        Started::UpToDate { job } => bail!("{job} was started by this very request, and has ended"),
    }
}

/// Lists the last jobs.
pub async fn list(account: &Account) -> Result<ExitCode> {
    let jobs = account.jobs.recent(&account.job_name_prefix()?, 20).await?;
    if jobs.is_empty() {
        eprintln!("stack {} has had no training job", account.stack.name);
    }
    for job in jobs {
        let created = job.created.and_then(|time| jiff::Timestamp::from_second(time).ok());
        let created = created.map(|time| time.to_string()).unwrap_or_default();
        say!("{:<12} {} {created}", job.status, job.name);
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

/// What the stack's function would have, but for what the options say.
fn settings(account: &Account, instance_type: Option<String>, on_demand: bool) -> Result<JobSettings> {
    let Account { stack, .. } = account;
    let lacks = |option: &str, variable: &str| {
        format!(
            "no {option} is named; give --{option} or set {variable}, as the stack's output CommandLine does"
        )
    };
    account.bucket()?;
    stack.image.as_ref().with_context(|| lacks("image", "MATINEE_IMAGE"))?;
    stack.role.as_ref().with_context(|| lacks("role", "MATINEE_ROLE"))?;
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
