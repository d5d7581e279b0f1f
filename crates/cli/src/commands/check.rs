//! `matinee check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use matinee_model::RatingScale;
use matinee_train::ratings::Checked;

use crate::files::{self, Titles};

/// What to check.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    folder: PathBuf,
    /// Scale of the ratings
    #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    scale: RatingScale,
    /// If there is no movies.csv, use the ids of the rated movies as their titles
    #[arg(long)]
    titles_from_ids: bool,
}

/// Reports every fault. Fails if there is one.
pub fn run(args: &Args) -> Result<ExitCode> {
    let titles = Titles::from_ids(args.titles_from_ids);
    let inputs = files::read_folder_with(&args.folder, titles)?;
    let Checked { mut dataset, report, .. } = files::checked(&inputs, args.scale)?;
    titles.complete(&mut dataset, &inputs);
    let faults = report.to_string();
    if !faults.is_empty() {
        say!("{faults}");
    }
    say!(
        "{} ratings of {} movies by {} users; {} movies in the catalogue; faults: {}",
        dataset.ratings.len(),
        dataset.movie_count(),
        dataset.user_count(),
        dataset.catalogue.len(),
        report.count()
    );
    if report.is_clean() {
        return Ok(ExitCode::SUCCESS);
    }
    let verdict = if report.refuses_training() { "refuses" } else { "accepts" };
    say!("`matinee train` {verdict} these files");
    Ok(ExitCode::FAILURE)
}
