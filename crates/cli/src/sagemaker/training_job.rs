//! A training job, from its channels to its model.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Error, Result, bail};
use jiff::Timestamp;
use matinee_model::artifact::{Manifest, check_output};
use matinee_model::{Model, RatingScale};
use matinee_train::algorithms::Configured;
use matinee_train::calibration::HeldOut;
use matinee_train::checkpoint::Checkpoints;
use matinee_train::evaluation::TestRating;
use matinee_train::ratings::{Checked, Dataset, Report, check_files};
use matinee_train::training::{self, Measured, Plan, Trained, now};
use matinee_train::tuning::{self, TuneError, Tuned, TuningPlan};
use matinee_variables::{VariableError, Variables};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Root;
use super::channels::{self, Channels};
use super::hosts::Hosts;
use super::kept_ratings;
use super::metrics::{JobProgress, print_validation};
use super::settings::{Settings, Task};
use crate::files::{Inputs, Titles};
use crate::report::against_live;
use crate::tuning::best_point;

/// The variable with the time at which the job was asked for.
const JOB_REQUESTED_AT: &str = "JOB_REQUESTED_AT";
/// The share of the ratings to hold out if there is no channel `validation`.
const HOLD_OUT: f64 = 0.1;

/// Runs a training job. It writes either a complete model or none.
pub fn run(root: &Root) -> Result<()> {
    let interrupted = stop_flag()?;
    let hosts: Hosts = root.read_config("resourceconfig.json")?;
    if let Some(leader) = hosts.other_leader() {
        say!(
            "{} is idle: {leader} trains, because matinee runs on one host; one instance is enough",
            hosts.current()
        );
        return Ok(());
    }
    check_output(&root.model())?;
    let settings = Settings::read(root)?;
    let titles = Titles::from_ids(settings.titles_from_ids);
    let variables = Variables::of_process();
    let data_as_of = data_as_of(&variables)?;
    let channels = channels::read(root, hosts.count(), titles)?;
    let hold_out = settings.hold_out(&channels)?;
    let Checked { mut dataset, report, digests } = read_usable(&channels.train, settings.scale)?;
    titles.complete(&mut dataset, &channels.train);
    let (dataset, files) = kept_ratings::merged(root, dataset, digests)?;
    let tests = match &channels.validation {
        Some(inputs) => Some(testable(&dataset, &read_usable(inputs, settings.scale)?.dataset)?),
        None => None,
    };
    let live = channels.live.as_deref().and_then(live_model);
    say!(
        "{} ratings of {} movies by {} users; {} movies in the catalogue; faults: {}",
        dataset.ratings.len(),
        dataset.movie_count(),
        dataset.user_count(),
        dataset.catalogue.len(),
        report.count()
    );

    let checkpoints = Checkpoints::new(root.checkpoints(), settings.checkpoint_interval, interrupted);
    let (algorithm, tuned) = match settings.task {
        Task::Train(configured) => (configured, None),
        Task::Tune(plan) => {
            let tuned = tune(&dataset, &plan, &checkpoints)?;
            let best = best_point(&tuned, &plan)?;
            (best.point.configure(plan.algorithm)?, Some((plan, tuned)))
        }
    };
    let training_job = variables.get("TRAINING_JOB_NAME");
    let mut plan =
        Plan { training_job, data_as_of: Some(data_as_of), ..Plan::new(algorithm, settings.seed, hold_out) };
    if let Some(live) = live {
        plan.compare_with(&live, &dataset);
    }
    let mut trained = training::train_resumably(&dataset, &plan, &JobProgress, &checkpoints)?;
    if let Some(tests) = &tests {
        trained.measured = Some(measured_on(tests, &dataset, &plan.algorithm, &trained));
    }
    if let Some(Measured { hold_out, .. }) = &trained.measured {
        print_validation(hold_out.rmse, hold_out.mae);
    }
    if let Some(compared) = &trained.against_live {
        say!("{}", against_live(compared));
    }
    let manifest = training::write(&root.model(), &dataset, &plan, &trained, &files)?;
    let tuned_results = tuned.as_ref().map(|(_, tuned)| tuned);
    write_report(&root.output_data(), &manifest, tests.is_some(), tuned_results, &report)?;
    if let Some((tuning_plan, _)) = &tuned {
        tuning::clear_checkpoint(&dataset, tuning_plan, &checkpoints)?;
    }
    training::clear_checkpoint(&dataset, &plan, &checkpoints)?;
    kept_ratings::clear(root)?;
    say!("wrote model {} to {}", manifest.version, root.model().display());
    Ok(())
}

/// When the job was asked for, which the variable says; if it does not, now. A job that resumes learns from the same data.
fn data_as_of(variables: &Variables<'_>) -> Result<Timestamp, VariableError> {
    let read = |text: &str| {
        text.parse::<Timestamp>()
            .map_err(|error| format!("`{text}` is not a time such as 2026-01-31T12:00:00Z: {error}"))
    };
    Ok(variables.parse_with(JOB_REQUESTED_AT, read)?.unwrap_or_else(now))
}

