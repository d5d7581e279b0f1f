//! `matinee aws publish`, `rollback` and `versions`.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use matinee_api::response::ModelVersionAnswer;
use matinee_aws::{Decision, Gate, LivePointer, Memory, Publisher, S3Uri};

use super::account::Account;
use crate::outputs;
use crate::progress::Waiting;
use crate::report::versions_page;

/// Makes an artifact live.
pub async fn publish(account: &Account, uri: &str, force: bool) -> Result<ExitCode> {
    let uri: S3Uri = uri.parse()?;
    eprintln!("reading {uri}");
    let waiting = Waiting::with("reading the model, and comparing it with the live one");
    let decision = publisher(account)?.publish(&uri, force).await;
    drop(waiting);
    print_decision(decision?)
}

/// Goes back to an earlier model.
pub async fn roll_back(account: &Account, version: Option<&str>) -> Result<ExitCode> {
    let waiting = Waiting::with("reading the earlier model");
    let decision = publisher(account)?.roll_back(version).await;
    drop(waiting);
    print_decision(decision?)
}

/// Lists the live model, those before it, and those that were refused. `html` is a page to write.
pub async fn list(account: &Account, html: Option<&Path>) -> Result<ExitCode> {
    if let Some(path) = html {
        outputs::check_file("--html", path, &[])?;
    }
    let pointer = publisher(account)?.list().await?;
    let places = pointer.as_ref().map(places).unwrap_or_default();
    let models = pointer.map(ModelVersionAnswer::all_of).unwrap_or_default();
    if models.is_empty() {
        say!("no model is published yet; the API serves the demo model");
    }
    for model in &models {
        let place = places.get(&model.version).map_or("", String::as_str);
        say!("{:<11} {} {}  {}  {place}", model.status.name(), model.version, since(model), figures(model));
        for reason in &model.reasons {
            say!("            {reason}");
        }
    }
    if let Some(path) = html {
        let bucket = account.bucket()?;
        outputs::write(path, versions_page(bucket, &models).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The location of each model.
fn places(LivePointer { live, previous, refused }: &LivePointer) -> HashMap<String, String> {
    let published = std::iter::once(live).chain(previous).map(|model| (&model.version, &model.uri));
    let refused = refused.iter().map(|model| (&model.version, &model.uri));
    refused.chain(published).map(|(version, uri)| (version.clone(), uri.clone())).collect()
}

fn since(model: &ModelVersionAnswer) -> &str {
    model.since.as_deref().unwrap_or("-")
}

fn figures(model: &ModelVersionAnswer) -> String {
    let Some(figures) = &model.figures else { return "no figures".to_owned() };
    let rounded =
        |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.4}"));
    format!(
        "RMSE {}, NDCG@10 {}, {} ratings",
        rounded(figures.rmse),
        rounded(figures.ndcg_at_10),
        figures.counts.ratings
    )
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
        Decision::Published { live, before, skipped, .. } => {
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
