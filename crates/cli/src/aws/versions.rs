//! `matinee aws publish`, `rollback` and `versions`

use std::process::ExitCode;

use anyhow::{Context, Result};
use matinee_aws::{Decision, Gate, LivePointer, Memory, Publisher, S3Uri};

use super::Account;

/// The object that says which model is live.
pub const POINTER: &str = "models/live.json";

/// Makes an artifact live.
pub async fn publish(account: &Account, uri: &str, force: bool) -> Result<ExitCode> {
    let uri: S3Uri = uri.parse()?;
    eprintln!("reading {uri}");
    tell(publisher(account)?.publish(&uri, force).await?)
}

/// Goes back.
pub async fn roll_back(account: &Account, version: Option<&str>) -> Result<ExitCode> {
    tell(publisher(account)?.roll_back(version).await?)
}

/// Lists what is live and what was.
pub async fn list(account: &Account) -> Result<ExitCode> {
    let Some(LivePointer { live, previous }) = publisher(account)?.list().await? else {
        say!("no model is published yet; the demo model answers");
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
    let bucket = account.bucket().context("models are published in the stack's bucket")?;
    let gate = Gate::from_lookup(|name| account.setting(name))
        .context("here the variables of the stack's functions have the prefix MATINEE_")?;
    let publisher = Publisher::new(account.s3.clone(), bucket, POINTER, gate, Memory::default());
    let serving_memory = account.setting("PREDICT_MEMORY_MB").map(|memory| memory.parse()).transpose();
    Ok(publisher.for_function_of(serving_memory.context("MATINEE_PREDICT_MEMORY_MB must be a number of MB")?))
}

fn tell(decision: Decision) -> Result<ExitCode> {
    match decision {
        Decision::Published { live, before, skipped } => {
            for what in skipped {
                eprintln!("not compared: {what}");
            }
            say!("{} is live; before: {}", live.version, before.as_deref().unwrap_or("none"));
            Ok(ExitCode::SUCCESS)
        }
        Decision::AlreadyLive { live } => {
            say!("{} is live already", live.version);
            Ok(ExitCode::SUCCESS)
        }
        Decision::Refused { reasons, uri, .. } => {
            anyhow::bail!("{uri} is refused, the live model stays: {}", reasons.join("; "))
        }
    }
}
