//! `matinee check`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use matinee_model::RatingScale;
use matinee_train::ratings::check;

use crate::files;

/// What to check.
#[derive(ClapArgs)]
pub struct Args {
    /// Folder with ratings.csv and movies.csv
    folder: PathBuf,
    /// Scale of the ratings
    #[arg(long, default_value_t = RatingScale::MOVIELENS, value_name = "LOW..HIGH")]
    scale: RatingScale,
}

/// Reports every fault; fails if there is one.
pub fn run(args: &Args) -> Result<ExitCode> {
    let inputs = files::read_folder(&args.folder)?;
    let (dataset, report) = check(&inputs, args.scale);
    if !report.is_clean() {
        say!("{report}");
    }
    say!(
        "{} ratings of {} movies by {} users; {} movies in the catalogue; {} faults",
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
