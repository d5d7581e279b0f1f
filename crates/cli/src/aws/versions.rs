//! `matinee aws publish`, `rollback` and `versions`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use matinee_aws::{Decision, Gate, LivePointer, Memory, Publisher, S3Uri};

use super::account::Account;

/// Makes an artifact live.
pub async fn publish(account: &Account, uri: &str, force: bool) -> Result<ExitCode> {
    let uri: S3Uri = uri.parse()?;
    eprintln!("reading {uri}");
    print_decision(publisher(account)?.publish(&uri, force).await?)
}

/// Goes back to an earlier model.
pub async fn roll_back(account: &Account, version: Option<&str>) -> Result<ExitCode> {
    print_decision(publisher(account)?.roll_back(version).await?)
}

/// Lists the live model and those before it.
pub async fn list(account: &Account) -> Result<ExitCode> {
    let Some(LivePointer { live, previous }) = publisher(account)?.list().await? else {
        say!("no model is published yet; the API serves the demo model");
        return Ok(ExitCode::SUCCESS);
    };
    for (mark, model) in std::iter::once(("live", live)).chain(previous.into_iter().map(|model| ("", model)))
    {
        say!("{mark:<4} {} {} {}", model.version, model.published_at, model.uri);
    }
    Ok(ExitCode::SUCCESS)
}

/// The publisher, with the stack's gate.
pub fn publisher(account: &Account) -> Result<Publisher> {
    let bucket = account.bucket().context("cannot find the published models")?;
    let variables = account.variables();
    let gate = Gate::from_variables(&variables)?;
    let publisher = Publisher::new(account.s3.clone(), bucket, gate, Memory::default());
    Ok(publisher.with_serving_memory(variables.whole_number("PREDICT_MEMORY_MB", 1..=u32::MAX)?))
}

fn print_decision(decision: Decision) -> Result<ExitCode> {
    match decision {
        Decision::Published { live, before, skipped } => {
            for what in skipped {
                eprintln!("not compared: {what}");
            }
            say!("{} is live; before: {}", live.version, before.as_deref().unwrap_or("none"));
            Ok(ExitCode::SUCCESS)
        }
        Decision::AlreadyLive { live } => {
            say!("{} is already live", live.version);
            Ok(ExitCode::SUCCESS)
        }
        Decision::Refused { reasons, uri, .. } => {
            anyhow::bail!("{uri} was refused, and the live model has not changed: {}", reasons.join("; "))
        }
    }
}
