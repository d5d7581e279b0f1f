//! All of training, stage by stage: what each takes in time and memory.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use matinee_model::RatingScale;
use matinee_train::algorithm::Training;
use matinee_train::algorithms;
use matinee_train::progress::{Progress, Silent};
use matinee_train::ratings::Dataset;
use matinee_train::training::{Plan, train, write};

use crate::files;
use crate::process::{cpu_seconds, forget_peak, peak_megabytes};

/// As in `matinee train`.
const HOLD_OUT: f64 = 0.1;

pub fn run(folder: &Path, name: &str, model_only: bool) -> Result<()> {
    println!("{:<70} {:>8} {:>8} {:>9}", "stage", "wall, s", "CPU, s", "peak, MB");
    let stages = Stages::default();
    stages.stage("reading and checking the files");
    let (dataset, digests) = files::dataset_of(folder, RatingScale::MOVIELENS)?;
    if model_only {
        return learn_model(&dataset, name, &stages);
    }
    let plan = Plan::new(algorithms::configure(name, [])?, 0, HOLD_OUT);
    let trained = train(&dataset, &plan, &stages);
    stages.stage("writing the model");
    let output = tempfile::tempdir_in(folder)?;
    let manifest = write(&output.path().join("model"), &dataset, &plan, &trained, &digests)?;
    stages.end()?;
    print_total()?;
    let rmse = manifest.metrics.hold_out.map_or(f64::NAN, |hold_out| hold_out.rmse);
    println!(
        "model {}, RMSE {rmse:.4}, {:?}",
        manifest.version,
        trained
            .ranking
            .head
            .candidates
            .iter()
            .map(|(name, found)| (name, found.ndcg_at_10))
            .collect::<Vec<_>>()
    );
    Ok(())
}

/// Learns the rating model from all ratings.
fn learn_model(dataset: &Dataset, name: &str, stages: &Stages) -> Result<()> {
    let algorithm = algorithms::configure(name, [])?.for_ratings(dataset.ratings.len());
    let training = Training {
        user_count: dataset.user_count(),
        movie_count: dataset.movie_count(),
        ratings: &dataset.ratings,
        attributes: &dataset.attributes,
        scale: dataset.scale,
        seed: 0,
    };
    stages.stage("learning the model");
    algorithm.fit(&training, &Silent);
    stages.end()?;
    print_total()
}

fn print_total() -> Result<()> {
    println!("{:<70} {:>8} {:>8.1}", "in all", "", cpu_seconds()?);
    Ok(())
}

/// Prints a line at the end of each stage. What a stage does after its last epoch or step is a stage of its own.
#[derive(Default)]
struct Stages(Mutex<Option<Stage>>);

struct Stage {
    name: String,
    began: Instant,
    cpu: f64,
    steps: usize,
}

impl Stages {
    fn end(&self) -> Result<()> {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Stage { name, began, cpu, .. }) = ended {
            let (wall, cpu, peak) = (began.elapsed().as_secs_f64(), cpu_seconds()? - cpu, peak_megabytes()?);
            println!("{name:<70} {wall:>8.1} {cpu:>8.1} {peak:>9.0}");
        }
        forget_peak()
    }

    fn begin_stage(&self, name: String) -> Result<()> {
        self.end()?;
        let stage = Stage { name, began: Instant::now(), cpu: cpu_seconds()?, steps: 0 };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
        Ok(())
    }
}

impl Progress for Stages {
    fn stage(&self, purpose: &str) {
        if let Err(error) = self.begin_stage(purpose.to_owned()) {
            println!("{purpose}: {error}");
        }
    }

    fn begin(&self, epochs: usize) {
        if let Some(stage) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            stage.steps = epochs;
        }
    }

    fn epoch(&self, epoch: usize, _: f64) {
        let stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = stage.as_ref().filter(|stage| stage.steps == epoch).map(|stage| stage.name.clone());
        drop(stage);
        if let Some(name) = ended {
            self.stage(&format!("  after the last step of {name}"));
        }
    }

    fn begin_steps(&self, steps: usize) {
        self.begin(steps);
    }

    fn step(&self, step: usize) {
        self.epoch(step, 0.0);
    }
}