/// The live model. If it cannot be read, a new model is all the more needed, so it is trained without the comparison.
fn live_model(path: &Path) -> Option<Model> {
    Model::open(path)
        .inspect_err(|error| {
            say!("the live model cannot be read, so the new model is not compared with it: {error}");
        })
        .ok()
}

/// The model measured on a channel of its own.
fn measured_on(
    asked: &[TestRating],
    dataset: &Dataset,
    algorithm: &Configured,
    trained: &Trained,
) -> Measured {
    let held_out = |factors| HeldOut {
        train: &dataset.ratings,
        asked,
        factors,
        ranking: Some(&trained.ranking.weights),
    };
    let unreduced = trained.fitted.unreduced.as_ref().map(|factors| [held_out(factors)]);
    let served = [held_out(&trained.fitted.factors)];
    Measured::of(algorithm, dataset, &served, unreduced.as_ref().map(<[_; 1]>::as_slice))
}

impl Settings {
    /// The share of the ratings to hold out: 0 if there is a channel `validation`.
    fn hold_out(&self, channels: &Channels) -> Result<f64> {
        match (self.hold_out, channels.validation.is_some()) {
            (Some(share), true) if share > 0.0 => {
                bail!(
                    "hyperparameter `hold_out` and a channel `validation` exclude each other; remove one of them"
                )
            }
            (_, true) => Ok(0.0),
            (share, false) => Ok(share.unwrap_or(HOLD_OUT)),
        }
    }
}

/// A flag that SIGTERM and SIGINT set. Without a handler the signals would do nothing, because the process has id 1 in its
/// container.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&flag)).context("cannot handle SIGTERM")?;
    }
    Ok(flag)
}

/// Reads and checks data to train on; the error says why it cannot be used.
fn read_usable(inputs: &Inputs, scale: RatingScale) -> Result<Checked> {
    let checked = check_files(inputs, scale)?;
    let report = &checked.report;
    if let Some(fault) = report.first_refusal() {
        bail!(
            "a model cannot be trained on this data: {fault}; faults in total: {}\n{report}",
            report.count()
        );
    }
    eprint!("{report}");
    Ok(checked)
}

/// The ratings of the channel `validation` that can be measured on.
fn testable(dataset: &Dataset, validation: &Dataset) -> Result<Vec<TestRating>> {
    let asked = TestRating::elsewhere(dataset, validation);
    let all = validation.ratings.len();
    if asked.is_empty() {
        bail!("none of the {all} ratings of the channel `validation` is of a movie in the catalogue");
    }
    if asked.len() < all {
        say!(
            "{} of {all} ratings of the channel `validation` are of movies that are not in the catalogue, and are not measured on",
            all - asked.len()
        );
    }
    Ok(asked)
}

fn tune(dataset: &Dataset, plan: &TuningPlan, checkpoints: &Checkpoints) -> Result<Tuned> {
    say!("tuning {}: {} points, {} folds", plan.algorithm, plan.points.len(), plan.folds);
    tuning::tune(dataset, plan, &mut JobProgress, Some(checkpoints)).map_err(|error| match error {
        TuneError::Halt(halt) => halt.into(),
        error @ TuneError::TooManyFolds { .. } => Error::new(error).context("hyperparameter `tune_folds`"),
        error => error.into(),
    })
}

/// Writes `evaluation.json` and, after a tuning, `tuning.csv`.
fn write_report(
    folder: &Path,
    manifest: &Manifest,
    has_validation: bool,
    tuned: Option<&Tuned>,
    report: &Report,
) -> Result<()> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, bytes))
            .with_context(|| format!("cannot write {}", path.display()))
    };
    let measured_on = if has_validation { "the channel validation" } else { "a random hold-out" };
    let evaluation = json!({
        "model_version": manifest.version,
        "training_job": manifest.training_job,
        "algorithm": manifest.algorithm,
        "hyperparameters": manifest.hyperparameters,
        "seed": manifest.seed,
        "counts": manifest.counts,
        "validation": manifest.metrics.hold_out.map(|measured| json!({
            "measured_on": measured_on,
            "test_count": measured.test_count,
            "rmse": measured.rmse,
            "mae": measured.mae,
        })),
        "tuning": tuned.and_then(Tuned::best).map(|best| json!({
            "mean_rmse": best.rmse(),
            "mean_mae": best.mae(),
            "folds": best.errors.iter().map(|errors| errors.rmse).collect::<Vec<f64>>(),
        })),
        "data_faults": report.count(),
    });
    write("evaluation.json", &serde_json::to_vec_pretty(&evaluation)?)?;
    tuned.map_or(Ok(()), |tuned| write("tuning.csv", &tuned.to_csv()?))
}
